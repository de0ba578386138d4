//! A socket for somebody else's bytes: resolved here, checked, and connected to the address that was checked.
//!
//! Where a proxy of the user's stands in the way, that one resolves the name, and its address is not known here.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    task::{Context, Poll},
    vec,
};

use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use tokio::{
    net::TcpStream,
    time::{Duration, timeout},
};
use tower_service::Service;

use super::{
    connect::Connector,
    failure::{ConnectError, Seconds},
    proxies::Way,
};
use crate::audit::AddressClass;

/// A connection, and how it came about.
pub(super) struct Reached {
    pub(super) tcp: TcpStream,
    pub(super) address: AddressClass,
    pub(super) way: Way,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Unreached {
    /// No address of the name may be connected to: the first one's kind, and why not.
    Denied(AddressClass, String),
    /// It was tried.
    Failed(ConnectError),
}

impl Connector {
    /// Connects to `target`, at an address that `may` have no objection to; the objection is a reason.
    pub(super) async fn reach(
        &self,
        target: &Uri,
        port: u16,
        may: impl Fn(IpAddr, AddressClass) -> Result<(), String>,
    ) -> Result<Reached, Unreached> {
        let way = self.way(target);
        let host = target.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let literal = host.parse::<IpAddr>().ok();
        if let Some(address) = literal {
            let class = classify(address);
            may(address, class).map_err(|reason| Unreached::Denied(class, reason))?;
        }
        let clock = self.clock();
        let late =
            || Unreached::Failed(ConnectError::Timeout { host: format!("{host}:{port}"), after: Seconds(clock) });
        if !matches!(way, Way::Direct) {
            let dialled = timeout(clock, self.dial(&way, target)).await.map_err(|_| late())?;
            let tcp = dialled.map_err(Unreached::Failed)?.into_inner();
            return Ok(Reached { tcp, address: literal.map_or(AddressClass::Proxied, classify), way });
        }
        let found = match literal {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => timeout(clock, tokio::net::lookup_host((host, port))).await.map_err(|_| late())?.map_or_else(
                |error| {
                    let reason = error.to_string();
                    Err(Unreached::Failed(ConnectError::Dns { host: format!("{host}:{port}"), reason }))
                },
                |found| Ok(found.collect()),
            )?,
        };
        let mut objection = None;
        let mut checked = Vec::new();
        for address in found {
            let class = classify(address.ip());
            match may(address.ip(), class) {
                Ok(()) => checked.push(address),
                Err(reason) => objection = objection.or(Some(Unreached::Denied(class, reason))),
            }
        }
        let Some(first) = checked.first().map(|address| classify(address.ip())) else {
            let reason = "the name has no address".to_owned();
            let unknown = || Unreached::Failed(ConnectError::Dns { host: format!("{host}:{port}"), reason });
            return Err(objection.unwrap_or_else(unknown));
        };
        let tcp = timeout(clock, connect(checked, target, clock)).await.map_err(|_| late())??;
        let address = tcp.peer_addr().map_or(first, |address| classify(address.ip()));
        Ok(Reached { tcp, address, way })
    }
}

/// Connects to one of the addresses and to no other.
async fn connect(checked: Vec<SocketAddr>, target: &Uri, clock: Duration) -> Result<TcpStream, Unreached> {
    let mut tcp = HttpConnector::new_with_resolver(Checked(checked));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_mins(1)));
    tcp.set_connect_timeout(Some(clock));
    let host = super::failure::host_of(target);
    let connected = tcp.call(target.clone()).await;
    connected
        .map(hyper_util::rt::TokioIo::into_inner)
        .map_err(|error| Unreached::Failed(ConnectError::dialling(host, &error, clock)))
}

/// Has one answer, whatever it is asked.
#[derive(Debug, Clone)]
struct Checked(Vec<SocketAddr>);

impl Service<Name> for Checked {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = std::future::Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        std::future::ready(Ok(self.0.clone().into_iter()))
    }
}

/// Says what kind of address it is.
fn classify(address: IpAddr) -> AddressClass {
    match address.to_canonical() {
        IpAddr::V4(v4) => match v4.octets() {
            [127, ..] => AddressClass::Loopback,
            [169, 254, 169, 254] | [169, 254, 170, 2] | [100, 100, 100, 200] => AddressClass::Metadata,
            [169, 254, ..] => AddressClass::LinkLocal,
            [100, second, ..] if second & 0xc0 == 64 => AddressClass::Cgnat,
            [0 | 224..=255, ..] => AddressClass::Unusable,
            _ if v4.is_private() => AddressClass::Private,
            _ => AddressClass::Public,
        },
        IpAddr::V6(v6) if v6.is_loopback() => AddressClass::Loopback,
        IpAddr::V6(v6) if v6.is_unspecified() || v6.is_multicast() => AddressClass::Unusable,
        IpAddr::V6(v6) if v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => AddressClass::Metadata,
        IpAddr::V6(v6) if v6.is_unicast_link_local() => AddressClass::LinkLocal,
        IpAddr::V6(v6) if v6.is_unique_local() => AddressClass::Private,
        IpAddr::V6(_) => AddressClass::Public,
    }
}
