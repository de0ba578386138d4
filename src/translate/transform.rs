//! What the configuration's transformers do to the outgoing body.
//!
//! Only a body that one of them changes is turned into a tree of values.

use serde_json::{Map, Value, json};

use super::stream::EXIT_TOOL;
use crate::config::{Dialect, Rewrite, Sampling, Target, Transformer};

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

/// Applies a target's transformers in order.
pub(super) fn apply(body: &mut Value, target: &Target) {
    let Value::Object(body) = body else { return };
    for transformer in &target.transformers {
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
            Transformer::Sampling(sampling) => sample(body, sampling),
            Transformer::CustomParams(parameters) | Transformer::OpenRouter(parameters) => merge(body, parameters),
            Transformer::StreamOptions => {
                // Mistral refuses the field and sends usage anyway.
                if body.get("stream") == Some(&Value::Bool(true)) && target.provider.dialect != Dialect::Mistral {
                    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
                }
            }
            Transformer::ToolUse => use_tools(body),
            Transformer::Reasoning { enable } => {
                let thinks = *enable && asks_to_think(body);
                let kind = if thinks { "enabled" } else { "disabled" };
                body.insert("thinking".to_owned(), json!({"type": kind}));
                body.insert("enable_thinking".to_owned(), thinks.into());
            }
            Transformer::Cerebras => {
                let thinks = asks_to_think(body);
                body.shift_remove("reasoning_effort");
                if thinks {
                    body.insert("disable_reasoning".to_owned(), false.into());
                }
            }
            Transformer::Rewrite(rewrite) => rewrite_body(body, rewrite),
        }
    }
}

fn asks_to_think(body: &Map<String, Value>) -> bool {
    body.get("reasoning_effort").and_then(Value::as_str).is_some_and(|effort| effort != "none")
}

fn cap(body: &mut Map<String, Value>, limit: u64) {
    if body.get("max_tokens").and_then(Value::as_u64).is_some_and(|asked| asked > limit) {
        body.insert("max_tokens".to_owned(), limit.into());
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

fn rewrite_body(body: &mut Map<String, Value>, rewrite: &Rewrite) {
    let mut root = Value::Object(std::mem::take(body));
    for path in &rewrite.remove {
        each(&mut root, path, &mut |parent, key| drop(take(parent, key)));
    }
    for (from, to) in &rewrite.rename {
        let mut moved = None;
        each(&mut root, from, &mut |parent, key| moved = take(parent, key));
        if let Some(value) = moved {
            put(&mut root, to, &value, true);
        }
    }
    for (path, value) in &rewrite.set {
        put(&mut root, path, value, true);
    }
    for (path, value) in &rewrite.default {
        put(&mut root, path, value, false);
    }
    if let Value::Object(changed) = root {
        *body = changed;
    }
}

/// Calls `act` with every parent that the path reaches and the last step.
fn each(value: &mut Value, path: &str, act: &mut impl FnMut(&mut Value, &str)) {
    match path.split_once('.') {
        None => act(value, path),
        Some(("*", rest)) => match value {
            Value::Array(list) => list.iter_mut().for_each(|element| each(element, rest, act)),
            Value::Object(object) => object.values_mut().for_each(|element| each(element, rest, act)),
            _ => {}
        },
        Some((step, rest)) => {
            if let Some(next) = step_into(value, step) {
                each(next, rest, act);
            }
        }
    }
}

fn step_into<'a>(value: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(object) => object.get_mut(step),
        Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

fn take(parent: &mut Value, key: &str) -> Option<Value> {
    match parent {
        Value::Object(object) => object.shift_remove(key),
        Value::Array(list) => {
            key.parse().ok().filter(|&place: &usize| place < list.len()).map(|place| list.remove(place))
        }
        _ => None,
    }
}

/// Sets a path; objects on the way are made, everything else must be there.
fn put(root: &mut Value, path: &str, value: &Value, replace: bool) {
    if let Some((steps, _)) = path.rsplit_once('.') {
        let mut here = &mut *root;
        for step in steps.split('.') {
            if step == "*" {
                break;
            }
            if let Value::Object(object) = here {
                here = object.entry(step).or_insert_with(|| json!({}));
            } else if let Some(next) = step_into(here, step) {
                here = next;
            } else {
                return;
            }
        }
    }
    each(root, path, &mut |parent, key| match parent {
        Value::Object(object) if replace || !object.contains_key(key) => {
            object.insert(key.to_owned(), value.clone());
        }
        Value::Array(list) if replace => {
            if let Some(element) = key.parse::<usize>().ok().and_then(|place| list.get_mut(place)) {
                *element = value.clone();
            }
        }
        _ => {}
    });
}
