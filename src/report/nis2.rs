//! `mcr report nis2`: a sheet for each supplier, for the security of the supply chain: Art. 21(2)(d) and (3) of
//! Directive (EU) 2022/2555.

use super::basis;
use super::document::{Document, Section, Table};
use super::ropa::{Processing, missing, requests};
use super::supplier::{self, Supplier};
use crate::catalog::Field;

/// What a sheet has of the catalogue.
const FIELDS: [Field; 6] =
    [Field::Parent, Field::CloudAct, Field::Certifications, Field::SubProcessors, Field::Retention, Field::Training];

/// One sheet for each configured supplier, and how much depends on it.
pub fn nis2(processing: &Processing<'_>) -> Document {
    let Processing { controller, suppliers, observed, basis, .. } = *processing;
    let all: u64 = suppliers.iter().map(|supplier| requests(supplier, observed)).sum();
    let mut sections: Vec<Section> =
        suppliers.iter().map(|supplier| sheet(supplier, requests(supplier, observed), all)).collect();
    let incident = Section::new("incidents", "Incidents");
    sections.push(match &controller.incident_contact {
        Some(contact) => incident.words(contact),
        None => incident.gap(missing("incident_contact", "whom to call, and within which time suppliers report")),
    });
    sections.extend([supplier::facts(suppliers), basis.section(), basis::limits(), basis::not_advice()]);
    let title = "Suppliers of a coding assistant (NIS2, Art. 21(2)(d) and (3))".to_owned();
    Document { kind: "nis2", title, about: basis.about(true), sections }
}

fn sheet(supplier: &Supplier, requests: u64, all: u64) -> Section {
    let Supplier { name, hosts, operator, country, region, is_local, models, .. } = supplier;
    let mut table = Table::new(&[("what", "What"), ("value", "Value")]);
    let own = |known: &Option<String>, own: &str| match known {
        Some(known) => known.clone(),
        None if *is_local => own.to_owned(),
        None => "not known".to_owned(),
    };
    table.push(["Supplier", name.as_str()]);
    table.push(["Legal entity".to_owned(), own(operator, "one's own")]);
    table.push(["Established in".to_owned(), own(country, "-")]);
    table.push(["Hosts".to_owned(), hosts.join(", ")]);
    table.push(["Promised place".to_owned(), own(region, "one's own network")]);
    table.push(["Service".to_owned(), "answers of a language model to what the agent sends".to_owned()]);
    table.push(["Models in routes".to_owned(), if models.is_empty() { "-".to_owned() } else { models.join(", ") }]);
    let share = (requests * 100).checked_div(all).map_or_else(|| "-".to_owned(), |share| format!("{share}%"));
    table.push(["Requests observed".to_owned(), format!("{requests} ({share} of all)")]);
    let mut gaps = Vec::new();
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
