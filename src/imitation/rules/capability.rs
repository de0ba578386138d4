//! What one model takes and another refuses.

use serde_json::{Value, json};

use super::refusal::{Detail, Family, Refusal};
use crate::imitation::models::Model;

/// Checks the request against the model it names; its form has been checked before.
pub(super) fn check(body: &Value, model: &Model) -> Result<(), Refusal> {
    sampling(body)?;
    effort(body, model)?;
    window(body, model)?;
    for message in body["messages"].as_array().into_iter().flatten() {
        for chunk in message["content"].as_array().into_iter().flatten() {
            content(message, chunk, model)?;
        }
    }
    Ok(())
}

fn sampling(body: &Value) -> Result<(), Refusal> {
    if body.get("top_k").is_some() {
        return Err(arguments("top_k sampling is not enabled for this model"));
    }
    if body.get("prompt_mode").is_some() {
        return Err(arguments("Reasoning prompt mode is not enabled for this model"));
    }
    // While a model reasons its default top_p is not 1, so leaving it out is not enough.
    let is = |key: &str, number: f64| body[key].as_f64().is_some_and(|value| (value - number).abs() < f64::EPSILON);
    if is("temperature", 0.0) && !is("top_p", 1.0) {
        return Err(arguments("top_p must be 1 when using greedy sampling."));
    }
    Ok(())
}

fn effort(body: &Value, model: &Model) -> Result<(), Refusal> {
    let Some(effort) = body["reasoning_effort"].as_str() else { return Ok(()) };
    if !model.reasons() {
        return Err(arguments("reasoning_effort is not enabled for this model"));
    }
    if model.efforts.iter().any(|known| known == effort) {
        return Ok(());
    }
    let supported: Vec<String> =
        model.efforts.iter().map(|known| format!("<ReasoningEffort.{known}: '{known}'>")).collect();
    Err(arguments(format!(
        "reasoning_effort {effort} is not supported for this model, supported values: [{}]",
        supported.join(", ")
    )))
}

/// A report has it as a 422, so it is told like one.
fn window(body: &Value, model: &Model) -> Result<(), Refusal> {
    match body["max_tokens"].as_u64() {
        Some(tokens) if tokens >= model.window => Err(Refusal::form(vec![Detail {
            kind: "less_than",
            place: vec![json!("body"), json!("max_tokens")],
            message: format!("Input should be less than {}", model.window),
            input: json!(tokens),
        }])),
        _ => Ok(()),
    }
}

fn content(message: &Value, chunk: &Value, model: &Model) -> Result<(), Refusal> {
    match chunk["type"].as_str() {
        Some("image_url") if !model.vision => Err(arguments("Image input is not enabled for this model")),
        Some("image_url") if message["role"] == "tool" && !model.tool_result_images => {
            Err(arguments("Image input in tool messages is not enabled for this model"))
        }
        Some("thinking") if !model.reasons() => Err(arguments("Thinking chunks are not enabled for this model")),
        Some("input_audio") => Err(arguments("Audio input is not enabled for this model")),
        _ => Ok(()),
    }
}

fn arguments(message: impl Into<String>) -> Refusal {
    Refusal::meaning(Family::Arguments, message)
}
