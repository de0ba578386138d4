//! What translation promises, one claim a test.
//!
//! Two judges that know nothing of the translator sit in every test: what goes to
//! Mistral passes `imitation::rules`, and every stream passes `imitation::grammar`.

mod calls;
mod ccr;
mod content;
mod draw;
mod errors;
mod golden;
mod kept;
mod law;
mod order;
mod overflow;
mod properties;
mod rewrite;
mod stream;
mod thinking;
mod tools;
mod transformers;
mod truth;

use serde_json::{Value, json};

use self::draw::draw;
use super::testing::{dialect_target, model, request, target_with};
use super::{Dropped, ReplyContext, StreamTranslator};
use crate::catalog::{Effort, Model};
use crate::config::{Target, Transformer};
use crate::imitation::grammar::{Event, Grammar, Lines, Message, sketch};
use crate::imitation::models::{self, Models};
use crate::imitation::rules;
use crate::wire::error::ApiError;

/// A model with neither thoughts nor eyes.
fn plain() -> Model {
    Model { vision: false, tool_result_images: false, reasoning: Vec::new(), ..model() }
}

/// A model whose results hold text only.
fn images_in_turns_only() -> Model {
    Model { tool_result_images: false, ..model() }
}

/// Mistral's reasoning model with transformers.
fn with(transformers: impl Into<Vec<Transformer>>) -> Target {
    Target { transformers: transformers.into(), ..target_with(model()) }
}

/// What a target would be served as.
fn served(target: &Target) -> Models {
    let facts = &target.facts;
    Models::new([models::Model {
        vision: facts.vision,
        tool_result_images: facts.tool_result_images,
        efforts: facts.reasoning.iter().map(|effort: &Effort| effort.as_str().to_owned()).collect(),
        ..models::Model::plain(&target.model, facts.window)
    }])
}

/// Translates for any target.
fn translate(target: &Target, body: &Value) -> Result<(Value, Dropped), ApiError> {
    let text = body.to_string();
    let request = request(&text);
    let mut outgoing = super::request(&request, target, None)?;
    outgoing.fit(1_000, target.facts.window);
    let bytes = outgoing.body(target);
    Ok((serde_json::from_slice(&bytes).unwrap(), outgoing.dropped))
}

/// Translates for a target of Mistral's, which would take it.
#[track_caller]
fn lawful(target: &Target, body: &Value) -> Value {
    let (sent, _) = translate(target, body).unwrap();
    if let Err(refusal) = rules::check(&sent, &served(target)) {
        panic!("{refusal}\n{sent:#}");
    }
    sent
}

/// Translates for Mistral's reasoning model.
#[track_caller]
fn sent(body: &Value) -> Value {
    lawful(&target_with(model()), body)
}

/// Claims which messages a conversation becomes, as [`draw`] shows them.
#[track_caller]
fn check(messages: &Value, expect: &[&str]) {
    check_for(&target_with(model()), messages, expect);
}

#[track_caller]
fn check_for(target: &Target, messages: &Value, expect: &[&str]) {
    let sent = lawful(target, &json!({"model": "m", "max_tokens": 100, "messages": messages}));
    assert_eq!(draw(&sent["messages"]), expect, "{messages:#}");
}

/// A translator that knows nothing of its request.
fn fresh() -> StreamTranslator {
    StreamTranslator::new(ReplyContext::default(), "mistral", "test-model", "msg_1", 7)
}

/// What came of a stream, which is lawful.
struct Told {
    sketch: String,
    message: Message,
    error: Option<String>,
}

/// Translates chunks into a stream, which the grammar judges.
#[track_caller]
fn told_by(mut translator: StreamTranslator, chunks: &[Value]) -> Told {
    let mut bytes = Vec::new();
    for chunk in chunks {
        let data = chunk.as_str().map_or_else(|| chunk.to_string(), str::to_owned);
        translator.data(data.as_bytes(), &mut |event| event.encode(&mut bytes));
    }
    translator.finish(&mut |event| event.encode(&mut bytes));
    assert!(translator.is_over());
    judged(&bytes).unwrap_or_else(|what| panic!("{what}\n{}", String::from_utf8_lossy(&bytes)))
}

/// Lets the grammar judge a stream.
fn judged(bytes: &[u8]) -> Result<Told, String> {
    let (mut lines, mut grammar, mut events) = (Lines::default(), Grammar::default(), Vec::<Event>::new());
    lines.push(bytes);
    while let Some(event) = lines.next_event().map_err(|what| what.to_string())? {
        grammar.event(&event).map_err(|what| what.to_string())?;
        events.push(event);
    }
    lines.end().map_err(|what| what.to_string())?;
    let (message, error) = grammar.end().map_err(|what| what.to_string())?;
    let error = error.map(|error| error.message);
    Ok(Told { sketch: sketch(&events), message, error })
}

#[track_caller]
fn told(chunks: &[Value]) -> Told {
    told_by(fresh(), chunks)
}

/// A chunk with this delta.
fn delta(delta: &Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

/// A chunk with text.
fn text(words: &str) -> Value {
    delta(&json!({"content": words}))
}

/// A chunk with a thought, in Mistral's form.
fn thought(words: &str) -> Value {
    delta(&json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": words}]}]}))
}

/// A chunk with calls or fragments of calls.
fn calls(calls: &Value) -> Value {
    delta(&json!({"tool_calls": calls}))
}

/// A chunk with one whole call.
fn call(id: &str, name: &str, arguments: &str) -> Value {
    calls(&json!([{"id": id, "index": 0, "type": "function", "function": {"name": name, "arguments": arguments}}]))
}

/// The last chunk, with usage.
fn end(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": reason}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 9, "total_tokens": 109, "prompt_tokens_details": {"cached_tokens": 64}}})
}
