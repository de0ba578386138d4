//! Who gets the data, where that is established, and when it is erased there: Art. 30(1)(d) to (f) GDPR.
//!
//! Configured providers and hosts that something went to stand in the same tables, so that none is left out.

use super::controller::Controller;
use super::document::{Section, Table};
use super::observed::Observed;
use super::ropa::missing;
use super::supplier::{Origin, Supplier, Third, UNKNOWN};
use crate::catalog::Field;

/// Who gets the data, by configuration and by the record.
pub(super) fn recipients(suppliers: &[Supplier], besides: &[Supplier], observed: &Observed) -> Section {
    let mut table = Table::new(&[
        ("recipient", "Recipient"),
        ("configured", "Configured"),
        ("operator", "Legal entity"),
        ("country", "Established in"),
        ("hosts", "Hosts"),
        ("region", "Promised place"),
        ("requests", "Requests observed"),
        ("connections", "Connections of the agent observed"),
        ("role", "Data processing agreement"),
        ("by_way_of", "By way of"),
    ]);
    let mut gaps = Vec::new();
    for supplier in every(suppliers, besides) {
        let Supplier { name, region, is_local, .. } = supplier;
        let (requests, connections) = supplier.seen(observed);
        if supplier.is_unnamed() {
            let place = supplier.place_of_own(Field::Operator);
            gaps.push(format!("the legal entity behind {name} ({}); {place}", supplier.place()));
        }
        table.push([
            name.clone(),
            if supplier.is_configured() { "yes" } else { "no" }.to_owned(),
            supplier.legal_entity(),
            supplier.cell_if_told(Field::Establishment),
            supplier.hosts_cell(),
            region.clone().unwrap_or_else(|| if *is_local { "local" } else { UNKNOWN }.to_owned()),
            requests.to_string(),
            connections.to_string(),
            supplier.cell_if_told(Field::Dpa),
            supplier.by_way_of().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut section = Section::new("recipients", "(d) Recipients");
    if besides.iter().any(|it| it.origin == Origin::Observed) {
        section = section.words(
            "What is not configured was observed: the agent or one of its commands connected there, or an earlier \
             configuration named it. Whether it belongs to this processing, the controller decides.",
        );
    }
    if besides.iter().any(|it| it.by_way_of().is_some()) {
        section = section.words(
            "What is reached by way of a server gets the models that this hands on: mcr speaks to the server alone, and \
             counts the requests for those models.",
        );
    }
    let section =
        section.table(table, "No provider is configured, and nothing was observed to go anywhere in this period.");
    gaps.into_iter().fold(section, Section::gap)
}

/// What goes to third countries, by configuration and by the record.
pub(super) fn transfers(suppliers: &[Supplier], besides: &[Supplier]) -> Section {
    let mut table = Table::new(&[
        ("recipient", "Recipient"),
        ("established", "Established in"),
        ("third_country", "Third country"),
        ("place", "Promised place"),
        ("safeguard", "Transfer mechanism"),
        ("exposure", "Exposure to the US CLOUD Act, as sources say"),
    ]);
    let mut gaps = Vec::new();
    for supplier in every(suppliers, besides).filter(|supplier| !supplier.is_local) {
        let is_configured = supplier.is_configured();
        let name = &supplier.name;
        let third = supplier.third();
        let place = supplier.region.as_deref();
        let is_placed = place.is_some_and(|place| place != "global");
        let is_safe = third == Third::No || !supplier.told(Field::Transfer).is_empty();
        gaps.extend(match (third, is_configured) {
            // Of hosts beside the providers there may be many.
            (Third::Unknown, false) => {
                vec![format!("whether {name} is established in a third country, where it processes, and the safeguard")]
            }
            (Third::Unknown, true) => vec![format!("whether {name} is established in a third country")],
            (Third::Differs, _) => vec![format!("whether {name} is established in a third country: sources differ")],
            (Third::Yes | Third::No, _) => Vec::new(),
        });
        if is_configured || third != Third::Unknown {
            let where_it_is =
                format!("where {name} processes: no place is known to be promised for {}", supplier.place());
            gaps.extend((!is_placed).then_some(where_it_is));
            gaps.extend((!is_safe).then(|| format!("the safeguard for transfers to {name} (Art. 46 GDPR)")));
        }
        table.push([
            name,
            &supplier.cell(Field::Establishment),
            third.as_str(),
            place.unwrap_or(UNKNOWN),
            &supplier.cell(Field::Transfer),
            &supplier.cell(Field::CloudAct),
        ]);
    }
    let nothing = match (suppliers, besides) {
        ([], []) => "No provider is configured, and nothing was observed to go anywhere in this period.",
        ([], _) => "No provider is configured; every host that was observed is this machine or one in its network.",
        (_, []) => {
            "Every configured provider is this machine or one in its network, and nothing was observed to go elsewhere."
        }
        (_, _) => "Every configured provider, and every host that was observed, is this machine or one in its network.",
    };
    let section = Section::new("transfers", "(e) Transfers to third countries, and safeguards").table(table, nothing);
    gaps.into_iter().fold(section, Section::gap)
}

/// When it is erased there.
pub(super) fn erasure(controller: &Controller, suppliers: &[Supplier], besides: &[Supplier]) -> Section {
    let is_told = |supplier: &Supplier| !supplier.told(Field::Retention).is_empty();
    let shown = every(suppliers, besides).filter(|it| !it.is_local && (it.is_configured() || is_told(it)));
    let mut section = Section::new("erasure", "(f) Time limits for erasure")
        .list(shown.map(|supplier| format!("{}: {}", supplier.name, supplier.cell(Field::Retention))));
    let silent = || every(suppliers, besides).filter(|it| !it.is_local && !is_told(it));
    for supplier in silent().filter(|it| it.is_configured()) {
        section = section.gap(format!("how long {} keeps what it is sent", supplier.name));
    }
    let silent: Vec<&str> = silent().filter(|it| !it.is_configured()).map(|it| it.name.as_str()).collect();
    if !silent.is_empty() {
        section = section.gap(format!("how long is kept what was sent to {}", silent.join(", ")));
    }
    match &controller.erasure {
        Some(erasure) => section.words(erasure),
        None => section.gap(missing("erasure", "when the controller erases")),
    }
}

/// All of them, those that are configured first.
fn every<'s>(suppliers: &'s [Supplier], besides: &'s [Supplier]) -> impl Iterator<Item = &'s Supplier> {
    suppliers.iter().chain(besides)
}
