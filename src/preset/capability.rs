//! What a preset would do: whom it speaks to, which secrets it wants and where they go,
//! what it changes of the agent; and what of that is refused.
//!
//! Judged twice: on the manifest as it is, to be shown before anything is asked, and on
//! the answered manifest, where every host is known.

use serde_json::{Map, Value};

use super::{
    apply::{Applied, secrets_in},
    manifest::Manifest,
    placeholder::{Piece, pieces},
    settings::{self, Refusal, Settings},
};
use crate::{
    catalog,
    config::{self, path},
};

/// Variables that hold a key and that the catalogue does not know, with the ends of the hosts that may see it: no
/// domain in which customers have names.
const KEYS: &[(&str, &[&str])] = &[
    ("OPENROUTER_API_KEY", &["openrouter.ai"]),
    ("DEEPSEEK_API_KEY", &["api.deepseek.com"]),
    ("GROQ_API_KEY", &["api.groq.com"]),
    ("GEMINI_API_KEY", &["generativelanguage.googleapis.com"]),
    ("ANTHROPIC_API_KEY", &["anthropic.com"]),
    ("ANTHROPIC_AUTH_TOKEN", &[]),
    ("GITHUB_TOKEN", &["github.com", "models.github.ai"]),
    ("GH_TOKEN", &["github.com"]),
    ("NPM_TOKEN", &[]),
];

/// How references to secrets begin that only a person may give.
const REFERENCES: &[&str] = &["env:", "file:", "cmd:", "store:"];

/// What a preset would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capabilities {
    /// Whom it speaks to.
    pub hosts: Vec<Contact>,
    /// The secrets that it wants.
    pub secrets: Vec<SecretUse>,
    /// The environment variables that it reads.
    pub variables: Vec<VariableUse>,
    /// What it changes of the agent.
    pub settings: Settings,
    /// What is refused; none of it means that the preset may be used.
    pub refusals: Vec<Refusal>,
    /// What the owner should know besides.
    pub notes: Vec<String>,
}

/// A provider's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The provider's name.
    pub provider: String,
    /// The host; with placeholders, or a variable, where it is not known yet.
    pub host: String,
    /// Whether it is this machine or one in this network.
    pub is_local: bool,
}

/// A secret and the hosts that get to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The id of the question.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The hosts that it is bound to.
    pub hosts: Vec<String>,
}

/// An environment variable and the hosts that get to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    /// The name.
    pub name: String,
    /// The hosts that what it holds is sent to.
    pub hosts: Vec<String>,
}

/// Says what a preset would do, with its answers or without.
pub fn capabilities(manifest: &Manifest, applied: &Applied) -> Capabilities {
    let mut found = Capabilities::default();
    found.settings = settings::settings(&applied.settings, &mut found.refusals);
    for id in applied.settings.values().flat_map(|value| secrets_in(manifest, value)) {
        found.refuse("claudeCodeSettings", format!("secret `{id}` would stand in the agent's settings"));
    }
    let config = applied.config.value.as_object().cloned().unwrap_or_default();
    for (key, value) in &config {
        match (key.as_str(), value) {
            ("Providers" | "providers", Value::Array(list)) => {
                for (i, provider) in list.iter().enumerate() {
                    let place = path::index(key, i);
                    if let Some(provider) = provider.as_object() {
                        found.provider(manifest, provider, &place);
                    }
                }
            }
            _ => found.elsewhere(manifest, key, value),
        }
    }
    for question in manifest.questions.iter().filter(|question| question.is_secret()) {
        let is_reference = question.default.as_ref().and_then(Value::as_str).is_some_and(is_reference);
        if is_reference {
            found.refuse("schema", format!("the default of `{}` names a secret of yours; only you may", question.id));
        }
    }
    found
}

impl Capabilities {
    fn refuse(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.refusals.push(Refusal { path: path.into(), why: why.into() });
    }

    fn provider(&mut self, manifest: &Manifest, provider: &Map<String, Value>, place: &str) {
        // Whatever its keys are called, it is judged by what they mean.
        let provider = &config::usual(provider);
        let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
        let host = host(text("api_base_url"));
        let is_local = config::is_local(&host);
        self.hosts.push(Contact { provider: text("name").to_owned(), host: host.clone(), is_local });
        for (key, value) in provider {
            let place = path::key(place, key);
            for variable in variables_in(value) {
                self.variable(&variable, &host, is_local, &place);
            }
            for id in secrets_in(manifest, value) {
                if key == "api_key" && is_whole(value) {
                    self.secret(manifest, id, &host, &place);
                } else {
                    self.refuse(place.clone(), format!("secret `{id}` may only be an `api_key`, and the whole of it"));
                }
            }
        }
        let own = provider.get("pricing").map(|price| ("its models".to_owned(), price));
        let facts = provider.get("facts").and_then(Value::as_object).into_iter().flatten();
        let of_models = facts.filter_map(|(model, facts)| Some((format!("`{model}`"), facts.get("pricing")?)));
        for (what, price) in own.into_iter().chain(of_models) {
            let name = text("name");
            self.notes.push(format!("it sets what {what} of `{name}` cost: {price}; budgets count what the catalogue says where that is dearer"));
        }
        let key = text("api_key");
        if is_reference(key) {
            let what = "it names a secret of yours; only you may, as the answer to a question of type `password`";
            self.refuse(path::key(place, "api_key"), what);
        } else if !key.is_empty() && !is_local && variables_in(&Value::from(key)).is_empty() && !has_placeholder(key) {
            self.notes
                .push(format!("the key for {host} stands in the preset in clear; whoever has the preset has the key"));
        }
    }

    fn secret(&mut self, manifest: &Manifest, id: &str, host: &str, place: &str) {
        if host.contains('$') {
            self.refuse(place, format!("secret `{id}` would go to a host that an environment variable names"));
        }
        let name = manifest.question(id).map_or(id, super::Question::name).to_owned();
        match self.secrets.iter_mut().find(|secret| secret.id == id) {
            Some(secret) => add(&mut secret.hosts, host),
            None => self.secrets.push(SecretUse { id: id.to_owned(), name, hosts: vec![host.to_owned()] }),
        }
    }

    fn variable(&mut self, name: &str, host: &str, is_local: bool, place: &str) {
        // Before the answers are there, a host may not be known; it is judged again with them.
        if !is_local && !has_placeholder(host) && !may_see(name, host) {
            self.refuse(place, format!("`{name}` would be sent to {host}, which is not whose key it is"));
        }
        match self.variables.iter_mut().find(|variable| variable.name == name) {
            Some(variable) => add(&mut variable.hosts, host),
            None => self.variables.push(VariableUse { name: name.to_owned(), hosts: vec![host.to_owned()] }),
        }
    }

    /// Judges what stands outside the providers: it may end up at any of them.
    fn elsewhere(&mut self, manifest: &Manifest, key: &str, value: &Value) {
        for id in secrets_in(manifest, value) {
            self.refuse(key, format!("secret `{id}` may only be the `api_key` of a provider"));
        }
        for variable in variables_in(value) {
            self.refuse(key, format!("`${variable}` is read outside of `Providers`, where it belongs to no host"));
        }
        if key == "REWRITE_SYSTEM_PROMPT"
            && let Some(file) = value.as_str().filter(|file| !file.is_empty())
            && !is_inside(file)
        {
            self.refuse(key, format!("a file outside of the preset's folder would be sent to its hosts: {file}"));
        }
    }
}

/// Whether a variable's key belongs to whom the host belongs to; of most variables nobody knows whose they are.
fn may_see(variable: &str, host: &str) -> bool {
    if let Some(provider) = catalog::provider_of_key(variable) {
        return provider.owns(host);
    }
    let is_in = |end: &&str| host == *end || host.ends_with(&format!(".{end}"));
    KEYS.iter().find(|(key, _)| *key == variable).is_none_or(|(_, hosts)| hosts.iter().any(is_in))
}

/// Whether a relative path stays in its folder.
fn is_inside(file: &str) -> bool {
    use std::path::{Component, Path};
    let is_windows = file.contains(['\\', ':']);
    !is_windows && Path::new(file).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The host of an address, as far as it can be told; read as the configuration reads it.
fn host(address: &str) -> String {
    let uri: Option<http::Uri> = address.trim().parse().ok();
    if let Some(host) = uri.as_ref().and_then(http::Uri::host) {
        return host.to_ascii_lowercase();
    }
    // A placeholder is no part of an address; where it is the port, the host is known all the same.
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, _)) if !has_placeholder(host) && !host.contains('$') => host.to_ascii_lowercase(),
        _ => authority.to_owned(),
    }
}

fn add(hosts: &mut Vec<String>, host: &str) {
    if !hosts.iter().any(|known| known == host) {
        hosts.push(host.to_owned());
    }
}

fn is_whole(value: &Value) -> bool {
    value.as_str().is_some_and(|text| matches!(pieces(text)[..], [Piece::Id(..)]))
}

fn has_placeholder(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Id(..)))
}

/// Whether a key is a reference to a secret rather than one.
pub(super) fn is_reference(text: &str) -> bool {
    REFERENCES.iter().any(|start| text.trim_start().starts_with(start))
}

fn variables_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => config::variables(text),
        Value::Array(list) => list.iter().flat_map(variables_in).collect(),
        Value::Object(map) => {
            map.iter().flat_map(|(key, value)| config::variables(key).into_iter().chain(variables_in(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
