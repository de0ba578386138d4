//! What is known of providers' hosts: where they promise to work, and what they charge.
//!
//! `hosts.json` and `prices.json` are the data, each with its date and source. What they do
//! not hold is unknown, and nobody guesses it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

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

/// What a model costs at a host, in US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A prompt's tokens that were not cached.
    pub input: f64,
    /// Tokens of the answer, thinking included.
    pub output: f64,
    /// A prompt's tokens that were cached.
    pub cached: f64,
}

impl Price {
    /// Returns what an answer costs, in US dollars; `cached` is a part of `input`.
    #[expect(clippy::cast_precision_loss, reason = "no request has 2^52 tokens")]
    pub fn cost(&self, input: u64, cached: u64, output: u64) -> f64 {
        let fresh = input.saturating_sub(cached);
        (fresh as f64 * self.input + cached as f64 * self.cached + output as f64 * self.output) / 1e6
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
    lists: BTreeMap<String, BTreeMap<String, Price>>,
}

static HOSTS: LazyLock<Hosts> =
    LazyLock::new(|| serde_json::from_str(include_str!("hosts.json")).expect("hosts.json is checked by a test"));

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).expect("prices.json is checked by a test"));

/// Finds a host by its name, whatever its case.
pub fn host(name: &str) -> Option<&'static Host> {
    HOSTS.hosts.iter().find(|host| host.host.eq_ignore_ascii_case(name))
}

/// Returns what a model, by id or alias, costs at a host; absent when either is not known.
pub fn price(host: &str, model: &str) -> Option<Price> {
    let host = self::host(host)?;
    let id = super::model(model)?.id.as_str();
    let price = PRICES.lists.get(host.prices.as_ref()?)?.get(id)?;
    let times = |price: f64| price * host.factor;
    Some(Price { input: times(price.input), output: times(price.output), cached: times(price.cached) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_of_a_model_that_is_known_and_of_use() {
        let mut count = 0;
        for (id, price) in PRICES.lists.values().flatten() {
            let model = super::super::model(id).unwrap_or_else(|| panic!("{id} is in no catalogue"));
            assert_eq!((&model.id, &model.retired), (id, &None));
            assert!(price.cached < price.input && price.input <= price.output, "{id}");
            count += 1;
        }
        assert!(count >= 10, "only {count} prices");
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
        let global = price("api.mistral.ai", "mistral-small-latest").expect("a price");
        let eu = price("api.eu.mistral.ai", "mistral-small-2603").expect("a price");
        assert!((eu.input / global.input - 1.1).abs() < 1e-9 && (eu.cached / global.cached - 1.1).abs() < 1e-9);
        let cost = eu.cost(1_000_000, 400_000, 100_000);
        assert!((cost - 1.1 * (0.6 * 0.15 + 0.4 * 0.015 + 0.1 * 0.6)).abs() < 1e-9, "{cost}");
    }

    #[test]
    fn what_is_not_known_has_no_price_and_no_region() {
        assert_eq!(price("api.eu.mistral.ai", "mistral-large-4"), None);
        assert_eq!(price("llm.example", "mistral-small-2603"), None);
        assert_eq!(host("llm.example"), None);
        assert_eq!(host("API.eu.Mistral.ai").map(|host| host.region.as_str()), Some("EU"));
    }
}
