//! An accepted socket with its clocks.
//!
//! hyper's own header clock also runs between two requests, where it serves as the
//! keep-alive clock, and hyper has none for a client that stops reading; so the other
//! clocks sit here, under hyper. Whether a request is being answered is known from
//! the connection's [`Occupant`].

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::{seats::Occupant, server::Limits};

/// A socket that closes itself when its client dawdles.
pub(super) struct Clocked {
    tcp: TcpStream,
    occupant: Arc<Occupant>,
    limits: Limits,
    stage: Stage,
    /// The occupant's requests when last looked at; one may begin and end between two reads.
    seen: u64,
    reading: Pin<Box<Sleep>>,
    /// Made when a write has to wait for the first time, which for most clients is never.
    writing: Option<Pin<Box<Sleep>>>,
    is_stalled: bool,
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A request's head has begun, or the connection is new.
    Head,
    /// A body, on the service's clock, or nothing while the answer is written.
    Request,
    /// Nothing since the last answer, on hyper's clock.
    Quiet,
    /// What the client is still sending after our last word.
    Rest,
}

impl Clocked {
    pub(super) fn new(tcp: TcpStream, occupant: Arc<Occupant>, limits: Limits) -> Self {
        let reading = Box::pin(sleep_until(Instant::now() + limits.header_read));
        Self { tcp, occupant, limits, stage: Stage::Head, seen: 0, reading, writing: None, is_stalled: false }
    }

    fn enter(&mut self, stage: Stage, clock: Duration) {
        self.stage = stage;
        self.reading.as_mut().reset(Instant::now() + clock);
    }

    /// Brings the stage up to date with what the service has begun or ended.
    fn follow(&mut self) {
        let requests = self.occupant.requests();
        if self.occupant.is_answering() {
            self.stage = Stage::Request;
        } else if self.stage == Stage::Request || self.seen != requests {
            self.stage = Stage::Quiet;
        }
        self.seen = requests;
    }

    /// Watches a write; one that has waited for too long fails.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.is_stalled {
                self.is_stalled = false;
                self.occupant.set_writing(false);
            }
            return written;
        }
        let deadline = Instant::now() + self.limits.write_stall;
        let clock = self.writing.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if !self.is_stalled {
            self.is_stalled = true;
            self.occupant.set_writing(true);
            clock.as_mut().reset(deadline);
        }
        ready!(clock.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

impl AsyncRead for Clocked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.follow();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.tcp).poll_read(cx, buf) {
            if self.stage == Stage::Quiet && buf.filled().len() > before {
                let clock = self.limits.header_read;
                self.enter(Stage::Head, clock);
            }
            return Poll::Ready(read);
        }
        match self.stage {
            Stage::Request | Stage::Quiet | Stage::Rest => Poll::Pending,
            Stage::Head => {
                ready!(self.reading.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the request's head did not come")))
            }
        }
    }
}

impl AsyncWrite for Clocked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    /// Ends our side, then lets the client finish speaking for a moment.
    ///
    /// A socket closed over unread bytes is reset, and the reset overtakes the answer:
    /// whoever sends too large a body would see a broken connection instead of the 413.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.stage != Stage::Rest {
            ready!(Pin::new(&mut self.tcp).poll_shutdown(cx))?;
            let clock = self.limits.linger;
            self.enter(Stage::Rest, clock);
        }
        let mut rest = [0; 8192];
        loop {
            let mut rest = ReadBuf::new(&mut rest);
            match Pin::new(&mut self.tcp).poll_read(cx, &mut rest) {
                Poll::Ready(Ok(())) if !rest.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return self.reading.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
