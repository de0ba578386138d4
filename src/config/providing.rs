//! Reads `Providers`: who serves which models, where, and what is known of each model.

use std::sync::Arc;

use super::{
    BreakerRules, Connection, Dialect, Place, Problem, Provider, SecretRef, Source, Target, Unset, endpoint, facts,
    health_probe, limits, path,
    pricing::{self, Pricing},
    reader::{Node, Reader},
    setting::masked_url,
    target_keys::{self, Word},
    transforming::{self, Transformers},
};

const KEYS: [&str; 9] =
    ["name", "api_base_url", "api_key", "models", "transformer", "dialect", "facts", "pricing", "limits"];

/// What `Providers` holds.
#[derive(Default)]
pub(super) struct Providing {
    pub(super) providers: Vec<Arc<Provider>>,
    pub(super) targets: Vec<Arc<Target>>,
    /// Names of providers that cannot be used, and why.
    pub(super) unset: Vec<(String, Problem)>,
}

/// Reads all providers, and a target for each of their models.
///
/// A provider with errors is among them, so that a route to it is not an error of its own; the errors keep the
/// whole from being used.
pub(super) fn providers(reader: &mut Reader, node: &Node<'_>, breaker: BreakerRules) -> Providing {
    let Providing { mut providers, mut targets, mut unset } = Providing::default();
    let keys = [&KEYS[..], &target_keys::KEYS].concat();
    let items = reader.list(node);
    if items.is_empty() && node.value.is_array() {
        reader.error(node, NO_PROVIDER);
    }
    for item in items {
        if reader.object(&item).is_none() {
            continue;
        }
        reader.check_keys(&item, &keys, &["tokenizer"]);
        let Some(name) = name(reader, &item, &providers) else { continue };
        let (provider, transformers, problem) = provider(reader, &item, name, breaker);
        unset.extend(problem.map(|problem| (provider.name.clone(), problem)));
        facts::check_models(reader, &item, &provider.models);
        let pricing = pricing::pricing(reader, &item);
        targets.extend(
            provider.models.iter().map(|model| target(reader, &item, &provider, model, &transformers, pricing)),
        );
        providers.push(provider);
    }
    Providing { providers, targets, unset }
}

/// Says what an empty list wants.
pub(super) const NO_PROVIDER: &str =
    "no provider is configured; name one with its `name`, `api_base_url`, `api_key` and `models`";

fn name(reader: &mut Reader, item: &Node<'_>, others: &[Arc<Provider>]) -> Option<String> {
    let Some(node) = target_keys::either(reader, item, ["name", "id"], |name, id| name == id) else {
        reader.error(item, "`name` is missing");
        return None;
    };
    let name = reader.string(&node)?;
    reader.record(&node);
    if name.trim() != name || name.is_empty() || name.contains(',') {
        reader.error(&node, "a name is not empty, has no comma, and no space around it");
        return None;
    }
    if others.iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
        reader.error(&node, format!("provider `{name}` stands here twice; case makes no difference"));
        return None;
    }
    Some(name.to_owned())
}

fn provider(
    reader: &mut Reader,
    item: &Node<'_>,
    name: String,
    breaker: BreakerRules,
) -> (Arc<Provider>, Transformers, Option<Problem>) {
    let ((address, key, dialect, models, transformers, called), unset) = reader.deferring(|reader| {
        let word = target_keys::word(reader, item);
        let address = address(reader, item, word.as_ref());
        let host = address.as_ref().and_then(http::Uri::host).unwrap_or_default();
        let key = match item.get("api_key") {
            Some(node) => key(reader, &node),
            None => target_keys::key(reader, item, word.as_ref(), host),
        };
        target_keys::compare_keys(reader, item);
        let dialect = dialect(reader, item);
        let models = models(reader, item, word.as_ref());
        let transformers = match item.get("transformer") {
            Some(node) => transforming::transformer(reader, &node, &models),
            None => Transformers::default(),
        };
        let called = word.map(|word| word.name);
        (address, key, dialect, models, transformers, called)
    });
    let host = address.as_ref().and_then(http::Uri::host).unwrap_or_default();
    let dialect = dialect.unwrap_or_else(|| {
        let dialect = Dialect::infer(host, called.unwrap_or(&name));
        let source = Source::Inferred("the host, else the name");
        reader.record_absent(path::key(&item.path, "dialect"), dialect.as_str(), source);
        dialect
    });
    let capacity = limits::limits(reader, item, dialect, super::is_local(host));
    let (unset, problem) = unset.unzip();
    let connection = match (unset, address) {
        (Some(unset), _) => Err(unset),
        (None, Some(endpoint)) => Ok(Connection { endpoint, key }),
        // An error has been noted, so nobody gets to see this.
        (None, None) => Err(Unset { variable: String::new(), path: item.path.clone() }),
    };
    let mut provider = Provider::new(name, dialect, models, connection);
    target_keys::format(reader, item);
    provider.description = target_keys::description(reader, item);
    provider.weight = target_keys::weight(reader, item).unwrap_or(1.0);
    provider.limits = target_keys::limits(reader, item);
    provider.breaker = breaker;
    provider.capacity = capacity;
    provider.health_probe = health_probe::health_probe(reader, item);
    provider.key_variable = item.get("api_key").and_then(|node| reader.variable(&node));
    (Arc::new(provider), transformers, problem)
}

fn address(reader: &mut Reader, item: &Node<'_>, word: Option<&Word<'_>>) -> Option<http::Uri> {
    let names = ["api_base_url", "base_url"];
    let Some(node) = target_keys::either(reader, item, names, target_keys::is_one_endpoint) else {
        return target_keys::known_address(reader, item, word);
    };
    let Some(address) = reader.string(&node) else {
        reader.record(&node);
        return None;
    };
    match endpoint::parse(address) {
        Ok(endpoint) => {
            reader.record_as(&node, masked_url(&endpoint));
            Some(endpoint)
        }
        Err(what) => {
            reader.error(&node, what);
            None
        }
    }
}

/// Reads a key or token, or where one is; an empty one is none.
pub(super) fn key(reader: &mut Reader, node: &Node<'_>) -> Option<SecretRef> {
    let Some(text) = reader.text(node) else {
        reader.record_secret(node);
        return None;
    };
    let written = reader.written(node, text);
    secret(reader, node, &written, text)
}

/// Takes a text, which is `written` with its variables put in, for a key or for where one is.
pub(super) fn secret(reader: &mut Reader, node: &Node<'_>, written: &str, text: &str) -> Option<SecretRef> {
    match SecretRef::interpolated(written, text, reader.folder()) {
        Ok(SecretRef::Elsewhere(reference)) => {
            // The same variable as `$NAME`: missed at the same time, with the same words.
            let is_there = match reference.place() {
                Place::Variable(name) => reader.names_variable(node, name),
                Place::File(_) | Place::HomeFile(_) | Place::Command { .. } | Place::Stored(_) => true,
            };
            reader.record_as(node, reference.to_string());
            is_there.then_some(SecretRef::Elsewhere(reference))
        }
        Ok(value @ SecretRef::Value(_)) => {
            reader.record_secret(node);
            Some(value)
        }
        Err(what) => {
            reader.record_secret(node);
            reader.error(node, what);
            None
        }
    }
}

fn dialect(reader: &mut Reader, item: &Node<'_>) -> Option<Dialect> {
    let node = target_keys::either(reader, item, ["dialect", "provider_type"], target_keys::is_one_dialect);
    let node = node.filter(|node| node.path == path::key(&item.path, "dialect"));
    let Some(node) = node else { return target_keys::provider_type(reader, item) };
    let word = reader.string(&node)?;
    let dialect = Dialect::parse(word);
    if dialect.is_some() {
        reader.record(&node);
    } else {
        let known = Dialect::ALL.map(Dialect::as_str);
        reader.unknown(&node, word, known, format!("unknown dialect `{word}`; known are {}", known.join(", ")));
    }
    dialect
}

fn models(reader: &mut Reader, item: &Node<'_>, word: Option<&Word<'_>>) -> Vec<String> {
    let single = target_keys::model(reader, item, word);
    let mut models: Vec<String> = Vec::new();
    let Some(node) = item.get("models") else {
        let is_noted = item.get("model").is_some() || (word.is_none() && item.get("provider").is_some());
        if single.is_none() && !is_noted {
            reader.error(item, "`models` is missing");
        }
        models.extend(single);
        return models;
    };
    let items = reader.list(&node);
    if items.is_empty() && node.value.is_array() {
        reader.error(&node, "the list of models is empty");
    }
    for entry in items {
        if entry.value.as_str().is_some_and(|model| model.trim().is_empty()) {
            reader.error(&entry, "the name of a model is empty");
        } else if let Some(model) = entry.value.as_str() {
            // One with an unset variable keeps its place in the list: the provider cannot be used, and says so.
            reader.is_settled(&entry);
            reader.record(&entry);
            if models.iter().any(|other| other == model) {
                reader.warn(&entry, format!("model `{model}` stands here twice"));
            } else {
                models.push(model.to_owned());
            }
        } else {
            reader.expected(&entry, "a string");
        }
    }
    if let Some(single) = single
        && models != [single]
        && let Some(place) = item.get("model").or_else(|| item.get("provider"))
    {
        target_keys::differ(reader, &node, &place, ["models", "model"]);
    }
    models
}

fn target(
    reader: &mut Reader,
    item: &Node<'_>,
    provider: &Arc<Provider>,
    model: &str,
    transformers: &Transformers,
    pricing: Option<Pricing>,
) -> Arc<Target> {
    let facts = facts::facts(reader, item, provider, model);
    let (pricing, listed) = pricing::price(reader, item, provider, model, pricing);
    Arc::new(Target {
        provider: Arc::clone(provider),
        model: model.to_owned(),
        facts,
        transformers: transformers.of(model),
        pricing,
        listed,
    })
}
