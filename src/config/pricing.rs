//! Reads `pricing`: what a model costs, by the catalogue or by the owner's word over it.
//!
//! Prices are for a million tokens. `prompt` and `completion` are those of the provider's bill: no regional factor is
//! put on top. `currency` alone takes the catalogue's price in that currency, where a source gives one.

use super::{
    Provider,
    reader::{Node, Reader},
};
use crate::catalog::{self, Currency, Price};

const KEYS: [&str; 4] = ["prompt", "completion", "cached", "currency"];

/// What `pricing` says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pricing {
    currency: Currency,
    /// Absent where only the currency is said.
    figures: Option<Figures>,
}

#[derive(Debug, Clone, Copy)]
struct Figures {
    prompt: f64,
    completion: f64,
    cached: Option<f64>,
}

/// Reads the `pricing` of a provider, or of a model in `facts`.
pub(super) fn pricing(reader: &mut Reader, above: &Node<'_>) -> Option<Pricing> {
    let node = above.get("pricing")?;
    reader.object(&node)?;
    reader.check_keys(&node, &KEYS, &[]);
    let currency = match node.get("currency") {
        Some(node) => currency(reader, &node)?,
        None => Currency::default(),
    };
    let [prompt, completion, cached] = ["prompt", "completion", "cached"].map(|key| amount(reader, &node, key));
    let figures = match (prompt, completion) {
        (Some(prompt), Some(completion)) => Some(Figures { prompt, completion, cached }),
        (None, None) if cached.is_none() && node.get("currency").is_some() => None,
        _ => {
            let is_told = ["prompt", "completion"].iter().all(|key| node.get(key).is_some());
            // What is there and wrong was noted.
            if !is_told {
                reader.error(&node, "a price has `prompt` and `completion`: what a million tokens cost");
            }
            return None;
        }
    };
    Some(Pricing { currency, figures })
}

/// Reads the code of a currency.
pub(super) fn currency(reader: &mut Reader, node: &Node<'_>) -> Option<Currency> {
    let word = reader.string(node)?;
    reader.record(node);
    let found = Currency::parse(word);
    if found.is_none() {
        let known = Currency::ALL.map(Currency::as_str);
        reader.unknown(node, word, known, format!("unknown currency `{word}`; known are {}", known.join(", ")));
    }
    found
}

/// Reads an amount of money, which is no less than nothing.
pub(super) fn amount(reader: &mut Reader, above: &Node<'_>, key: &str) -> Option<f64> {
    let node = above.get(key)?;
    let amount = reader.number(&node)?;
    reader.record(&node);
    if amount.is_finite() && amount >= 0.0 {
        return Some(amount);
    }
    reader.error(&node, "an amount is a number from 0 up");
    None
}

/// Returns what a model costs: by its own `pricing`, its provider's, or the catalogue; one's own machine is free. Beside it
/// what the catalogue says, where there is a `pricing`.
pub(super) fn price(
    reader: &mut Reader,
    item: &Node<'_>,
    provider: &Provider,
    model: &str,
    of_provider: Option<Pricing>,
) -> (Option<Price>, Vec<Price>) {
    let of_model = item.get("facts").and_then(|facts| facts.get(model));
    let own = of_model.and_then(|node| pricing(reader, &node));
    let host = provider.connection.as_ref().map_or("", |connection| connection.host());
    let listed = |currency| catalog::price(host, model, currency);
    let said = own.or(of_provider);
    let beside = said.map(|_| Currency::ALL.into_iter().filter_map(listed).collect()).unwrap_or_default();
    let price = match said {
        Some(Pricing { currency, figures: Some(Figures { prompt, completion, cached }) }) => {
            // What a provider takes off for cached tokens is known where its prices are, and is nothing elsewhere.
            let share = listed(Currency::Usd).map_or(1.0, |price| price.cached / price.input);
            let cached = cached.unwrap_or(prompt * share);
            Some(Price { input: prompt, output: completion, cached, currency })
        }
        Some(Pricing { figures: None, .. }) | None if provider.is_local() => Some(Price::FREE),
        Some(Pricing { currency, figures: None }) => {
            let price = listed(currency);
            if price.is_none()
                && let Some(node) = item.get("models")
            {
                let what =
                    format!("no price of `{model}` in {} is known; give `prompt` and `completion`", currency.as_str());
                reader.warn(&node, what);
            }
            price
        }
        None => listed(Currency::default()),
    };
    (price, beside)
}
