//! A request of the size and shape of Claude Code's, and the stream that answers one.
//!
//! Deterministic: the same bytes in every run and on every machine.

#![allow(dead_code, reason = "each benchmark uses its part")]

use mcr::config::{self, Config};
use serde_json::{Value, json};

/// The model that the default route of [`configuration`] leads to.
pub const MODEL: &str = "mistral-medium-3-5";
/// Digits in the last turn, to be replaced so that every request says something new.
pub const MARK: &str = "turn 00000000";
/// Bytes of a request, as measured on Claude Code in the middle of a task.
const SIZE: usize = 92 * 1024;
const TURNS: usize = 20;

/// The built-in configuration with an upstream on this machine.
pub fn configuration_text(endpoint: &str, token: &str, agent: &str) -> String {
    json!({
        "Providers": [{
            "name": "mistral",
            "api_base_url": endpoint,
            "api_key": "bench",
            "models": [MODEL, "mistral-small-2603", "mistral-large-4"],
            // What is measured is mcr and not how long it lets requests wait.
            "limits": {"max_concurrency": 10_000},
        }],
        "Router": {
            "default": format!("mistral,{MODEL}"),
            "background": "mistral,mistral-small-2603",
            "think": format!("mistral,{MODEL}"),
            "longContext": "mistral,mistral-large-4",
            "longContextThreshold": 200_000,
        },
        "APIKEY": token,
        "CLAUDE_PATH": agent,
    })
    .to_string()
}

/// The same, read.
pub fn configuration() -> Config {
    let text = configuration_text("http://127.0.0.1:9/v1", "token", "claude");
    config::read(&text, "config.json", &|_| None).expect("a configuration")
}

/// The body of a streamed turn in the middle of a task; `script` stands in `max_tokens`.
pub fn request(stream: bool, script: u32) -> String {
    let body = |filler: usize| turn(stream, script, &Words(1).text(filler)).to_string();
    let mut filler = SIZE.checked_sub(body(0).len()).expect("room for the filler");
    loop {
        let body = body(filler);
        // Escapes make the filler longer than it is.
        match body.len().checked_sub(SIZE) {
            None | Some(0) => return body,
            Some(excess) => filler -= excess,
        }
    }
}

/// A first turn without history or tools.
pub fn small_request(stream: bool, script: u32) -> String {
    json!({
        "model": MODEL,
        "messages": [{"role": "user", "content": format!("Say hello. {MARK}")}],
        "max_tokens": script,
        "stream": stream,
    })
    .to_string()
}

/// A first turn with images of `size` bytes altogether.
pub fn large_request(script: u32, size: usize) -> String {
    const IMAGES: usize = 8;
    // The first bytes of a PNG of one pixel; what follows is never looked at.
    let head = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
    let data = format!("{head}{}", "QUJD".repeat(size / IMAGES / 4));
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    let mut content = vec![json!({"type": "text", "text": format!("What is on these? {MARK}")})];
    content.extend(std::iter::repeat_n(image, IMAGES));
    json!({
        "model": MODEL,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": script,
        "stream": false,
    })
    .to_string()
}

fn turn(stream: bool, script: u32, filler: &str) -> Value {
    let cached = json!({"type": "ephemeral"});
    json!({
        "model": MODEL,
        "messages": messages(filler),
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.40.aab; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude.", "cache_control": cached},
            {"type": "text", "text": Words(2).text(9_000), "cache_control": cached},
        ],
        "tools": (0..20).map(tool).collect::<Vec<_>>(),
        "metadata": {"user_id": json!({
            "device_id": "5f0c1f6d1f7b4a54", "account_uuid": "", "session_id": "b7f7c0f0-5f7e-4a55-9d0e-6f1c8a3f2b11",
        }).to_string()},
        "max_tokens": script,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "stream": stream,
    })
}

/// A person's wish, then calls and results by turns.
fn messages(filler: &str) -> Vec<Value> {
    let wish = format!("<system-reminder>\n{}\n</system-reminder>", Words(3).text(1_800));
    let mut messages = vec![json!({"role": "user", "content": [
        {"type": "text", "text": wish},
        {"type": "text", "text": "Find out why the \"retry\" test fails on Windows, and fix it."},
    ]})];
    for turn in 0..TURNS - 1 {
        let id = format!("toolu_01Bench{turn:04}XyZ");
        let words = Words(100 + turn as u64);
        let input = match turn % 3 {
            0 => json!({"file_path": format!("/home/dev/project/src/net/retry_{turn}.rs"), "offset": 120, "limit": 80}),
            1 => {
                json!({"command": format!("cargo test -p net --test retry -- case_{turn} 2>&1 | tail -n 40"), "description": "Run the failing test"})
            }
            _ => {
                json!({"file_path": "/home/dev/project/src/net/retry.rs", "old_string": code(turn, 6), "new_string": code(turn + 1, 7)})
            }
        };
        let name = ["Read", "Bash", "Edit"][turn % 3];
        messages.push(json!({"role": "assistant", "content": [
            {"type": "text", "text": words.text(160)},
            {"type": "tool_use", "id": id, "name": name, "input": input},
        ]}));
        let result = if turn % 3 == 0 { code(turn, 18) } else { Words(200 + turn as u64).text(500) };
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": result},
        ]}));
    }
    messages.push(json!({"role": "assistant", "content": [{"type": "text", "text": Words(5).text(400)}]}));
    messages.push(json!({"role": "user", "content": [
        {"type": "text", "text": filler},
        {"type": "text", "text": format!("Go on, {MARK}."), "cache_control": {"type": "ephemeral"}},
    ]}));
    messages
}

fn tool(number: usize) -> Value {
    let names = ["Read", "Bash", "Edit", "Write", "Glob", "Grep", "Task", "TodoWrite", "WebFetch", "NotebookEdit"];
    let name = match names.get(number) {
        Some(name) => (*name).to_owned(),
        None => format!("mcp__tracker__operation_{number}"),
    };
    let words = Words(300 + number as u64);
    json!({
        "name": name,
        "description": words.text(800),
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "file_path": {"type": "string", "description": words.text(90)},
                "offset": {"type": "integer", "minimum": 0, "description": words.text(70)},
                "mode": {"type": "string", "enum": ["content", "files_with_matches", "count"], "description": words.text(110)},
                "edits": {"type": "array", "items": {
                    "type": "object",
                    "properties": {"old": {"type": "string"}, "new": {"type": "string", "description": words.text(60)}},
                    "required": ["old", "new"],
                    "additionalProperties": false,
                }},
            },
            "required": ["file_path"],
            "additionalProperties": false,
        },
    })
}

fn code(seed: usize, lines: usize) -> String {
    let line = |number: usize| {
        format!(
            "{number:6}\tlet attempt_{number} = policy.next(\"case-{seed}\\t{number}\").expect(\"an attempt\"); // {}\n",
            Words((seed * 31 + number) as u64).text(24)
        )
    };
    (100..100 + lines).map(line).collect()
}

/// Makes prose that looks like instructions and reports.
struct Words(u64);

impl Words {
    fn text(&self, length: usize) -> String {
        const WORDS: [&str; 40] = [
            "the",
            "file",
            "when",
            "a",
            "tool",
            "returns",
            "error",
            "path",
            "must",
            "be",
            "absolute",
            "use",
            "`retry`",
            "before",
            "reading",
            "its",
            "content",
            "and",
            "never",
            "guess",
            "parameters",
            "of",
            "user's",
            "request",
            "for",
            "example",
            "connection",
            "timeouts",
            "in",
            "tests",
            "are",
            "measured",
            "\"exactly\"",
            "once",
            "per",
            "attempt",
            "because",
            "Größe",
            "caching",
            "depends",
        ];
        let mut state = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut text = String::with_capacity(length + 16);
        let mut count = 0;
        while text.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
            count += 1;
            text.push_str(if count % 17 == 0 { ".\n- " } else { " " });
        }
        let end = (0..=length).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text
    }
}

/// One event of a stream of Mistral's that adds `content`.
pub fn text_event(content: &str) -> String {
    event(&json!({"index": 0, "delta": {"content": content}, "finish_reason": null}), "")
}

/// One event of a stream of Mistral's with a call.
pub fn call_event() -> String {
    let arguments = json!({"file_path": "/home/dev/project/src/net/retry.rs", "offset": 1, "limit": 200}).to_string();
    let call = json!({"id": "D681PevKs", "function": {"name": "Read", "arguments": arguments}, "index": 0, "type": "function"});
    event(&json!({"index": 0, "delta": {"content": "", "tool_calls": [call]}, "finish_reason": null}), "")
}

/// The first event, which opens the answer.
pub fn first_event() -> String {
    event(&json!({"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}), "")
}

/// The last event and the end of the stream.
pub fn last_events() -> String {
    let usage = r#","usage":{"prompt_tokens":23012,"total_tokens":23212,"completion_tokens":200,"prompt_tokens_details":{"cached_tokens":22912}}"#;
    event(&json!({"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}), usage) + "data: [DONE]\n\n"
}

/// A whole answer.
pub fn whole_answer() -> String {
    json!({
        "id": "cmpl-5d1c1a4b0b7c4e0f", "object": "chat.completion", "created": 1_763_650_000, "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": Words(7).text(600), "tool_calls": null,
        }}],
        "usage": {"prompt_tokens": 23_012, "total_tokens": 23_212, "completion_tokens": 200},
    })
    .to_string()
}

fn event(choice: &Value, usage: &str) -> String {
    format!(
        "data: {{\"id\":\"cmpl-5d1c1a4b0b7c4e0f\",\"object\":\"chat.completion.chunk\",\"created\":1763650000,\"model\":\"{MODEL}\",\"choices\":[{choice}]{usage}}}\n\n"
    )
}
