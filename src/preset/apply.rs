//! From a manifest and answers to a configuration.
//!
//! Secrets stay placeholders here: [`Applied`] is what is judged and shown, and only
//! [`Applied::document`] puts references in their place. A dollar in an answer is
//! doubled, so that the configuration's variables cannot come out of an answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    manifest::{self, DYNAMIC, METADATA, Manifest, is_path},
    placeholder::{self, Known, Replacement},
    target,
};
use crate::config::{Document, Problem, Problems, Severity, kind};

/// Keys that are this machine's and no preset's; claude-code-router's export writes some of them.
pub(super) const MACHINE: [&str; 10] = [
    "PORT",
    "HOST",
    "APIKEY",
    "CLAUDE_PATH",
    "PROXY_URL",
    "HTTPS_PROXY",
    "https_proxy",
    "httpsProxy",
    "LOG",
    "LOG_LEVEL",
];

/// Keys of a preset's that are not the configuration's.
const PRESETS_OWN: [&str; 3] = ["claudeCodeSettings", "noServer", "provider"];

/// What is known of the answers.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// Nothing: placeholders stay, every mapping is made.
    Before,
    /// All that are going to be given; those of secrets only by name.
    Answered {
        /// The answers that are no secrets.
        plain: &'a Map<String, Value>,
        /// The ids of the secrets that are there.
        secrets: &'a [&'a str],
    },
}

/// A manifest with its answers in place, but for secrets.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The configuration; a secret is `{{id}}`.
    pub(super) config: Document,
    /// `claudeCodeSettings`.
    pub(super) settings: Map<String, Value>,
    /// What is odd and does not stop anything.
    pub warnings: Vec<Problem>,
}

/// Puts answers into a manifest.
///
/// # Errors
/// Fails with all placeholders that no question answers, and all mappings that lead nowhere.
pub fn apply(manifest: &Manifest, stage: Stage<'_>) -> Result<Applied, Problems> {
    let root = manifest.document.value.as_object().cloned().unwrap_or_default();
    let (base, is_template) = manifest::base(&root);
    let document = if is_template { manifest.document.below("template") } else { None };
    let document = document.unwrap_or_else(|| manifest.document.with(Value::Null));
    let mut config =
        Value::Object(base.iter().filter(|(key, _)| is_template || is_configuration(manifest, key)).map(own).collect());
    let mut problems = Vec::new();
    let values = values(manifest, stage);
    config = replaced(&values, &config, "", &document, manifest, &mut problems);
    for mapping in &manifest.mappings {
        let holds = match stage {
            Stage::Before => true,
            Stage::Answered { plain, secrets } => {
                let seen = seen(plain, secrets);
                mapping.when.iter().all(|condition| condition.holds(&seen))
            }
        };
        if !holds {
            continue;
        }
        let value = replaced(&values, &mapping.value, &mapping.place, &manifest.document, manifest, &mut problems);
        if let Err(what) = target::set(&mut config, &mapping.target, value) {
            problems.push(manifest.document.problem(Severity::Error, &mapping.place, what));
        }
    }
    for (id, value) in values.iter().filter(|(id, _)| is_path(id)) {
        let Some(value) = value else { continue };
        if let Err(what) = target::set(&mut config, id, value.clone()) {
            problems.push(manifest.document.problem(Severity::Error, "schema", what));
        }
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.position);
        return Err(Problems(problems));
    }
    Ok(split(&document, config))
}

impl Applied {
    /// The whole configuration, with these references in place of the secrets.
    pub fn document(&self, references: &BTreeMap<String, String>) -> Document {
        let references: BTreeMap<&str, Value> =
            references.iter().map(|(id, reference)| (id.as_str(), Value::from(written(reference)))).collect();
        let find = |id: &str| references.get(id).map_or(Known::Unknown, Known::Value);
        let mut replacement = Replacement { find: &find, unknown: Vec::new() };
        self.config.with(replacement.value(&self.config.value, ""))
    }
}

/// A reference as the configuration writes it: a variable with its dollar, anything else with dollars doubled.
fn written(reference: &str) -> String {
    let is_name = |name: &&str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match reference.strip_prefix("env:").filter(is_name) {
        Some(name) => format!("${{{name}}}"),
        None => reference.replace('$', "$$"),
    }
}

/// What conditions see of the answers: of a secret, that it is there.
pub(super) fn seen(plain: &Map<String, Value>, secrets: &[&str]) -> Map<String, Value> {
    let mut seen = plain.clone();
    seen.extend(secrets.iter().map(|id| ((*id).to_owned(), Value::Bool(true))));
    seen
}

fn is_configuration(manifest: &Manifest, key: &str) -> bool {
    let is_asked = manifest.questions.iter().any(|question| question.id == key);
    !METADATA.contains(&key) && !DYNAMIC.contains(&key) && !is_asked
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What stands for each question's id: a value, nothing, or (not among them) the placeholder itself.
fn values(manifest: &Manifest, stage: Stage<'_>) -> BTreeMap<String, Option<Value>> {
    let Stage::Answered { plain, secrets } = stage else { return BTreeMap::new() };
    let mut values: BTreeMap<String, Option<Value>> = manifest
        .questions
        .iter()
        .filter(|question| !secrets.contains(&question.id.as_str()))
        .map(|question| (question.id.clone(), plain.get(&question.id).map(escaped)))
        .collect();
    let paths = manifest.user_values.iter().filter(|(id, _)| is_path(id));
    for (id, value) in paths {
        values.entry(id.clone()).or_insert_with(|| Some(escaped(value)));
    }
    for id in secrets.iter().filter(|id| is_path(id)) {
        values.insert((*id).to_owned(), Some(Value::from(format!("{{{{{id}}}}}"))));
    }
    values
}

fn replaced(
    values: &BTreeMap<String, Option<Value>>,
    value: &Value,
    place: &str,
    document: &Document,
    manifest: &Manifest,
    problems: &mut Vec<Problem>,
) -> Value {
    let find = |id: &str| match values.get(id) {
        Some(Some(value)) => Known::Value(value),
        Some(None) => Known::Nothing,
        None => Known::Unknown,
    };
    let mut replacement = Replacement { find: &find, unknown: Vec::new() };
    let value = replacement.value(value, place);
    for (place, id) in replacement.unknown {
        if manifest.question(&id).is_none() {
            let known = manifest.questions.iter().map(|question| question.id.as_str());
            let what = format!("no question has the id `{id}`");
            let position = document.problem(Severity::Error, &place, "").position;
            problems.push(Problem { position, ..document.unknown_key(Severity::Error, &place, what, &id, known) });
        }
    }
    value
}

/// Doubles the dollars of an answer.
fn escaped(value: &Value) -> Value {
    each_string(value, &|text| text.replace('$', "$$"))
}

fn each_string(value: &Value, change: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::from(change(text)),
        Value::Array(list) => list.iter().map(|value| each_string(value, change)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), each_string(value, change))).collect())
        }
        scalar => scalar.clone(),
    }
}

/// Takes apart what is the configuration's, the agent's and the machine's.
fn split(document: &Document, config: Value) -> Applied {
    let mut warnings = Vec::new();
    let Value::Object(mut map) = config else {
        return Applied { config: document.with(config), settings: Map::new(), warnings };
    };
    for key in MACHINE {
        if map.remove(key).is_some_and(|value| !value.is_null()) {
            let what = "it is this machine's to say, so the preset's word is left out";
            warnings.push(document.problem(Severity::Warning, key, what));
        }
    }
    let [settings, no_server, _] = PRESETS_OWN.map(|key| map.remove(key));
    if no_server == Some(Value::Bool(true)) {
        let what = "every request goes through mcr all the same: the server alone would not understand the agent";
        warnings.push(document.problem(Severity::Warning, "noServer", what));
    }
    // Variables are the configuration's; here a dollar is a dollar.
    let settings = settings.map(|settings| each_string(&settings, &|text| text.replace("$$", "$")));
    let settings = match settings {
        Some(Value::Object(settings)) => settings,
        None | Some(Value::Null) => Map::new(),
        Some(other) => {
            let what = format!("expected an object, found {}", kind(&other));
            warnings.push(document.problem(Severity::Warning, "claudeCodeSettings", what));
            Map::new()
        }
    };
    Applied { config: document.with(Value::Object(map)), settings, warnings }
}

/// The ids of secrets that a value names.
pub(super) fn secrets_in<'v>(manifest: &Manifest, value: &'v Value) -> Vec<&'v str> {
    let is_secret = |id: &&str| manifest.question(id).is_some_and(super::Question::is_secret);
    placeholder::ids(value).into_iter().filter(is_secret).collect()
}
