//! Reads `Budget`: how much may be spent, and what happens then.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Action, Budget, Budgets, Cost, Said, Span, Target,
    budget::FALLBACK,
    pricing,
    reader::{Node, Reader},
    routing::{self, Known},
};

/// Names of targets in a warning; the rest is a number.
const NAMED: usize = 3;

/// Reads the limits, and warns of what they cannot see.
pub(super) fn budgets(reader: &mut Reader, root: &Node<'_>, known: &Known<'_>) -> Budgets {
    let mut budgets = Budgets::default();
    let Some(node) = root.get("Budget") else { return budgets };
    // Its own errors are noted where it is read.
    let keeps = root.get("LOG").is_none_or(|node| node.value != &Value::Bool(false) && node.value != "false");
    reader.object(&node);
    reader.check_keys(&node, &Span::ALL.map(Span::as_str), &[]);
    for (span, place) in
        [(Span::Session, &mut budgets.session), (Span::Day, &mut budgets.day), (Span::Month, &mut budgets.month)]
    {
        let Some(node) = node.get(span.as_str()) else { continue };
        *place = budget(reader, &node, known);
        let Some(budget) = place else { continue };
        for what in unseen(budget, known.targets, false) {
            reader.warn(&node, what);
        }
        if !keeps && span != Span::Session {
            let what =
                format!("`LOG` is false, so nothing is kept: the {} counts from each start of mcr", span.as_str());
            reader.warn(&node, what);
        }
    }
    budgets
}

fn budget(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Option<Budget> {
    reader.object(node)?;
    reader.check_keys(node, &["limit", "currency", "action"], &[]);
    let currency = node.get("currency").map(|node| pricing::currency(reader, &node));
    let action = node.get("action").map(|node| action(reader, &node, known));
    if node.get("limit").is_none() {
        reader.error(node, "a budget has a `limit`: how much may be spent");
        return None;
    }
    let amount = pricing::amount(reader, node, "limit")?;
    let limit = Cost { amount, currency: currency.unwrap_or(Some(super::Currency::default()))? };
    Some(Budget { limit, action: action.unwrap_or(Some(Action::Block))?, said: Said::Configured })
}

fn action(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Option<Action> {
    let word = reader.string(node)?;
    reader.record(node);
    if let Some(target) = word.strip_prefix(FALLBACK) {
        return routing::target(reader, node, target.trim(), known).map(Action::Fallback);
    }
    match word {
        "warn" => Some(Action::Warn),
        "block" => Some(Action::Block),
        _ => {
            let what = format!("there is no action `{word}`, only `warn`, `block` and `fallback:provider,model`");
            reader.unknown(node, word, ["warn", "block"], what);
            None
        }
    }
}

/// Says which targets' costs a limit does not see: those without a known price, and those with one in another currency.
pub fn unseen(budget: &Budget, targets: &[Arc<Target>], strict: bool) -> Vec<String> {
    let currency = budget.limit.currency;
    // Where a provider is not known yet, its prices are not either.
    let reachable = targets.iter().filter(|target| target.provider.connection.is_ok());
    let unseen = reachable.filter(|target| !target.is_seen(strict, currency));
    let (foreign, unknown): (Vec<_>, Vec<_>) = unseen.partition(|target| target.pricing.is_some());
    let [unknown, foreign] = [unknown, foreign].map(|list| list.iter().map(|it| it.name()).collect::<Vec<_>>());
    let mut words = Vec::new();
    if !unknown.is_empty() {
        words.push(format!("no price is known of {}, which counts as nothing here; set `pricing`", named(&unknown)));
    }
    if !foreign.is_empty() {
        let code = currency.as_str();
        words.push(format!(
            "the price of {} is not in {code}, so it counts as nothing here; set `pricing` in {code}",
            named(&foreign)
        ));
    }
    words
}

fn named(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
