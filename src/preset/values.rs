//! What is kept of the answers, beside the manifest: no secret, only where to have it.
//!
//! With each secret and each environment variable stand the hosts for which it was given.
//! A manifest that is changed later and points one of them elsewhere is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    answer::{Answers, Given},
    capability::Capabilities,
    settings::Refusal,
};
use crate::config::KeyName;

/// The answers as `values.json` holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Values {
    /// Where the preset came from.
    pub source: String,
    /// The archive's SHA-256, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Answers that are no secrets.
    pub answers: Map<String, Value>,
    /// Where the secrets are.
    pub secrets: BTreeMap<String, Bound>,
    /// The environment variables that the preset may read, and the hosts that may see each.
    pub variables: BTreeMap<String, BTreeSet<String>>,
}

/// A secret and whom it was given for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Bound {
    /// `store:…`, `env:…`, `file:…` or `cmd:…`.
    pub from: String,
    /// The hosts that may see it.
    pub hosts: BTreeSet<String>,
}

impl Values {
    /// The answers, for a form that begins with them.
    pub fn answers(&self) -> Answers {
        let secrets = self.secrets.iter().map(|(id, bound)| (id.clone(), Given::Reference(bound.from.clone())));
        Answers { plain: self.answers.clone(), secrets: secrets.collect() }
    }

    /// The references by the ids of their questions.
    pub fn references(&self) -> BTreeMap<String, String> {
        self.secrets.iter().map(|(id, bound)| (id.clone(), bound.from.clone())).collect()
    }

    /// Takes over what the person has agreed to.
    pub fn bind(&mut self, found: &Capabilities, references: &BTreeMap<String, String>) {
        let bound = found.secrets.iter().filter_map(|secret| {
            let hosts = secret.hosts.iter().cloned().collect();
            Some((secret.id.clone(), Bound { from: references.get(&secret.id)?.clone(), hosts }))
        });
        self.secrets = bound.collect();
        self.variables = found
            .variables
            .iter()
            .map(|variable| (variable.name.clone(), variable.hosts.iter().cloned().collect()))
            .collect();
    }

    /// Says which secrets and variables would go to a host that nobody has agreed to.
    pub fn breaches(&self, found: &Capabilities) -> Vec<Refusal> {
        let mut breaches = Vec::new();
        let mut check = |what: String, path: &str, hosts: &[String], agreed: Option<&BTreeSet<String>>| {
            for host in hosts.iter().filter(|host| !agreed.is_some_and(|agreed| agreed.contains(*host))) {
                let given = match agreed {
                    Some(agreed) => {
                        format!("it was given for {}", agreed.iter().cloned().collect::<Vec<_>>().join(", "))
                    }
                    None => "nobody has agreed to that".to_owned(),
                };
                breaches
                    .push(Refusal { path: path.to_owned(), why: format!("{what} would be sent to {host}; {given}") });
            }
        };
        for secret in &found.secrets {
            // One that was never given is a question without an answer, which is told elsewhere.
            if let Some(bound) = self.secrets.get(&secret.id) {
                check(format!("secret `{}`", secret.id), &secret.id, &secret.hosts, Some(&bound.hosts));
            }
        }
        for variable in &found.variables {
            let agreed = self.variables.get(&variable.name);
            check(format!("`${}`", variable.name), &variable.name, &variable.hosts, agreed);
        }
        breaches
    }
}

/// Names the place of a preset's secret in the store: `preset/mistral-cloud/api_key` for `apiKey`.
///
/// # Errors
/// Fails when the name would be longer than the store's may be.
pub fn key_name(preset: &str, id: &str) -> Result<KeyName, String> {
    let mut name = format!("preset/{preset}/");
    let begin = name.len();
    for c in id.chars() {
        if c.is_ascii_uppercase() && name.len() > begin {
            name.push('_');
        }
        // Another than an ASCII letter keeps its number, so that two ids do not become one.
        match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.') => name.push(c),
            c => name.extend(["-", &format!("{:x}", u32::from(c)), "-"]),
        }
    }
    KeyName::parse(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_after_preset_and_question() {
        let name = |id: &str| key_name("mistral-cloud", id).map(|name| name.to_string());
        assert_eq!(name("apiKey").as_deref(), Ok("preset/mistral-cloud/api_key"));
        assert_eq!(name("Key").as_deref(), Ok("preset/mistral-cloud/key"));
        assert_eq!(name("a[0]").as_deref(), Ok("preset/mistral-cloud/a-5b-0-5d-"));
        assert!(name(&"x".repeat(200)).is_err());
    }
}
