//! Reads `Router` and `fallback`: names of targets, each of which must exist.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Balance, Fallback, Provider, Routes, Scenario, Source, Strategy, Target,
    reader::{Node, Reader},
    routes,
};

const DEFAULT_THRESHOLD: u64 = 60_000;

/// What routes may name.
pub(super) struct Known<'a> {
    pub(super) providers: &'a [Arc<Provider>],
    pub(super) targets: &'a [Arc<Target>],
}

/// Reads `Router`; without a default, the first model of the first provider is it.
///
/// Returns nothing when there is no model at all, which is an error noted elsewhere.
pub(super) fn router(reader: &mut Reader, root: &Node<'_>, known: &Known<'_>) -> Option<Routes> {
    let node = root.get("Router");
    let mut keys: Vec<&str> = Scenario::ALL.map(Scenario::as_str).to_vec();
    keys.push("longContextThreshold");
    if let Some(node) = &node {
        reader.object(node);
        reader.check_keys(node, &keys, &[]);
    }
    let mut balances: [Option<Balance>; Scenario::ALL.len()] = Default::default();
    let mut route = |scenario: Scenario| {
        let node = node.as_ref()?.get(scenario.as_str())?;
        if node.value.is_array() || node.value.is_object() {
            let balance = balance(reader, &node, known);
            let first =
                balance.as_ref().and_then(|balance| balance.targets.first()).map(|(first, _)| Arc::clone(first));
            balances[scenario as usize] = balance;
            return Some(first);
        }
        let text = reader.text(&node)?;
        reader.record(&node);
        Some(target(reader, &node, text, known))
    };
    let default = route(Scenario::Default);
    let [background, think, long_context, web_search, image] =
        [Scenario::Background, Scenario::Think, Scenario::LongContext, Scenario::WebSearch, Scenario::Image]
            .map(|scenario| route(scenario).flatten());
    let threshold = node.as_ref().and_then(|node| node.get("longContextThreshold"));
    let threshold = threshold.and_then(|node| {
        let tokens = reader.integer(&node, 1..=100_000_000);
        reader.record(&node);
        tokens
    });
    let long_context_threshold = threshold.unwrap_or_else(|| {
        let path = "Router.longContextThreshold".to_owned();
        reader.record_absent(path, DEFAULT_THRESHOLD, Source::Default);
        DEFAULT_THRESHOLD
    });
    let default = match default {
        Some(target) => target?,
        None => first(reader, node.as_ref().unwrap_or(root), known)?,
    };
    Some(Routes { default, background, think, long_context, web_search, image, long_context_threshold, balances })
}

/// Reads the targets of a route that has several: a list in the order of preference, or an object with a strategy.
fn balance(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Option<Balance> {
    let (strategy, list) = if node.value.is_array() {
        (Strategy::Fallback, node.clone())
    } else {
        reader.check_keys(node, &["strategy", "targets"], &[]);
        let strategy = node.get("strategy").map(|node| strategy(reader, &node));
        let Some(list) = node.get("targets") else {
            reader.error(node, "a route with a strategy has `targets`: a list of `\"provider,model\"`");
            return None;
        };
        (strategy.unwrap_or(Some(Strategy::Fallback))?, list)
    };
    let items = reader.list(&list);
    if items.is_empty() {
        reader.error(&list, "the list names no target");
    }
    let targets: Vec<(Arc<Target>, f64)> = items.iter().filter_map(|item| weighted(reader, item, known)).collect();
    let prices = targets.iter().filter_map(|(target, _)| target.pricing.filter(|price| !price.is_free()));
    let currencies = prices.map(|price| price.currency).collect::<BTreeSet<_>>();
    if strategy == Strategy::Cost && currencies.len() > 1 {
        reader.warn(&list, "prices in two currencies are compared by their figures: there is no rate between them");
    }
    if strategy == Strategy::Single && targets.len() > 1 {
        reader.warn(&list, "with the strategy `single` only the first target is asked");
    }
    (!targets.is_empty()).then_some(Balance { strategy, targets })
}

fn strategy(reader: &mut Reader, node: &Node<'_>) -> Option<Strategy> {
    let word = reader.string(node)?;
    reader.record(node);
    let strategy = Strategy::parse(word);
    if strategy.is_none() {
        let known = Strategy::ALL.map(Strategy::as_str);
        let what = format!("there is no strategy `{word}`, only {}", known.map(|word| format!("`{word}`")).join(", "));
        reader.unknown(node, word, known, what);
    }
    strategy
}

/// Reads `"provider,model"`, or that as `target` with a `weight`.
fn weighted(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Option<(Arc<Target>, f64)> {
    if !node.value.is_object() {
        let text = reader.string(node)?;
        reader.record(node);
        let target = target(reader, node, text, known)?;
        let weight = target.provider.weight;
        return Some((target, weight));
    }
    reader.check_keys(node, &["target", "weight"], &[]);
    let weight = node.get("weight").and_then(|node| {
        let weight = reader.number(&node)?;
        reader.record(&node);
        if weight > 0.0 && weight.is_finite() {
            return Some(weight);
        }
        reader.error(&node, "a weight is a number above 0");
        None
    });
    let Some(named) = node.get("target") else {
        reader.error(node, "a target is `\"provider,model\"`, here as `target`");
        return None;
    };
    let text = reader.string(&named)?;
    reader.record(&named);
    let target = target(reader, &named, text, known)?;
    let weight = weight.unwrap_or(target.provider.weight);
    Some((target, weight))
}

fn first(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Option<Arc<Target>> {
    let target = known.targets.first()?;
    reader.warn(node, format!("`Router.default` is missing; requests go to `{}`", target.name()));
    reader.record_absent("Router.default".to_owned(), target.name(), Source::Inferred("the first model"));
    Some(Arc::clone(target))
}

/// Reads `fallback`.
pub(super) fn fallback(reader: &mut Reader, node: &Node<'_>, known: &Known<'_>) -> Fallback {
    let mut fallback = Fallback::default();
    reader.object(node);
    reader.check_keys(node, &Scenario::ALL.map(Scenario::as_str), &[]);
    for scenario in Scenario::ALL {
        let Some(list) = node.get(scenario.as_str()) else { continue };
        let mut targets = Vec::new();
        for item in reader.list(&list) {
            if let Some(text) = reader.string(&item) {
                reader.record(&item);
                targets.extend(target(reader, &item, text, known));
            }
        }
        fallback.set(scenario, targets);
    }
    fallback
}

/// Finds the target that `provider,model` names, and notes when there is none.
pub(super) fn target(reader: &mut Reader, node: &Node<'_>, text: &str, known: &Known<'_>) -> Option<Arc<Target>> {
    let Some((provider, model)) = text.split_once(',').map(|(provider, model)| (provider.trim(), model.trim())) else {
        return alone(reader, node, text.trim(), known);
    };
    if let Some(target) = routes::find(known.targets, provider, model) {
        return Some(Arc::clone(target));
    }
    let Some(found) = known.providers.iter().find(|known| known.name.eq_ignore_ascii_case(provider)) else {
        let names = known.providers.iter().map(|known| known.name.as_str());
        reader.unknown(node, provider, names, format!("there is no provider `{provider}`"));
        return None;
    };
    // Without any model the list itself is wrong, and has been noted.
    if !found.models.is_empty() {
        let models = found.models.iter().map(String::as_str);
        reader.unknown(node, model, models, format!("provider `{}` has no model `{model}`", found.name));
    }
    None
}

/// Finds the target that a provider's name alone means, and notes when there is none.
fn alone(reader: &mut Reader, node: &Node<'_>, text: &str, known: &Known<'_>) -> Option<Arc<Target>> {
    if let Some(target) = routes::alone(known.targets, text) {
        return Some(Arc::clone(target));
    }
    if let Some(provider) = known.providers.iter().find(|known| known.name.eq_ignore_ascii_case(text)) {
        // Without any model the list itself is wrong, and has been noted.
        if let Some(first) = provider.models.first() {
            let meant = format!("{},{first}", provider.name);
            let what = format!("provider `{}` has several models, so a route names one of them", provider.name);
            reader.unknown(node, &meant, [meant.as_str()], what);
        }
        return None;
    }
    let targets: Vec<String> = known.targets.iter().map(|target| target.name()).collect();
    let single = |provider: &&Arc<Provider>| provider.models.len() == 1;
    let single = known.providers.iter().filter(single).map(|provider| provider.name.as_str());
    let names: Vec<&str> = single.chain(targets.iter().map(String::as_str)).collect();
    let meant = targets.iter().find(|name| name.ends_with(&format!(",{text}")));
    let what = format!("`{text}` is neither of the form `provider,model` nor a provider with one model");
    reader.unknown(node, meant.map_or(text, String::as_str), names, what);
    None
}
