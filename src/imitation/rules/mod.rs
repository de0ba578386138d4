//! The law of Mistral's hosted chat completions, at its strictest.
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

use super::models::Models;

/// As many tools as the documentation allows.
const MOST_TOOLS: usize = 128;

/// Checks a body as it came over the wire.
pub fn check_bytes(body: &[u8], models: &Models) -> Result<Value, Refusal> {
    let value = check_json(body)?;
    check(&value, models)?;
    Ok(value)
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
    let model = models.find(name).ok_or_else(|| Refusal::meaning(Family::Model, format!("Invalid model: {name}")))?;
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
