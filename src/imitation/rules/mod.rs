//! The law of Mistral's hosted chat completions, embeddings and code completions, at its strictest.
//!
//! Form first, all of it in one 422 as the real one does, then meaning, the
//! first problem in one 400. Where Mistral's library, its schema and reports
//! of users disagree, the stricter reading is taken: what passes here passes
//! there. Texts and codes are Mistral's where somebody has recorded them.

mod capability;
mod fields;
mod order;
mod refusal;
mod schema;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use refusal::{Detail, Family};
pub use refusal::{Refusal, error_body};

use super::models::{Model, Models, Task};

/// As many tools as the documentation allows.
const MOST_TOOLS: usize = 128;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The next message of a conversation.
    Chat,
    /// Vectors that stand for texts.
    Embeddings,
    /// What stands between two pieces of code.
    Fim,
}

impl Asked {
    /// Says what is asked for at a path.
    pub fn at(path: &str) -> Option<Self> {
        [("/chat/completions", Self::Chat), ("/embeddings", Self::Embeddings), ("/fim/completions", Self::Fim)]
            .into_iter()
            .find(|(end, _)| path.ends_with(end))
            .map(|(_, asked)| asked)
    }
}

/// Checks a conversation's body as it came over the wire.
pub fn check_bytes(body: &[u8], models: &Models) -> Result<Value, Refusal> {
    check_asked(Asked::Chat, body, models)
}

/// Checks a body as it came over the wire.
pub fn check_asked(asked: Asked, body: &[u8], models: &Models) -> Result<Value, Refusal> {
    let value = check_json(body)?;
    match asked {
        Asked::Chat => check(&value, models)?,
        Asked::Embeddings => beside(&value, fields::EMBEDDINGS, models, |model| model.task == Task::Embeddings)?,
        Asked::Fim => beside(&value, fields::FIM, models, |model| model.task == Task::Code)?,
    }
    Ok(value)
}

/// Checks a request that is no conversation.
fn beside(body: &Value, fields: &[shape::Field], models: &Models, can: impl Fn(&Model) -> bool) -> Result<(), Refusal> {
    let details = shape::compare(body, fields);
    if !details.is_empty() {
        return Err(Refusal::form(details));
    }
    let name = body["model"].as_str().unwrap_or_default();
    let invalid = || Refusal::meaning(Family::Model, format!("Invalid model: {name}"));
    models.find(name).filter(|model| can(model)).map(|_| ()).ok_or_else(invalid)
}

/// Checks only that a body is JSON.
pub fn check_json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        Refusal::form(vec![Detail {
            kind: "json_invalid",
            place: vec![json!("body"), json!(error.column())],
            message: "JSON decode error".to_owned(),
            input: json!({}),
        }])
    })
}

/// Checks a request.
pub fn check(body: &Value, models: &Models) -> Result<(), Refusal> {
    let details = shape::compare(body, fields::REQUEST);
    if !details.is_empty() {
        return Err(Refusal::form(details));
    }
    let name = body["model"].as_str().unwrap_or_default();
    let model = models.find(name).filter(|model| model.task != Task::Embeddings);
    let model = model.ok_or_else(|| Refusal::meaning(Family::Model, format!("Invalid model: {name}")))?;
    tools(body)?;
    order::check(body["messages"].as_array().map_or(&[], Vec::as_slice))?;
    capability::check(body, model)
}

fn tools(body: &Value) -> Result<(), Refusal> {
    let Some(tools) = body["tools"].as_array() else {
        return if body.get("tool_choice").is_some() {
            Err(Refusal::meaning(Family::Plain, "`tool_choice` is only allowed when `tools` are given"))
        } else {
            Ok(())
        };
    };
    if tools.len() > MOST_TOOLS {
        let message = format!("Too many tools: {} given, {MOST_TOOLS} allowed", tools.len());
        return Err(Refusal::meaning(Family::Plain, message));
    }
    let mut names: Vec<&str> = Vec::new();
    for tool in tools {
        let function = &tool["function"];
        order::name(&function["name"])?;
        schema::check(&function["parameters"])?;
        let name = function["name"].as_str().unwrap_or_default();
        if names.contains(&name) {
            return Err(Refusal::meaning(Family::Plain, format!("Duplicate tool name: {name}")));
        }
        names.push(name);
    }
    match body["tool_choice"]["function"]["name"].as_str() {
        Some(name) if !names.contains(&name) => {
            Err(Refusal::meaning(Family::Plain, format!("Tool choice names an unknown function: {name}")))
        }
        _ => Ok(()),
    }
}
