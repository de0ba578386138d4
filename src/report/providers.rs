//! `mcr report providers`: what is known of every provider, with dates and sources.

use super::basis::{self, Basis};
use super::document::{Document, Section, Table};
use super::supplier::{self, Supplier, UNKNOWN};
use crate::catalog::{self, Fact, Field};

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
    let (mut gaps, mut sources) = (Vec::new(), Sources::default());
    for supplier in suppliers.iter().filter(|supplier| !supplier.is_local) {
        let hosts = if supplier.hosts.is_empty() { "-".to_owned() } else { supplier.hosts.join(", ") };
        table.push([
            &supplier.name,
            &sources.cell(supplier, Field::Operator),
            &sources.cell(supplier, Field::Establishment),
            &sources.cell(supplier, Field::CloudAct),
            &sources.cell(supplier, Field::Transfer),
            &hosts,
        ]);
        gaps.extend(supplier.facts.gaps().map(|field| format!("{}: {}", supplier.name, field.label())));
    }
    let exposure = Section::new("exposure", "Who operates it, and where that is established")
        .words(
            "Two questions, and two answers: who operates a service is not where it runs. Where it runs stands below, \
             by endpoint. Behind each value stand its source, by its number in the list below, and its date.",
        )
        .table(table, "")
        .list(sources.list());
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

/// Sources in the order in which they are first named.
#[derive(Default)]
struct Sources(Vec<String>);

impl Sources {
    /// What is said of a field, each with the number and the date of its source.
    fn cell(&mut self, supplier: &Supplier, field: Field) -> String {
        let said = supplier.facts.get(field).iter();
        let said: Vec<String> =
            said.map(|fact| format!("{} ({}, {})", fact.value, self.number(fact), fact.as_of)).collect();
        if said.is_empty() { UNKNOWN.to_owned() } else { said.join("; ") }
    }

    fn number(&mut self, fact: &Fact) -> String {
        let Fact { source, address, kind, .. } = fact;
        let address = address.as_ref().map(|address| format!(", {address}")).unwrap_or_default();
        let source = format!("{source} ({}){address}", kind.as_str());
        let at = self.0.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.0.push(source);
            self.0.len() - 1
        });
        format!("S{}", at + 1)
    }

    /// Each with its number.
    fn list(&self) -> impl Iterator<Item = String> {
        self.0.iter().enumerate().map(|(at, source)| format!("S{}: {source}", at + 1))
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
                if provider.local { ("-", "local", OWN) } else { (UNKNOWN, UNKNOWN, UNKNOWN) };
            table.push([provider.name(), address, region, promise, "-"]);
        }
        for endpoint in provider.endpoints() {
            let (promise, source) = match endpoint.host {
                Some(host) => (host.promise.as_str(), host.source.as_str()),
                None if endpoint.local => (OWN, "-"),
                None => (UNKNOWN, "-"),
            };
            let region = endpoint.region().unwrap_or(UNKNOWN);
            table.push([provider.name(), endpoint.address, region, promise, source]);
        }
    }
    Section::new("endpoints", "Where it runs").table(table, "")
}
