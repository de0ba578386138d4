//! A socket for somebody else's bytes: resolved here, checked, and connected to the address that was checked.
//!
//! Where a proxy of the user's stands in the way, that one resolves the name, and its address is not known here.

use std::net::IpAddr;

use http::Uri;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;

use super::{
    address::classify,
    connect::{Connector, literal, look_up},
    failure::{ConnectError, Seconds, host_of},
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
        let literal = literal(host);
        if let Some(address) = literal {
            let class = classify(address);
            may(address, class).map_err(|reason| Unreached::Denied(class, reason))?;
        }
        let clock = self.clock();
        let late =
            || Unreached::Failed(ConnectError::Timeout { host: format!("{host}:{port}"), after: Seconds(clock) });
        if !matches!(way, Way::Direct) {
            let dialled = timeout(clock, self.dial(&way, target)).await.map_err(|_| late())?;
            let (tcp, address) = dialled.map_err(Unreached::Failed)?;
            return Ok(Reached { tcp: tcp.into_inner(), address: literal.map_or(address, classify), way });
        }
        let found = timeout(clock, look_up(host, port, target)).await.map_err(|_| late())?;
        let mut objection = None;
        let mut checked = Vec::new();
        for address in found.map_err(Unreached::Failed)? {
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
        let connected = timeout(clock, self.tcp(checked).call(target.clone())).await.map_err(|_| late())?;
        let tcp =
            connected.map_err(|error| Unreached::Failed(ConnectError::dialling(host_of(target), &error, clock)))?;
        let tcp = tcp.into_inner();
        let address = tcp.peer_addr().map_or(first, |address| classify(address.ip()));
        Ok(Reached { tcp, address, way })
    }
}
