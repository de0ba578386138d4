//! Which streams of the Messages API are lawful, and what they say.
//!
//! Stricter than any client: Claude Code forgives much of what is refused here,
//! but not always and not in every version. The reader of lines is written
//! anew rather than shared, so that a stream is judged by somebody else than
//! its writer.

mod block;
mod lines;
mod message;
mod sketch;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::block::Open;
pub use self::lines::Lines;
pub use self::message::{ApiError, Block, Call, Message, whole, whole_error};
pub use self::sketch::sketch;

/// A breach of the grammar: at which event, counted from one, and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unlawful stream: event {event}: {what}")]
pub struct Unlawful {
    /// The event, counted from one; nought for an answer that is no stream.
    pub event: usize,
    /// What is wrong with it.
    pub what: String,
}

/// One event, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The `event:` line.
    pub name: String,
    /// The `data:` line.
    pub data: Value,
}

/// Judges events in order and assembles the message they tell.
#[derive(Debug, Default)]
pub struct Grammar {
    events: usize,
    state: State,
    message: Message,
    open: Option<Open>,
    /// A call whose arguments are no JSON object: lawful only when the message was cut for length.
    broken_call: Option<String>,
    error: Option<ApiError>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// Nothing has come.
    #[default]
    Before,
    /// `message_start` has come.
    Inside,
    /// `message_delta` has come.
    Closing,
    /// `message_stop` or `error` has come.
    Over,
}

const STOP_REASONS: &[&str] =
    &["end_turn", "max_tokens", "model_context_window_exceeded", "pause_turn", "refusal", "stop_sequence", "tool_use"];

impl Grammar {
    /// Judges the next event.
    pub fn event(&mut self, event: &Event) -> Result<(), Unlawful> {
        self.events += 1;
        let number = self.events;
        self.judge(event).map_err(|what| Unlawful { event: number, what })
    }

    /// Judges the end of the stream, and returns what it said.
    ///
    /// With an error, the message holds what came before it.
    pub fn end(self) -> Result<(Message, Option<ApiError>), Unlawful> {
        if self.state == State::Over {
            Ok((self.message, self.error))
        } else {
            let what = "the stream ends without `message_stop` or `error`".to_owned();
            Err(Unlawful { event: self.events + 1, what })
        }
    }

    fn judge(&mut self, event: &Event) -> Result<(), String> {
        let data = &event.data;
        let kind = text(data, "type")?;
        if kind != event.name {
            return Err(format!("`event: {}` with data of type `{kind}`", event.name));
        }
        match (self.state, kind) {
            (State::Over, _) => Err(format!("`{kind}` after the end")),
            (_, "error") => {
                self.error = Some(message::error(data)?);
                self.state = State::Over;
                Ok(())
            }
            (State::Before, "message_start") => {
                self.message = message::start(field(data, "message")?)?;
                self.state = State::Inside;
                Ok(())
            }
            (State::Before, _) => Err(format!("`{kind}` before `message_start`")),
            (_, "message_start") => Err("a second `message_start`".to_owned()),
            (_, "ping") => Ok(()),
            (State::Inside, "content_block_start") => self.block_start(data),
            (State::Inside, "content_block_delta") => self.block_delta(data),
            (State::Inside, "content_block_stop") => self.block_stop(data),
            (State::Inside, "message_delta") => self.message_delta(data),
            (State::Inside, "message_stop") => Err("`message_stop` without `message_delta`".to_owned()),
            (State::Closing, "message_stop") => {
                self.state = State::Over;
                Ok(())
            }
            (State::Closing, _) => Err(format!("`{kind}` after `message_delta`")),
            (State::Inside, _) => Err(format!("unknown event `{kind}`")),
        }
    }

    fn block_start(&mut self, data: &Value) -> Result<(), String> {
        if let Some(open) = &self.open {
            return Err(format!("a block starts while block {} is open", open.index));
        }
        let index = number(data, "index")?;
        let expected = self.message.blocks.len();
        if index != expected as u64 {
            return Err(format!("block {index} starts where {expected} is next"));
        }
        self.open = Some(Open::start(index, field(data, "content_block")?)?);
        Ok(())
    }

    fn block_delta(&mut self, data: &Value) -> Result<(), String> {
        let index = number(data, "index")?;
        match &mut self.open {
            Some(open) if open.index == index => open.delta(field(data, "delta")?),
            _ => Err(format!("a delta for block {index}, which is not open")),
        }
    }

    fn block_stop(&mut self, data: &Value) -> Result<(), String> {
        let index = number(data, "index")?;
        let Some(open) = self.open.take_if(|open| open.index == index) else {
            return Err(format!("a stop for block {index}, which is not open"));
        };
        if let Some(name) = &self.broken_call {
            return Err(format!("a block after the call of `{name}`, whose arguments are no JSON object"));
        }
        let (block, broken) = open.stop();
        if let Block::ToolUse { id, .. } = &block
            && self.message.calls().any(|call| call.id == id)
        {
            return Err(format!("a second call with the id `{id}`"));
        }
        self.broken_call = broken;
        self.message.blocks.push(block);
        Ok(())
    }

    fn message_delta(&mut self, data: &Value) -> Result<(), String> {
        if let Some(open) = &self.open {
            return Err(format!("`message_delta` while block {} is open", open.index));
        }
        let delta = field(data, "delta")?;
        let reason = text(delta, "stop_reason")?;
        if !STOP_REASONS.contains(&reason) {
            return Err(format!("unknown stop reason `{reason}`"));
        }
        match &self.broken_call {
            Some(name) if reason != "max_tokens" => {
                return Err(format!("the arguments of `{name}` are no JSON object, and the stop reason is `{reason}`"));
            }
            _ => {}
        }
        let calls = self.message.calls().count();
        match reason {
            "tool_use" if calls == 0 => return Err("stop reason `tool_use` without a call".to_owned()),
            "end_turn" if calls > 0 => return Err("stop reason `end_turn` with a call".to_owned()),
            _ => {}
        }
        let usage = field(data, "usage")?;
        message::usage(usage, &["output_tokens"])?;
        self.message.stop_reason = Some(reason.to_owned());
        self.message.stop_sequence = delta["stop_sequence"].as_str().map(str::to_owned);
        self.message.count(usage);
        self.state = State::Closing;
        Ok(())
    }
}

/// Returns a key that must be there.
fn field<'a>(value: &'a Value, key: &str) -> Result<&'a Value, String> {
    value.get(key).ok_or_else(|| format!("`{key}` is missing in {value}"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    let found = field(value, key)?;
    found.as_str().ok_or_else(|| format!("`{key}` is no string: {found}"))
}

fn filled<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    match text(value, key)? {
        "" => Err(format!("`{key}` is empty in {value}")),
        found => Ok(found),
    }
}

fn number(value: &Value, key: &str) -> Result<u64, String> {
    let found = field(value, key)?;
    found.as_u64().ok_or_else(|| format!("`{key}` is no whole number: {found}"))
}

fn exactly(value: &Value, key: &str, expected: &Value) -> Result<(), String> {
    match field(value, key)? {
        found if found == expected => Ok(()),
        found => Err(format!("`{key}` is {found} and not {expected}")),
    }
}
