//! `CONNECT`: bytes both ways, counted and not looked at.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, Uri};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    net::TcpStream,
    select,
};

use super::{
    Body, Seat, Shared, say, silence,
    tally::{Counts, Record},
    whole,
};

/// Opens a tunnel, which lives on behind the answer.
pub(super) async fn open(shared: &Arc<Shared>, seat: Seat, request: Request<Incoming>) -> Response<Body> {
    let authority = request.uri().authority();
    let Some((target, port)) = authority.and_then(|authority| {
        let target = Uri::builder().scheme("https").authority(authority.as_str()).path_and_query("/").build().ok()?;
        Some((target, authority.port_u16()?))
    }) else {
        return say(StatusCode::BAD_REQUEST, "mcr: CONNECT takes a host and a port");
    };
    let (reached, record) = match shared.reach(&target, port).await {
        Ok(reached) => reached,
        Err(refusal) => return refusal,
    };
    let tunnel = carry(Arc::clone(shared), seat, hyper::upgrade::on(request), reached.tcp, record);
    tokio::spawn(tunnel);
    Response::new(whole(bytes::Bytes::new()))
}

/// Passes bytes until one end is closed, nothing has passed for long, or the witness ends.
async fn carry(shared: Arc<Shared>, seat: Seat, client: OnUpgrade, target: TcpStream, record: Record) {
    let mut closing = shared.closing.subscribe();
    let counts = Arc::clone(&record.counts);
    let mut target = Counted { tcp: target, counts: Arc::clone(&counts) };
    let copied = async {
        let mut client = TokioIo::new(client.await.map_err(io::Error::other)?);
        copy_bidirectional(&mut client, &mut target).await
    };
    select! {
        biased;
        _ = closing.wait_for(|closed| *closed) => {}
        end = copied => if let Err(error) = end {
            tracing::debug!(%error, "a tunnel of the agent's ended early");
        },
        () = silence(&counts, shared.limits.idle) => {}
    }
    drop(record);
    drop(seat);
}

/// A socket to the target that counts what passes.
pub(super) struct Counted {
    pub(super) tcp: TcpStream,
    pub(super) counts: Arc<Counts>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        self.counts.back.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.counts.out.fetch_add(written as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
