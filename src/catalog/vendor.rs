//! Who the agent's vendor is on the network, and whom its program sends telemetry to.
//!
//! `vendor.json` is the data, each line with its date and source.

use std::{net::IpAddr, sync::LazyLock};

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendor {
    #[expect(dead_code, reason = "for the reader of the data file")]
    as_of: String,
    #[expect(dead_code, reason = "for the reader of the data file")]
    note: String,
    domains: Vec<Name>,
    networks: Vec<Address>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    domain: String,
    who: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the data file"))]
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    network: String,
    who: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the data file"))]
    source: String,
}

static VENDOR: LazyLock<Vendor> =
    LazyLock::new(|| serde_json::from_str(include_str!("vendor.json")).expect("vendor.json is checked by a test"));

/// Returns whose host it is, where it is the agent's vendor's or one's that its program sends telemetry to.
pub fn vendor_of(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_below = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    VENDOR.domains.iter().find(|entry| is_below(&entry.domain)).map(|entry| entry.who.as_str())
}

/// Returns whose address it is, where it lies in one of the vendor's own networks.
pub fn vendor_of_address(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    VENDOR.networks.iter().find(|entry| holds(&entry.network, address)).map(|entry| entry.who.as_str())
}

/// Whether a network, such as `192.0.2.0/24`, holds an address.
fn holds(network: &str, address: IpAddr) -> bool {
    let Some((first, length)) = network.split_once('/') else { return false };
    let Ok(length) = length.parse::<u32>() else { return false };
    match (first.parse(), address) {
        (Ok(IpAddr::V4(first)), IpAddr::V4(address)) => {
            (first.to_bits() ^ address.to_bits()).checked_shr(32 - length).is_none_or(|rest| rest == 0)
        }
        (Ok(IpAddr::V6(first)), IpAddr::V6(address)) => {
            (first.to_bits() ^ address.to_bits()).checked_shr(128 - length).is_none_or(|rest| rest == 0)
        }
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_vendors_by_its_domain() {
        for host in ["anthropic.com", "API.Anthropic.com", "downloads.claude.ai.", "platform.claude.com"] {
            assert_eq!(vendor_of(host), Some("Anthropic"), "{host}");
        }
        assert_eq!(vendor_of("http-intake.logs.us5.datadoghq.com"), Some("Datadog"));
        for host in
            ["notanthropic.com", "anthropic.com.example", "api.mistral.ai", "app.datadoghq.eu", "github.com", ""]
        {
            assert_eq!(vendor_of(host), None, "{host}");
        }
    }

    #[test]
    fn an_address_is_the_vendors_by_its_network() {
        for address in ["160.79.104.10", "160.79.111.255", "::ffff:160.79.104.10", "2607:6bc0::10"] {
            assert_eq!(vendor_of_address(address.parse().unwrap()), Some("Anthropic"), "{address}");
        }
        for address in ["160.79.112.0", "127.0.0.1", "2607:6bc1::10", "::1"] {
            assert_eq!(vendor_of_address(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn every_line_has_a_source_with_its_date() {
        assert!(VENDOR.domains.len() >= 15 && VENDOR.networks.len() >= 2);
        let domains = VENDOR.domains.iter().map(|entry| &entry.source);
        for source in domains.chain(VENDOR.networks.iter().map(|entry| &entry.source)) {
            assert!(source.contains("2026-"), "{source}");
        }
        for entry in &VENDOR.networks {
            let first = entry.network.split('/').next().unwrap().parse().unwrap();
            assert!(holds(&entry.network, first), "{}", entry.network);
        }
    }
}
