//! Whole prompts, counted as Mistral's own tokenizer counts them.
//!
//! The vectors come from `scripts/prompt-vectors.py`.

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::catalog::{Model, Tokenizer};
use crate::route::{Counter, TokenCount};
use crate::translate::testing::{model, target_with};
use crate::wire::{RawText, chat};

const VECTORS: &str = include_str!("../../../tests/fixtures/tekken/prompts.json");

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    layout: String,
    body: Value,
    tokens: u64,
}

#[test]
fn every_prompt_has_the_tokens_that_mistral_common_gives_it() {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap();
    let counter = Counter::default();
    let wrong: Vec<_> = vectors
        .iter()
        .map(|vector| {
            let tokenizer = match vector.layout.as_str() {
                "v13" => Tokenizer::TekkenV13,
                _ => Tokenizer::TekkenV15,
            };
            let target = target_with(Model { tokenizer, ..model() });
            (vector, counter.count(&request(&vector.body), &target))
        })
        .filter(|(vector, counted)| *counted != TokenCount::Exact(vector.tokens))
        .map(|(vector, counted)| format!("{} ({}): {} and not {counted:?}", vector.name, vector.layout, vector.tokens))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(vectors.len(), 73);
}

/// Reads a body that is to be sent, which only tests ever do.
fn request(body: &Value) -> chat::Request<'_> {
    chat::Request {
        model: "m",
        messages: list(&body["messages"]).iter().map(message).collect(),
        tools: list(&body["tools"]).iter().map(tool).collect(),
        tool_choice: None,
        parallel_tool_calls: None,
        max_tokens: None,
        max_completion_tokens: None,
        temperature: None,
        top_p: None,
        stop: Vec::new(),
        reasoning_effort: match text(&body["reasoning_effort"]) {
            "high" => Some("high"),
            "none" => Some("none"),
            _ => None,
        },
        response_format: None,
        prompt_cache_key: None,
        stream: false,
        stream_options: None,
    }
}

fn message(message: &Value) -> chat::Message<'_> {
    match text(&message["role"]) {
        "system" => chat::Message::System { content: text(&message["content"]).into() },
        "user" => chat::Message::User { content: content(&message["content"]) },
        "tool" => chat::Message::Tool {
            tool_call_id: text(&message["tool_call_id"]).to_owned(),
            name: text(&message["name"]).into(),
            content: content(&message["content"]),
        },
        _ => chat::Message::Assistant {
            content: message.get("content").map(content),
            tool_calls: list(&message["tool_calls"]).iter().map(call).collect(),
            prefix: message["prefix"] == true,
        },
    }
}

fn content(content: &Value) -> chat::Content<'_> {
    match content {
        Value::Array(parts) => chat::Content::Parts(parts.iter().map(part).collect()),
        words => chat::Content::Text(text(words).into()),
    }
}

fn part(part: &Value) -> chat::Part<'_> {
    match text(&part["type"]) {
        "thinking" => {
            chat::Part::Thinking { thinking: [chat::ThinkingText { text: text(&part["thinking"][0]["text"]).into() }] }
        }
        "image_url" => {
            chat::Part::ImageUrl { image_url: chat::ImageUrl { url: text(&part["image_url"]["url"]).to_owned() } }
        }
        _ => chat::Part::Text { text: text(&part["text"]).into() },
    }
}

fn call(call: &Value) -> chat::ToolCall<'_> {
    chat::ToolCall {
        id: text(&call["id"]).to_owned(),
        name: text(&call["function"]["name"]).into(),
        arguments: RawText::Owned(text(&call["function"]["arguments"]).to_owned()),
    }
}

fn tool(tool: &Value) -> chat::Tool<'_> {
    let function = &tool["function"];
    chat::Tool {
        function: chat::Function {
            name: text(&function["name"]).into(),
            description: text(&function["description"]).into(),
            parameters: Cow::Owned(to_raw_value(&function["parameters"]).unwrap()),
        },
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
