//! The message that a stream or a whole answer tells.

use serde_json::{Value, json};

use super::block::Open;
use super::{STOP_REASONS, Unlawful, exactly, field, filled, text};

/// An assistant's message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// The message's id.
    pub id: String,
    /// The model, as the answer names it.
    pub model: String,
    /// What was said, in order.
    pub blocks: Vec<Block>,
    /// Why it ended.
    pub stop_reason: Option<String>,
    /// Which stop sequence was met.
    pub stop_sequence: Option<String>,
    /// What it cost: the start's numbers, overridden by those of the end.
    pub usage: Value,
}

/// A content block.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Text.
    Text(String),
    /// Thinking, and the signature to send back with it.
    Thinking {
        /// The thought.
        text: String,
        /// Any string; empty when there was none.
        signature: String,
    },
    /// A call of one of the client's tools.
    ToolUse {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// The parsed arguments.
        input: Value,
    },
    /// Any other block, as it came.
    Other(Value),
}

/// One call in a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call<'a> {
    /// The call's id.
    pub id: &'a str,
    /// The tool's name.
    pub name: &'a str,
    /// The parsed arguments.
    pub input: &'a Value,
}

/// An error in Anthropic's envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Such as `rate_limit_error`.
    pub kind: String,
    /// What people read.
    pub message: String,
}

impl Message {
    /// Returns all text, joined.
    pub fn text(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            Block::Thinking { .. } | Block::ToolUse { .. } | Block::Other(_) => None,
        });
        texts.collect()
    }

    /// Returns all thinking, joined.
    pub fn thinking(&self) -> String {
        let thoughts = self.blocks.iter().filter_map(|block| match block {
            Block::Thinking { text, .. } => Some(text.as_str()),
            Block::Text(_) | Block::ToolUse { .. } | Block::Other(_) => None,
        });
        thoughts.collect()
    }

    /// Iterates over the calls.
    pub fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.blocks.iter().filter_map(|block| match block {
            Block::ToolUse { id, name, input } => Some(Call { id, name, input }),
            Block::Text(_) | Block::Thinking { .. } | Block::Other(_) => None,
        })
    }

    /// Renders the content as the next request sends it back.
    pub fn content(&self) -> Value {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Text(text) => json!({"type": "text", "text": text}),
            Block::Thinking { text, signature } => {
                json!({"type": "thinking", "thinking": text, "signature": signature})
            }
            Block::ToolUse { id, name, input } => json!({"type": "tool_use", "id": id, "name": name, "input": input}),
            Block::Other(block) => block.clone(),
        });
        Value::Array(blocks.collect())
    }

    /// Takes over the counts of the end.
    pub(super) fn count(&mut self, usage: &Value) {
        for (key, value) in usage.as_object().into_iter().flatten() {
            self.usage[key.as_str()] = value.clone();
        }
    }
}

/// Reads the message inside `message_start`.
pub(super) fn start(message: &Value) -> Result<Message, String> {
    exactly(message, "content", &json!([]))?;
    exactly(message, "stop_reason", &Value::Null)?;
    head(message)
}

fn head(message: &Value) -> Result<Message, String> {
    exactly(message, "type", &json!("message"))?;
    exactly(message, "role", &json!("assistant"))?;
    let (id, model) = (filled(message, "id")?.to_owned(), filled(message, "model")?.to_owned());
    let counts = field(message, "usage")?;
    usage(counts, &["input_tokens", "output_tokens"])?;
    Ok(Message { id, model, usage: counts.clone(), ..Message::default() })
}

/// Checks that counts are whole numbers, and that these are among them.
pub(super) fn usage(usage: &Value, required: &[&str]) -> Result<(), String> {
    for key in required {
        field(usage, key)?;
    }
    let counts = usage.as_object().ok_or_else(|| format!("`usage` is no object: {usage}"))?;
    match counts.iter().find(|(key, value)| key.ends_with("_tokens") && !value.is_u64()) {
        Some((key, value)) => Err(format!("`{key}` is no whole number: {value}")),
        None => Ok(()),
    }
}

/// Reads an error envelope.
pub(super) fn error(data: &Value) -> Result<ApiError, String> {
    exactly(data, "type", &json!("error"))?;
    let error = field(data, "error")?;
    Ok(ApiError { kind: filled(error, "type")?.to_owned(), message: filled(error, "message")?.to_owned() })
}

/// Judges an answer that is no stream.
pub fn whole(body: &Value) -> Result<Message, Unlawful> {
    read(body).map_err(|what| Unlawful { event: 0, what })
}

/// Judges the body of an answer whose status is not 200.
pub fn whole_error(body: &Value) -> Result<ApiError, Unlawful> {
    error(body).map_err(|what| Unlawful { event: 0, what })
}

fn read(body: &Value) -> Result<Message, String> {
    let mut message = head(body)?;
    let content = field(body, "content")?.as_array().ok_or("`content` is no list")?;
    for block in content {
        let read = match text(block, "type")? {
            "text" => Block::Text(text(block, "text")?.to_owned()),
            "thinking" => Block::Thinking {
                text: text(block, "thinking")?.to_owned(),
                signature: text(block, "signature")?.to_owned(),
            },
            "tool_use" => {
                let input = field(block, "input")?;
                if !input.is_object() {
                    return Err(format!("`input` is no object: {input}"));
                }
                let (id, name) = (filled(block, "id")?.to_owned(), filled(block, "name")?.to_owned());
                Block::ToolUse { id, name, input: input.clone() }
            }
            _ => Open::start(0, block)?.stop().0,
        };
        if let Block::ToolUse { id, .. } = &read
            && message.calls().any(|call| call.id == id)
        {
            return Err(format!("a second call with the id `{id}`"));
        }
        message.blocks.push(read);
    }
    let reason = text(body, "stop_reason")?;
    if !STOP_REASONS.contains(&reason) {
        return Err(format!("unknown stop reason `{reason}`"));
    }
    if reason == "tool_use" && message.calls().next().is_none() {
        return Err("stop reason `tool_use` without a call".to_owned());
    }
    message.stop_reason = Some(reason.to_owned());
    message.stop_sequence = body["stop_sequence"].as_str().map(str::to_owned);
    Ok(message)
}
