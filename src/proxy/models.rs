//! `GET /v1/models` and `GET /v1/models/{id}`, in the shape that the client reads.
//!
//! Anthropic's clients send `anthropic-version`, Claude Code's gateway discovery too. Everybody else gets OpenAI's
//! shape with Mistral's fields beside it: Mistral's library accepts a card only with its capabilities, and only when
//! its `type` is another than Anthropic's.

use http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::body::Body;
use super::protocol::Protocol;
use crate::catalog::{self, Task};
use crate::config::{Config, Target};
use crate::route::{self, LISTED};
use crate::wire::error::{ApiError, ErrorKind};

/// The shape that a client reads.
pub(super) fn shape(headers: &HeaderMap) -> Protocol {
    if headers.contains_key("anthropic-version") { Protocol::Messages } else { Protocol::OpenAi }
}

/// Lists the configured models.
pub(super) fn list(config: &Config, shape: Protocol) -> Response<Body> {
    if shape == Protocol::OpenAi {
        let data: Vec<Value> = route::listed(config).map(|(id, target)| card(&id, target)).collect();
        return super::json(&json!({ "object": "list", "data": data }));
    }
    // Claude Code shows only ids that begin with `claude` or `anthropic`, so they begin with [`LISTED`], which routing
    // takes off again.
    let data: Vec<Value> = config.targets.iter().map(|target| entry(&listed(target), target)).collect();
    let edge = |model: Option<&Value>| model.map_or(Value::Null, |model| model["id"].clone());
    super::json(&json!({
        "first_id": edge(data.first()), "last_id": edge(data.last()), "has_more": false, "data": data,
    }))
}

/// Shows one model, by any name that a request may give it.
///
/// # Errors
/// Fails with what is configured where nothing has the name.
pub(super) fn one(config: &Config, shape: Protocol, id: &str) -> Result<Response<Body>, ApiError> {
    let id = decoded(id);
    let unknown = |error: route::Impossible| ApiError::last(404, ErrorKind::NotFoundError, format!("mcr: {error}"));
    let name = route::resolve(config, &id).map_err(unknown)?;
    let target = match route::named_route(&name) {
        Some(scenario) => config.routes.get(scenario).unwrap_or(&config.routes.default).clone(),
        None => route::named_target(config, &name).unwrap_or_else(|| config.routes.default.clone()),
    };
    Ok(super::json(&match shape {
        Protocol::OpenAi => card(&id, &target),
        Protocol::Messages => entry(&id, &target),
    }))
}

fn listed(target: &Target) -> String {
    format!("{LISTED}{}/{}", target.provider.name, target.model)
}

/// A model in Anthropic's shape.
fn entry(id: &str, target: &Target) -> Value {
    json!({
        "type": "model",
        "id": id,
        "display_name": format!("{} ({})", target.model, target.provider.name),
        "created_at": "1970-01-01T00:00:00Z",
        "max_input_tokens": target.facts.window,
    })
}

/// A model in OpenAI's shape, and Mistral's.
fn card(id: &str, target: &Target) -> Value {
    let facts = &target.facts;
    let known = catalog::model(&target.model);
    let chats = facts.task != Task::Embeddings;
    json!({
        "id": id,
        "object": "model",
        "created": 0,
        "owned_by": target.provider.name,
        "type": "base",
        "name": target.model,
        "max_context_length": facts.window,
        "aliases": known.map_or(&[][..], |known| &known.aliases),
        "capabilities": {
            "completion_chat": chats,
            "function_calling": chats,
            "reasoning": !facts.reasoning.is_empty(),
            "completion_fim": facts.task == Task::Code && target.provider.dialect.has_fim(),
            "fine_tuning": false,
            "vision": facts.vision,
        },
    })
}

/// Undoes what a client has encoded in a path.
fn decoded(id: &str) -> String {
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| byte == b'%').and_then(|code| str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_decoded_and_what_is_no_code_stays() {
        assert_eq!(decoded("a%2Fb%2cc/d"), "a/b,c/d");
        assert_eq!(decoded("%zz%2"), "%zz%2");
    }
}
