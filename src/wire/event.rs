//! The Messages API's stream events, and their bytes.

use serde::Serialize;

use super::error::ApiError;

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// It waits for tool results.
    ToolUse,
    /// `max_tokens` was reached.
    MaxTokens,
    /// The window was full.
    ModelContextWindowExceeded,
}

/// Tokens spent, in Anthropic's terms: the three inputs add up to the prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Prompt tokens that were not in the cache.
    pub input_tokens: u64,
    /// Always 0: no upstream bills for writing its cache.
    pub cache_creation_input_tokens: u64,
    /// Prompt tokens that were in the cache.
    pub cache_read_input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// One event of a stream; borrows from the chunk that caused it.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// `message_start`.
    Start {
        /// `msg_…`.
        id: &'a str,
        /// The model that answers.
        model: &'a str,
        /// What is known before the answer: the counted prompt.
        usage: Usage,
    },
    /// `content_block_start` of a text block.
    TextStart(usize),
    /// `content_block_start` of a thinking block.
    ThinkingStart(usize),
    /// `content_block_start` of a call.
    ToolStart {
        /// The block's index.
        index: usize,
        /// The call's id.
        id: &'a str,
        /// The tool's name as the client knows it.
        name: &'a str,
    },
    /// `text_delta`.
    Text(usize, &'a str),
    /// `thinking_delta`.
    Thinking(usize, &'a str),
    /// `signature_delta`.
    Signature(usize, &'a str),
    /// `input_json_delta`.
    InputJson(usize, &'a str),
    /// `content_block_stop`.
    BlockStop(usize),
    /// `message_delta`.
    Delta {
        /// Why it stopped.
        stop_reason: StopReason,
        /// The upstream's final count.
        usage: Usage,
    },
    /// `message_stop`.
    Stop,
    /// `ping`.
    Ping,
    /// `error`: the last event of a stream that failed.
    Error(&'a ApiError),
}

impl Event<'_> {
    /// Appends the event as one SSE frame.
    ///
    /// Claude Code ignores frames without an `event:` line.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Start { id, model, usage } => frame(out, "message_start", &StartBody::new(id, model, usage)),
            Self::TextStart(index) => block_start(out, index, &Block::Text { text: "" }),
            Self::ThinkingStart(index) => block_start(out, index, &Block::Thinking { thinking: "", signature: "" }),
            Self::ToolStart { index, id, name } => {
                block_start(out, index, &Block::ToolUse { id, name, input: Empty {} });
            }
            Self::Text(index, text) => delta(out, index, &Delta::TextDelta { text }),
            Self::Thinking(index, thinking) => delta(out, index, &Delta::ThinkingDelta { thinking }),
            Self::Signature(index, signature) => delta(out, index, &Delta::SignatureDelta { signature }),
            Self::InputJson(index, partial_json) => delta(out, index, &Delta::InputJsonDelta { partial_json }),
            Self::BlockStop(index) => {
                frame(out, "content_block_stop", &Indexed { r#type: "content_block_stop", index });
            }
            Self::Delta { stop_reason, usage } => frame(
                out,
                "message_delta",
                &DeltaBody { r#type: "message_delta", delta: Ending { stop_reason, stop_sequence: None }, usage },
            ),
            Self::Stop => out.extend_from_slice(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
            Self::Ping => out.extend_from_slice(b"event: ping\ndata: {\"type\":\"ping\"}\n\n"),
            Self::Error(error) => frame(out, "error", &ErrorBody { r#type: "error", error: error.inner() }),
        }
    }
}

fn frame(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // Writing to memory cannot fail, and no type here has a map with keys that are not strings.
    let _ = serde_json::to_writer(&mut *out, data);
    out.extend_from_slice(b"\n\n");
}

fn block_start(out: &mut Vec<u8>, index: usize, content_block: &Block<'_>) {
    frame(out, "content_block_start", &BlockStart { r#type: "content_block_start", index, content_block });
}

fn delta(out: &mut Vec<u8>, index: usize, delta: &Delta<'_>) {
    frame(out, "content_block_delta", &BlockDelta { r#type: "content_block_delta", index, delta });
}

#[derive(Serialize)]
struct StartBody<'a> {
    r#type: &'static str,
    message: StartMessage<'a>,
}

#[derive(Serialize)]
struct StartMessage<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: [(); 0],
    stop_reason: Option<StopReason>,
    stop_sequence: Option<()>,
    usage: Usage,
}

impl<'a> StartBody<'a> {
    fn new(id: &'a str, model: &'a str, usage: Usage) -> Self {
        let message = StartMessage {
            id,
            r#type: "message",
            role: "assistant",
            model,
            content: [],
            stop_reason: None,
            stop_sequence: None,
            usage,
        };
        Self { r#type: "message_start", message }
    }
}

#[derive(Serialize)]
struct BlockStart<'a> {
    r#type: &'static str,
    index: usize,
    content_block: &'a Block<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Empty },
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct BlockDelta<'a> {
    r#type: &'static str,
    index: usize,
    delta: &'a Delta<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the names on the wire")]
enum Delta<'a> {
    TextDelta { text: &'a str },
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Serialize)]
struct Indexed {
    r#type: &'static str,
    index: usize,
}

#[derive(Serialize)]
struct DeltaBody {
    r#type: &'static str,
    delta: Ending,
    usage: Usage,
}

#[derive(Serialize)]
struct Ending {
    stop_reason: StopReason,
    stop_sequence: Option<()>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    r#type: &'static str,
    error: super::error::Inner<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: Event<'_>, expect: &str) {
        let mut out = Vec::new();
        event.encode(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn an_event_has_a_name_line_and_one_data_line() {
        check(
            Event::Text(0, "a\n\"b\""),
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\n\\\"b\\\"\"}}\n\n",
        );
    }

    #[test]
    fn a_call_starts_with_empty_input() {
        check(
            Event::ToolStart { index: 2, id: "abc123XYZ", name: "Read" },
            "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"abc123XYZ\",\"name\":\"Read\",\"input\":{}}}\n\n",
        );
    }

    #[test]
    fn the_ending_carries_reason_and_usage() {
        let usage = Usage { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 5, ..Usage::default() };
        check(
            Event::Delta { stop_reason: StopReason::EndTurn, usage },
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":3,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":4,\"output_tokens\":5}}\n\n",
        );
    }
}
