//! A conversation in the order and the form that Mistral takes.
//!
//! OpenAI takes nearly anything; Mistral one system message, in front; after a tool's result only the model or
//! another result; calls with ids of nine letters or digits; and no key that it does not know. A message that is
//! right already keeps its bytes. Where something has to stand that nobody said, the words are those that stand
//! there for the agent, too.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::config::Target;
use crate::translate::{BEGINNING, BRIDGE, CallIds, Dropped};
use crate::wire::openai::Fields;

type Message = Map<String, Value>;
/// A message, and which of those that came it was.
type Placed = (Message, Option<usize>);

/// Makes the messages those that Mistral takes.
pub(super) fn adapt(fields: &mut Fields<'_>, target: &Target, dropped: &mut Dropped) {
    let Some(messages) = fields.read::<Vec<Message>>("messages") else { return };
    let (ids, sent) = (CallIds::default(), HashMap::new());
    let mut builder = Builder { target, dropped, ids, sent, out: Vec::with_capacity(messages.len()), at: 0 };
    for (at, message) in messages.iter().enumerate() {
        builder.at = at;
        builder.message(message.clone());
    }
    if let Some((last, _)) = builder.out.last_mut().filter(|(last, _)| last["role"] == "assistant") {
        last.insert("prefix".to_owned(), true.into());
    }
    write(fields, &messages, &builder.out);
}

/// Says `system` in place of OpenAI's new word, which the templates of other models do not know.
pub(super) fn name_system(fields: &mut Fields<'_>) {
    let is_said = |raw: &RawValue| memchr::memmem::find(raw.get().as_bytes(), b"\"developer\"").is_some();
    if !fields.get("messages").is_some_and(is_said) {
        return;
    }
    let Some(before) = fields.read::<Vec<Message>>("messages") else { return };
    let mut after: Vec<Placed> = before.iter().cloned().enumerate().map(|(at, message)| (message, Some(at))).collect();
    for (message, _) in &mut after {
        rename_system(message);
    }
    write(fields, &before, &after);
}

/// Writes the messages, unless they are those that came; one that has not changed keeps its bytes.
fn write(fields: &mut Fields<'_>, before: &[Message], after: &[Placed]) {
    let same = |(message, from): &Placed| from.and_then(|at| before.get(at)).is_some_and(|came| came == message);
    if before.len() == after.len() && after.iter().all(same) {
        return;
    }
    let Some(raw) = fields.get("messages") else { return };
    let Ok(came) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else { return };
    let written = after.iter().filter_map(|placed| match placed {
        (_, Some(at)) if same(placed) => came.get(*at).copied().map(Cow::Borrowed),
        (message, _) => serde_json::value::to_raw_value(message).ok().map(Cow::Owned),
    });
    let Ok(written) = serde_json::value::to_raw_value(&written.collect::<Vec<_>>()) else { return };
    fields.set("messages", Cow::Owned(written));
}

fn rename_system(message: &mut Message) {
    if message.get("role").is_some_and(|role| role == "developer") {
        message.insert("role".to_owned(), "system".into());
    }
}

struct Builder<'t> {
    target: &'t Target,
    dropped: &'t mut Dropped,
    ids: CallIds,
    /// What the client's ids became.
    sent: HashMap<String, String>,
    out: Vec<Placed>,
    /// Which message is at work.
    at: usize,
}

impl Builder<'_> {
    fn message(&mut self, mut message: Message) {
        rename_system(&mut message);
        let takes: &[&str] = match message.get("role").and_then(Value::as_str) {
            Some("system" | "user") => &["role", "content"],
            Some("assistant") => &["role", "content", "tool_calls", "prefix"],
            Some("tool") => &["role", "content", "tool_call_id", "name"],
            // Whatever it is, the server says so.
            _ => return self.push(message),
        };
        message.retain(|key, value| {
            let keeps = takes.contains(&key.as_str());
            if !keeps && !value.is_null() {
                self.dropped.count_key(&format!("messages.{key}"));
            }
            keeps && !value.is_null()
        });
        if let Some(Value::Array(parts)) = message.get_mut("content") {
            parts.retain_mut(|part| self.part(part));
        }
        match message["role"].as_str() {
            Some("system") => self.system(message),
            Some("assistant") => self.assistant(message),
            Some("tool") => self.result(message),
            _ => self.user(message),
        }
    }

    fn system(&mut self, mut message: Message) {
        if self.out.is_empty() {
            return self.push(message);
        }
        if let [(first, _)] = &mut self.out[..]
            && first["role"] == "system"
        {
            let joined = format!("{}\n\n{}", text(first), text(&message));
            first.insert("content".to_owned(), joined.into());
            return;
        }
        self.dropped.count("place of a system message");
        message.insert("role".to_owned(), "user".into());
        self.user(message);
    }

    fn user(&mut self, message: Message) {
        if self.out.last().is_some_and(|(last, _)| last["role"] == "tool") {
            self.say("assistant", BRIDGE);
        }
        self.push(message);
    }

    fn assistant(&mut self, mut message: Message) {
        if !self.out.iter().any(|(message, _)| message["role"] != "system") {
            self.say("user", BEGINNING);
        }
        let mut calls = match message.shift_remove("tool_calls") {
            Some(Value::Array(calls)) => calls,
            _ => Vec::new(),
        };
        calls.iter_mut().filter_map(Value::as_object_mut).for_each(|call| self.call(call));
        let is_empty = match message.get("content") {
            None => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(parts)) => parts.is_empty(),
            Some(_) => false,
        };
        if calls.is_empty() && is_empty {
            return self.dropped.count("assistant message that says nothing");
        }
        if !calls.is_empty() {
            if is_empty {
                message.shift_remove("content");
            }
            message.insert("tool_calls".to_owned(), calls.into());
        }
        self.push(message);
    }

    fn call(&mut self, call: &mut Map<String, Value>) {
        call.retain(|key, value| matches!(key.as_str(), "id" | "type" | "index" | "function") && !value.is_null());
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let sent = self.ids.send(id);
        self.sent.insert(id.to_owned(), sent.clone());
        call.insert("id".to_owned(), sent.into());
        if let Some(Value::Object(function)) = call.get_mut("function") {
            function.retain(|key, _| matches!(key.as_str(), "name" | "arguments"));
        }
    }

    fn result(&mut self, mut message: Message) {
        let id = message.get("tool_call_id").and_then(Value::as_str);
        if let Some(sent) = id.and_then(|id| self.sent.get(id)) {
            message.insert("tool_call_id".to_owned(), sent.clone().into());
        }
        self.push(message);
    }

    fn say(&mut self, role: &str, words: &str) {
        let Value::Object(message) = json!({"role": role, "content": words}) else { return };
        self.out.push((message, None));
    }

    fn push(&mut self, message: Message) {
        self.out.push((message, Some(self.at)));
    }

    /// Makes a part of a content one that Mistral takes; false where there is nothing of the kind.
    fn part(&mut self, part: &mut Value) -> bool {
        let Value::Object(object) = part else { return true };
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let takes: &[&str] = match kind.as_str() {
            "text" => &["type", "text"],
            "image_url" => &["type", "image_url"],
            "document_url" => &["type", "document_url", "document_name"],
            "thinking" if self.target.facts.reasoning.is_empty() => {
                self.dropped.count("thinking");
                return false;
            }
            "thinking" => &["type", "thinking"],
            "refusal" => {
                let words = object.get("refusal").cloned().unwrap_or_default();
                *part = json!({"type": "text", "text": words});
                return true;
            }
            "input_audio" => {
                if let Some(data) = object.get("input_audio").and_then(|audio| audio.get("data")).cloned() {
                    object.insert("input_audio".to_owned(), data);
                }
                &["type", "input_audio"]
            }
            "file" => {
                let Some(file) = object.get("file") else { return true };
                let Some(data) = file.get("file_data").cloned() else { return true };
                let mut document = json!({"type": "document_url", "document_url": data});
                if let Some(name) = file.get("filename") {
                    document["document_name"] = name.clone();
                }
                *part = document;
                return true;
            }
            _ => return true,
        };
        object.retain(|key, _| {
            let keeps = takes.contains(&key.as_str());
            if !keeps {
                self.dropped.count_key(&format!("{kind}.{key}"));
            }
            keeps
        });
        true
    }
}

fn text(message: &Message) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join("\n\n")
        }
        _ => String::new(),
    }
}
