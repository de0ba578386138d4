//! A provider as reports tell of it: where requests went or may go, and each fact with its date and source.

use super::document::{Section, Table};
use crate::catalog::{Fact, Facts, Field};

/// A provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supplier {
    /// What it is called in the catalogue, or in the configuration where it is in none.
    pub name: String,
    /// Its hosts that the configuration names.
    pub hosts: Vec<String>,
    /// Its legal entity.
    pub operator: Option<String>,
    /// Where that is established, two letters.
    pub country: Option<String>,
    /// Where the configured host promises to work.
    pub region: Option<String>,
    /// Whether it is this machine or one in its network.
    pub is_local: bool,
    /// Models of it that routes lead to.
    pub models: Vec<String>,
    /// What is known of it.
    pub facts: Facts,
}

/// Whom a country's courts may reach is not judged here; only whether it is one of the EEA.
const EEA_WORD: &str = "eea";

impl Supplier {
    /// What its operator's country is to the GDPR: within the EEA, or a third country.
    pub(super) fn is_in_third_country(&self) -> Option<bool> {
        if self.is_local {
            return Some(false);
        }
        self.country.as_deref().map(|country| !crate::catalog::is_within(country, EEA_WORD))
    }

    /// What is known of a field, each with its source.
    pub(super) fn told(&self, field: Field) -> Vec<String> {
        let said = self.facts.get(field).iter();
        said.map(|Fact { value, source, as_of, .. }| format!("{value} ({source}, {as_of})")).collect()
    }

    /// The same as one cell of a table.
    pub(super) fn cell(&self, field: Field) -> String {
        let told = self.told(field);
        if told.is_empty() { "not known".to_owned() } else { told.join("; ") }
    }
}

/// Every fact with its date and source.
pub(super) fn facts(suppliers: &[Supplier]) -> Section {
    let mut table = Table::new(&[
        ("provider", "Provider"),
        ("field", "Fact"),
        ("value", "Value"),
        ("as_of", "As of"),
        ("kind", "Kind of source"),
        ("confidence", "Confidence"),
        ("source", "Source"),
    ]);
    for supplier in suppliers {
        for (field, facts) in supplier.facts.iter() {
            for Fact { value, as_of, source, address, kind, confidence, note } in facts {
                let value = note.as_ref().map_or_else(|| value.clone(), |note| format!("{value} ({note})"));
                let source = address.as_ref().map_or_else(|| source.clone(), |address| format!("{source}, {address}"));
                let (kind, confidence) = (kind.as_str(), confidence.as_str());
                table.push([&supplier.name, field.label(), &value, as_of, kind, confidence, &source]);
            }
        }
    }
    Section::new("facts", "What is known, with date and source")
        .words("Where sources disagree, each stands here; none is preferred.")
        .table(table, "Nothing is known of these providers.")
}
