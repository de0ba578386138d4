//! The user's own facts: shown beside the catalogue's, and never in their place.

use std::collections::BTreeMap;

use super::{Fact, Facts, Field, facts, known_provider, provider_of};

/// Cells by provider and field; `config::own_facts` reads them from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlay(BTreeMap<String, BTreeMap<Field, Vec<Fact>>>);

impl Overlay {
    /// Adds a cell; a provider of the catalogue goes by the name of its own there.
    pub fn add(&mut self, provider: &str, field: Field, fact: Fact) {
        let name = known_provider(provider).map_or(provider, |known| known.name());
        self.0.entry(name.to_owned()).or_default().entry(field).or_default().push(fact);
    }

    /// The providers that it says something of, and the catalogue nothing.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| known_provider(name).is_none())
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of a provider, by one of its names: the catalogue's cells, and the user's own behind them.
    ///
    /// Absent where neither knows it.
    pub fn facts(&self, name: &str) -> Option<Facts> {
        let known = known_provider(name).map_or(name, |known| known.name());
        let own = self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(known)).map(|(_, cells)| cells);
        if own.is_none() && facts(known).is_none() {
            return None;
        }
        let mut all = facts(known).cloned().unwrap_or_default();
        for (field, cells) in own.into_iter().flatten() {
            all.0.entry(*field).or_default().extend(cells.iter().cloned());
        }
        Some(all)
    }

    /// What is known of a host: all that is of its provider, and behind it what the user says of the host by its name.
    ///
    /// A host may be called what a provider is and be somebody else's, so the names of providers name no host.
    pub fn of_host(&self, host: &str) -> Facts {
        let mut all = provider_of(host).and_then(|provider| self.facts(provider.name())).unwrap_or_default();
        let is_it = |name: &String| name.eq_ignore_ascii_case(host) && known_provider(name).is_none();
        for (field, cells) in self.0.iter().filter(|(name, _)| is_it(name)).flat_map(|(_, cells)| cells) {
            all.0.entry(*field).or_default().extend(cells.iter().cloned());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Confidence, Kind};

    fn own(value: &str) -> Fact {
        Fact {
            value: value.to_owned(),
            as_of: "2026-10-01".to_owned(),
            source: "contract no. 17".to_owned(),
            address: None,
            kind: Kind::Own,
            confidence: Confidence::High,
            note: None,
        }
    }

    #[test]
    fn what_is_ones_own_stands_behind_the_catalogues_and_hides_nothing() {
        let mut overlay = Overlay::default();
        overlay.add("MISTRAL", Field::Dpa, own("signed"));
        overlay.add("Acme", Field::Operator, own("Acme GmbH"));
        let catalogue = facts("mistral").unwrap().get(Field::Dpa);
        let both = overlay.facts("mistral").unwrap();
        assert_eq!(both.get(Field::Dpa).split_last(), Some((&own("signed"), catalogue)));
        assert_eq!(both.get(Field::CloudAct), facts("mistral").unwrap().get(Field::CloudAct));
        assert_eq!(overlay.facts("acme").unwrap().values(Field::Operator), ["Acme GmbH"]);
        assert_eq!((overlay.others().collect::<Vec<_>>(), overlay.facts("nobody")), (vec!["Acme"], None));
    }

    #[test]
    fn a_host_has_what_is_said_of_its_provider_and_of_itself_and_nothing_by_a_providers_name() {
        let mut overlay = Overlay::default();
        overlay.add("github.com", Field::Operator, own("GitHub Inc."));
        overlay.add("API.berget.ai", Field::Operator, own("Berget AB"));
        overlay.add("ollama", Field::Operator, own("us"));
        let said = |host: &str, field| overlay.of_host(host).values(field).join(" / ");
        assert_eq!(said("GitHub.com", Field::Operator), "GitHub Inc.");
        assert_eq!(said("api.berget.ai", Field::Operator), "Berget AB");
        assert_eq!(said("api.berget.ai", Field::Establishment), "SE");
        assert_eq!(said("api.cohere.com", Field::Establishment), "US / CA");
        assert_eq!(["ollama", "mistral", "llm.example"].map(|host| said(host, Field::Operator)), ["unknown"; 3]);
    }
}
