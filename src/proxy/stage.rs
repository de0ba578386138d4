//! How far an answer is, and what its client hears before there is one.
//!
//! A stream is committed to in two steps. Once its first content is on its way no
//! other target can take over; but a client that hears nothing for minutes gives up,
//! so after [`COMMIT`] it gets its headers, `message_start` and pings, while behind
//! them the targets are still being tried.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep};

use super::answer::{Answer, PING};
use super::attempt::Translated;
use super::body::{Aborted, Body, BreakOff};
use super::protocol::Protocol;
use super::record::{Record, milliseconds};
use super::{Proxy, answered};
use crate::config::Target;
use crate::observe::trace::Trace;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Usage;

const ROUTE: HeaderName = HeaderName::from_static("x-mcr-route");
/// Who answered, or failed last: `provider,model`.
const TARGET: HeaderName = HeaderName::from_static("x-mcr-target");
/// Requests that were sent for this one.
const ATTEMPTS: HeaderName = HeaderName::from_static("x-mcr-attempts");
/// The targets that failed or were left alone before.
const FALLBACK_FROM: HeaderName = HeaderName::from_static("x-mcr-fallback-from");

const EVENTS: &str = "text/event-stream";

/// Silence after which a client that wants a stream gets its beginning.
const COMMIT: Duration = Duration::from_secs(10);

/// A request in progress, as its client and its attempts both see it.
pub(super) struct Stage {
    pub(super) id: String,
    pub(super) started: Instant,
    protocol: Protocol,
    asked: Mutex<Option<Asked>>,
    /// Told when somebody is asked.
    asking: Notify,
}

/// Who is being asked for a stream, for a prompt of so many tokens.
struct Asked {
    told: Told,
    tokens: u64,
}

/// What the headers tell of a request.
struct Told {
    reason: String,
    target: Arc<Target>,
    attempts: u32,
    passed_over: Option<String>,
}

impl Stage {
    pub(super) fn new(id: String, started: Instant, protocol: Protocol) -> Self {
        Self { id, started, protocol, asked: Mutex::default(), asking: Notify::new() }
    }

    /// Notes who is asked for a stream of events.
    pub(super) fn asks(&self, record: &Record, tokens: u64) {
        let asked = Asked { told: Told::of(record), tokens };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
        self.asking.notify_one();
    }

    /// Writes the line of a request that has no target: it could not be read, or nothing is configured for it.
    pub(super) fn refused(&self, error: ApiError) -> Answered {
        let duration_ms = milliseconds(self.started, Instant::now());
        tracing::info!(
            request = %self.id,
            outcome = "refused",
            status = error.status,
            duration_ms,
            error = %error.unquoted(),
            "request"
        );
        Answered { result: Err(error), record: None }
    }

    /// The id of the message that answers.
    pub(super) fn message_id(&self) -> String {
        self.id.replacen("req_", "msg_", 1)
    }

    /// Begins the stream; nothing where none is asked for.
    fn begin(&self) -> Option<(Told, Vec<u8>)> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let mut out = Vec::new();
        self.protocol.begin(&self.message_id(), &asked.told.target.model, asked.tokens, &mut out);
        Some((asked.told, out))
    }
}

/// What came of a request.
pub(super) struct Answered {
    result: Result<Translated, ApiError>,
    /// Absent where the request went nowhere.
    record: Option<Record>,
}

impl Answered {
    pub(super) fn new(result: Result<Translated, ApiError>, record: Record) -> Self {
        Self { result, record: Some(record) }
    }
}

type Work = Pin<Box<dyn Future<Output = Answered> + Send>>;

impl Proxy {
    /// Answers with what the work comes to, or with the beginning of a stream while that takes long.
    pub(super) async fn respond(self: Arc<Self>, mut work: Work, stage: Arc<Stage>) -> Response<Body> {
        let early = async {
            // While it waits for a place it may still be told with a status that there is none.
            stage.asking.notified().await;
            sleep(COMMIT).await;
            match stage.begin() {
                Some(begun) => begun,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = &mut work => self.response(done, &stage),
            (told, out) = early => {
                tracing::info!(request = stage.id, "began the stream while the targets are tried");
                let mut response = answered(EVENTS, Body::empty());
                told.write(response.headers_mut());
                stage.protocol.identify(&mut response, &stage.id);
                let alarm = Box::pin(sleep(PING));
                let trace = self.trace.clone();
                *response.body_mut() = Body::stream(Begun { stage, trace, alarm, now: Now::Trying(work), out });
                response
            }
        }
    }

    fn response(&self, done: Answered, stage: &Stage) -> Response<Body> {
        let Stage { id, protocol, .. } = stage;
        let Answered { result, record } = done;
        let told = record.as_ref().map(Told::of);
        let mut response = match result {
            Ok(translated) => served(translated, record),
            Err(error) => {
                if let Some(mut record) = record {
                    record.failed(&error, Usage::default());
                }
                if let Some(trace) = &self.trace {
                    trace.write(id, "error", &error.body(id));
                }
                protocol.failed(&error, id)
            }
        };
        if let Some(told) = told {
            told.write(response.headers_mut());
        }
        protocol.identify(&mut response, id);
        response
    }
}

fn served(translated: Translated, record: Option<Record>) -> Response<Body> {
    let (kind, body, spent) = match translated {
        Translated::Stream(mut answer) => {
            answer.record(record);
            return answered(EVENTS, Body::Stream(Box::into_pin(answer as Box<_>)));
        }
        Translated::Message(message, spent) => ("application/json", message, spent),
        Translated::Events(events, spent) => (EVENTS, Bytes::from(events.whole()), spent),
    };
    if let Some(mut record) = record {
        record.finished(spent);
    }
    answered(kind, Body::from(body))
}

/// A stream that was begun before anybody answered.
struct Begun {
    stage: Arc<Stage>,
    trace: Option<Arc<Trace>>,
    /// Fires when the client must hear something again.
    alarm: Pin<Box<Sleep>>,
    now: Now,
    out: Vec<u8>,
}

/// What a begun stream waits for.
enum Now {
    /// A target that answers.
    Trying(Work),
    /// The rest of its answer.
    Answering(Box<Answer>),
    /// To be broken off: an error went out, and the client must not take its end for the answer's.
    BreakingOff(BreakOff),
    /// Nothing: all is said.
    Over,
}

impl Begun {
    fn take_over(&mut self, done: Answered) -> Now {
        let Answered { result, record } = done;
        match result {
            Ok(Translated::Stream(mut answer)) => {
                answer.goes_on(record);
                return Now::Answering(answer);
            }
            Ok(Translated::Events(events, spent)) => {
                self.out = events.without_start();
                if let Some(mut record) = record {
                    record.finished(spent);
                }
            }
            // Only for whoever wants a stream one is begun.
            Ok(Translated::Message(..)) => {
                return self.fail(&ApiError::new(500, ErrorKind::ApiError, "mcr: not a stream"));
            }
            Err(error) => {
                if let Some(mut record) = record {
                    record.failed(&error, Usage::default());
                }
                return self.fail(&error);
            }
        }
        Now::Over
    }

    fn fail(&mut self, error: &ApiError) -> Now {
        if let Some(trace) = &self.trace {
            trace.write(&self.stage.id, "error", &error.body(&self.stage.id));
        }
        self.stage.protocol.error(error, &mut self.out);
        if self.stage.protocol.breaks_off() { Now::BreakingOff(BreakOff::default()) } else { Now::Over }
    }
}

impl http_body::Body for Begun {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let begun = self.get_mut();
        loop {
            if !begun.out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(std::mem::take(&mut begun.out))))));
            }
            match &mut begun.now {
                Now::Over => return Poll::Ready(None),
                Now::BreakingOff(end) => return end.poll(cx).map(|aborted| Some(Err(aborted))),
                Now::Answering(answer) => return Pin::new(&mut **answer).poll_frame(cx),
                Now::Trying(work) => {
                    if let Poll::Ready(done) = work.as_mut().poll(cx) {
                        begun.now = begun.take_over(done);
                        continue;
                    }
                }
            }
            ready!(begun.alarm.as_mut().poll(cx));
            begun.alarm.as_mut().reset(Instant::now() + PING);
            begun.stage.protocol.ping(&mut begun.out);
        }
    }
}

impl Told {
    fn of(record: &Record) -> Self {
        Self {
            reason: record.reason().to_owned(),
            target: Arc::clone(record.target()),
            attempts: record.attempts(),
            passed_over: record.passed_over(),
        }
    }

    fn write(self, headers: &mut HeaderMap) {
        headers.insert(ROUTE, header_value(&self.reason));
        headers.insert(TARGET, header_value(&self.target.name()));
        headers.insert(ATTEMPTS, HeaderValue::from(self.attempts));
        if let Some(passed_over) = self.passed_over {
            headers.insert(FALLBACK_FROM, header_value(&passed_over));
        }
    }
}

/// Text that a header can carry.
fn header_value(text: &str) -> HeaderValue {
    let plain = |character| (' '..='~').contains(&character);
    let value = if text.chars().all(plain) {
        HeaderValue::from_str(text)
    } else {
        HeaderValue::try_from(text.chars().map(|it| if plain(it) { it } else { '?' }).collect::<String>())
    };
    value.unwrap_or(HeaderValue::from_static(""))
}
