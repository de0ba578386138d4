//! A provider as reports tell of it: where requests went or may go, and each fact with its date and source.

use std::collections::BTreeSet;

use super::document::{Section, Table};
use super::observed::{Observed, Who};
use crate::catalog::{self, Fact, Facts, Field};
use crate::config;

/// A provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Supplier {
    /// What it is called in the catalogue, or in the configuration where it is in none.
    pub name: String,
    /// Its hosts that the configuration names, or that were observed.
    pub hosts: Vec<String>,
    /// Its legal entity as the record noted it at the time; what is known of it now stands in the facts.
    pub noted: BTreeSet<String>,
    /// Where the host promises to work.
    pub region: Option<String>,
    /// Whether it is this machine or one in its network.
    pub is_local: bool,
    /// Models of it that routes lead to.
    pub models: Vec<String>,
    /// What is known of it.
    pub facts: Facts,
    /// How it came to stand in a report.
    pub origin: Origin,
}

/// How a provider came to stand in a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Origin {
    /// The configuration names it.
    #[default]
    Configured,
    /// Something went to its hosts, and the configuration does not name them.
    Observed,
    /// A server of one's own hands models on to it; which of its hosts that speaks to is not known.
    HandedOn {
        /// The server's hosts.
        by: BTreeSet<String>,
        /// Whether a route names such a model; it need not have been asked for yet.
        is_routed: bool,
    },
}

/// Whom a country's courts may reach is not judged here; only whether it is one of the EEA.
const EEA_WORD: &str = "eea";

/// What a provider's country is to the GDPR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Third {
    /// All sources that name a country name one outside of the EEA.
    Yes,
    /// All name one within.
    No,
    /// They differ.
    Differs,
    /// None names a country.
    Unknown,
}

impl Third {
    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Differs => "sources differ",
            Self::Unknown => UNKNOWN,
        }
    }
}

/// What stands where nobody here knows.
pub(super) const UNKNOWN: &str = "not known";

impl Supplier {
    /// What its operator's country is to the GDPR, by all sources.
    pub(super) fn third(&self) -> Third {
        if self.is_local {
            return Third::No;
        }
        // A country is two letters; what else one's own facts may say cannot be compared.
        let countries = self.facts.get(Field::Establishment).iter().map(|fact| fact.value.as_str());
        let within: BTreeSet<Option<bool>> = countries
            .filter(|country| *country != "unknown")
            .map(|country| (country.len() == 2).then(|| catalog::is_within(country, EEA_WORD)))
            .collect();
        match within.into_iter().flatten().collect::<Vec<_>>()[..] {
            [] => Third::Unknown,
            [true] => Third::No,
            [false] => Third::Yes,
            [..] => Third::Differs,
        }
    }

    /// What is known of a field, each with its source.
    pub(super) fn told(&self, field: Field) -> Vec<String> {
        let said = self.facts.get(field).iter();
        let said = said.map(|Fact { value, source, as_of, .. }| format!("{value} ({source}, {as_of})"));
        said.chain(self.noted(field).map(|noted| format!("{noted} (the record, as it was known then)"))).collect()
    }

    /// The same as one cell of a table.
    pub(super) fn cell(&self, field: Field) -> String {
        let told = self.told(field);
        if told.is_empty() { UNKNOWN.to_owned() } else { told.join("; ") }
    }

    /// What is known of a field, each value once and without its sources.
    pub(super) fn values(&self, field: Field) -> Option<String> {
        let facts = self.facts.values(field).into_iter().filter(|value| *value != "unknown");
        let values: Vec<&str> = facts.chain(self.noted(field)).collect();
        (!values.is_empty()).then(|| values.join(" / "))
    }

    /// What the record noted, and no source says now.
    fn noted(&self, field: Field) -> impl Iterator<Item = &str> {
        let known = self.facts.values(field);
        let noted = self.noted.iter().filter(move |_| field == Field::Operator).map(String::as_str);
        noted.filter(move |noted| !known.contains(noted))
    }

    /// Its legal entity, by facts and by the record; where neither names one, what its place alone says.
    pub(super) fn legal_entity(&self) -> String {
        if self.told(Field::Operator).is_empty() { self.unnamed().to_owned() } else { self.cell(Field::Operator) }
    }

    /// The same without its sources; absent where nobody knows it and its place says nothing.
    pub(super) fn operator(&self) -> Option<String> {
        self.values(Field::Operator).or_else(|| self.is_local.then(|| self.unnamed().to_owned()))
    }

    /// Whether it is not known whose it is; what runs on this machine is not asked for.
    pub(super) fn is_unnamed(&self) -> bool {
        self.values(Field::Operator).is_none() && !self.is_this_machine()
    }

    /// A fact, or nothing where a server of one's own has none.
    pub(super) fn cell_if_told(&self, field: Field) -> String {
        if self.is_local && self.told(field).is_empty() { "-".to_owned() } else { self.cell(field) }
    }

    fn unnamed(&self) -> &'static str {
        match (self.is_local, self.is_this_machine()) {
            (true, true) => "on this machine",
            (true, false) => "on this machine or its network; whose it is, is not known here",
            (false, _) => UNKNOWN,
        }
    }

    fn is_this_machine(&self) -> bool {
        self.is_local && !self.hosts.is_empty() && self.hosts.iter().all(|host| config::is_this_machine(host))
    }

    /// Where the user's own words on it belong.
    pub(super) fn place_of_own(&self, field: Field) -> String {
        let known = catalog::known_provider(&self.name);
        let is_other = |host: &&String| known.is_some_and(|known| !known.local && !known.owns(host));
        let name = self.hosts.first().filter(is_other).unwrap_or(&self.name);
        format!("if you know it, write it as `{}` of `{name}` in facts.json beside the configuration", field.as_str())
    }

    /// Whether the configuration leads to it: as a provider, or by a model that one hands on.
    pub(super) fn is_configured(&self) -> bool {
        match self.origin {
            Origin::Configured => true,
            Origin::Observed => false,
            Origin::HandedOn { is_routed, .. } => is_routed,
        }
    }

    /// By way of whom it is spoken to, where mcr does not do that itself.
    pub(super) fn by_way_of(&self) -> Option<String> {
        match &self.origin {
            Origin::Configured | Origin::Observed => None,
            Origin::HandedOn { by, .. } => Some(by.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        }
    }

    /// Its hosts, or by way of whom it is spoken to.
    pub(super) fn place(&self) -> String {
        self.by_way_of().map_or_else(|| self.hosts.join(", "), |by| format!("by way of {by}"))
    }

    /// Its hosts as one cell of a table.
    pub(super) fn hosts_cell(&self) -> String {
        if self.hosts.is_empty() { "-".to_owned() } else { self.hosts.join(", ") }
    }

    /// In words, how one who is no configured provider came to stand here.
    pub(super) fn how(&self) -> String {
        match (&self.origin, self.by_way_of()) {
            (Origin::Configured, _) => "configured".to_owned(),
            (Origin::HandedOn { is_routed, .. }, Some(by)) => {
                let known = if *is_routed { "a route names it" } else { "it was asked for" };
                format!("gets a model that {by} hands on; {known}")
            }
            (Origin::Observed | Origin::HandedOn { .. }, _) => "observed, and not configured".to_owned(),
        }
    }

    /// How often a model of it was asked for by way of others.
    fn handed_on(&self, by: &BTreeSet<String>, observed: &Observed) -> u64 {
        let is_its = |model: &str| catalog::runs_elsewhere(model).is_some_and(|it| it.provider == self.name);
        let of_them = observed
            .reached()
            .filter(|(who, host, _)| *who == Who::Mcr && by.iter().any(|server| server.eq_ignore_ascii_case(host)));
        let models = of_them.flat_map(|(.., traffic)| &traffic.models);
        models.filter(|(model, _)| is_its(model)).map(|(_, times)| times).sum()
    }

    /// How often mcr asked it, and how often the agent or one of its commands connected to it.
    pub(super) fn seen(&self, observed: &Observed) -> (u64, u64) {
        if let Origin::HandedOn { by, .. } = &self.origin {
            return (self.handed_on(by, observed), 0);
        }
        let of = |whose| {
            let its = observed.reached().filter(|(who, host, _)| *who == whose && self.has(host));
            its.map(|(.., traffic)| traffic.went).sum()
        };
        (of(Who::Mcr), of(Who::Agent))
    }

    /// Whether a host is one of those that stand here.
    pub(super) fn has(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Every fact with its date and source.
pub(super) fn facts<'s>(suppliers: impl IntoIterator<Item = &'s Supplier>) -> Section {
    of_fields(suppliers, &Field::ALL)
}

/// Those of some fields.
pub(super) fn of_fields<'s>(suppliers: impl IntoIterator<Item = &'s Supplier>, fields: &[Field]) -> Section {
    let mut seen = Vec::new();
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
        // What is known of one provider is most often the same at each of its places.
        let is_shown = (&supplier.name, &supplier.facts);
        if seen.contains(&is_shown) {
            continue;
        }
        seen.push(is_shown);
        for (field, facts) in supplier.facts.iter().filter(|(field, _)| fields.contains(field)) {
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
