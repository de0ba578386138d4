//! One claim for each rule, and one that a rich lawful request passes.

mod conversation;
mod form;
mod model;
mod tool;

use serde_json::{Value, json};

use super::super::models::{Model, Models};
use super::{Refusal, check};

/// The model that takes everything.
const RICH: &str = "rich";
/// The model that takes text and tools.
const PLAIN: &str = "plain";

fn models() -> Models {
    let rich = Model {
        vision: true,
        tool_result_images: true,
        efforts: vec!["none".to_owned(), "high".to_owned()],
        ..Model::plain(RICH, 10_000)
    };
    Models::new([rich, Model::plain(PLAIN, 10_000)])
}

/// The smallest request that passes.
fn small() -> Value {
    json!({"model": PLAIN, "messages": [{"role": "user", "content": "Hi"}]})
}

/// A conversation for the plain model.
fn conversation(messages: &Value) -> Value {
    json!({"model": PLAIN, "messages": messages})
}

/// The smallest request with these keys added or replaced.
fn with(keys: &Value) -> Value {
    let mut body = small();
    for (key, value) in keys.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn with_tool(function: &Value) -> Value {
    with(&json!({"tools": [{"type": "function", "function": function}]}))
}

fn refused(body: &Value) -> Refusal {
    match check(body, &models()) {
        Ok(()) => panic!("passed: {body}"),
        Err(refusal) => refusal,
    }
}

/// Claims a 422 with exactly these lines.
#[track_caller]
fn malformed(body: &Value, lines: &str) {
    let refusal = refused(body);
    assert_eq!((refusal.status, refusal.message().as_str()), (422, lines));
}

/// Claims a 400 with this code and text.
#[track_caller]
fn meaningless(body: &Value, code: impl Into<Value>, text: &str) {
    let refusal = refused(body);
    assert_eq!((refusal.status, &refusal.body["code"], refusal.message().as_str()), (400, &code.into(), text));
}

#[track_caller]
fn passes(body: &Value) {
    assert_eq!(check(body, &models()), Ok(()));
}

#[test]
fn a_rich_lawful_request_passes() {
    passes(&json!({
        "model": RICH,
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "auto"}},
                {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0=", "document_name": "a.pdf"},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Two files to read."}]},
                {"type": "text", "text": "Let me look."},
            ], "tool_calls": [
                {"id": "aaaaaaaa1", "type": "function", "index": 0, "function": {"name": "Read", "arguments": "{}"}},
                {"id": "aaaaaaaa2", "type": "function", "function": {"name": "Read", "arguments": {"path": "b"}}},
            ]},
            {"role": "tool", "tool_call_id": "aaaaaaaa2", "name": "Read", "content": ""},
            {"role": "tool", "tool_call_id": "aaaaaaaa1", "content": [
                {"type": "image_url", "image_url": "https://example.com/a.png"},
            ]},
            {"role": "assistant", "content": "A cat."},
            {"role": "user", "content": "And now?"},
            {"role": "user", "content": "Quickly."},
            {"role": "assistant", "tool_calls": [
                {"id": "aaaaaaaa3", "function": {"name": "mcp__a__b", "arguments": "not json"}},
            ]},
            {"role": "tool", "tool_call_id": "aaaaaaaa3", "content": "ok"},
            {"role": "assistant", "content": "Now", "prefix": true},
        ],
        "tools": [{"type": "function", "function": {
            "name": "Read",
            "description": "Reads a file.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "$schema": {"type": "string"},
                    "limit": {"type": ["integer", "null"], "exclusiveMinimum": 0, "default": null},
                    "mode": {"enum": ["a", null], "description": "how"},
                    "anything": {},
                    "list": {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/x"}, {"const": 1}]}},
                },
                "required": ["limit"],
                "additionalProperties": false,
                "$defs": {"x": {"type": "string", "pattern": "^a", "maxLength": 3}},
            },
        }}],
        "tool_choice": {"type": "function", "function": {"name": "Read"}},
        "parallel_tool_calls": true,
        "temperature": 0,
        "top_p": 1,
        "max_tokens": 9_999,
        "stream": true,
        "stop": ["a", "b"],
        "random_seed": 1,
        "metadata": {"user": "someone"},
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": true, "schema": {"type": "object"}}},
        "reasoning_effort": "high",
        "prompt_cache_key": "abc",
        "presence_penalty": -2,
        "frequency_penalty": 0.5,
        "n": 1,
        "prediction": {"type": "content", "content": "x"},
        "safe_prompt": false,
        "service_tier": "auto",
    }));
}

#[test]
fn the_smallest_request_passes() {
    passes(&small());
}
