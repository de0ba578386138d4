//! `mcr report nis2`: a sheet for each supplier, for the security of the supply chain: Art. 21(2)(d) and (3) of
//! Directive (EU) 2022/2555.

use super::basis;
use super::document::{Document, Section, Table};
use super::host::besides;
use super::observed::{Observed, Who};
use super::ropa::{Processing, missing};
use super::supplier::{self, Supplier, UNKNOWN};
use crate::catalog::Field;

/// What a sheet has of the catalogue.
const FIELDS: [Field; 6] =
    [Field::Parent, Field::CloudAct, Field::Certifications, Field::SubProcessors, Field::Retention, Field::Training];

/// One sheet for each configured supplier, and how much depends on it.
pub fn nis2(processing: &Processing<'_>) -> Document {
    let Processing { controller, suppliers, observed, own, basis, .. } = *processing;
    let besides = besides(suppliers, observed, own);
    let asked = observed.reached().filter(|(who, ..)| *who == Who::Mcr);
    let all: u64 = asked.map(|(.., traffic)| traffic.went).sum();
    let mut sections: Vec<Section> =
        suppliers.iter().map(|supplier| sheet(supplier, supplier.seen(observed), all)).collect();
    sections.extend(others(&besides, observed));
    let incident = Section::new("incidents", "Incidents");
    sections.push(match &controller.incident_contact {
        Some(contact) => incident.words(contact),
        None => incident.gap(missing("incident_contact", "whom to call, and within which time suppliers report")),
    });
    sections.extend([
        supplier::facts(suppliers.iter().chain(&besides)),
        basis.section(),
        basis::limits(),
        basis::not_advice(),
    ]);
    let title = "Suppliers of a coding assistant (NIS2, Art. 21(2)(d) and (3))".to_owned();
    Document { kind: "nis2", title, about: basis.about(true), sections }
}

fn sheet(supplier: &Supplier, (requests, connections): (u64, u64), all: u64) -> Section {
    let Supplier { name, hosts, region, is_local, models, .. } = supplier;
    let mut table = Table::new(&[("what", "What"), ("value", "Value")]);
    table.push(["Supplier", name.as_str()]);
    table.push(["Legal entity".to_owned(), supplier.legal_entity()]);
    table.push(["Established in".to_owned(), supplier.cell_if_told(Field::Establishment)]);
    table.push(["Hosts".to_owned(), hosts.join(", ")]);
    let place = region.as_deref().unwrap_or(if *is_local { "one's own network" } else { UNKNOWN });
    table.push(["Promised place", place]);
    table.push(["Service".to_owned(), "answers of a language model to what the agent sends".to_owned()]);
    table.push(["Models in routes".to_owned(), if models.is_empty() { "-".to_owned() } else { models.join(", ") }]);
    let share = (requests * 100).checked_div(all).map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
    table.push(["Requests observed".to_owned(), format!("{requests} ({share} of all)")]);
    table.push(["Connections of the agent observed".to_owned(), connections.to_string()]);
    let mut gaps = Vec::new();
    if supplier.is_unnamed() {
        gaps.push(format!("{name}: its legal entity; {}", supplier.place_of_own(Field::Operator)));
    }
    if !is_local {
        for field in FIELDS {
            if supplier.told(field).is_empty() {
                gaps.push(format!("{name}: {}", field.label()));
            }
            table.push([field.label().to_owned(), supplier.cell(field)]);
        }
        gaps.push(format!(
            "{name}: its handling of vulnerabilities and of incidents: ask for it, and keep it beside this sheet"
        ));
    }
    let section = Section::new("supplier", format!("Supplier: {name}")).table(table, "");
    gaps.into_iter().fold(section, Section::gap)
}

/// Who gets something, and has no sheet; none where there is nobody.
fn others(besides: &[Supplier], observed: &Observed) -> Option<Section> {
    let mut table = Table::new(&[
        ("name", "Name"),
        ("hosts", "Hosts"),
        ("operator", "Legal entity"),
        ("country", "Established in"),
        ("requests", "Requests observed"),
        ("connections", "Connections of the agent observed"),
        ("how", "How it comes to stand here"),
    ]);
    let mut gaps = Vec::new();
    for supplier in besides.iter().filter(|supplier| !supplier.is_local) {
        let (requests, connections) = supplier.seen(observed);
        table.push([
            supplier.name.clone(),
            supplier.hosts_cell(),
            supplier.cell(Field::Operator),
            supplier.cell(Field::Establishment),
            requests.to_string(),
            connections.to_string(),
            supplier.how(),
        ]);
        if supplier.is_unnamed() {
            gaps.push(format!("{}: its legal entity; {}", supplier.name, supplier.place_of_own(Field::Operator)));
        }
    }
    if table.rows.is_empty() {
        return None;
    }
    let section = Section::new("others", "Others: observed, or handed models on").table(table, "");
    Some(gaps.into_iter().fold(section, Section::gap))
}
