//! One request on a connection of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::ClientError;

/// Where requests go.
#[derive(Debug, Clone)]
pub(super) struct Base {
    address: SocketAddr,
    host: String,
    path: String,
}

impl Base {
    /// Reads an `http` URL of this machine.
    pub(super) fn parse(url: &str) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let ip = match authority.host() {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            host => host.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| wrong())?,
        };
        if uri.scheme_str() != Some("http") || !ip.is_loopback() || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            address: SocketAddr::new(ip, authority.port_u16().unwrap_or(80)),
            host: authority.as_str().to_owned(),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// An answer whose head has come. Dropping it closes the connection.
#[derive(Debug)]
pub struct Arriving {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    _driver: Driver,
}

impl Arriving {
    /// Returns the next bytes of the body.
    pub async fn next(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Returns the rest of the body.
    pub async fn rest(&mut self) -> Result<Bytes, hyper::Error> {
        let mut body = Vec::new();
        while let Some(bytes) = self.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(body.into())
    }
}

/// The task that moves the connection's bytes; without it the connection closes.
#[derive(Debug)]
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request and waits for the head of its answer.
#[expect(clippy::disallowed_methods, reason = "this client stands for the agent, and reaches loopback only")]
pub(super) async fn send(
    base: &Base,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: impl Into<Bytes>,
) -> Result<Arriving, ClientError> {
    let mut request =
        Request::builder().method(method).uri(format!("{}{path}", base.path)).header(header::HOST, &base.host);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body.into())).map_err(ClientError::Request)?;
    let connect = |source| ClientError::Connect { address: base.address.to_string(), source };
    let stream = TcpStream::connect(base.address).await.map_err(connect)?;
    stream.set_nodelay(true).map_err(connect)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::NoAnswer)?;
    // How the connection ends, the body says too.
    let driver = Driver(tokio::spawn(async move { drop(driver.await) }));
    let response = sender.send_request(request).await.map_err(ClientError::NoAnswer)?;
    let (head, body) = response.into_parts();
    Ok(Arriving { status: head.status.as_u16(), headers: head.headers, body, _driver: driver })
}
