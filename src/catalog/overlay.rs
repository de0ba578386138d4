//! The user's own facts: shown beside the catalogue's, and never in their place.

use std::collections::BTreeMap;

use super::{Fact, Facts, Field, facts, known_provider};

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
}
