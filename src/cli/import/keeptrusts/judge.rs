//! What becomes of each field of a gateway's configuration. Knows no file and asks nobody.

use serde_json::{Map, Value, json};

use super::{rules, targets};
use crate::{
    cli::import::report::{Fate, Field},
    config::{self, Environment, path},
};

/// What comes of a gateway's configuration.
#[derive(Debug)]
pub(super) struct Judged {
    /// The new configuration.
    pub(super) text: String,
    /// Every field of the old one, in its order.
    pub(super) fields: Vec<Field>,
    /// What is said before all else.
    pub(super) notes: Vec<String>,
    /// Variables that it names and that are unset here.
    pub(super) unset: Vec<String>,
}

/// The fields that were judged.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<Field>);

impl Told {
    pub(super) fn taken(&mut self, path: impl Into<String>) {
        self.0.push(Field { path: path.into(), fate: Fate::Taken, why: None });
    }

    pub(super) fn remarked(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.0.push(Field { path: path.into(), fate: Fate::Taken, why: Some(why.into()) });
    }

    pub(super) fn changed(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.0.push(Field { path: path.into(), fate: Fate::Changed, why: Some(why.into()) });
    }

    pub(super) fn left_out(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.0.push(Field { path: path.into(), fate: Fate::LeftOut, why: Some(why.into()) });
    }
}

/// What is made, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) told: Told,
    /// The entries of `Providers`, in the order of the targets.
    pub(super) providers: Vec<Value>,
    /// The strategy that was found first.
    pub(super) strategy: Option<&'static str>,
    pub(super) breaker: Option<Map<String, Value>>,
    pub(super) retry: Option<Map<String, Value>>,
}

/// Judges a configuration.
///
/// # Errors
/// Fails with what became of the fields where no target is left.
pub(super) fn judge(root: &Value, environment: Environment<'_>) -> Result<Judged, Vec<Field>> {
    let mut made = Made::default();
    let none = Map::new();
    for (key, value) in root.as_object().unwrap_or(&none) {
        match (key.as_str(), value) {
            ("pack", Value::Object(pack)) => self::pack(&mut made.told, pack),
            ("policies", value) => policies(&mut made.told, value),
            ("policy", Value::Object(all)) => {
                all.iter().for_each(|(name, policy)| policy_of(&mut made.told, name, policy));
            }
            ("providers", Value::Object(providers)) => self::providers(&mut made, providers),
            (key, value) if rules::is_rule(key) => rules::rule(&mut made, key, key, value),
            (key, _) => made.told.left_out(path::key("", key), advice(key)),
        }
    }
    if made.providers.is_empty() {
        return Err(made.told.0);
    }
    let notes = notes(&made);
    let unset = unset(&made.providers, environment);
    let text = text(root, &made);
    Ok(Judged { text, fields: made.told.0, notes, unset })
}

fn pack(told: &mut Told, pack: &Map<String, Value>) {
    for (key, value) in pack {
        let place = path::key("pack", key);
        match (key.as_str(), value) {
            ("name", _) => told.left_out(place, "it stands in the first line of the new file"),
            ("enabled", Value::Bool(false)) => {
                told.left_out(place, "a configuration that is there is used; `mcr import` took it all the same");
            }
            _ => told.left_out(place, "a configuration has no version and no switch"),
        }
    }
}

fn policies(told: &mut Told, value: &Value) {
    let all = value.get("chain").unwrap_or(value);
    let place = if value.get("chain").is_some() { "policies.chain" } else { "policies" };
    for (i, policy) in all.as_array().into_iter().flatten().enumerate() {
        let name = policy.as_str().or_else(|| policy.get("name")?.as_str()).unwrap_or_default();
        told.left_out(path::index(place, i), format!("{name}: {}", counterpart(name)));
    }
    for key in value.as_object().into_iter().flat_map(Map::keys).filter(|key| *key != "chain") {
        told.left_out(path::key("policies", key), NO_POLICY);
    }
}

fn policy_of(told: &mut Told, name: &str, policy: &Value) {
    let place = path::key("policy", name);
    let Some(fields) = policy.as_object().filter(|fields| !fields.is_empty()) else {
        told.left_out(place, counterpart(name));
        return;
    };
    for key in fields.keys() {
        let why = match key.as_str() {
            "retention_days" => "mcr keeps its newest twenty logs, whatever their age, and never what was said",
            "immutable" => "mcr's log is a file of yours, which nothing seals",
            "log_all_access" => "every request has a line in the log, without what was said: `mcr logs`",
            _ => "its policy has no counterpart",
        };
        told.left_out(path::key(&place, key), why);
    }
}

const NO_POLICY: &str = "mcr has no policies on content: what the agent sends goes to the model as it is";

/// What is said of a policy.
fn counterpart(name: &str) -> &'static str {
    match name {
        "prompt-injection" => "mcr does not look for it; filters of this kind miss most attacks",
        "pii-detector" => {
            "mcr replaces nothing in what is sent; where that must not leave, use a model of your own: \
             `mcr preset install mistral-ollama`"
        }
        "safety-filter" => "mcr does not judge content; the provider's own filters hold",
        "audit-logger" => "mcr notes each request without what was said: `mcr logs`, `mcr usage`",
        _ => NO_POLICY,
    }
}

fn advice(key: &str) -> &'static str {
    match key {
        "listen" | "server" | "gateway" => "mcr listens on this machine only, on `PORT`, and wants a token",
        "consumers" | "consumer_groups" | "api_keys" | "users" | "teams" => {
            "mcr serves one person; whoever shows its token may use it"
        }
        "budgets" | "budget" | "limits" | "rate_limits" | "rate_limit" | "quotas" => {
            "limits of this kind are not taken over; `Budget` says what a session, a day and a month may cost"
        }
        "version" => "a configuration has no version",
        "console" | "dashboard" | "telemetry" | "events" | "audit" => {
            "mcr has no console; `mcr status`, `mcr usage` and `mcr logs` tell what happened"
        }
        _ => "mcr has nothing of this kind",
    }
}

fn providers(made: &mut Made, providers: &Map<String, Value>) {
    for (key, value) in providers {
        let place = path::key("providers", key);
        match (key.as_str(), value) {
            ("targets", Value::Array(list)) => {
                for (i, target) in list.iter().enumerate() {
                    targets::target(made, &path::index(&place, i), target);
                }
            }
            ("strategy", value) => rules::strategy(made, &place, value),
            (key, value) if rules::is_rule(key) => rules::rule(made, &place, key, value),
            (key, _) => made.told.left_out(place, advice(key)),
        }
    }
}

fn notes(made: &Made) -> Vec<String> {
    let mut notes = Vec::new();
    let several = made.providers.len() > 1;
    if several && made.retry.is_some() {
        notes.push(
            "the gateway tries a target again before it asks the next; mcr asks the next at once, and tries again \
             where there is none"
                .to_owned(),
        );
    }
    let operators = made.providers.iter().filter_map(targets::abroad);
    notes.extend(operators);
    notes
}

/// The new configuration as text.
fn text(root: &Value, made: &Made) -> String {
    let names: Vec<Value> = made.providers.iter().map(|provider| json!(name_of(provider))).collect();
    let weights = made.providers.iter().any(|provider| provider.get("weight").is_some());
    let strategy = made.strategy.unwrap_or(if weights { "weighted_round_robin" } else { "fallback" });
    let default = match (names.as_slice(), strategy) {
        ([name], _) | ([name, ..], "single") => name.clone(),
        (_, "fallback") => Value::Array(names),
        (_, strategy) => json!({"strategy": strategy, "targets": names}),
    };
    let mut config = Map::new();
    config.insert("Providers".to_owned(), json!(made.providers));
    config.insert("Router".to_owned(), json!({ "default": default }));
    for (key, rules) in [("Breaker", &made.breaker), ("Retry", &made.retry)] {
        if let Some(rules) = rules.as_ref().filter(|rules| !rules.is_empty()) {
            config.insert(key.to_owned(), Value::Object(rules.clone()));
        }
    }
    let pack = root.get("pack").and_then(|pack| pack.get("name")).and_then(Value::as_str).unwrap_or_default();
    let pack: String = pack.chars().filter(|letter| !letter.is_control()).take(80).collect();
    let of = if pack.is_empty() { String::new() } else { format!(" {pack}") };
    format!("// A Keeptrusts gateway's targets{of}, by `mcr import keeptrusts`.\n{:#}\n", Value::Object(config))
}

/// The name of a provider as the new configuration has it: a `$` stands there twice.
pub(super) fn name_of(provider: &Value) -> &str {
    provider.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn unset(providers: &[Value], environment: Environment<'_>) -> Vec<String> {
    let keys = providers.iter().filter_map(|provider| provider.get("api_key")?.as_str());
    let mut names: Vec<String> = keys.flat_map(config::variables).collect();
    names.retain(|name| environment(name).is_none_or(|value| value.is_empty()));
    names.sort();
    names.dedup();
    names
}
