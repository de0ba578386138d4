//! Reads a provider's keys as Keeptrusts' targets call them, and what follows from the name of a well-known provider.
//!
//! | here | there |
//! |---|---|
//! | `name` | `id` |
//! | `models` | `model`, or the end of `provider: "mistral:chat:<model>"` |
//! | `api_base_url` | `base_url`, else what is known of `provider` |
//! | `api_key: "$NAME"` | `secret_key_ref: {env: "NAME"}`, else the variable that is known of `provider` |
//! | `dialect` | `provider_type`, else `provider` |
//!
//! Either name may be used, and both where they say the same.

use std::time::Duration;

use serde_json::Value;

use super::{
    Dialect, Limits, SecretRef, Source, endpoint, path,
    providing::secret,
    reader::{Node, Reader},
};
use crate::catalog;

/// The keys that only Keeptrusts' targets have. `health_probe` is read where it is used.
pub(super) const KEYS: [&str; 13] = [
    "id",
    "provider",
    "model",
    "base_url",
    "secret_key_ref",
    "timeout_seconds",
    "stream_timeout_seconds",
    "max_context_tokens",
    "format",
    "provider_type",
    "description",
    "weight",
    "health_probe",
];

/// The longest that a clock may be set to: a day.
const LONGEST: f64 = 86_400.0;

/// What `provider` says.
#[derive(Debug, Clone)]
pub(super) struct Word<'d> {
    pub(super) node: Node<'d>,
    /// Who it is.
    pub(super) name: &'d str,
    /// The model, of the form `name:chat:model`.
    pub(super) model: Option<&'d str>,
}

impl Word<'_> {
    /// What is known of it.
    pub(super) fn known(&self) -> Option<&'static catalog::Provider> {
        catalog::provider(self.name)
    }
}

/// Reads `provider`.
pub(super) fn word<'d>(reader: &mut Reader, item: &Node<'d>) -> Option<Word<'d>> {
    let node = item.get("provider")?;
    let text = reader.string(&node)?;
    reader.record(&node);
    let Some((name, model)) = split(text) else {
        reader.error(&node, "`provider` is a name, such as `mistral`, or a name and a model: `mistral:chat:<model>`");
        return None;
    };
    Some(Word { node, name, model })
}

/// Splits `name:chat:model`; a model may have colons of its own.
pub(super) fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = text.splitn(3, ':').map(str::trim);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, None) if !name.is_empty() => Some((name, None)),
        (Some(name), Some("chat"), Some(model)) if !name.is_empty() && !model.is_empty() => Some((name, Some(model))),
        _ => None,
    }
}

/// Returns the value that has two names; where both are there and differ, that is an error.
pub(super) fn either<'d>(
    reader: &mut Reader,
    item: &Node<'d>,
    [ours, theirs]: [&str; 2],
    is_same: impl Fn(&Value, &Value) -> bool,
) -> Option<Node<'d>> {
    let (first, second) = (item.get(ours), item.get(theirs));
    if let (Some(first), Some(second)) = (&first, &second)
        && !is_same(first.value, second.value)
    {
        differ(reader, first, second, [ours, theirs]);
    }
    first.or(second)
}

/// Notes that two values mean the same thing and are not the same.
pub(super) fn differ(reader: &mut Reader, first: &Node<'_>, second: &Node<'_>, [ours, theirs]: [&str; 2]) {
    let place = reader.position(first);
    reader
        .error(second, format!("`{theirs}` says otherwise than `{ours}` at {place}, and they mean the same; keep one"));
}

/// Whether two addresses lead to one endpoint.
pub(super) fn is_one_endpoint(first: &Value, second: &Value) -> bool {
    let parsed = |value: &Value| value.as_str().and_then(|text| endpoint::parse(text).ok());
    first == second || parsed(first).is_some_and(|endpoint| Some(endpoint) == parsed(second))
}

/// Returns the endpoint that is known of a provider, or says that none is.
pub(super) fn known_address(reader: &mut Reader, item: &Node<'_>, word: Option<&Word<'_>>) -> Option<http::Uri> {
    let Some(word) = word else {
        // A `provider` that cannot be read has been noted.
        if item.get("provider").is_none() {
            reader.error(item, "`api_base_url` is missing");
        }
        return None;
    };
    let Some(known) = word.known() else {
        let what = format!("no address is known of a provider `{}`; give it as `base_url`", word.name);
        reader.unknown(&word.node, word.name, catalog::provider_names(), what);
        return None;
    };
    let Some(address) = &known.base_url else {
        let what = format!("the address of `{}` differs from customer to customer; give it as `base_url`", word.name);
        reader.error(&word.node, what);
        return None;
    };
    let endpoint = endpoint::parse(address).ok()?;
    let place = path::key(&item.path, "api_base_url");
    reader.record_absent(place, endpoint.to_string(), Source::Inferred("`provider`"));
    Some(endpoint)
}

/// Reads the key where there is no `api_key`: from `secret_key_ref`, else from the variable that is known.
///
/// What is only known goes to the provider's own hosts and to no other.
pub(super) fn key(reader: &mut Reader, item: &Node<'_>, word: Option<&Word<'_>>, host: &str) -> Option<SecretRef> {
    if let Some(node) = item.get("secret_key_ref") {
        let node = variable(reader, &node)?;
        let name = reader.string(&node)?;
        return named(reader, &node, name);
    }
    let known = word.and_then(Word::known)?;
    let name = known.key.as_ref()?;
    let node = &word?.node;
    if !known.owns(host) {
        if !super::is_local(host) && !host.is_empty() {
            let what = format!("`{name}` is not sent to {host}, which is not whose key it is; name a key as `api_key`");
            reader.warn(node, what);
        }
        return None;
    }
    let node = Node { value: node.value, path: path::key(&item.path, "api_key") };
    reader.stands_at(&node.path, &word?.node);
    named(reader, &node, name)
}

/// Notes where `api_key` and `secret_key_ref` name two keys.
pub(super) fn compare_keys(reader: &mut Reader, item: &Node<'_>) {
    let (Some(key), Some(reference)) = (item.get("api_key"), item.get("secret_key_ref")) else { return };
    let name = reference.value.get("env").and_then(Value::as_str).unwrap_or_default();
    let written = reader.written(&key, key.value.as_str().unwrap_or_default());
    if ![format!("${name}"), format!("${{{name}}}"), format!("env:{name}")].contains(&written) {
        differ(reader, &key, &reference, ["api_key", "secret_key_ref"]);
    }
}

fn variable<'d>(reader: &mut Reader, node: &Node<'d>) -> Option<Node<'d>> {
    reader.object(node)?;
    reader.check_keys(node, &["env"], &[]);
    let name = node.get("env");
    if name.is_none() {
        reader.error(node, "`secret_key_ref` names an environment variable: `{\"env\": \"MISTRAL_API_KEY\"}`");
    }
    name
}

fn named(reader: &mut Reader, node: &Node<'_>, name: &str) -> Option<SecretRef> {
    let reference = format!("env:{name}");
    // Somebody may have put the key itself there.
    if SecretRef::parse(&reference, reader.folder()).is_err() {
        reader.error(node, "expected the name of an environment variable");
        reader.record_secret(node);
        return None;
    }
    secret(reader, node, &reference, &reference)
}

/// Reads the one model of a provider that has no list of them.
pub(super) fn model(reader: &mut Reader, item: &Node<'_>, word: Option<&Word<'_>>) -> Option<String> {
    let node = item.get("model");
    let written = node.as_ref().and_then(|node| {
        let text = reader.string(node)?.trim();
        reader.record(node);
        if text.is_empty() {
            reader.error(node, "the name of a model is empty");
        }
        (!text.is_empty()).then_some(text)
    });
    let short = word.and_then(|word| Some((&word.node, word.model?)));
    if let (Some(node), Some(written), Some((place, short))) = (&node, written, short)
        && written != short
    {
        differ(reader, node, place, ["model", "provider"]);
    }
    written.or(short.map(|(_, model)| model)).map(str::to_owned)
}

/// Reads `provider_type`; a word that names no dialect leaves it to the host and the name.
pub(super) fn provider_type(reader: &mut Reader, item: &Node<'_>) -> Option<Dialect> {
    let node = item.get("provider_type")?;
    let word = reader.text(&node)?;
    reader.record(&node);
    let dialect = called(word);
    if dialect.is_none() && !word.eq_ignore_ascii_case("auto") {
        let known = Dialect::ALL.map(Dialect::as_str).join(", ");
        reader.warn(&node, format!("`{word}` names no dialect, and host and name decide; known are {known}"));
    }
    dialect
}

/// The dialect that a word names.
pub(super) fn called(word: &str) -> Option<Dialect> {
    let dialect = Dialect::infer("", word);
    (dialect != Dialect::OpenAi || word.eq_ignore_ascii_case(Dialect::OpenAi.as_str())).then_some(dialect)
}

/// Whether `dialect` and `provider_type` name one dialect.
pub(super) fn is_one_dialect(first: &Value, second: &Value) -> bool {
    let (first, second) = (first.as_str().unwrap_or_default(), second.as_str().unwrap_or_default());
    called(second).is_none_or(|second| Dialect::parse(first) == Some(second))
}

/// Reads `format`, which can only be one.
pub(super) fn format(reader: &mut Reader, item: &Node<'_>) {
    let Some(node) = item.get("format") else { return };
    let Some(word) = reader.text(&node) else { return };
    reader.record(&node);
    if !word.eq_ignore_ascii_case("openai") {
        let what = format!("format `{word}` is not spoken; providers are spoken to in chat completions, `openai`");
        reader.error(&node, what);
    }
}

/// Reads what people call the provider.
pub(super) fn description(reader: &mut Reader, item: &Node<'_>) -> Option<String> {
    let node = item.get("description")?;
    let text = reader.text(&node)?;
    reader.record(&node);
    Some(text.to_owned())
}

/// Reads a weight.
pub(super) fn weight(reader: &mut Reader, item: &Node<'_>) -> Option<f64> {
    let node = item.get("weight")?;
    let weight = reader.number(&node)?;
    reader.record(&node);
    if weight > 0.0 && weight.is_finite() {
        return Some(weight);
    }
    reader.error(&node, "a weight is a number above 0");
    None
}

/// Reads the provider's own limits; a stream has the time of a whole answer unless it has its own.
pub(super) fn limits(reader: &mut Reader, item: &Node<'_>) -> Limits {
    let mut clock = |key: &str| item.get(key).and_then(|node| seconds(reader, &node));
    let whole = clock("timeout_seconds");
    let stream = clock("stream_timeout_seconds").or(whole);
    let tokens = item.get("max_context_tokens").and_then(|node| {
        let tokens = reader.integer(&node, 1024..=100_000_000);
        reader.record(&node);
        tokens
    });
    Limits { whole, stream, tokens }
}

/// Reads a span of time, in seconds and parts of them.
pub(super) fn seconds(reader: &mut Reader, node: &Node<'_>) -> Option<Duration> {
    let seconds = reader.number(node)?;
    reader.record(node);
    if seconds > 0.0 && seconds <= LONGEST {
        return Some(Duration::from_secs_f64(seconds));
    }
    reader.error(node, format!("{seconds} is no number of seconds above 0 and up to {LONGEST}"));
    None
}
