//! What is known of providers' hosts: where they promise to work, and what they charge.
//!
//! `hosts.json` and `prices.json` are the data, each with its date and source. What they do
//! not hold is unknown, and nobody guesses it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::{Currency, Price};

/// A host that providers answer at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Its name.
    pub host: String,
    /// Where it works, in a word: `EU`, a country's two letters, or `global` when no place is promised.
    pub region: String,
    /// The same in the provider's words.
    pub promise: String,
    /// Where that stands, and its date.
    pub source: String,
    /// The list of `prices.json` that applies.
    #[serde(default)]
    prices: Option<String>,
    /// What the list's prices are multiplied by here.
    #[serde(default = "one")]
    factor: f64,
}

fn one() -> f64 {
    1.0
}

/// A line of a price list, for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    input: f64,
    output: f64,
    cached: f64,
}

/// What a model costs in US dollars, and in euros where a source says so.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    usd: Figures,
    #[serde(default)]
    eur: Option<Figures>,
}

impl Listed {
    fn price(&self, currency: Currency) -> Option<Price> {
        let figures = match currency {
            Currency::Usd => Some(self.usd),
            Currency::Eur => self.eur,
        };
        figures.map(|Figures { input, output, cached }| Price { input, output, cached, currency })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hosts {
    #[expect(dead_code, reason = "for the reader of the data file")]
    as_of: String,
    hosts: Vec<Host>,
}

#[derive(Debug, Deserialize)]
struct Prices {
    lists: BTreeMap<String, BTreeMap<String, Listed>>,
}

static HOSTS: LazyLock<Hosts> =
    LazyLock::new(|| serde_json::from_str(include_str!("hosts.json")).expect("hosts.json is checked by a test"));

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).expect("prices.json is checked by a test"));

/// All hosts, as the data has them.
pub(super) fn hosts() -> impl Iterator<Item = &'static Host> {
    HOSTS.hosts.iter()
}

/// Returns the models, by id, that the price list of a host names; none where no list is known.
pub fn priced(host: &str) -> impl Iterator<Item = &'static str> {
    let list = self::host(host).and_then(|host| PRICES.lists.get(host.prices.as_ref()?));
    list.into_iter().flat_map(|list| list.keys()).map(String::as_str)
}

/// Finds a host by its name, whatever its case.
pub fn host(name: &str) -> Option<&'static Host> {
    HOSTS.hosts.iter().find(|host| host.host.eq_ignore_ascii_case(name))
}

/// Returns what a model, by id or alias, costs at a host; absent when either, or a price in the currency, is not known.
pub fn price(host: &str, model: &str, currency: Currency) -> Option<Price> {
    let host = self::host(host)?;
    let id = super::model(model)?.id.as_str();
    let listed = PRICES.lists.get(host.prices.as_ref()?)?.get(id)?;
    listed.price(currency).map(|price| price.times(host.factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_of_a_model_that_is_known_and_of_use() {
        let mut count = 0;
        for (id, listed) in PRICES.lists.values().flatten() {
            let model = super::super::model(id).unwrap_or_else(|| panic!("{id} is in no catalogue"));
            assert_eq!((&model.id, &model.retired), (id, &None));
            for price in Currency::ALL.iter().filter_map(|currency| listed.price(*currency)) {
                assert!(price.cached < price.input && price.input <= price.output, "{id}");
                count += 1;
            }
        }
        assert!(count >= 11, "only {count} prices");
    }

    #[test]
    fn every_host_names_a_list_that_is_there_and_where_its_region_stands() {
        assert!(HOSTS.hosts.len() >= 3);
        for host in &HOSTS.hosts {
            assert!(host.source.contains("2026-"), "{} has no date", host.host);
            assert!(host.prices.as_ref().is_none_or(|list| PRICES.lists.contains_key(list)), "{}", host.host);
        }
    }

    #[test]
    fn the_eu_endpoint_costs_a_tenth_more_and_an_alias_costs_what_its_model_does() {
        let global = price("api.mistral.ai", "mistral-small-latest", Currency::Usd).expect("a price");
        let eu = price("api.eu.mistral.ai", "mistral-small-2603", Currency::Usd).expect("a price");
        assert!((eu.input / global.input - 1.1).abs() < 1e-9 && (eu.cached / global.cached - 1.1).abs() < 1e-9);
        let cost = eu.cost(1_000_000, 400_000, 100_000).amount;
        assert!((cost - 1.1 * (0.6 * 0.15 + 0.4 * 0.015 + 0.1 * 0.6)).abs() < 1e-9, "{cost}");
    }

    #[test]
    fn a_price_in_euros_is_there_where_a_source_gives_one_and_is_no_exchange_rate() {
        let euros = price("api.eu.mistral.ai", "mistral-medium-3-5", Currency::Eur).expect("a price");
        let cost = euros.cost(1_000_000, 0, 1_000_000);
        assert!((cost.amount - 1.1 * (1.25 + 6.4)).abs() < 1e-9, "{cost}");
        assert_eq!(cost.currency, Currency::Eur);
        assert_eq!(price("api.eu.mistral.ai", "mistral-small-2603", Currency::Eur), None);
    }

    #[test]
    fn what_is_not_known_has_no_price_and_no_region() {
        assert_eq!(price("api.eu.mistral.ai", "mistral-large-4", Currency::Usd), None);
        assert_eq!(price("llm.example", "mistral-small-2603", Currency::Usd), None);
        assert_eq!(host("llm.example"), None);
        assert_eq!(host("API.eu.Mistral.ai").map(|host| host.region.as_str()), Some("EU"));
    }
}
