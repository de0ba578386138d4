//! The same script for a request that did not ask for a stream: one JSON document.

use serde_json::{Value, json};

use super::render::{CREATED, Part, Scene, call_id, completion_id, thinking};
use super::{Reply, Step, UsagePlace};

/// Renders the status and the body; gates come before it, and a cut in its middle.
pub(super) fn render(reply: &Reply, scene: &Scene) -> (u16, Vec<Part>) {
    let mut parts: Vec<Part> = Vec::new();
    let mut content: Vec<Value> = Vec::new();
    let mut calls: Vec<Value> = Vec::new();
    let mut finish = Value::Null;
    for step in &reply.steps {
        match step {
            Step::Text(text) | Step::TextList(text) => push(&mut content, "text", text),
            Step::Thinking(text) => push(&mut content, "thinking", text),
            Step::Call(call) => calls.push(one_call(scene, calls.len(), &call.name, &call.arguments)),
            Step::Fragments(fragments) => {
                for call in fragments {
                    calls.push(one_call(scene, calls.len(), &call.name, &call.arguments));
                }
            }
            Step::Finish(reason) => finish = json!(reason),
            Step::Gate(gate) => parts.push(Part::Gate(gate.clone())),
            Step::Cut => {
                parts.extend([Part::Bytes(br#"{"id":"#.to_vec()), Part::Cut]);
                return (200, parts);
            }
            Step::Stall => {
                parts.push(Part::Stall);
                return (200, parts);
            }
            Step::Error(error) => {
                let status = error["raw_status_code"].as_u64().and_then(|status| u16::try_from(status).ok());
                parts.push(Part::Bytes(error.to_string().into_bytes()));
                return (status.unwrap_or(500), parts);
            }
            Step::Raw(bytes) => {
                parts.push(Part::Bytes(bytes.clone()));
                return (200, parts);
            }
            // Forms of the stream; a whole answer has none of them.
            Step::Delta(_) | Step::Chunk(_) => {}
        }
    }
    let message = json!({"role": "assistant", "tool_calls": list_or_null(calls), "content": flat(content)});
    let mut body = json!({
        "id": completion_id(scene.turn),
        "created": CREATED,
        "model": scene.model,
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
    });
    if reply.usage.place != UsagePlace::Nowhere {
        body["usage"] = reply.usage.render();
    }
    parts.push(Part::Bytes(body.to_string().into_bytes()));
    (200, parts)
}

fn one_call(scene: &Scene, index: usize, name: &str, arguments: &str) -> Value {
    json!({
        "id": call_id(scene.turn, index),
        "function": {"name": name, "arguments": arguments},
        "index": index,
    })
}

/// Adds to the chunk that is being said, or starts one.
fn push(content: &mut Vec<Value>, kind: &str, text: &str) {
    let last = content.last_mut().filter(|chunk| chunk["type"] == kind);
    let said = match last {
        Some(chunk) if kind == "text" => &mut chunk["text"],
        Some(chunk) => &mut chunk["thinking"][0]["text"],
        None => {
            content.push(if kind == "text" {
                json!({"type": "text", "text": text})
            } else {
                let mut chunk = thinking(text);
                chunk["closed"] = json!(true);
                chunk
            });
            return;
        }
    };
    *said = json!(format!("{}{text}", said.as_str().unwrap_or_default()));
}

/// A lone text is a string; with thinking, content is a list.
fn flat(mut content: Vec<Value>) -> Value {
    match content.len() {
        0 => json!(""),
        1 if content[0]["type"] == "text" => content[0]["text"].take(),
        _ => Value::Array(content),
    }
}

fn list_or_null(calls: Vec<Value>) -> Value {
    if calls.is_empty() { Value::Null } else { Value::Array(calls) }
}
