//! What is known of a configured model: the catalogue's word, and the owner's over it.

use serde_json::Value;

use super::{
    Provider, Source, path,
    reader::{Node, Reader},
    suggest,
};
use crate::catalog::{self, Effort, Model, Tokenizer};

const KEYS: [&str; 7] = ["window", "vision", "tools", "tool_result_images", "reasoning", "tokenizer", "pricing"];

const EFFORTS: [Effort; 7] =
    [Effort::None, Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];

const TOKENIZERS: [(&str, Tokenizer); 3] =
    [("tekken-v13", Tokenizer::TekkenV13), ("tekken-v15", Tokenizer::TekkenV15), ("estimate", Tokenizer::Estimate)];

/// Returns what is known of one model of a provider.
pub(super) fn facts(reader: &mut Reader, item: &Node<'_>, provider: &Provider, model: &str) -> Model {
    let (mut facts, source) = match catalog::model(model) {
        Some(known) => (known.clone(), Source::Catalogue(catalog::as_of())),
        None => (Model::unknown(model), Source::Default),
    };
    if let Some(node) = model_node(item, model) {
        warn_when_retired(reader, &node, provider, &facts);
    }
    let overrides = item.get("facts").and_then(|all| all.get(model));
    if let Some(node) = &overrides
        && reader.object(node).is_some()
    {
        reader.check_keys(node, &KEYS, &[]);
        change(reader, node, &mut facts);
    }
    let limit = provider.limits.tokens.filter(|limit| *limit < facts.window);
    facts.window = limit.unwrap_or(facts.window);
    let place = path::key(&path::key(&item.path, "facts"), model);
    let values = [
        ("window", Value::from(facts.window)),
        ("vision", Value::from(facts.vision)),
        ("reasoning", facts.reasoning.iter().map(|effort| effort.as_str()).collect()),
    ];
    for (key, value) in values {
        if key == "window" && limit.is_some() {
            reader.record_absent(path::key(&place, key), value, Source::Inferred("`max_context_tokens`"));
        } else if overrides.as_ref().and_then(|node| node.get(key)).is_none() {
            reader.record_absent(path::key(&place, key), value, source.clone());
        }
    }
    facts
}

/// Warns of overrides for models that the provider does not have.
pub(super) fn check_models(reader: &mut Reader, item: &Node<'_>, models: &[String]) {
    let Some(node) = item.get("facts") else { return };
    reader.object(&node);
    for key in node.keys().filter(|key| !models.iter().any(|model| model == key)) {
        let nearest = suggest::nearest(key, models.iter().map(String::as_str));
        reader.warn_of_key(&node, key, "no model of this provider", nearest);
    }
}

fn model_node<'d>(item: &Node<'d>, model: &str) -> Option<Node<'d>> {
    let listed = item.get("models").and_then(|list| list.items().find(|node| node.value.as_str() == Some(model)));
    listed.or_else(|| item.get("model")).or_else(|| item.get("provider"))
}

/// Weights on a machine of one's own do not retire; a hosted model does.
fn warn_when_retired(reader: &mut Reader, node: &Node<'_>, provider: &Provider, facts: &Model) {
    let (Some(day), false) = (&facts.retired, provider.is_local()) else { return };
    let when = if day.as_str() > catalog::as_of() { "retires" } else { "was retired" };
    let instead = facts.replacement.as_ref().map_or(String::new(), |model| format!("; use `{model}`"));
    let what = format!("model `{}` {when} on {day} (as of {}){instead}", facts.id, catalog::as_of());
    reader.warn(node, what);
}

fn change(reader: &mut Reader, node: &Node<'_>, facts: &mut Model) {
    if let Some(window) = node.get("window")
        && let Some(tokens) = reader.integer(&window, 1024..=100_000_000)
    {
        facts.window = tokens;
        reader.record(&window);
    }
    for (key, fact) in [
        ("vision", &mut facts.vision),
        ("tools", &mut facts.tools),
        ("tool_result_images", &mut facts.tool_result_images),
    ] {
        if let Some(value) = node.get(key)
            && let Some(value_is) = reader.boolean(&value)
        {
            *fact = value_is;
            reader.record(&value);
        }
    }
    if let Some(list) = node.get("reasoning") {
        let items = reader.list(&list);
        facts.reasoning = items.iter().filter_map(|item| effort(reader, item)).collect();
        facts.reasoning.sort_unstable();
        facts.reasoning.dedup();
        reader.record(&list);
    }
    if let Some(word) = node.get("tokenizer")
        && let Some(tokenizer) = tokenizer(reader, &word)
    {
        facts.tokenizer = tokenizer;
        reader.record(&word);
    }
}

fn effort(reader: &mut Reader, node: &Node<'_>) -> Option<Effort> {
    let word = reader.string(node)?;
    let effort = EFFORTS.into_iter().find(|effort| effort.as_str() == word);
    if effort.is_none() {
        reader.unknown(node, word, EFFORTS.map(Effort::as_str), format!("unknown effort `{word}`"));
    }
    effort
}

fn tokenizer(reader: &mut Reader, node: &Node<'_>) -> Option<Tokenizer> {
    let word = reader.string(node)?;
    let known = TOKENIZERS.into_iter().find(|(name, _)| *name == word);
    if known.is_none() {
        reader.unknown(node, word, TOKENIZERS.map(|(name, _)| name), format!("unknown tokenizer `{word}`"));
    }
    known.map(|(_, tokenizer)| tokenizer)
}
