//! Hosts that were observed, and what is known of whom they belong to.

use std::mem::discriminant;

use super::observed::{Observed, Traffic};
use super::supplier::{Origin, Supplier};
use crate::audit::AddressClass;
use crate::catalog::{self, Overlay};
use crate::config;

/// Tells whose a host is: what sources say now, and what the record noted at the time.
pub(super) fn whose(host: &str, traffic: &Traffic, own: &Overlay) -> Supplier {
    let is_local = is_local(host, traffic);
    let region = match traffic.regions.iter().map(String::as_str).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() && is_local => Some("local".to_owned()),
        none if none.is_empty() => catalog::host(host).map(|host| host.region.clone()),
        noted => Some(noted),
    };
    Supplier {
        name: catalog::provider_of(host).map_or(host, catalog::Provider::name).to_owned(),
        hosts: vec![host.to_owned()],
        noted: traffic.operators.clone(),
        region,
        is_local,
        facts: own.of_host(host),
        origin: Origin::Observed,
        ..Supplier::default()
    }
}

/// Whom something went to, or goes by routes, although no provider of the configuration is theirs; those of one provider
/// and place together.
pub(super) fn besides(suppliers: &[Supplier], observed: &Observed, own: &Overlay) -> Vec<Supplier> {
    let mut besides: Vec<Supplier> = Vec::new();
    for supplier in suppliers.iter().filter(|supplier| supplier.is_local) {
        let passed = supplier.models.iter().filter_map(|model| passed_on(model, &supplier.hosts, true, own));
        passed.for_each(|found| add(&mut besides, found));
    }
    for (_, host, traffic) in observed.reached() {
        let found = whose(host, traffic, own);
        if found.is_local {
            let by = [host.to_owned()];
            let passed = traffic.models.keys().filter_map(|model| passed_on(model, &by, false, own));
            passed.for_each(|found| add(&mut besides, found));
        }
        if !suppliers.iter().any(|supplier| supplier.has(host)) {
            add(&mut besides, found);
        }
    }
    besides
}

fn add(besides: &mut Vec<Supplier>, found: Supplier) {
    let same = |other: &&mut Supplier| {
        let is_met_alike = discriminant(&other.origin) == discriminant(&found.origin);
        is_met_alike && other.name == found.name && other.region == found.region && other.facts == found.facts
    };
    let Some(known) = besides.iter_mut().find(same) else { return besides.push(found) };
    if let (Origin::HandedOn { by, is_routed }, Origin::HandedOn { by: others, is_routed: also }) =
        (&mut known.origin, found.origin)
    {
        *is_routed |= also;
        by.extend(others);
    }
    for host in found.hosts {
        known.hosts.extend((!known.has(&host)).then_some(host));
    }
    known.noted.extend(found.noted);
}

/// Who gets what a server of one's own hands on instead of answering itself; the server by its hosts.
fn passed_on(model: &str, by: &[String], is_routed: bool, own: &Overlay) -> Option<Supplier> {
    let name = catalog::runs_elsewhere(model)?.provider;
    let facts = own.facts(name).unwrap_or_default();
    let origin = Origin::HandedOn { by: by.iter().cloned().collect(), is_routed };
    Some(Supplier { name: name.to_owned(), facts, origin, ..Supplier::default() })
}

/// Whether it is this machine or in its network, by the addresses that were connected to, else by its name.
fn is_local(host: &str, traffic: &Traffic) -> bool {
    if traffic.addresses.is_empty() {
        return config::is_local(host);
    }
    traffic.addresses.iter().all(|class| matches!(class, AddressClass::Loopback | AddressClass::Private))
}
