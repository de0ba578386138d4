//! A streamed answer: the client pulls, this pulls the upstream.
//!
//! No task and no channel stand between them, so a client that reads slowly slows
//! the upstream down, and one that goes away drops the upstream's connection with
//! this body.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::{Aborted, BreakOff};
use super::events::Events;
use super::reader::Reader;
use super::record::Record;
use crate::observe::trace::Tap;
use crate::upstream::STREAM_CLOCK;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::sse::Decoder;

/// Silence after which the client hears a ping; it gives up after five minutes without one.
pub(super) const PING: Duration = Duration::from_secs(10);
/// Comments keep a connection open, but an upstream that sends nothing else for so long is stuck.
const ONLY_COMMENTS: Duration = Duration::from_mins(5);

/// The body of a streamed answer.
pub struct Answer {
    upstream: Incoming,
    decoder: Decoder,
    reader: Reader,
    provider: String,
    idle: Duration,
    /// The moment at which the whole stream has taken too long, and how long it may take.
    end: Option<(Instant, Duration)>,
    out: Events,
    heard: Instant,
    event: Instant,
    said: Instant,
    /// Fires when the earliest of the clocks might have run out; moved only when it fires.
    alarm: Pin<Box<Sleep>>,
    /// Absent until this is the answer that is given.
    record: Option<Record>,
    tap: Option<Tap>,
    break_off: BreakOff,
}

impl Answer {
    /// Takes over a stream whose first events stand in the decoder.
    pub fn new(
        upstream: Incoming,
        decoder: Decoder,
        reader: Reader,
        provider: &str,
        idle: Duration,
        tap: Option<Tap>,
    ) -> Self {
        let now = Instant::now();
        let mut answer = Self {
            upstream,
            decoder,
            reader,
            provider: provider.to_owned(),
            idle,
            end: None,
            out: Events::default(),
            heard: now,
            event: now,
            said: now,
            alarm: Box::pin(sleep_until(now + PING.min(idle))),
            record: None,
            tap,
            break_off: BreakOff::default(),
        };
        answer.translate();
        answer
    }

    /// Sets how long the whole stream may take, of which so much has passed.
    #[must_use]
    pub fn within(mut self, whole: Option<Duration>, elapsed: Duration) -> Self {
        self.end = whole.map(|whole| (self.heard + whole.saturating_sub(elapsed), whole));
        let first = self.sooner(self.alarm.deadline());
        self.alarm.as_mut().reset(first);
        self
    }

    /// Reads on until there is content, or all is said; nothing has gone out by then, and another target may be asked.
    ///
    /// # Errors
    /// Fails with what came in place of content.
    pub async fn until_content(&mut self) -> Result<(), ApiError> {
        poll_fn(|cx| {
            while !self.reader.has_content() {
                if self.pull(cx).is_pending() && self.ring(cx, false).is_pending() {
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        })
        .await;
        self.reader.failure().cloned().map_or(Ok(()), Err)
    }

    /// Takes over the record, to be closed with the stream.
    pub fn record(&mut self, record: Option<Record>) {
        self.record = record.map(|mut record| {
            record.audit().received(self.decoder.taken());
            record
        });
    }

    /// The same for a stream whose `message_start` has gone out.
    pub fn goes_on(&mut self, record: Option<Record>) {
        self.out.forget_start();
        self.record(record);
    }

    /// Takes in what the upstream sends next.
    fn pull(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let frame = ready!(Pin::new(&mut self.upstream).poll_frame(cx));
        self.heard = Instant::now();
        if self.is_late(self.heard) {
            return Poll::Ready(());
        }
        match frame {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    self.decoder.push(&bytes);
                    if let Some(record) = &mut self.record {
                        record.audit().received(self.decoder.taken());
                    }
                    self.translate();
                    if !self.out.is_empty() {
                        self.said = self.heard;
                    }
                }
            }
            Some(Err(_)) => {
                self.fail(502, ErrorKind::ApiError, "the connection broke in the middle of the answer");
            }
            None => {
                self.reader.finish(self.decoder.rest(), &mut self.out);
            }
        }
        Poll::Ready(())
    }

    /// Turns every event that is in into bytes.
    fn translate(&mut self) {
        let Self { decoder, reader, out, event: last, tap, .. } = self;
        loop {
            match decoder.next_with_raw() {
                Ok(Some(event)) => {
                    *last = self.heard;
                    if let Some(tap) = tap {
                        tap.write("upstream event", event.data);
                    }
                    reader.event(event, out);
                }
                Ok(None) => break,
                Err(error) => {
                    let words = format!("{}: {error}", self.provider);
                    reader.fail(&ApiError::new(502, ErrorKind::ApiError, words), out);
                    break;
                }
            }
        }
    }

    fn fail(&mut self, status: u16, kind: ErrorKind, what: &str) {
        let error = ApiError::new(status, kind, format!("{}: {what}", self.provider));
        self.reader.fail(&error, &mut self.out);
    }

    /// Looks at the clocks: gives the upstream up, or lets the client hear a ping, if it listens; pending when
    /// there is nothing to do.
    fn ring(&mut self, cx: &mut Context<'_>, listens: bool) -> Poll<()> {
        ready!(self.alarm.as_mut().poll(cx));
        let now = Instant::now();
        if self.is_late(now) {
            return Poll::Ready(());
        }
        if now - self.heard >= self.idle {
            let seconds = self.idle.as_secs_f64();
            self.fail(504, ErrorKind::TimeoutError, &format!("silent for {seconds} s (`idle` clock)"));
        } else if now - self.event >= ONLY_COMMENTS {
            self.fail(504, ErrorKind::TimeoutError, "sent nothing but comments for 300 s");
        } else if now - self.said >= PING {
            self.said = now;
            if listens {
                self.reader.ping(&mut self.out);
            }
        }
        let next = self.sooner((self.heard + self.idle).min(self.event + ONLY_COMMENTS).min(self.said + PING));
        self.alarm.as_mut().reset(next);
        Poll::Ready(())
    }

    fn sooner(&self, next: Instant) -> Instant {
        self.end.map_or(next, |(end, _)| next.min(end))
    }

    /// Ends a stream that has taken too long, however much it moves; says whether it has.
    fn is_late(&mut self, now: Instant) -> bool {
        let Some((_, whole)) = self.end.filter(|(end, _)| now >= *end) else { return false };
        let what = format!("the stream took longer than {} s (`{STREAM_CLOCK}` clock)", whole.as_secs_f64());
        self.fail(504, ErrorKind::TimeoutError, &what);
        true
    }

    fn close(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.audit().received(self.decoder.taken());
        let spent = self.reader.usage();
        match self.reader.failure() {
            Some(error) => record.failed(error, spent),
            None => record.finished(spent),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let answer = self.get_mut();
        loop {
            if !answer.out.is_empty() {
                if answer.reader.is_over() {
                    answer.close();
                }
                return Poll::Ready(Some(Ok(Frame::data(answer.out.take()))));
            }
            if answer.reader.is_over() {
                answer.close();
                if answer.reader.failure().is_some() && answer.reader.protocol().breaks_off() {
                    return answer.break_off.poll(cx).map(|aborted| Some(Err(aborted)));
                }
                return Poll::Ready(None);
            }
            if answer.pull(cx).is_pending() {
                ready!(answer.ring(cx, true));
            }
        }
    }
}
