//! What the configuration's transformers do to the outgoing body.
//!
//! Only a body that one of them changes is turned into a tree of values.

use serde_json::{Map, Value, json};

use super::rewrite;
use super::sampling::GREEDY;
use super::stream::EXIT_TOOL;
use crate::config::{Dialect, Sampling, Target, Transformer};

/// What `tooluse` tells the model.
const TOOL_MODE: &str = "Tool mode is active: in every turn call the tool that fits best. \
    When no other tool fits or the task is done, call `ExitTool` and give your answer to the person as its `response`.";

/// Whether a target's body can be written without a tree of values.
pub(super) fn changes_nothing(target: &Target) -> bool {
    target.transformers.iter().all(|transformer| {
        matches!(
            transformer,
            Transformer::CleanCache | Transformer::StripReasoning | Transformer::EnhanceTool | Transformer::Groq
        )
    })
}

/// Whether broken arguments are mended.
pub(super) fn mends_arguments(target: &Target) -> bool {
    target.transformers.contains(&Transformer::EnhanceTool)
}

/// Whether a call of `ExitTool` is the answer's text.
pub(super) fn has_exit_tool(target: &Target) -> bool {
    target.transformers.contains(&Transformer::ToolUse)
}

/// Returns the body of a client that speaks chat completions itself, a target's transformers applied.
///
/// `tooluse` is left out: its tool is one that the client knows nothing of.
pub(crate) fn transformed(body: Vec<u8>, target: &Target, thinks: bool) -> Vec<u8> {
    if changes_nothing(target) {
        return body;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return body };
    let others = target.transformers.iter().filter(|transformer| !matches!(transformer, Transformer::ToolUse));
    apply_each(&mut value, others, target, thinks);
    serde_json::to_vec(&value).unwrap_or(body)
}

/// Applies a target's transformers in order; `thinks` says whether the client asked for thinking.
pub(super) fn apply(body: &mut Value, target: &Target, thinks: bool) {
    apply_each(body, target.transformers.iter(), target, thinks);
}

fn apply_each<'t>(
    body: &mut Value,
    transformers: impl Iterator<Item = &'t Transformer>,
    target: &Target,
    thinks: bool,
) {
    let Value::Object(body) = body else { return };
    for transformer in transformers {
        match transformer {
            // Translation leaves these out for everybody, or they work on the answer.
            Transformer::CleanCache | Transformer::StripReasoning | Transformer::EnhanceTool | Transformer::Groq => {}
            Transformer::MaxToken(limit) => cap(body, *limit),
            Transformer::DeepSeek => cap(body, 8192),
            Transformer::MaxCompletionTokens => {
                if let Some(limit) = body.shift_remove("max_tokens") {
                    body.insert("max_completion_tokens".to_owned(), limit);
                }
            }
            Transformer::Sampling(sampling) => {
                sample(body, sampling);
                say_greedy(body, target);
            }
            Transformer::CustomParams(parameters) | Transformer::OpenRouter(parameters) => {
                merge(body, parameters);
                say_greedy(body, target);
            }
            Transformer::StreamOptions => {
                // Mistral refuses the field and sends usage anyway.
                if body.get("stream") == Some(&Value::Bool(true)) && target.provider.dialect != Dialect::Mistral {
                    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
                }
            }
            Transformer::ToolUse => use_tools(body),
            Transformer::Reasoning { enable } => {
                let thinks = *enable && thinks;
                let kind = if thinks { "enabled" } else { "disabled" };
                body.insert("thinking".to_owned(), json!({"type": kind}));
                body.insert("enable_thinking".to_owned(), thinks.into());
            }
            Transformer::Cerebras => {
                body.shift_remove("reasoning_effort");
                if thinks {
                    body.insert("disable_reasoning".to_owned(), false.into());
                }
            }
            Transformer::Rewrite(rewrite) => rewrite::apply(body, rewrite),
        }
    }
}

fn cap(body: &mut Map<String, Value>, limit: u64) {
    for key in ["max_tokens", "max_completion_tokens"] {
        if body.get(key).and_then(Value::as_u64).is_some_and(|asked| asked > limit) {
            body.insert(key.to_owned(), limit.into());
        }
    }
}

/// Says `top_p: 1` where a transformer made a request to Mistral greedy; `sampling` tells why.
fn say_greedy(body: &mut Map<String, Value>, target: &Target) {
    let greedy = body.get("temperature").and_then(Value::as_f64).is_some_and(|temperature| temperature < GREEDY);
    if greedy && target.provider.dialect == Dialect::Mistral {
        body.insert("top_p".to_owned(), 1.into());
    }
}

fn sample(body: &mut Map<String, Value>, sampling: &Sampling) {
    if let Some(limit) = sampling.max_tokens {
        cap(body, limit);
    }
    let numbers = [
        ("temperature", sampling.temperature.map(Value::from)),
        ("top_p", sampling.top_p.map(Value::from)),
        ("top_k", sampling.top_k.map(Value::from)),
        ("repetition_penalty", sampling.repetition_penalty.map(Value::from)),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            body.insert(key.to_owned(), number);
        }
    }
}

/// Adds what is missing and merges objects; a value that is there stays.
fn merge(body: &mut Map<String, Value>, parameters: &Map<String, Value>) {
    for (key, value) in parameters {
        match (body.get_mut(key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more),
            (Some(_), _) => {}
            (None, value) => {
                body.insert(key.clone(), value.clone());
            }
        }
    }
}

fn use_tools(body: &mut Map<String, Value>) {
    let Some(Value::Array(tools)) = body.get_mut("tools") else { return };
    tools.push(json!({"type": "function", "function": {
        "name": EXIT_TOOL,
        "description": "Ends the task and gives the answer to the person.",
        "parameters": {"type": "object", "properties": {"response": {"type": "string"}}, "required": ["response"]},
    }}));
    body.insert("tool_choice".to_owned(), "required".into());
    let Some(Value::Array(messages)) = body.get_mut("messages") else { return };
    match messages.first_mut().filter(|first| first["role"] == "system") {
        Some(system) => {
            let content = system["content"].as_str().unwrap_or_default();
            system["content"] = format!("{content}\n\n{TOOL_MODE}").into();
        }
        None => messages.insert(0, json!({"role": "system", "content": TOOL_MODE})),
    }
}
