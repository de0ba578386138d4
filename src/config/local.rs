//! What is this machine, and what its own network.
//!
//! Names other than `localhost` are not looked up: what they resolve to may change.

use std::net::{IpAddr, Ipv6Addr};

/// Whether a URL's host is this machine: `localhost`, or a literal of a loopback address.
///
/// `0.0.0.0` is one as well: a connection to it ends on this machine, and people copy it from a server's listen address.
pub fn is_this_machine(host: &str) -> bool {
    literal(host).map_or_else(
        || host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback() || address.is_unspecified(),
    )
}

/// Whether a URL's host is this machine, or a literal of a private address.
pub fn is_local(host: &str) -> bool {
    is_this_machine(host)
        || literal(host).is_some_and(|address| match address {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => is_unique_local(address),
        })
}

/// Whether only this machine reaches who listens at an address; at `0.0.0.0` everybody does.
pub fn may_listen(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// `fc00::/7`, the private addresses of IPv6.
fn is_unique_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xfe00 == 0xfc00
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_name_and_loopback_addresses() {
        for host in ["localhost", "LocalHost.", "127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            assert!(is_this_machine(host) && is_local(host), "{host}");
        }
    }

    #[test]
    fn private_addresses_are_local_and_another_machine() {
        for host in ["10.0.0.7", "172.16.0.1", "192.168.1.2", "[fd12::1]"] {
            assert!(is_local(host) && !is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn other_hosts_are_not_local() {
        for host in ["api.mistral.ai", "localhost.example.org", "8.8.8.8", "169.254.169.254", "[2001:db8::1]", ""] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn only_loopback_may_be_listened_on() {
        for (address, may) in
            [("127.0.0.1", true), ("::1", true), ("0.0.0.0", false), ("::", false), ("10.0.0.7", false)]
        {
            assert_eq!(may_listen(address.parse().unwrap()), may, "{address}");
        }
    }
}
