//! What a preset would do, in words, before anybody agrees to it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::catalog;
use crate::preset::{Capabilities, package::Package};

/// A line for everything that the owner should know.
pub(super) fn words(found: &Capabilities) -> String {
    let mut text = String::new();
    let mut line = |what: &str, words: String| {
        let _ = writeln!(text, "  {what:<12} {words}");
    };
    for contact in &found.hosts {
        let place = match catalog::standing(&contact.host) {
            _ if contact.is_local => " (this machine or network)".to_owned(),
            Some(standing) => {
                let region = standing.region.map_or_else(String::new, |region| format!(", region {region}"));
                format!(" ({}, {}{region})", standing.operator, standing.country)
            }
            None => String::new(),
        };
        // Before the answers are there, a host may still be the question for it.
        let asked = if contact.host.contains(['{', '}']) { "the address that you give for " } else { "" };
        line("speaks to", format!("{asked}{}{place} as `{}`", contact.host, contact.provider));
    }
    for secret in &found.secrets {
        line("wants", format!("{} ({}), to be sent to {} only", secret.name, secret.id, secret.hosts.join(", ")));
    }
    for variable in &found.variables {
        line("reads", format!("${}, to be sent to {}", variable.name, variable.hosts.join(", ")));
    }
    for (name, value) in &found.settings.environment {
        line("sets", format!("{name}={value} for Claude Code"));
    }
    for (key, value) in &found.settings.rest {
        line("sets", format!("{key} to {value} for Claude Code"));
    }
    for note in &found.notes {
        line("note", note.clone());
    }
    text
}

/// The files, in a line.
pub(super) fn files(package: &Package) -> String {
    package.files().map(|(path, _)| path).chain(["values.json"]).collect::<Vec<_>>().join(", ")
}

/// The same for a script.
pub(super) fn json(found: &Capabilities) -> Value {
    let hosts: Vec<Value> = found
        .hosts
        .iter()
        .map(|contact| {
            let standing = catalog::standing(&contact.host);
            json!({
                "provider": contact.provider, "host": contact.host, "local": contact.is_local,
                "operator": standing.map(|it| it.operator), "country": standing.map(|it| it.country),
                "region": standing.and_then(|it| it.region),
            })
        })
        .collect();
    let secrets: Vec<Value> = found
        .secrets
        .iter()
        .map(|secret| json!({"id": secret.id, "name": secret.name, "hosts": secret.hosts}))
        .collect();
    let variables: Vec<Value> =
        found.variables.iter().map(|variable| json!({"name": variable.name, "hosts": variable.hosts})).collect();
    let environment: serde_json::Map<String, Value> =
        found.settings.environment.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let refusals: Vec<Value> =
        found.refusals.iter().map(|refusal| json!({"path": refusal.path, "why": refusal.why})).collect();
    json!({
        "hosts": hosts,
        "secrets": secrets,
        "variables": variables,
        "claude_code": {"env": environment, "settings": found.settings.rest, "status_line": found.settings.status_line},
        "refused": refusals,
        "notes": found.notes,
    })
}
