//! From a configuration to a manifest that can be given away.
//!
//! Keys become questions of type `password`, variables elsewhere questions of type
//! `input`. What is this machine's stays here: ports, proxies, paths.

use serde_json::{Map, Value, json};

use super::{apply::MACHINE, manifest::About};
use crate::config::{self, Document, path};

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The manifest.
    pub manifest: Value,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// A file that goes with it: where it is now, as the configuration writes it, and where it will be.
    pub prompt: Option<(String, String)>,
}

/// Makes a manifest of a configuration as it is written, variables and all.
pub fn export(about: &About, configuration: &Document) -> Exported {
    let mut export = Export::default();
    let mut manifest = described(about);
    let mut config = Map::new();
    for (key, value) in configuration.value.as_object().into_iter().flatten() {
        match key.as_str() {
            machine if MACHINE.contains(&machine) => {
                export.notes.push(format!("{key} is this machine's and is left out"));
            }
            "Providers" | "providers" => {
                let list = value.as_array().into_iter().flatten().enumerate();
                let providers = list.map(|(i, value)| export.provider(value, &path::index(key, i))).collect();
                config.insert(key.clone(), Value::Array(providers));
            }
            "transformers" => drop(config.insert(key.clone(), plugins(value))),
            "REWRITE_SYSTEM_PROMPT" => {
                if let Some(file) = value.as_str().filter(|file| !file.is_empty()) {
                    let target = format!("prompts/{}", base_name(file));
                    config.insert(key.clone(), json!(target));
                    export.prompt = Some((file.to_owned(), target));
                }
            }
            _ => drop(config.insert(key.clone(), export.value(value, key))),
        }
    }
    manifest.insert("schema".to_owned(), Value::Array(export.questions));
    manifest.extend(config);
    Exported { manifest: Value::Object(manifest), notes: export.notes, prompt: export.prompt }
}

fn described(about: &About) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |key: &str, value: Option<&String>| {
        if let Some(value) = value {
            map.insert(key.to_owned(), json!(value));
        }
    };
    put("name", about.name.as_ref());
    put("version", Some(about.version.as_ref().unwrap_or(&"1.0.0".to_owned())));
    put("description", about.description.as_ref());
    put("author", about.author.as_ref());
    if !about.keywords.is_empty() {
        map.insert("keywords".to_owned(), json!(about.keywords));
    }
    map
}

#[derive(Default)]
struct Export {
    questions: Vec<Value>,
    notes: Vec<String>,
    prompt: Option<(String, String)>,
}

impl Export {
    fn provider(&mut self, value: &Value, place: &str) -> Value {
        let Some(provider) = value.as_object() else { return value.clone() };
        let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, address, has_key) = (text("name"), text("api_base_url"), !text("api_key").is_empty());
        let mut result = Map::new();
        for (key, value) in provider {
            let place = path::key(place, key);
            if key == "api_key" {
                if has_key {
                    result.insert(key.clone(), json!(format!("{{{{{}}}}}", self.key(name, address))));
                }
            } else {
                result.insert(key.clone(), self.value(value, &place));
            }
        }
        Value::Object(result)
    }

    /// Makes the question for a provider's key.
    fn key(&mut self, provider: &str, address: &str) -> String {
        let id = self.free_id(&format!("{provider}_key"));
        let uri: Option<http::Uri> = address.parse().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or(provider);
        // Servers on one's own machine are given a word that means nothing.
        let is_local = config::is_local(host);
        self.questions.push(json!({
            "id": id, "type": "password", "label": format!("Key for {provider}"),
            "prompt": format!("Enter the key for {host}"), "required": !is_local,
        }));
        id
    }

    /// Asks for what a variable held, and leaves out what is named like a secret.
    fn value(&mut self, value: &Value, place: &str) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(list) => {
                list.iter().enumerate().map(|(i, value)| self.value(value, &path::index(place, i))).collect()
            }
            Value::Object(map) => {
                let mut result = Map::new();
                for (key, value) in map {
                    let inner = path::key(place, key);
                    if config::names_a_secret(key) {
                        self.notes.push(format!("{inner} is named like a secret and is left out"));
                    } else {
                        result.insert(key.clone(), self.value(value, &inner));
                    }
                }
                Value::Object(result)
            }
            scalar => scalar.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut result = text.to_owned();
        for variable in config::variables(text) {
            let id = self.question(&variable);
            let placeholder = format!("{{{{{id}}}}}");
            result = result
                .replace(&format!("${{{variable}}}"), &placeholder)
                .replace(&format!("${variable}"), &placeholder);
        }
        result
    }

    /// Makes the question for a variable, once.
    fn question(&mut self, variable: &str) -> String {
        let label = format!("${variable}");
        if let Some(known) = self.questions.iter().find(|question| question["label"] == json!(label)) {
            return known["id"].as_str().unwrap_or_default().to_owned();
        }
        let id = self.free_id(&variable.to_lowercase());
        self.questions.push(json!({
            "id": id, "type": "input", "label": label,
            "prompt": format!("What stood in the environment variable {variable} where this preset was made?"),
        }));
        id
    }

    /// Makes an id of a name: letters and digits, and what divides them becomes a capital.
    fn free_id(&self, name: &str) -> String {
        let mut id = String::new();
        let mut is_divided = false;
        for c in name.chars() {
            if !c.is_ascii_alphanumeric() {
                is_divided = !id.is_empty();
            } else if std::mem::take(&mut is_divided) {
                id.push(c.to_ascii_uppercase());
            } else {
                id.push(c);
            }
        }
        let is_taken = |id: &str| self.questions.iter().any(|question| question["id"] == json!(id));
        let numbered = (2..).map(|number| format!("{id}{number}"));
        std::iter::once(id.clone()).chain(numbered).find(|id| !is_taken(id)).unwrap_or(id.clone())
    }
}

/// Plugins by their names alone: a path tells how somebody's machine is laid out.
fn plugins(value: &Value) -> Value {
    let list = value.as_array().into_iter().flatten();
    list.map(|plugin| match plugin.get("path").and_then(Value::as_str) {
        Some(path) => {
            let mut plugin = plugin.clone();
            plugin["path"] = json!(base_name(path));
            plugin
        }
        None => plugin.clone(),
    })
    .collect()
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(text: &str) -> Exported {
        export(&About { name: Some("x".to_owned()), ..About::default() }, &Document::parse(text, "c.json").unwrap())
    }

    #[test]
    fn keys_and_variables_become_questions_and_the_machines_own_stays() {
        let exported = exported(
            "{PORT: 1, CLAUDE_PATH: '/home/me/claude', transformers: [{path: '/home/me/plugins/strip-reasoning.js'}],
              Providers: [
                {name: 'mistral', api_base_url: 'https://api.eu.mistral.ai/v1', api_key: '$MISTRAL_API_KEY', models: ['m']},
                {name: 'own', api_base_url: '${BASE}/v1', api_key: 'sk-literal', models: ['$MODEL'],
                 transformer: {use: [['customparams', {auth_token: 'sk-hidden', x: 1}]]}},
                {name: 'o', api_base_url: 'http://localhost:1/v1', models: ['n']}],
              Router: {default: 'own,$MODEL'}}",
        );
        assert_eq!(
            exported.manifest,
            json!({
                "name": "x", "version": "1.0.0",
                "schema": [
                    {"id": "mistralKey", "type": "password", "label": "Key for mistral", "prompt": "Enter the key for api.eu.mistral.ai", "required": true},
                    {"id": "base", "type": "input", "label": "$BASE", "prompt": "What stood in the environment variable BASE where this preset was made?"},
                    {"id": "ownKey", "type": "password", "label": "Key for own", "prompt": "Enter the key for own", "required": true},
                    {"id": "model", "type": "input", "label": "$MODEL", "prompt": "What stood in the environment variable MODEL where this preset was made?"},
                ],
                "transformers": [{"path": "strip-reasoning.js"}],
                "Providers": [
                    {"name": "mistral", "api_base_url": "https://api.eu.mistral.ai/v1", "api_key": "{{mistralKey}}", "models": ["m"]},
                    {"name": "own", "api_base_url": "{{base}}/v1", "api_key": "{{ownKey}}", "models": ["{{model}}"],
                     "transformer": {"use": [["customparams", {"x": 1}]]}},
                    {"name": "o", "api_base_url": "http://localhost:1/v1", "models": ["n"]},
                ],
                "Router": {"default": "own,{{model}}"},
            })
        );
        assert_eq!(exported.notes.len(), 3, "{:?}", exported.notes);
        assert!(!format!("{exported:?}").contains("sk-") && !format!("{exported:?}").contains("/home/me"));
    }

    #[test]
    fn a_prompt_goes_along_under_its_own_name() {
        let exported = exported("{REWRITE_SYSTEM_PROMPT: '/home/me/prompts/eu.md'}");
        assert_eq!(exported.manifest["REWRITE_SYSTEM_PROMPT"], "prompts/eu.md");
        assert_eq!(exported.prompt, Some(("/home/me/prompts/eu.md".to_owned(), "prompts/eu.md".to_owned())));
    }
}
