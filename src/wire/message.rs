//! A whole message, put together from the events of its stream.
//!
//! One translator serves both forms of an answer: a stream encodes its events, a
//! whole reply collects them here.

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::event::{Event, StopReason, Usage};

/// The body of a non-streaming answer.
#[derive(Debug, Serialize)]
pub struct Message {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: String,
    content: Vec<Block>,
    stop_reason: Option<StopReason>,
    stop_sequence: Option<()>,
    usage: Usage,
    #[serde(skip)]
    failure: Option<ApiError>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text { text: String },
    Thinking { thinking: String, signature: String },
    ToolUse { id: String, name: String, input: Box<RawValue> },
}

impl Default for Message {
    fn default() -> Self {
        Self {
            id: String::new(),
            r#type: "message",
            role: "assistant",
            model: String::new(),
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: Usage::default(),
            failure: None,
        }
    }
}

impl Message {
    /// Takes the next event in.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start { id, model, usage } => {
                id.clone_into(&mut self.id);
                model.clone_into(&mut self.model);
                self.usage = usage;
            }
            Event::TextStart(_) => self.content.push(Block::Text { text: String::new() }),
            Event::ThinkingStart(_) => {
                self.content.push(Block::Thinking { thinking: String::new(), signature: String::new() });
            }
            Event::ToolStart { id, name, .. } => self.content.push(Block::ToolUse {
                id: id.to_owned(),
                name: name.to_owned(),
                input: RawValue::NULL.to_owned(),
            }),
            Event::Text(_, more) => {
                if let Some(Block::Text { text }) = self.content.last_mut() {
                    text.push_str(more);
                }
            }
            Event::Thinking(_, more) => {
                if let Some(Block::Thinking { thinking, .. }) = self.content.last_mut() {
                    thinking.push_str(more);
                }
            }
            Event::Signature(_, value) => {
                if let Some(Block::Thinking { signature, .. }) = self.content.last_mut() {
                    value.clone_into(signature);
                }
            }
            Event::InputJson(_, json) => {
                if let Some(Block::ToolUse { input, .. }) = self.content.last_mut()
                    && let Ok(raw) = RawValue::from_string(json.to_owned())
                {
                    *input = raw;
                }
            }
            Event::Delta { stop_reason, usage } => {
                self.stop_reason = Some(stop_reason);
                self.usage = usage;
            }
            Event::Error(error) => self.failure = Some(error.clone()),
            Event::BlockStop(_) | Event::Stop | Event::Ping => {}
        }
    }

    /// The JSON body, or what the stream failed with.
    pub fn finish(self) -> Result<Vec<u8>, ApiError> {
        match self.failure {
            Some(error) => Err(error),
            None => Ok(serde_json::to_vec(&self).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_add_up_to_a_message() {
        let mut message = Message::default();
        for event in [
            Event::Start { id: "msg_1", model: "m", usage: Usage::default() },
            Event::TextStart(0),
            Event::Text(0, "a"),
            Event::Text(0, "b"),
            Event::BlockStop(0),
            Event::ToolStart { index: 1, id: "t", name: "Read" },
            Event::InputJson(1, "{\"x\":1}"),
            Event::BlockStop(1),
            Event::Delta { stop_reason: StopReason::ToolUse, usage: Usage { output_tokens: 2, ..Usage::default() } },
            Event::Stop,
        ] {
            message.event(event);
        }
        assert_eq!(
            String::from_utf8(message.finish().unwrap()).unwrap(),
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"ab"},{"type":"tool_use","id":"t","name":"Read","input":{"x":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}"#
        );
    }
}
