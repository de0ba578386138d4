//! Asks a running server which models it has.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;

use crate::{
    cli::running::block_on,
    config::{self, Environment, Secret},
    egress::{Egress, Options, ProxyVariables},
    preset::{Answers, Choice, Given, Key, Provider},
};

/// A server on this machine answers at once, one elsewhere within a second or two.
const PATIENCE: Duration = Duration::from_secs(5);

/// A list of models is shorter than this by far.
const LONGEST: usize = 4 * 1024 * 1024;

/// The names under which servers tell a model's window: Mistral, vLLM, LM Studio, others.
const WINDOWS: [&str; 4] = ["max_context_length", "max_model_len", "loaded_context_length", "context_length"];

/// Returns the models that a provider reports, or why it does not.
pub(super) fn models(
    provider: &Provider,
    answers: &Answers,
    environment: Environment<'_>,
) -> Result<Vec<Choice>, String> {
    let endpoint = config::endpoint(&provider.address)?;
    let address = endpoint.to_string().replacen("/chat/completions", "/models", 1);
    let mut request = Request::get(&address);
    if let Some(key) = key(provider, answers, environment) {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", key.expose()));
    }
    let request = request.body(Full::<Bytes>::default()).map_err(|error| error.to_string())?;
    let options = Options { environment: ProxyVariables::from_lookup(environment), ..Options::default() };
    let found = block_on(async {
        let ask = async {
            let egress = Egress::new(&options).map_err(|error| error.to_string())?;
            let answer = egress.send(request).await.map_err(|error| error.to_string())?;
            if !answer.status().is_success() {
                return Err(format!("it answers with status {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
            let list: Value = serde_json::from_slice(&body.to_bytes()).map_err(|_| "it answers no JSON".to_owned())?;
            Ok(choices(&list))
        };
        let patience = format!("no answer within {} s", PATIENCE.as_secs());
        Ok(tokio::time::timeout(PATIENCE, ask).await.unwrap_or(Err(patience)))
    });
    found.map_err(|failure| failure.error.to_string())?
}

/// The key, as far as it can be had without running anything.
fn key(provider: &Provider, answers: &Answers, environment: Environment<'_>) -> Option<Secret> {
    let of_variable = |name: &str| environment(name).filter(|key| !key.is_empty()).map(Secret::new);
    match &provider.key {
        Key::Written(text) => match config::variables(text).first() {
            Some(name) => of_variable(name),
            None => (!text.is_empty()).then(|| Secret::new(text.clone())),
        },
        Key::Answer(id) => match answers.secrets.get(id)? {
            Given::Literal(secret) => Some(secret.clone()),
            Given::Reference(reference) => of_variable(reference.strip_prefix("env:")?),
        },
    }
}

fn choices(list: &Value) -> Vec<Choice> {
    let models = list.get("data").or_else(|| list.get("models")).and_then(Value::as_array);
    let chats = |model: &&Value| model.pointer("/capabilities/completion_chat") != Some(&Value::Bool(false));
    let choice = |model: &Value| {
        let id = model.get("id").or_else(|| model.get("name"))?.as_str()?;
        // What a stranger's server calls a model is shown on a terminal.
        if id.is_empty() || id.chars().any(char::is_control) {
            return None;
        }
        let window = WINDOWS.iter().find_map(|key| model.get(key)?.as_u64());
        let description = window.map(|window| format!("context {window}"));
        Some(Choice { description, ..Choice::plain(id) })
    };
    models.into_iter().flatten().filter(chats).filter_map(choice).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_come_with_their_window_where_the_server_tells_it() {
        let list = json!({"data": [
            {"id": "a", "max_context_length": 4096},
            {"id": "b", "max_model_len": 8192},
            {"id": "c"},
            {"id": "\u{1b}[2J", "max_model_len": 1},
            {"id": "embed", "capabilities": {"completion_chat": false}},
        ]});
        let found: Vec<(String, Option<String>)> =
            choices(&list).into_iter().map(|choice| (choice.label, choice.description)).collect();
        let pair = |label: &str, window: Option<&str>| (label.to_owned(), window.map(str::to_owned));
        assert_eq!(found, [pair("a", Some("context 4096")), pair("b", Some("context 8192")), pair("c", None)]);
    }
}
