//! Turns a script into the parts that a connection plays.

use serde_json::{Value, json};

use super::{Call, Head, Reply, Step, Usage, UsagePlace};
use crate::imitation::gate::Gate;

/// What the answer has to fit.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The model named in the request.
    pub model: String,
    /// Whether the request asked for a stream.
    pub stream: bool,
    /// Which request this is, counted from nought; ids of calls are made from it, so that none comes twice.
    pub turn: usize,
}

/// An answer, ready to be played.
#[derive(Debug)]
pub struct Rendered {
    /// The HTTP status.
    pub status: u16,
    /// Headers, `content-type` among them.
    pub headers: Vec<(String, String)>,
    /// A gate before the head.
    pub hold: Option<Gate>,
    /// The body.
    pub parts: Vec<Part>,
}

/// A piece of a body.
#[derive(Debug, Clone)]
pub enum Part {
    /// Goes out in one piece.
    Bytes(Vec<u8>),
    /// Waits.
    Gate(Gate),
    /// Breaks the connection off.
    Cut,
    /// Waits for ever.
    Stall,
}

impl Reply {
    /// Renders the answer; `None` is a connection closed without one.
    pub fn render(&self, scene: &Scene) -> Option<Rendered> {
        let (status, content_type, parts) = match &self.head {
            Head::HangUp => return None,
            Head::Status { status, content_type, body } => {
                (*status, content_type.clone(), vec![Part::Bytes(body.clone())])
            }
            Head::Completion if scene.stream => {
                (200, "text/event-stream; charset=utf-8".to_owned(), self.stream(scene))
            }
            Head::Completion => {
                let (status, parts) = super::whole::render(self, scene);
                (status, "application/json".to_owned(), parts)
            }
        };
        let mut headers = vec![
            ("content-type".to_owned(), content_type),
            ("mistral-correlation-id".to_owned(), format!("imitation-{}", scene.turn)),
        ];
        headers.extend(self.headers.iter().cloned());
        Some(Rendered { status, headers, hold: self.hold.clone(), parts })
    }

    fn stream(&self, scene: &Scene) -> Vec<Part> {
        let mut writer = Writer { reply: self, scene, parts: Vec::new(), started: false, calls: 0 };
        let mut complete: Vec<Value> = Vec::new();
        for step in &self.steps {
            if let Step::Call(call) = step {
                let call = writer.call(call);
                complete.push(call);
                continue;
            }
            let waiting = std::mem::take(&mut complete);
            if let Step::Finish(reason) = step {
                writer.finish(reason, &waiting);
                continue;
            }
            writer.complete(&waiting);
            if !writer.step(step) {
                return writer.parts;
            }
        }
        writer.complete(&complete);
        if !self.no_done {
            writer.frame("[DONE]");
        }
        writer.parts
    }
}

struct Writer<'a> {
    reply: &'a Reply,
    scene: &'a Scene,
    parts: Vec<Part>,
    started: bool,
    calls: usize,
}

impl Writer<'_> {
    /// Writes a step, and says whether anything may follow it.
    fn step(&mut self, step: &Step) -> bool {
        match step {
            Step::Text(text) => self.delta(&json!({"content": text})),
            Step::TextList(text) => self.delta(&json!({"content": [{"type": "text", "text": text}]})),
            Step::Thinking(text) => self.delta(&json!({"content": [thinking(text)]})),
            Step::Fragments(calls) => calls.iter().for_each(|call| self.fragments(call)),
            Step::Delta(delta) => self.delta(delta),
            Step::Chunk(chunk) | Step::Error(chunk) => self.frame(&chunk.to_string()),
            Step::Raw(bytes) => self.parts.push(Part::Bytes(bytes.clone())),
            Step::Gate(gate) => self.parts.push(Part::Gate(gate.clone())),
            Step::Cut => self.parts.push(Part::Cut),
            Step::Stall => self.parts.push(Part::Stall),
            Step::Call(_) | Step::Finish(_) => {}
        }
        !matches!(step, Step::Cut | Step::Stall | Step::Error(_))
    }

    fn call(&mut self, call: &Call) -> Value {
        let index = self.calls;
        self.calls += 1;
        json!({
            "id": call_id(self.scene.turn, index),
            "function": {"name": call.name, "arguments": call.arguments},
            "index": index,
        })
    }

    fn complete(&mut self, calls: &[Value]) {
        if !calls.is_empty() {
            self.delta(&json!({"tool_calls": calls}));
        }
    }

    fn fragments(&mut self, call: &Call) {
        let index = self.calls;
        self.calls += 1;
        let id = call_id(self.scene.turn, index);
        let first =
            json!({"id": id, "type": "function", "function": {"name": call.name, "arguments": ""}, "index": index});
        self.delta(&json!({"tool_calls": [first]}));
        let characters: Vec<char> = call.arguments.chars().collect();
        for piece in characters.chunks(5) {
            let arguments: String = piece.iter().collect();
            let next = json!({"id": "null", "function": {"name": "", "arguments": arguments}, "index": index});
            self.delta(&json!({"tool_calls": [next]}));
        }
    }

    fn finish(&mut self, reason: &str, calls: &[Value]) {
        let delta = if calls.is_empty() { json!({"content": ""}) } else { json!({"content": "", "tool_calls": calls}) };
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        let usage = self.reply.usage;
        match usage.place {
            UsagePlace::Finish => self.chunk(&choices, Some(usage)),
            UsagePlace::Nowhere => self.chunk(&choices, None),
            UsagePlace::Apart => {
                self.chunk(&choices, None);
                self.chunk(&json!([]), Some(usage));
            }
        }
    }

    fn delta(&mut self, delta: &Value) {
        self.chunk(&json!([{"index": 0, "delta": delta, "finish_reason": null}]), None);
    }

    fn chunk(&mut self, choices: &Value, usage: Option<Usage>) {
        if !self.started {
            self.started = true;
            self.delta(&json!({"role": "assistant", "content": ""}));
        }
        let mut chunk = json!({
            "id": completion_id(self.scene.turn),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.scene.model,
            "choices": choices,
        });
        match usage {
            Some(usage) => chunk["usage"] = usage.render(),
            None if self.reply.null_usage => chunk["usage"] = Value::Null,
            None => {}
        }
        if self.reply.padding {
            chunk["p"] = json!("abcdefghijklmnop");
        }
        self.frame(&chunk.to_string());
    }

    fn frame(&mut self, data: &str) {
        self.parts.push(Part::Bytes(format!("data: {data}\n\n").into_bytes()));
    }
}

impl Usage {
    /// Renders the counts as Mistral does.
    pub(super) fn render(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "total_tokens": self.prompt + self.completion,
            "completion_tokens": self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        })
    }
}

/// A day in November 2026; nothing depends on it.
pub(super) const CREATED: u64 = 1_795_000_000;

pub(super) fn completion_id(turn: usize) -> String {
    format!("{turn:032x}")
}

/// Makes an id of nine letters or digits that no other call of the conversation has.
pub(super) fn call_id(turn: usize, index: usize) -> String {
    format!("c{:05}{:03}", turn % 100_000, index % 1000)
}

pub(super) fn thinking(text: &str) -> Value {
    json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]})
}
