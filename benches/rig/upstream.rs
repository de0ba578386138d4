//! An upstream that is never the bottleneck: what it sends is made beforehand.
//!
//! What is wanted stands in the request's `max_tokens`, which every proxy hands on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{common, process};

/// An answer at once.
pub const PROMPT: u32 = 4_001;
/// A stream of [`STAMPS`] events, one per millisecond, each with the time at which it was sent.
pub const PACED: u32 = 4_002;
/// A stream of [`FLOOD`] events as fast as they are taken.
pub const FLOODED: u32 = 4_003;
/// A stream that stays open after its first event until somebody asks for [`RELEASE`].
pub const HELD: u32 = 4_004;

/// The path that ends all held streams.
pub const RELEASE: &str = "/release";
/// Events of a paced stream.
pub const STAMPS: u32 = 200;
/// Events of a flooded stream.
pub const FLOOD: usize = BLOCK * 500;
/// Stands once in each event of a flood and nowhere else.
pub const WORD: u8 = b'~';
/// Events that are written at once in a flood.
const BLOCK: usize = 200;

/// Serves until the process is ended.
pub fn run() -> std::io::Result<()> {
    let (release, released) = watch::channel(0_u64);
    let ready = Ready {
        whole: common::whole_answer().into(),
        prompt: [common::first_event(), common::text_event("Hello").repeat(20), common::last_events()].concat().into(),
        first: common::first_event().into(),
        held: [common::first_event(), common::text_event("Hello")].concat().into(),
        block: common::text_event(&format!(" word{}", char::from(WORD))).repeat(BLOCK).into(),
        last: common::last_events().into(),
        released,
    };
    process::serve(move |request| answer(request, ready.clone(), release.clone()))
}

#[derive(Clone)]
struct Ready {
    whole: Bytes,
    prompt: Bytes,
    first: Bytes,
    held: Bytes,
    block: Bytes,
    last: Bytes,
    released: watch::Receiver<u64>,
}

async fn answer(
    request: Request<Incoming>,
    ready: Ready,
    release: watch::Sender<u64>,
) -> Response<BoxBody<Bytes, Infallible>> {
    if request.uri().path() == RELEASE {
        release.send_modify(|count| *count += 1);
        return Response::new(Full::default().boxed());
    }
    let mut body = request.into_body();
    // Only the end says what is wanted, so no more of a large body is kept.
    let mut tail = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            if data.len() >= TAIL {
                tail.clear();
            }
            tail.extend_from_slice(&data[data.len().saturating_sub(TAIL)..]);
        }
    }
    let has = |what: &str| memchr::memmem::find(&tail, what.as_bytes()).is_some();
    let script = [PACED, FLOODED, HELD].into_iter().find(|script| has(&format!("\"max_tokens\":{script}")));
    let (kind, body) = match script {
        _ if !has("\"stream\":true") => ("application/json", Full::new(ready.whole).boxed()),
        None => ("text/event-stream", Full::new(ready.prompt).boxed()),
        Some(script) => ("text/event-stream", Script::new(script, ready).boxed()),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// Bytes at the end of a body in which `max_tokens` and `stream` are looked for.
const TAIL: usize = 1_024;

/// A stream that is made as it is pulled.
struct Script {
    ready: Ready,
    asked: u32,
    sent: u32,
    clock: Pin<Box<Sleep>>,
    release: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl Script {
    fn new(script: u32, ready: Ready) -> Self {
        let release = (script == HELD).then(|| {
            let mut released = ready.released.clone();
            let until = *released.borrow_and_update() + 1;
            Box::pin(async move {
                let _ = released.wait_for(|count| *count >= until).await;
            }) as Pin<Box<dyn Future<Output = ()> + Send + Sync>>
        });
        Self { ready, asked: script, sent: 0, clock: Box::pin(sleep_until(Instant::now())), release }
    }

    fn length(&self) -> u32 {
        match self.asked {
            PACED => STAMPS,
            FLOODED => u32::try_from(FLOOD / BLOCK).unwrap_or(u32::MAX),
            _ => 0,
        }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (sent, length) = (self.sent, self.length());
        let data = if sent == 0 {
            if self.asked == HELD { self.ready.held.clone() } else { self.ready.first.clone() }
        } else if sent <= length {
            if self.asked == FLOODED {
                self.ready.block.clone()
            } else {
                std::task::ready!(self.clock.as_mut().poll(cx));
                self.clock.as_mut().reset(Instant::now() + Duration::from_millis(1));
                common::text_event(&format!("@{:019}@", now())).into()
            }
        } else if sent == length + 1 {
            if let Some(release) = &mut self.release {
                std::task::ready!(release.as_mut().poll(cx));
                self.release = None;
            }
            self.ready.last.clone()
        } else {
            return Poll::Ready(None);
        };
        self.sent += 1;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

/// Nanoseconds on the clock that all processes of a machine share.
pub fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
