//! A body that plays its parts: bytes, gates, cuts.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame};
use hyper::body::Bytes;

use super::log::{End, Entry};
use crate::imitation::reply::Part;

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The rest of an answer.
pub(super) struct Playing {
    parts: VecDeque<Part>,
    waiting: Option<Waiting>,
    flushed: bool,
    entry: Option<Entry>,
}

impl Playing {
    /// Plays the parts of a captured request's answer.
    pub(super) fn new(parts: Vec<Part>, entry: Entry) -> Self {
        Self { parts: parts.into(), waiting: None, flushed: false, entry: Some(entry) }
    }

    /// Plays bytes that nobody keeps count of.
    pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { parts: VecDeque::from([Part::Bytes(bytes.into())]), waiting: None, flushed: false, entry: None }
    }

    fn end(&mut self, end: End) {
        if let Some(entry) = &mut self.entry {
            entry.end(end);
        }
    }
}

impl Body for Playing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        loop {
            if let Some(waiting) = &mut this.waiting {
                ready!(waiting.as_mut().poll(context));
                this.waiting = None;
            }
            match this.parts.pop_front() {
                Some(Part::Bytes(bytes)) => {
                    if this.parts.is_empty() {
                        this.end(End::Complete);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes.into()))));
                }
                Some(Part::Gate(gate)) => this.waiting = Some(Box::pin(async move { gate.pass().await })),
                Some(Part::Stall) => this.waiting = Some(Box::pin(std::future::pending())),
                // hyper drops what it has not flushed when a body fails, and flushes when a body waits.
                Some(Part::Cut) if !this.flushed => {
                    this.flushed = true;
                    this.parts.push_front(Part::Cut);
                    this.waiting = Some(Box::pin(tokio::task::yield_now()));
                }
                Some(Part::Cut) => {
                    this.end(End::Cut);
                    return Poll::Ready(Some(Err(io::Error::other("cut by the script"))));
                }
                None => {
                    this.end(End::Complete);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty() && self.waiting.is_none()
    }
}
