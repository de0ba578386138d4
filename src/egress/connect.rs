//! The connector: name, TCP, proxy, TLS, each with its clock.
//!
//! Nothing else in mcr opens a socket to another machine.

use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        Connected, Connection, HttpConnector,
        dns::Name,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use super::{
    failure::{ConnectError, Seconds, Unresolved, host_of, root},
    proxies::{Proxies, Way},
};

type Tcp = TokioIo<TcpStream>;

/// Makes connections for the client's pool; clones share the TLS state.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    proxies: Proxies,
    tcp: HttpConnector<Names>,
    tls: Arc<OnceLock<Result<Tls, String>>>,
    connect_timeout: Duration,
    tls_timeout: Duration,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("proxies", &self.0.proxies).finish_non_exhaustive()
    }
}

impl Connector {
    pub(super) fn new(proxies: Proxies, connect_timeout: Duration, tls_timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Names);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        // Shared out over the addresses of a name, so that one dead address does not eat the whole clock.
        tcp.set_connect_timeout(Some(connect_timeout));
        Self(Arc::new(Inner { proxies, tcp, tls: Arc::default(), connect_timeout, tls_timeout }))
    }

    /// Returns the way to `target`.
    pub(super) fn way(&self, target: &Uri) -> Way {
        self.0.proxies.way(target)
    }

    /// Returns the connect clock's setting.
    pub(super) fn clock(&self) -> Duration {
        self.0.connect_timeout
    }

    async fn connect(self, target: Uri) -> Result<Stream, ConnectError> {
        let way = self.way(&target);
        let forwarded = matches!(way, Way::Forward { .. });
        let dialled = timeout(self.0.connect_timeout, self.dial(&way, &target)).await;
        let tcp = dialled.unwrap_or_else(|_| {
            Err(ConnectError::Timeout { host: host_of(&target), after: Seconds(self.0.connect_timeout) })
        });
        let tcp = tcp.map_err(|error| blame_proxy(&way, &target, error))?;
        if target.scheme_str() != Some("https") {
            return Ok(Stream { inner: MaybeHttpsStream::Http(tcp), forwarded });
        }
        let refused = |reason: String| ConnectError::Tls { host: host_of(&target), reason };
        let tls = self.tls().await.map_err(refused)?;
        let handshake = timeout(self.0.tls_timeout, tls.handshake(tcp, target.clone())).await;
        let inner = handshake
            .map_err(|_| refused(format!("no handshake within {} (TLS clock)", Seconds(self.0.tls_timeout))))?
            .map_err(|error| refused(explain(&*error)))?;
        Ok(Stream { inner, forwarded })
    }

    /// Opens the socket, through the proxy when there is one.
    pub(super) async fn dial(&self, way: &Way, target: &Uri) -> Result<Tcp, ConnectError> {
        let mut tcp = self.0.tcp.clone();
        let failed =
            |error: &(dyn Error + 'static)| ConnectError::dialling(host_of(target), error, self.0.connect_timeout);
        match way {
            Way::Direct => tcp.call(target.clone()).await.map_err(|error| failed(&error)),
            Way::Forward { proxy, .. } => tcp.call(proxy.clone()).await.map_err(|error| failed(&error)),
            Way::Tunnel { proxy, authorization } => {
                let mut tunnel = Tunnel::new(proxy.clone(), tcp);
                if let Some(value) = authorization {
                    tunnel = tunnel.with_auth(value.clone());
                }
                tunnel.call(target.clone()).await.map_err(|error| failed(&error))
            }
            Way::Socks { proxy, login, resolve_here } => {
                let mut socks = SocksV5::new(proxy.clone(), tcp).local_dns(*resolve_here);
                if let Some((user, password)) = login {
                    socks = socks.with_auth(user.clone(), password.clone());
                }
                socks.call(target.clone()).await.map_err(|error| failed(&error))
            }
        }
    }

    /// Returns the TLS client, made on first use.
    ///
    /// Reading the platform's certificates takes milliseconds and blocks, which
    /// neither a start nor a streaming answer should pay for.
    async fn tls(&self) -> Result<Tls, String> {
        if let Some(ready) = self.0.tls.get() {
            return ready.clone();
        }
        let cell = Arc::clone(&self.0.tls);
        let made = tokio::task::spawn_blocking(move || cell.get_or_init(Tls::new).clone()).await;
        made.map_err(|error| error.to_string())?
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        Box::pin(self.clone().connect(target))
    }
}

/// Turns a failure on the way into the proxy's, when there is one.
fn blame_proxy(way: &Way, target: &Uri, error: ConnectError) -> ConnectError {
    let (Way::Forward { proxy, .. } | Way::Tunnel { proxy, .. } | Way::Socks { proxy, .. }) = way else {
        return error;
    };
    let reason = match error {
        ConnectError::Dns { reason, .. } => format!("its name cannot be resolved: {reason}"),
        ConnectError::Refused { .. } => "connection refused".to_owned(),
        ConnectError::Timeout { after, .. } => format!("no connection within {after} (connect clock)"),
        ConnectError::Tls { reason, .. }
        | ConnectError::Proxy { reason, .. }
        | ConnectError::Closed { reason, .. }
        | ConnectError::Other { reason, .. } => reason,
    };
    ConnectError::Proxy { proxy: host_of(proxy), host: host_of(target), reason }
}

/// Says what to do about the one TLS failure that people can mend.
fn explain(error: &(dyn Error + 'static)) -> String {
    let reason = root(error).to_string();
    if reason.contains("UnknownIssuer") {
        return format!("{reason}; a company's own authority is trusted when SSL_CERT_FILE names its certificate");
    }
    reason
}

/// Resolves names, and fails with an error that can be recognised.
#[derive(Debug, Clone)]
struct Names;

impl Service<Name> for Names {
    type Response = vec::IntoIter<std::net::SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = found.map_err(|error| Unresolved(error.to_string()))?.collect();
            if addresses.is_empty() {
                return Err(Unresolved("the name has no address".to_owned()));
            }
            Ok(addresses.into_iter())
        })
    }
}

/// TLS over a socket that is already open.
///
/// hyper-rustls wants to dial for itself, which would put two clocks into one. It is given
/// [`Handed`], which "dials" by handing out what [`Tls::handshake`] has put there.
#[derive(Clone)]
struct Tls(Arc<Mutex<HttpsConnector<Handed>>>, Handed);

impl Tls {
    fn new() -> Result<Self, String> {
        let handed = Handed::default();
        let connector = HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|error| error.to_string())?
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(handed.clone());
        Ok(Self(Arc::new(Mutex::new(connector)), handed))
    }

    fn handshake(
        &self,
        tcp: Tcp,
        target: Uri,
    ) -> impl Future<Output = Result<MaybeHttpsStream<Tcp>, Box<dyn Error + Send + Sync>>> + use<> {
        // The outer lock keeps two handshakes from taking each other's socket; the call takes it at once.
        let mut connector = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *self.1.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tcp);
        connector.call(target)
    }
}

#[derive(Clone, Default)]
struct Handed(Arc<Mutex<Option<Tcp>>>);

impl Service<Uri> for Handed {
    type Response = Tcp;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Tcp>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let tcp = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(tcp.ok_or_else(|| io::Error::other("no socket was handed over")))
    }
}

/// A connection, and whether the requests on it are for a proxy to forward.
pub(super) struct Stream {
    inner: MaybeHttpsStream<Tcp>,
    forwarded: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.connected().proxy(self.forwarded)
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }
}
