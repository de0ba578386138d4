//! A door out for simulations: connections are pipes inside the process, so that the clock can be paused.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;

use super::failure::{ConnectError, host_of};

type Dial = dyn Fn(&Uri) -> Result<DuplexStream, ConnectError> + Send + Sync;

/// Opens a pipe to whoever stands for a host.
#[derive(Clone)]
pub(crate) struct Pipes(Arc<Dial>);

impl std::fmt::Debug for Pipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pipes")
    }
}

impl Pipes {
    pub(crate) fn new(dial: impl Fn(&Uri) -> Result<DuplexStream, ConnectError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(dial))
    }

    /// Sends a request over a pipe of its own.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ConnectError> {
        let host = host_of(request.uri());
        let pipe = (self.0)(request.uri())?;
        let closed = |error: &hyper::Error| ConnectError::Closed { host: host.clone(), reason: error.to_string() };
        let (mut sender, connection) = http1::handshake(TokioIo::new(pipe)).await.map_err(|error| closed(&error))?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| closed(&error))
    }
}
