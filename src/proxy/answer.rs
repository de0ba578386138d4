//! A streamed answer: the client pulls, this pulls the upstream.
//!
//! No task and no channel stand between them, so a client that reads slowly slows
//! the upstream down, and one that goes away drops the upstream's connection with
//! this body.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::body::Aborted;
use super::record::Record;
use crate::observe::trace::Tap;
use crate::translate::StreamTranslator;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Event;
use crate::wire::sse::Decoder;

/// Silence after which the client hears a ping; it gives up after five minutes without one.
const PING: Duration = Duration::from_secs(10);
/// Comments keep a connection open, but an upstream that sends nothing else for so long is stuck.
const ONLY_COMMENTS: Duration = Duration::from_mins(5);

/// Bytes of a piece that are cheaper to copy than a buffer is to grow anew.
const KEPT: usize = 4 * 1024;

/// The body of a streamed answer.
pub struct Answer {
    upstream: Incoming,
    decoder: Decoder,
    translator: StreamTranslator,
    provider: String,
    idle: Duration,
    out: Vec<u8>,
    heard: Instant,
    event: Instant,
    said: Instant,
    /// Fires when the earliest of the clocks might have run out; moved only when it fires.
    alarm: Pin<Box<Sleep>>,
    /// Absent until this is the answer that is given.
    record: Option<Record>,
    tap: Option<Tap>,
}

impl Answer {
    /// Takes over a stream whose first events stand in the decoder.
    pub fn new(
        upstream: Incoming,
        decoder: Decoder,
        translator: StreamTranslator,
        provider: &str,
        idle: Duration,
        tap: Option<Tap>,
    ) -> Self {
        let now = Instant::now();
        let mut answer = Self {
            upstream,
            decoder,
            translator,
            provider: provider.to_owned(),
            idle,
            out: Vec::new(),
            heard: now,
            event: now,
            said: now,
            alarm: Box::pin(sleep_until(now + PING.min(idle))),
            record: None,
            tap,
        };
        answer.translate();
        answer
    }

    /// The error that the very first events brought; nothing has gone out by then.
    pub fn refusal(&self) -> Option<ApiError> {
        self.translator.failure().cloned()
    }

    /// Takes over the record, to be closed with the stream.
    #[must_use]
    pub fn recorded(mut self, record: Record) -> Self {
        self.record = Some(record);
        self
    }

    /// Turns every event that is in into bytes.
    fn translate(&mut self) {
        let Self { decoder, translator, out, event, tap, .. } = self;
        let mut emit = |event: Event<'_>| event.encode(out);
        loop {
            match decoder.next_event() {
                Ok(Some(data)) => {
                    *event = self.heard;
                    if let Some(tap) = tap {
                        tap.write("upstream event", data);
                    }
                    translator.data(data, &mut emit);
                }
                Ok(None) => break,
                Err(error) => {
                    let words = format!("{}: {error}", self.provider);
                    translator.fail(&ApiError::new(502, ErrorKind::ApiError, words), &mut emit);
                    break;
                }
            }
        }
    }

    fn fail(&mut self, status: u16, kind: ErrorKind, what: &str) {
        let error = ApiError::new(status, kind, format!("{}: {what}", self.provider));
        let out = &mut self.out;
        self.translator.fail(&error, &mut |event| event.encode(out));
    }

    /// Looks at the clocks: pings, or gives the upstream up.
    fn ring(&mut self, cx: &mut Context<'_>) {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now - self.heard >= self.idle {
                let seconds = self.idle.as_secs_f64();
                return self.fail(504, ErrorKind::TimeoutError, &format!("silent for {seconds} s (`idle` clock)"));
            }
            if now - self.event >= ONLY_COMMENTS {
                return self.fail(504, ErrorKind::TimeoutError, "sent nothing but comments for 300 s");
            }
            if now - self.said >= PING {
                self.said = now;
                Event::Ping.encode(&mut self.out);
            }
            let next = (self.heard + self.idle).min(self.event + ONLY_COMMENTS).min(self.said + PING);
            self.alarm.as_mut().reset(next);
        }
    }

    /// Takes what is to go out; the buffer stays for the next piece unless it has become a large one.
    fn take(&mut self) -> Bytes {
        if self.out.len() > KEPT {
            return Bytes::from(std::mem::take(&mut self.out));
        }
        let piece = Bytes::copy_from_slice(&self.out);
        self.out.clear();
        piece
    }

    fn close(&mut self) {
        let Some(record) = &mut self.record else { return };
        let spent = self.translator.usage();
        match self.translator.failure() {
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
                if answer.translator.is_over() {
                    answer.close();
                }
                return Poll::Ready(Some(Ok(Frame::data(answer.take()))));
            }
            if answer.translator.is_over() {
                answer.close();
                return Poll::Ready(None);
            }
            let Poll::Ready(frame) = Pin::new(&mut answer.upstream).poll_frame(cx) else {
                answer.ring(cx);
                if answer.out.is_empty() {
                    return Poll::Pending;
                }
                continue;
            };
            answer.heard = Instant::now();
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        answer.decoder.push(&bytes);
                        answer.translate();
                        if !answer.out.is_empty() {
                            answer.said = answer.heard;
                        }
                    }
                }
                Some(Err(_)) => {
                    answer.fail(502, ErrorKind::ApiError, "the connection broke in the middle of the answer");
                }
                None => {
                    let out = &mut answer.out;
                    answer.translator.finish(&mut |event| event.encode(out));
                }
            }
        }
    }
}
