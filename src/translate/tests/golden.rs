//! Whole requests and whole streams, to be read by people.
//!
//! What stands in `snapshots` is what goes over the wire, requests indented. The other
//! tests say why each part is as it is; these show a change in what nobody thought of.
//! `INSTA_UPDATE=always cargo test golden` writes them anew.

use serde_json::{Value, json};

use super::{calls, delta, dialect_target, end, fresh, judged, model, request, served, text, thought};
use crate::config::Dialect;
use crate::imitation::rules;
use crate::translate::session_id;

#[track_caller]
fn compare(name: &str, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

/// Compares what a request becomes for Mistral and for a server that says nothing of itself.
#[track_caller]
fn check(name: &str, body: &Value) {
    let body = body.to_string();
    let request = request(&body);
    for (dialect, word) in [(Dialect::Mistral, "mistral"), (Dialect::OpenAi, "openai")] {
        let target = dialect_target(dialect, model());
        let mut outgoing = crate::translate::request(&request, &target, session_id(&request).as_deref()).unwrap();
        outgoing.fit(1_000, target.facts.window);
        let sent: Value = serde_json::from_slice(&outgoing.body(&target)).unwrap();
        if dialect == Dialect::Mistral {
            rules::check(&sent, &served(&target)).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        let dropped = if outgoing.dropped.is_empty() { "nothing".to_owned() } else { outgoing.dropped.to_string() };
        compare(&format!("{name}.{word}"), &format!("{sent:#}\n\ndropped: {dropped}"));
    }
}

/// Compares what a client reads of a stream.
#[track_caller]
fn check_stream(name: &str, chunks: &[Value]) {
    let (mut translator, mut out) = (fresh(), Vec::new());
    for chunk in chunks {
        translator.data(chunk.to_string().as_bytes(), &mut |event| event.encode(&mut out));
    }
    translator.finish(&mut |event| event.encode(&mut out));
    if let Err(what) = judged(&out) {
        panic!("{what}");
    }
    compare(&format!("stream.{name}"), std::str::from_utf8(&out).unwrap());
}

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn assistant(content: &Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn used(id: &str, name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

fn result(id: &str, content: impl Into<Value>) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": content.into()})
}

/// A later request of a session: only what matters to the turn.
fn turns(messages: &[Value]) -> Value {
    json!({"model": "claude-sonnet-5", "max_tokens": 32000, "messages": messages, "stream": true})
}

#[test]
fn the_first_request_of_a_session() {
    let mark = json!({"type": "ephemeral"});
    check(
        "first-request",
        &json!({
            "model": "claude-opus-5-5",
            "messages": [
                user(json!([{"type": "text", "text": "Why does the build fail?", "cache_control": mark}])),
                {"role": "system", "content": "# Environment\nWorking directory: /home/me/project\nToday's date: 2026-11-20",
                    "output_config": {"effort": "medium"}},
            ],
            "system": [
                {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.a1b; cc_entrypoint=cli;"},
                {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude.", "cache_control": mark},
                {"type": "text", "text": "Be terse.\nUse the tools.", "cache_control": mark},
            ],
            "tools": [
                {"name": "Bash", "description": "Runs a command.", "input_schema": {
                    "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
                    "properties": {"command": {"type": "string"}, "timeout": {"type": "number", "maximum": 600_000}},
                    "required": ["command"], "additionalProperties": false}},
                {"name": "mcp__a_very_long_server_name__a_tool_whose_name_together_with_it_is_over_the_limit", "description": "Looks up.",
                    "defer_loading": true, "input_schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}}}},
                {"name": "DeferredToolPlaceholder", "description": "", "defer_loading": true, "input_schema": {"type": "object"}},
            ],
            "metadata": {"user_id": "{\"device_id\":\"0f\",\"account_uuid\":\"\",\"session_id\":\"0b1f7a52-1c57-4a3f-9d3e-2f6f8a9b7c11\"}"},
            "max_tokens": 128_000,
            "thinking": {"type": "adaptive", "display": "omitted"},
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
            "safeguards": [{"type": "dangerous_tool_use", "classifier_context": {"permission_mode": "auto"}}],
            "output_config": {"effort": "medium"},
            "stream": true,
        }),
    );
}

#[test]
fn three_calls_at_once_and_their_results() {
    check(
        "parallel-calls",
        &turns(&[
            user("Compare the three."),
            assistant(&json!([
                {"type": "text", "text": "I read them."},
                used("toolu_01A", "Read", &json!({"file_path": "a.rs"})),
                used("toolu_01B", "Read", &json!({"file_path": "b.rs", "limit": 5})),
                used("k4Qz81mNp", "Bash", &json!({"command": "cat \"c.rs\""})),
            ])),
            // In the order in which they were done.
            user(json!([
                {"type": "tool_result", "tool_use_id": "k4Qz81mNp", "content": "cat: c.rs", "is_error": true},
                result("toolu_01A", "fn a() {}"),
                result("toolu_01B", json!([{"type": "text", "text": "fn b() {}"}])),
                {"type": "text", "text": "And hurry."},
            ])),
        ]),
    );
}

#[test]
fn a_turn_that_thought() {
    check(
        "thinking",
        &turns(&[
            user("Is 91 prime?"),
            assistant(&json!([
                {"type": "thinking", "thinking": "7 times 13.", "signature": "mcr-1"},
                {"type": "text", "text": "I make sure."},
                used("k4Qz81mNp", "Bash", &json!({"command": "factor 91"})),
            ])),
            user(json!([result("k4Qz81mNp", "91: 7 13")])),
            assistant(&json!([
                {"type": "thinking", "thinking": "Another provider's.", "signature": "EqRkLmFvZg=="},
                {"type": "redacted_thinking", "data": "EroB"},
                {"type": "text", "text": "No."},
            ])),
            user("And 97?"),
        ]),
    );
}

#[test]
fn an_image_in_a_result() {
    let image =
        json!({"type": "image", "source": {"data": "iVBORw0KGgo=", "type": "base64", "media_type": "image/png"}});
    check(
        "image-in-result",
        &turns(&[
            user("What does the screen show?"),
            assistant(&json!([used("k4Qz81mNp", "Read", &json!({"file_path": "screen.png"}))])),
            user(json!([result("k4Qz81mNp", json!([{"type": "text", "text": "800 x 600"}, image]))])),
        ]),
    );
}

#[test]
fn reminders_in_the_middle() {
    check(
        "reminders",
        &turns(&[
            user("Go on."),
            assistant(&json!([used("k4Qz81mNp", "Bash", &json!({"command": "make"}))])),
            user(json!([result("k4Qz81mNp", "ok")])),
            json!({"role": "system", "content": [{"type": "text", "text": "The todo list is empty."}]}),
            assistant(&json!([{"type": "text", "text": "Done."}])),
            user("Now the tests."),
            json!({"role": "system", "content": "Plan mode is on."}),
        ]),
    );
}

#[test]
fn a_stream_of_text() {
    check_stream(
        "text",
        &[delta(&json!({"role": "assistant", "content": ""})), text("Hel"), text("lo 🦀\n\"you\""), end("stop")],
    );
}

#[test]
fn a_stream_of_thinking_and_text() {
    check_stream(
        "thinking",
        &[
            thought("7 times"),
            thought(" 13."),
            delta(&json!({"content": [{"type": "text", "text": "N"}]})),
            text("o."),
            end("stop"),
        ],
    );
}

#[test]
fn a_stream_of_parallel_calls() {
    let call = |index: u8, id: &str, name: &str, arguments: &str| json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    check_stream(
        "parallel-calls",
        &[
            text("I look."),
            calls(&json!([
                call(0, "D681PevKs", "Read", r#"{"file_path": "a.rs", "limit": null}"#),
                call(1, "k4Qz81mNp", "Bash", "{\"comm")
            ])),
            calls(&json!([call(1, "null", "", "and\": \"make\"}")])),
            end("tool_calls"),
        ],
    );
}

#[test]
fn a_stream_that_fails() {
    let error = json!({"object": "error", "message": "Service unavailable.", "type": "internal_server_error", "param": null, "code": "1000"});
    check_stream("error", &[text("I w"), error]);
}
