//! A conversation in lines, for tests that care about its shape.

use serde_json::Value;

/// Draws messages: `user: hi`, `assistant: I look. +Read {"a":1}`, `tool Read: x`; ids are left out, parts stand in brackets.
pub(super) fn draw(messages: &Value) -> Vec<String> {
    messages.as_array().unwrap().iter().map(message).collect()
}

fn message(message: &Value) -> String {
    let mut line = message["role"].as_str().unwrap().to_owned();
    if let Some(name) = message["name"].as_str() {
        line = format!("{line} {name}");
    }
    if message["prefix"] == true {
        line += " (prefix)";
    }
    line += ":";
    match &message["content"] {
        Value::String(text) => line = format!("{line} {text}"),
        Value::Array(parts) => parts.iter().for_each(|each| line = format!("{line} {}", part(each))),
        Value::Null => {}
        other => panic!("{other}"),
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let function = &call["function"];
        line = format!("{line} +{} {}", function["name"].as_str().unwrap(), function["arguments"].as_str().unwrap());
    }
    line
}

fn part(part: &Value) -> String {
    match part["type"].as_str().unwrap() {
        "text" => format!("[{}]", part["text"].as_str().unwrap()),
        "thinking" => format!("[thinking {}]", part["thinking"][0]["text"].as_str().unwrap()),
        "image_url" => format!("[image {}]", part["image_url"]["url"].as_str().unwrap()),
        "document_url" => {
            let name = part["document_name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
            format!("[document{name} {}]", part["document_url"].as_str().unwrap())
        }
        other => panic!("{other}"),
    }
}
