//! What kind of address a name was resolved to, and whether that is what its host may have.
//!
//! Decides and looks nothing up. An IPv4 address stays what it is in every form that IPv6 has for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::audit::AddressClass;
use crate::config::Network;

/// Where clouds answer whoever asks from inside with the machine's own credentials.
const METADATA_V4: [[u8; 4]; 7] = [
    [169, 254, 169, 254], // AWS, Azure, Google, OpenStack and most others
    [169, 254, 170, 2],   // AWS, containers
    [169, 254, 170, 23],  // AWS, Kubernetes
    [169, 254, 0, 23],    // Tencent
    [100, 100, 100, 200], // Alibaba
    [192, 0, 0, 192],     // Oracle
    [168, 63, 129, 16],   // Azure, beside the other
];
const METADATA_V6: [[u16; 8]; 3] = [
    [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254],  // AWS
    [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23],   // AWS, Kubernetes
    [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254], // Google
];

/// Networks in which nobody is: RFC 6890 and those that came after.
const UNUSABLE_V4: [([u8; 4], u32); 8] = [
    ([0, 0, 0, 0], 8),       // this network
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([192, 88, 99, 0], 24),  // what 6to4 was
    ([198, 18, 0, 0], 15),   // benchmarks
    ([224, 0, 0, 0], 3),     // multicast, and above
];

/// Says what kind of address it is.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| of_v6(address), of_v4),
    }
}

/// Whether a host that has to be in a network may have this address; says what kind it is either way.
///
/// # Errors
/// Fails with the kind of address where it may not.
pub fn check(network: Network, address: IpAddr) -> Result<AddressClass, AddressClass> {
    let class = classify(address);
    let may = match (network, class) {
        (Network::Public, AddressClass::Public) => true,
        // What translates or carries a private address is on another machine than the address says.
        (Network::Private, AddressClass::Loopback | AddressClass::Private | AddressClass::Cgnat) => {
            !matches!(address.to_canonical(), IpAddr::V6(address) if embedded(address).is_some())
        }
        (
            Network::Public | Network::Private,
            AddressClass::Loopback
            | AddressClass::Private
            | AddressClass::LinkLocal
            | AddressClass::Metadata
            | AddressClass::Cgnat
            | AddressClass::Unusable
            | AddressClass::Public
            | AddressClass::Proxied,
        ) => false,
    };
    if may { Ok(class) } else { Err(class) }
}

/// Whether a proxy may have this address: the person named it, so it may be anywhere where proxies are.
pub(super) fn may_be_a_proxy(address: IpAddr) -> Result<(), AddressClass> {
    match classify(address) {
        AddressClass::Loopback | AddressClass::Private | AddressClass::Cgnat | AddressClass::Public => Ok(()),
        class @ (AddressClass::LinkLocal | AddressClass::Metadata | AddressClass::Unusable | AddressClass::Proxied) => {
            Err(class)
        }
    }
}

/// The kind of address in words that follow "it is".
pub(super) fn words(class: AddressClass) -> &'static str {
    match class {
        AddressClass::Loopback => "an address of this machine",
        AddressClass::Private => "an address of a private network",
        AddressClass::LinkLocal => "an address of this link alone",
        AddressClass::Metadata => "a cloud's metadata service",
        AddressClass::Cgnat => "an address behind a carrier's translation",
        AddressClass::Unusable => "no address that anybody has",
        AddressClass::Public => "an address of the Internet",
        AddressClass::Proxied => "known to the proxy alone",
    }
}

fn of_v4(address: Ipv4Addr) -> AddressClass {
    let octets = address.octets();
    if METADATA_V4.contains(&octets) {
        return AddressClass::Metadata;
    }
    match octets {
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [169, 254, ..] => AddressClass::LinkLocal,
        [100, 64..=127, ..] => AddressClass::Cgnat,
        _ if UNUSABLE_V4.iter().any(|network| is_in(address, *network)) => AddressClass::Unusable,
        _ => AddressClass::Public,
    }
}

fn is_in(address: Ipv4Addr, (network, bits): ([u8; 4], u32)) -> bool {
    (address.to_bits() ^ u32::from_be_bytes(network)).leading_zeros() >= bits
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    let segments = address.segments();
    if METADATA_V6.contains(&segments) {
        return AddressClass::Metadata;
    }
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        // Protocol assignments, documentation: parts of what else is the Internet.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Unusable,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Unusable,
    }
}

/// The address that a connection ends at: the IPv4 one in an IPv6 one, where there is one.
pub(super) fn unwrapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => embedded(six).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The IPv4 address in an IPv6 one: mapped, compatible, NAT64, 6to4, Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        // RFC 2765, RFC 6052 and RFC 8215.
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0 | 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(of(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(of(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(address: &str) -> AddressClass {
        classify(address.parse().unwrap())
    }

    #[test]
    fn every_kind_of_address_has_its_class() {
        for (expect, addresses) in [
            (AddressClass::Loopback, &["127.0.0.1", "127.255.0.9", "::1"][..]),
            (AddressClass::Private, &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1", "fc00::1"]),
            (AddressClass::LinkLocal, &["169.254.1.1", "fe80::1", "febf::1"]),
            (
                AddressClass::Metadata,
                &[
                    "169.254.169.254",
                    "169.254.170.2",
                    "100.100.100.200",
                    "168.63.129.16",
                    "fd00:ec2::254",
                    "fd20:ce::254",
                ],
            ),
            (AddressClass::Cgnat, &["100.64.0.1", "100.127.255.255"]),
            (
                AddressClass::Unusable,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "::",
                    "192.0.2.1",
                    "198.51.100.1",
                    "203.0.113.9",
                    "198.19.0.1",
                    "224.0.0.1",
                    "255.255.255.255",
                    "ff02::1",
                    "2001:db8::1",
                    "3fff::1",
                    "2001:10::1",
                    "100::1",
                    "fec0::1",
                    "1::1",
                ],
            ),
            (
                AddressClass::Public,
                &["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1", "2a00:1450::1"],
            ),
        ] {
            for address in addresses {
                assert_eq!(class(address), expect, "{address}");
            }
        }
    }

    #[test]
    fn a_private_name_may_not_lead_through_a_translation() {
        for address in ["64:ff9b::a00:1", "2002:a00:1::1", "64:ff9b::7f00:1"] {
            check(Network::Private, address.parse().unwrap()).unwrap_err();
        }
        assert_eq!(check(Network::Private, "::ffff:10.0.0.1".parse().unwrap()), Ok(AddressClass::Private));
    }

    /// Every form that IPv6 has for an IPv4 address.
    fn spellings(address: Ipv4Addr) -> Vec<Ipv6Addr> {
        let bits = address.to_bits();
        let (high, low) = ((bits >> 16) as u16, (bits & 0xffff) as u16);
        vec![
            address.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 7, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 1, 2, 3, 4, 5),
            Ipv6Addr::new(0x2001, 0, 1, 2, 3, 4, !high, !low),
        ]
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_address_is_of_one_class(bits: u32, metadata in 0..METADATA_V4.len(), rest: [u8; 3]) {
            let [a, b, c] = rest;
            for address in [Ipv4Addr::from_bits(bits), METADATA_V4[metadata].into(), Ipv4Addr::new(127, a, b, c)] {
                for spelling in spellings(address) {
                    prop_assert_eq!(classify(IpAddr::V6(spelling)), classify(IpAddr::V4(address)), "{}", spelling);
                }
            }
        }

        #[test]
        fn no_address_is_both_of_this_network_and_of_the_internet(bits: u128) {
            let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
            prop_assert!(check(Network::Public, address).is_err() || check(Network::Private, address).is_err());
        }
    }
}
