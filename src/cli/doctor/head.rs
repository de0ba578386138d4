//! What the head of an answer tells of the way to a provider: the address, the certificate, the clocks, who stood between.

use http::response::Parts;
use http::{HeaderMap, Version};

use super::finding::Finding;
use crate::audit::AddressClass;
use crate::egress::{Reached, SignedBy};

/// How far clocks may be apart; certificates and the order of records depend on them.
const APART: i64 = 120;
/// Headers of those who pass answers on.
const BETWEEN: [&str; 4] = ["via", "cf-ray", "x-cache", "x-served-by"];
/// Makers of gateways that open TLS and sign what they pass on, as their certificates name them.
const OPENERS: [&str; 16] = [
    "zscaler",
    "netskope",
    "fortinet",
    "fortigate",
    "palo alto",
    "blue coat",
    "symantec web",
    "forcepoint",
    "sophos",
    "cisco umbrella",
    "check point",
    "barracuda",
    "kaspersky",
    "avast",
    "eset ssl",
    "mitmproxy",
];

/// Looks at all of it.
pub(super) fn examined(name: &str, host: &str, head: &Parts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(head.extensions.get::<Reached>().map(|reached| address(name, host, reached.address)));
    findings.extend(
        head.extensions.get::<SignedBy>().map(|SignedBy(issuer)| certificate(name, host, issuer, head.version)),
    );
    findings.extend(clock(name, &head.headers));
    findings.extend(between(name, &head.headers));
    findings
}

/// What the host's name was resolved to; the guard lets no wrong one pass.
fn address(name: &str, host: &str, class: AddressClass) -> Finding {
    let what = match class {
        AddressClass::Loopback => "this machine",
        AddressClass::Private => "a private network",
        AddressClass::Proxied => "a proxy, which resolves it",
        AddressClass::LinkLocal => "the same link",
        AddressClass::Metadata => "a cloud's metadata service",
        AddressClass::Cgnat => "a carrier's own network",
        AddressClass::Unusable => "no usable address",
        AddressClass::Public => "a public address",
    };
    Finding::ok("dns", format!("{name}: {host} leads to {what}"))
}

/// Who signed the certificate, and what was agreed on behind it: a maker of gateways reads along.
fn certificate(name: &str, host: &str, issuer: &str, version: Version) -> Finding {
    const ID: &str = "tls";
    let lower = issuer.to_lowercase();
    let what = format!("{name}: the certificate of {host} is signed by {issuer}, and {version:?} is spoken");
    if !OPENERS.iter().any(|opener| lower.contains(opener)) {
        return Finding::ok(ID, what);
    }
    let mend = "ask whoever runs the gateway to let this host through unopened: it reads every prompt and the key";
    Finding::warning(ID, format!("{what}; whoever signed it opens TLS on the way"), mend)
}

/// Compares the clocks, as far as the answer tells the time.
fn clock(name: &str, headers: &HeaderMap) -> Option<Finding> {
    const ID: &str = "clock";
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let apart = jiff::Timestamp::now().as_second() - theirs;
    if apart.abs() <= APART {
        return Some(Finding::ok(ID, format!("{name}: within {APART} s of its server's")));
    }
    let word = if apart > 0 { "ahead of" } else { "behind" };
    let what = format!("this machine is {} s {word} {name}'s server", apart.abs());
    Some(Finding::warning(ID, what, "set the clock, such as with `timedatectl set-ntp true`"))
}

/// Who says that it stood between; a fact, and no fault.
fn between(name: &str, headers: &HeaderMap) -> Option<Finding> {
    let said: Vec<String> = BETWEEN
        .iter()
        .filter_map(|header| Some((header, headers.get(*header)?.to_str().ok()?)))
        .map(|(header, value)| format!("{header}: {}", value.chars().take(60).collect::<String>()))
        .collect();
    let what = format!("{name}: the answer came by way of others, as they say: {}", said.join("; "));
    (!said.is_empty()).then(|| Finding::note("intermediary", what))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_clock_that_is_far_off_is_told_by_the_answers_date() {
        let headers = |date: &str| HeaderMap::from_iter([(http::header::DATE, HeaderValue::try_from(date).unwrap())]);
        let now = jiff::fmt::rfc2822::to_string(&jiff::Zoned::now()).unwrap();
        assert_eq!(clock("p", &headers(&now)).unwrap().severity, Severity::Ok);
        let past = clock("p", &headers("Sat, 01 Jan 2000 00:00:00 GMT")).unwrap();
        assert_eq!(past.severity, Severity::Warning);
        assert!(past.evidence.contains(" s ahead of p's server"), "{past:?}");
        assert_eq!(clock("p", &HeaderMap::new()), None);
    }

    #[test]
    fn who_stood_between_is_a_note() {
        let headers = HeaderMap::from_iter([(http::header::VIA, HeaderValue::from_static("1.1 gate.example"))]);
        let found = between("p", &headers).unwrap();
        assert_eq!(found.severity, Severity::Note);
        assert!(found.evidence.ends_with("via: 1.1 gate.example"), "{found:?}");
        assert_eq!(between("p", &HeaderMap::new()), None);
    }

    #[test]
    fn a_gateway_that_opens_tls_is_told_from_an_authority() {
        let found = |issuer: &str| certificate("p", "h", issuer, Version::HTTP_2);
        assert_eq!(found("Zscaler Inc., Zscaler Intermediate Root CA").severity, Severity::Warning);
        let good =
            Finding::ok("tls", "p: the certificate of h is signed by Let's Encrypt, R11, and HTTP/2.0 is spoken");
        assert_eq!(found("Let's Encrypt, R11"), good);
    }
}
