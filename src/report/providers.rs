//! `mcr report providers`: what is known of every provider, with dates and sources.

use super::basis::{self, Basis};
use super::document::{Document, Section, Table};
use super::supplier::{self, Supplier};
use crate::catalog::{self, Field};

/// Where a server of one's own is.
const OWN: &str = "one's own machine or network";

/// Tells of all providers; those that are configured say so.
pub fn providers(suppliers: &[Supplier], basis: &Basis) -> Document {
    let mut table = Table::new(&[
        ("provider", "Provider"),
        ("operator", "Operator"),
        ("country", "Established in"),
        ("cloud_act", "Exposure to the US CLOUD Act, as sources say"),
        ("transfer", "Transfer mechanism"),
        ("hosts", "Configured here"),
    ]);
    let mut gaps = Vec::new();
    for supplier in suppliers.iter().filter(|supplier| !supplier.is_local) {
        let hosts = if supplier.hosts.is_empty() { "-".to_owned() } else { supplier.hosts.join(", ") };
        table.push([
            &supplier.name,
            &supplier.cell(Field::Operator),
            &supplier.cell(Field::Establishment),
            &supplier.cell(Field::CloudAct),
            &supplier.cell(Field::Transfer),
            &hosts,
        ]);
        gaps.extend(supplier.facts.gaps().map(|field| format!("{}: {}", supplier.name, field.label())));
    }
    let exposure = Section::new("exposure", "Who operates it, and where that is established")
        .words(
            "Two questions, and two answers: who operates a service is not where it runs. Where it runs stands below, \
             by endpoint.",
        )
        .table(table, "");
    let exposure = gaps.into_iter().fold(exposure, Section::gap);
    let sections =
        vec![exposure, endpoints(), supplier::facts(suppliers), basis.section(), basis::limits(), basis::not_advice()];
    Document {
        kind: "providers",
        title: "Providers of language models".to_owned(),
        about: basis.about(false),
        sections,
    }
}

/// Where each endpoint promises to work.
fn endpoints() -> Section {
    let mut table = Table::new(&[
        ("provider", "Provider"),
        ("endpoint", "Endpoint"),
        ("region", "Region"),
        ("promise", "What is promised"),
        ("source", "Source"),
    ]);
    for provider in catalog::providers() {
        if provider.endpoints().is_empty() {
            let (address, region, promise) =
                if provider.local { ("-", "local", OWN) } else { ("not known", "not known", "not known") };
            table.push([provider.name(), address, region, promise, "-"]);
        }
        for endpoint in provider.endpoints() {
            let (promise, source) = match endpoint.host {
                Some(host) => (host.promise.as_str(), host.source.as_str()),
                None if endpoint.local => (OWN, "-"),
                None => ("not known", "-"),
            };
            let region = endpoint.region().unwrap_or("not known");
            table.push([provider.name(), endpoint.address, region, promise, source]);
        }
    }
    Section::new("endpoints", "Where it runs").table(table, "")
}
