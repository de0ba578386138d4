//! Keys that stand in a configuration in clear, and what they are called in the store.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{advice, changes::Changes};
use crate::config::{self, Host, KeyName, Secret, SecretRef, path};

/// A key that stood in clear.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Where it stood.
    pub(super) place: String,
    /// What it is called in the store.
    pub(super) name: KeyName,
    /// Who uses it: `provider mistral`.
    pub(super) user: String,
    /// Where it may be sent.
    pub(super) host: Host,
    /// The key.
    pub(super) secret: Secret,
}

/// What the store has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nothing.
    Free,
    /// This key, for this host.
    Same,
    /// Another.
    Taken,
}

/// Looks into the store.
pub(super) type Slots<'a> = &'a dyn Fn(&KeyName, &Secret, &Host) -> Slot;

/// The least characters of a token that nobody guesses.
const SHORTEST_TOKEN: usize = 16;

/// Tokens from documentation, guides and examples.
const KNOWN_TOKENS: &[&str] =
    &["sk-mistral-router", "your-secret-key", "your-api-key-here", "sk-1234567890abcdef", "claude-code-router"];

/// What people write where a server on their own machine wants no key.
const NO_KEYS: &[&str] = &[
    "ollama",
    "lm-studio",
    "lmstudio",
    "llama.cpp",
    "vllm",
    "none",
    "null",
    "empty",
    "dummy",
    "test",
    "local",
    "key",
    "no-key",
    "not-needed",
    "sk-no-key-required",
    "sk-xxx",
    "token-abc123",
    "x",
];

/// Finds the keys in clear, and has names written in their places.
pub(super) fn keys(root: &Value, keeps: bool, slots: Slots<'_>, changes: &mut Changes<'_>) -> Vec<Found> {
    let mut names = Names { slots, given: BTreeMap::new() };
    let mut found = Vec::new();
    if let Some(token) = root.get("APIKEY").and_then(Value::as_str).filter(|token| is_literal(token)) {
        let host = root.get("HOST").and_then(Value::as_str);
        let host = host.filter(|host| config::is_this_machine(host) && *host != "0.0.0.0").unwrap_or("127.0.0.1");
        let host = if host.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { host };
        if is_known_token(token) {
            changes.remove("APIKEY", advice::KNOWN_TOKEN);
        } else {
            found.extend(names.name("APIKEY", ["apikey", "APIKEY"], token, Host::of_url(host)));
        }
    }
    for list in ["Providers", "providers"] {
        for (i, provider) in root.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
            let (name, key) = (text("name"), text("api_key"));
            // Without an address there is nobody to send it to, and the provider is left out.
            let Ok(endpoint) = config::endpoint(text("api_base_url")) else { continue };
            let host = endpoint.host().unwrap_or_default();
            if is_secret(key, host) {
                let place = path::key(&path::index(list, i), "api_key");
                let user = format!("provider {name}");
                found.extend(names.name(&place, [name, &user], key, Host::of_url(host)));
            }
        }
    }
    for key in &found {
        let value = Value::from(format!("store:{}", key.name));
        let why = if keeps {
            format!("the key goes into mcr's store as `{}`, bound to {}", key.name, key.host)
        } else {
            format!("the key is not taken; `mcr key set {} --host {}` asks for it", key.name, key.host)
        };
        changes.set(&key.place, &value, &why);
    }
    found
}

/// Leaves keys in clear out that stand where nobody reads them: they would be in one more file and do nothing.
pub(super) fn unread(root: &Value, changes: &mut Changes<'_>) {
    let lists = ["Providers", "providers"].into_iter().filter_map(|list| Some((list, root.get(list)?.as_array()?)));
    let providers = lists
        .flat_map(|(list, providers)| providers.iter().enumerate().map(move |(i, one)| (path::index(list, i), one)));
    for (place, object) in [(String::new(), root)].into_iter().chain(providers) {
        for (name, value) in object.as_object().into_iter().flatten() {
            let is_read = matches!(name.as_str(), "APIKEY" | "api_key");
            if !is_read && is_called_secret(name) && holds_literal(value) {
                changes.remove(&path::key(&place, name), advice::UNREAD_KEY);
            }
        }
    }
}

fn is_called_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "keys", "token", "secret", "password"].iter().any(|end| name.ends_with(end))
}

fn holds_literal(value: &Value) -> bool {
    match value {
        Value::String(text) => is_literal(text),
        Value::Array(list) => list.iter().any(holds_literal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Whether a key is a secret in clear, rather than a variable, a reference, or a word for a server that wants none.
pub(super) fn is_secret(key: &str, host: &str) -> bool {
    let is_word = config::is_local(host) && NO_KEYS.iter().any(|word| word.eq_ignore_ascii_case(key));
    is_literal(key) && !is_word
}

fn is_literal(text: &str) -> bool {
    let is_reference = matches!(SecretRef::parse(text, std::path::Path::new("")), Ok(SecretRef::Elsewhere(_)));
    !text.is_empty() && config::variables(text).is_empty() && !is_reference
}

fn is_known_token(token: &str) -> bool {
    token.len() < SHORTEST_TOKEN || KNOWN_TOKENS.contains(&token)
}

/// Gives names, each to one key.
struct Names<'a> {
    slots: Slots<'a>,
    given: BTreeMap<KeyName, (String, Host)>,
}

impl Names<'_> {
    /// Names a key after its user; one that no header can carry gets none, and is told of elsewhere.
    fn name(&mut self, place: &str, [base, user]: [&str; 2], text: &str, host: Host) -> Option<Found> {
        let secret = Secret::key(text.to_owned()).ok()?;
        let base = word(base);
        let numbered = (2..).map(|number| format!("ccr/{base}-{number}"));
        let names = [base.clone(), format!("ccr/{base}")].into_iter().chain(numbered);
        let name = names.filter_map(|name| KeyName::parse(&name).ok()).find(|name| {
            let is_given = self.given.get(name).is_some_and(|other| *other != (text.to_owned(), host.clone()));
            !is_given && (self.slots)(name, &secret, &host) != Slot::Taken
        })?;
        self.given.insert(name.clone(), (text.to_owned(), host.clone()));
        Some(Found { place: place.to_owned(), name, user: user.to_owned(), host, secret })
    }
}

/// A word that a key may be named.
fn word(name: &str) -> String {
    let is_part = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let word: String = name.to_lowercase().chars().map(|c| if is_part(&c) { c } else { '-' }).take(64).collect();
    let word = word.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if word.is_empty() { "key".to_owned() } else { word.to_owned() }
}
