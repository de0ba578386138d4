//! An upstream that does as scripted.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{DuplexStream, duplex};
use tokio::time::{Instant, Sleep, sleep};

use super::Count;
use crate::egress::ConnectError;

/// What an upstream does with a request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Nobody listens.
    Refuse,
    /// The connection is closed when the request is in.
    HangUp,
    /// An error, with headers.
    Status(u16, Vec<(&'static str, String)>),
    /// A stream, step by step.
    Stream(Vec<Step>),
}

/// A step of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, for so many seconds.
    Silence(u64),
    /// The chunk that says only whose turn it is.
    Role,
    /// A word.
    Text(&'static str),
    /// The beginning of a call.
    Call,
    /// The finish reason, the usage and `[DONE]`.
    End,
    /// The connection breaks.
    Cut,
}

impl Act {
    pub(super) fn say(text: &'static str) -> Self {
        Self::Stream(vec![Step::Role, Step::Text(text), Step::End])
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Status(status, Vec::new())
    }
}

pub(super) struct Upstream {
    script: Box<dyn Fn(usize) -> Act + Send + Sync>,
    count: Count,
    times: Mutex<Vec<Instant>>,
    /// Streams whose reader went away before their end.
    given_up: Count,
    open: Arc<()>,
}

impl Upstream {
    pub(super) fn new(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self {
            script: Box::new(script),
            count: Count::default(),
            times: Mutex::default(),
            given_up: Count::default(),
            open: Arc::default(),
        }
    }

    pub(super) fn asked(&self) -> usize {
        self.count.get()
    }

    pub(super) fn times(&self) -> Vec<Instant> {
        self.times.lock().unwrap().clone()
    }

    pub(super) fn given_up(&self) -> usize {
        self.given_up.get()
    }

    /// Streams that are being given now.
    pub(super) fn open(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// Somebody calls: what becomes of that is the script's next act.
    pub(super) fn dialled(self: &Arc<Self>, name: &str) -> Result<DuplexStream, ConnectError> {
        self.times.lock().unwrap().push(Instant::now());
        let act = (self.script)(self.count.next());
        if matches!(act, Act::Refuse) {
            return Err(ConnectError::Refused { host: name.to_owned() });
        }
        let (near, far) = duplex(64 * 1024);
        let upstream = Arc::clone(self);
        tokio::spawn(async move {
            let answer = |_: Request<Incoming>| std::future::ready(upstream.answer(&act));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(far), service_fn(answer)).await;
        });
        Ok(near)
    }

    fn answer(self: &Arc<Self>, act: &Act) -> Result<Response<Script>, io::Error> {
        let (status, headers, steps) = match act {
            Act::Refuse | Act::HangUp => return Err(io::Error::other("hung up")),
            Act::Status(status, headers) => (*status, headers.clone(), vec![]),
            Act::Stream(steps) => (200, vec![("content-type", "text/event-stream".to_owned())], steps.clone()),
        };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        let script =
            Script { steps: steps.into(), wait: None, upstream: Arc::clone(self), _open: Arc::clone(&self.open) };
        Ok(response.body(script).unwrap())
    }
}

/// The body of a scripted stream.
struct Script {
    steps: VecDeque<Step>,
    wait: Option<Pin<Box<Sleep>>>,
    upstream: Arc<Upstream>,
    _open: Arc<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        if !self.steps.is_empty() {
            self.upstream.given_up.next();
        }
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            let choice = match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Silence(seconds)) => {
                    self.wait = Some(Box::pin(sleep(Duration::from_secs(seconds))));
                    continue;
                }
                Some(Step::Cut) => return Poll::Ready(Some(Err(io::Error::other("cut")))),
                Some(Step::Role) => json!({"delta": {"role": "assistant", "content": ""}}),
                Some(Step::Text(text)) => json!({"delta": {"content": text}}),
                Some(Step::Call) => json!({"delta": {"tool_calls": [
                    {"index": 0, "id": "abcdefghi", "function": {"name": "Read", "arguments": "{\"file"}}]}}),
                Some(Step::End) => json!({"delta": {}, "finish_reason": "stop"}),
            };
            let mut data = format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]}));
            if choice.get("finish_reason").is_some() {
                data.push_str("data: [DONE]\n\n");
            }
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from(data)))));
        }
    }
}
