//! The connector: name, TCP, proxy, TLS, each with its clock.
//!
//! Nothing else in mcr opens a socket to another machine. A name is looked up once: the addresses that the guard has
//! seen are the ones that are connected to.

use std::{
    convert::Infallible,
    error::Error,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
    vec,
};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
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
    Reached, Rules, SignedBy,
    address::{check, may_be_a_proxy, words},
    failure::{ConnectError, Seconds, host_of},
    issuer::issuer,
    proxies::{Proxies, Way},
    tls::{Tls, explain},
};
use crate::audit::AddressClass;
use crate::config::Network;

pub(super) type Tcp = TokioIo<TcpStream>;

/// Makes connections for the client's pool; clones share the TLS state.
#[derive(Clone)]
pub(super) struct Connector(Arc<Inner>);

struct Inner {
    proxies: Arc<Proxies>,
    rules: Rules,
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
    pub(super) fn new(proxies: Proxies, rules: Rules, connect_timeout: Duration, tls_timeout: Duration) -> Self {
        let proxies = Arc::new(proxies);
        Self(Arc::new(Inner { proxies, rules, tls: Arc::default(), connect_timeout, tls_timeout }))
    }

    /// The same, where others decide.
    pub(super) fn under(&self, rules: Rules) -> Self {
        let Inner { proxies, rules: _, tls, connect_timeout, tls_timeout } = &*self.0;
        let (proxies, tls) = (Arc::clone(proxies), Arc::clone(tls));
        Self(Arc::new(Inner { proxies, rules, tls, connect_timeout: *connect_timeout, tls_timeout: *tls_timeout }))
    }

    /// Returns the way to `target`.
    pub(super) fn way(&self, target: &Uri) -> Way {
        // A proxy would look for a private name in its own network, and nobody here would see where that leads.
        let host = target.host().unwrap_or_default();
        if literal(host).is_none() && self.network(target) == Network::Private {
            return Way::Direct;
        }
        self.0.proxies.way(target)
    }

    /// Returns the connect clock's setting.
    pub(super) fn clock(&self) -> Duration {
        self.0.connect_timeout
    }

    fn network(&self, target: &Uri) -> Network {
        self.0.rules.load().judge(target.host().unwrap_or_default()).network
    }

    async fn connect(self, target: Uri) -> Result<Stream, ConnectError> {
        let way = self.way(&target);
        let forwarded = matches!(way, Way::Forward { .. });
        if let Some(address) = literal(target.host().unwrap_or_default()).filter(|_| !matches!(way, Way::Direct)) {
            // No name is looked up for it on any way.
            check(self.network(&target), address)
                .map_err(|class| denied(&target, address, class, "the guard judged it to be elsewhere"))?;
        }
        let dialled = timeout(self.0.connect_timeout, self.dial(&way, &target)).await;
        let dialled = dialled.unwrap_or_else(|_| {
            Err(ConnectError::Timeout { host: host_of(&target), after: Seconds(self.0.connect_timeout) })
        });
        let (tcp, address) = dialled.map_err(|error| blame_proxy(&way, &target, error))?;
        if target.scheme_str() != Some("https") {
            return Ok(Stream { inner: MaybeHttpsStream::Http(tcp), forwarded, address });
        }
        let refused = |reason: String| ConnectError::Tls { host: host_of(&target), reason };
        let tls = self.tls().await.map_err(refused)?;
        let handshake = timeout(self.0.tls_timeout, tls.handshake(tcp, target.clone())).await;
        let inner = handshake
            .map_err(|_| refused(format!("no handshake within {} (TLS clock)", Seconds(self.0.tls_timeout))))?
            .map_err(|error| refused(explain(&*error)))?;
        Ok(Stream { inner, forwarded, address })
    }

    /// Opens the socket, through the proxy when there is one; says what kind of address was reached.
    pub(super) async fn dial(&self, way: &Way, target: &Uri) -> Result<(Tcp, AddressClass), ConnectError> {
        let failed =
            |error: &(dyn Error + 'static)| ConnectError::dialling(host_of(target), error, self.0.connect_timeout);
        match way {
            Way::Direct => {
                let (addresses, class) = self.addresses(target).await?;
                let tcp = self.tcp(addresses).call(target.clone()).await.map_err(|error| failed(&error))?;
                Ok((tcp, class))
            }
            Way::Forward { proxy, .. } => {
                let mut tcp = self.proxy(proxy, target).await?;
                Ok((tcp.call(proxy.clone()).await.map_err(|error| failed(&error))?, AddressClass::Proxied))
            }
            Way::Tunnel { proxy, authorization } => {
                let mut tunnel = Tunnel::new(proxy.clone(), self.proxy(proxy, target).await?);
                if let Some(value) = authorization {
                    tunnel = tunnel.with_auth(value.clone());
                }
                Ok((tunnel.call(target.clone()).await.map_err(|error| failed(&error))?, AddressClass::Proxied))
            }
            Way::Socks { proxy, login, resolve_here } => {
                let mut socks = SocksV5::new(proxy.clone(), self.proxy(proxy, target).await?);
                if let Some((user, password)) = login {
                    socks = socks.with_auth(user.clone(), password.clone());
                }
                let (there, class) = if *resolve_here {
                    let (addresses, class) = self.addresses(target).await?;
                    (addresses.first().map(ToString::to_string).unwrap_or_default(), class)
                } else {
                    (format!("{}:{}", target.host().unwrap_or_default(), port(target)), AddressClass::Proxied)
                };
                let there = Uri::builder().scheme("http").authority(there).path_and_query("/").build();
                let there = there.map_err(|error| failed(&error))?;
                Ok((socks.call(there).await.map_err(|error| failed(&error))?, class))
            }
        }
    }

    /// Looks a target's name up and lets its addresses through when each of them is what the target may have.
    async fn addresses(&self, target: &Uri) -> Result<(Vec<SocketAddr>, AddressClass), ConnectError> {
        let network = self.network(target);
        let mut addresses = look_up(target.host().unwrap_or_default(), port(target), target).await?;
        if network == Network::Private && literal(target.host().unwrap_or_default()).is_some() {
            // A server's listen address, copied: a connection to it ends on this machine.
            addresses.iter_mut().for_each(unspecified_is_here);
        }
        let mut class = AddressClass::Unusable;
        for address in &addresses {
            class = check(network, address.ip()).map_err(|class| {
                let may = match network {
                    Network::Public => "in the Internet",
                    Network::Private => "on this machine or in its network",
                };
                denied(target, address.ip(), class, &format!("{} has to be {may}", host_of(target)))
            })?;
        }
        Ok((addresses, class))
    }

    /// Makes ready to dial a proxy, which the person named and which may be anywhere where proxies are.
    async fn proxy(&self, proxy: &Uri, target: &Uri) -> Result<Dial, ConnectError> {
        let addresses = look_up(proxy.host().unwrap_or_default(), port(proxy), target).await?;
        let network = self.network(target);
        for address in &addresses {
            may_be_a_proxy(address.ip()).map_err(|class| denied(proxy, address.ip(), class, "no proxy is there"))?;
            // What is of this network does not leave it by way of one outside, in plain text perhaps.
            check(Network::Private, address.ip()).map(drop).or_else(|class| match network {
                Network::Public => Ok(()),
                Network::Private => {
                    let what = format!("{} is in this network, and the proxy is not", host_of(target));
                    Err(denied(proxy, address.ip(), class, &what))
                }
            })?;
        }
        Ok(self.tcp(addresses))
    }

    /// Makes ready to dial addresses that were checked.
    #[expect(clippy::disallowed_methods, reason = "the one door out")]
    pub(super) fn tcp(&self, addresses: Vec<SocketAddr>) -> Dial {
        let mut tcp = HttpConnector::new_with_resolver(Seen(addresses));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_mins(1)));
        // Shared out over the addresses of a name, so that one dead address does not eat the whole clock.
        tcp.set_connect_timeout(Some(self.0.connect_timeout));
        Dial(tcp)
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
        ours @ (ConnectError::Denied { .. } | ConnectError::Unrecorded { .. }) => return ours,
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

/// Returns the addresses of a URL's host; `target` is who was to be reached.
#[expect(clippy::disallowed_methods, reason = "the one door out; whoever asks checks what is found")]
pub(super) async fn look_up(host: &str, port: u16, target: &Uri) -> Result<Vec<SocketAddr>, ConnectError> {
    let unresolved = |reason: String| ConnectError::Dns { host: host_of(target), reason };
    if let Some(address) = literal(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| unresolved(error.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(unresolved("the name has no address".to_owned()));
    }
    Ok(addresses)
}

/// Reads a URL's host that is an address in its usual form; any other form is a name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn port(uri: &Uri) -> u16 {
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        Some("socks5" | "socks5h") => 1080,
        Some(_) | None => 80,
    };
    uri.port_u16().unwrap_or(usual)
}

fn unspecified_is_here(address: &mut SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
}

fn denied(uri: &Uri, address: IpAddr, class: AddressClass, why: &str) -> ConnectError {
    let host = host_of(uri);
    let leads = if literal(uri.host().unwrap_or_default()).is_some() { "" } else { "its name leads to " };
    let reason = format!("not connected: {leads}{address}, {}, and {why}", words(class));
    ConnectError::Denied { host, reason, address: Some(class) }
}

/// Dials the addresses that were seen, whatever URI it is called with.
#[derive(Clone)]
pub(super) struct Dial(HttpConnector<Seen>);

impl Service<Uri> for Dial {
    type Response = Tcp;
    type Error = <HttpConnector<Seen> as Service<Uri>>::Error;
    type Future = <HttpConnector<Seen> as Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        // An address in the URI would be dialled without asking for those that were seen.
        self.0.call(Uri::from_static("http://seen.invalid"))
    }
}

/// The addresses that were looked up and let through; they hold their port.
#[derive(Debug, Clone)]
pub(super) struct Seen(Vec<SocketAddr>);

impl Service<Name> for Seen {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        std::future::ready(Ok(self.0.clone().into_iter()))
    }
}

/// A connection, and whether the requests on it are for a proxy to forward.
pub(super) struct Stream {
    inner: MaybeHttpsStream<Tcp>,
    forwarded: bool,
    address: AddressClass,
}

fn signed_by(stream: &MaybeHttpsStream<Tcp>) -> Option<String> {
    match stream {
        MaybeHttpsStream::Http(_) => None,
        MaybeHttpsStream::Https(tls) => issuer(tls.inner().get_ref().1.peer_certificates()?.first()?),
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = self.inner.connected().proxy(self.forwarded).extra(Reached { address: self.address });
        match signed_by(&self.inner) {
            Some(issuer) => connected.extra(SignedBy(issuer.into())),
            None => connected,
        }
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
