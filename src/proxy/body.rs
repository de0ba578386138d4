//! Bodies: the two that are answered with, and reading the one that comes in.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use super::refusal::Refusal;

/// A stream broken off on purpose: the connection is closed without the terminating chunk,
/// so that nobody takes what was sent for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer was broken off: {0}")]
pub struct Aborted(pub String);

/// Breaks a stream off once what was sent is on its way: hyper drops what it has not flushed when a body fails, and
/// flushes when a body waits.
#[derive(Debug, Default)]
pub struct BreakOff {
    waited: bool,
}

impl BreakOff {
    /// Waits a moment, then is ready with the end.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Aborted> {
        if !std::mem::replace(&mut self.waited, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Aborted("it ended in an error".to_owned()))
    }
}

/// What a stream is made of; boxed once per answer, not per chunk.
pub type Stream = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Aborted> + Send>>;

/// The body of an answer.
pub enum Body {
    /// All of it, with its length.
    Whole(Full<Bytes>),
    /// Pulled piece by piece as the client reads; dropped as soon as the client is gone.
    Stream(Stream),
}

impl Body {
    /// Makes an empty body.
    pub fn empty() -> Self {
        Self::Whole(Full::default())
    }

    /// Makes a body of whatever yields frames.
    pub fn stream(body: impl http_body::Body<Data = Bytes, Error = Aborted> + Send + 'static) -> Self {
        Self::Stream(Box::pin(body))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Self::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}

/// What a request body may cost.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Bytes; more is a 413.
    pub size: usize,
    /// The longest wait for the next bytes; more is a 408.
    pub idle: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { size: 64 << 20, idle: Duration::from_secs(30) }
    }
}

/// What is set aside on the word of a `content-length` alone; a longer body grows into its room.
const ROOM_ON_TRUST: usize = 4 << 20;

/// Reads a body into one piece.
///
/// A body that arrives at once is returned as it is; another is copied once.
pub async fn read<B>(mut body: B, limits: BodyLimits) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let announced = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced.is_some_and(|length| length > limits.size) {
        return Err(too_large(limits.size));
    }
    let Some(first) = next(&mut body, limits.idle).await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limits.size {
        return Err(too_large(limits.size));
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    let room = announced.unwrap_or(first.len() * 2).clamp(first.len(), ROOM_ON_TRUST.max(first.len()));
    let mut whole = BytesMut::with_capacity(room);
    whole.extend_from_slice(&first);
    drop(first);
    while let Some(piece) = next(&mut body, limits.idle).await? {
        if whole.len() + piece.len() > limits.size {
            return Err(too_large(limits.size));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Returns the next piece of data, or none at the end; trailers are let go.
async fn next<B>(body: &mut B, idle: Duration) -> Result<Option<Bytes>, Refusal>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    loop {
        let Ok(frame) = timeout(idle, body.frame()).await else {
            let message = format!("no byte of the request body for {} s", idle.as_secs_f32());
            return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, message));
        };
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                let message = format!("cannot read the request body: {}", error.into());
                return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
            }
        }
    }
}

fn too_large(limit: usize) -> Refusal {
    let message = format!("the request body is larger than {} MiB", limit.div_ceil(1 << 20));
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible};

    use super::*;

    /// Frames as given, and a length as claimed; waits for ever after the last frame when `hangs`.
    struct Scripted {
        frames: VecDeque<Bytes>,
        claimed: Option<u64>,
        hangs: bool,
    }

    impl http_body::Body for Scripted {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.frames.pop_front() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None if self.hangs => Poll::Pending,
                None => Poll::Ready(None),
            }
        }

        fn is_end_stream(&self) -> bool {
            self.frames.is_empty() && !self.hangs
        }

        fn size_hint(&self) -> SizeHint {
            self.claimed.map_or_else(SizeHint::default, SizeHint::with_exact)
        }
    }

    fn scripted(frames: &[&'static str], claimed: Option<u64>) -> Scripted {
        let frames = frames.iter().map(|text| Bytes::from_static(text.as_bytes())).collect();
        Scripted { frames, claimed, hangs: false }
    }

    const LIMITS: BodyLimits = BodyLimits { size: 8, idle: Duration::from_secs(30) };

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let body = scripted(&["whole"], Some(5));
        let before = body.frames[0].as_ptr();
        let read = read(body, LIMITS).await.expect("a body");
        assert_eq!((&read[..], read.as_ptr()), (&b"whole"[..], before));
    }

    #[tokio::test]
    async fn pieces_are_put_together_in_order() {
        assert_eq!(read(scripted(&["in ", "two"], None), LIMITS).await.expect("a body"), "in two");
        assert_eq!(read(scripted(&[], Some(0)), LIMITS).await.expect("a body"), "");
        assert_eq!(read(scripted(&["exactly8"], None), LIMITS).await.expect("a body"), "exactly8");
    }

    #[tokio::test]
    async fn too_much_is_refused_whether_announced_or_not() {
        let announced = scripted(&[], Some(9));
        let unannounced = scripted(&["five!", "five!"], None);
        let at_once = scripted(&["nine char"], None);
        for body in [announced, unannounced, at_once] {
            let refusal = read(body, LIMITS).await.expect_err("too large");
            assert_eq!((refusal.status, refusal.kind), (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_a_408() {
        let body = Scripted { hangs: true, ..scripted(&["half"], Some(8)) };
        let refusal = read(body, LIMITS).await.expect_err("an idle body");
        assert_eq!(refusal.status, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(refusal.message, "no byte of the request body for 30 s");
    }
}
