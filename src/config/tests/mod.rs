//! Whole texts in, whole configurations or problems out.

mod accepted;
mod cost;
mod problems;
mod robust;
mod routes;
mod shown;
mod status_line;
mod targets;

use super::{Config, Problems, SecretRef, read};

/// The environment of these tests.
fn environment(name: &str) -> Option<String> {
    match name {
        "MISTRAL_API_KEY" => Some("sk-mistral".to_owned()),
        "PORT_NUMBER" => Some("4567".to_owned()),
        "BASE" => Some("https://llm.example/v1".to_owned()),
        "BROKEN_KEY" => Some("sk\n".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn try_read(text: &str) -> Result<Config, Problems> {
    read(text, "c.json", &environment)
}

fn accept(text: &str) -> Config {
    try_read(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A key that is written in the configuration.
fn exposed(key: Option<&SecretRef>) -> &str {
    match key {
        Some(SecretRef::Value(secret)) => secret.expose(),
        other => panic!("no key but {other:?}"),
    }
}

/// One provider with one model, and whatever else; the rest begins in line 2.
fn with(rest: &str) -> String {
    format!(
        "{{Providers: [{{name: 'p', api_base_url: 'http://localhost/v1', models: ['m']}}], Router: {{default: 'p,m'}},\n{rest}}}"
    )
}

/// One provider that has more keys, which begin in line 2, and a route to its model.
fn with_provider(keys: &str) -> String {
    format!(
        "{{Router: {{default: 'p,m'}}, Providers: [{{name: 'p', models: ['m'], api_base_url: 'http://localhost/v1',\n{keys}}}]}}"
    )
}
