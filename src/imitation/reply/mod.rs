//! A script of one answer: what Mistral says, in which pieces, and where it breaks off.
//!
//! A reply is data. `render` turns it into the parts a connection plays; it
//! knows no socket. Steps are kept in the order they are written.

mod render;
#[cfg(test)]
mod tests;
mod whole;

use serde_json::Value;

use super::gate::Gate;
pub use render::{Part, Rendered, Scene};

/// One scripted answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    steps: Vec<Step>,
    usage: Usage,
    headers: Vec<(String, String)>,
    head: Head,
    hold: Option<Gate>,
    padding: bool,
    null_usage: bool,
    no_done: bool,
}

/// What kind of answer it is.
#[derive(Debug, Clone, Default)]
enum Head {
    /// A completion, made of steps.
    #[default]
    Completion,
    /// Something else.
    Status { status: u16, content_type: String, body: Vec<u8> },
    /// None at all.
    HangUp,
}

/// What the answer cost, and where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    prompt: u64,
    completion: u64,
    cached: u64,
    place: UsagePlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UsagePlace {
    /// On the chunk with the finish reason.
    Finish,
    /// In a chunk of its own with `choices: []`, after it.
    Apart,
    /// Nowhere.
    Nowhere,
}

impl Default for Usage {
    fn default() -> Self {
        Self { prompt: 10, completion: 5, cached: 0, place: UsagePlace::Finish }
    }
}

/// One call of a tool.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    arguments: String,
}

#[derive(Debug, Clone)]
enum Step {
    Text(String),
    TextList(String),
    Thinking(String),
    Call(Call),
    Fragments(Vec<Call>),
    Delta(Value),
    Chunk(Value),
    Finish(String),
    Error(Value),
    Raw(Vec<u8>),
    Gate(Gate),
    Cut,
    Stall,
}

impl Reply {
    /// Starts an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says one text and stops.
    pub fn say(text: impl Into<String>) -> Self {
        Self::new().text(text).finish("stop")
    }

    /// Calls one tool and stops.
    pub fn call(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::new().tool_call(name, arguments).finish("tool_calls")
    }

    /// Answers with a status and a JSON body in place of a completion.
    pub fn status(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string())
    }

    /// Answers with a status and any body, such as a gateway's page of HTML.
    pub fn bytes(status: u16, content_type: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let head = Head::Status { status, content_type: content_type.into(), body: body.into() };
        Self { head, ..Self::default() }
    }

    /// Closes the connection without an answer.
    pub fn hang_up() -> Self {
        Self { head: Head::HangUp, ..Self::default() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Says a piece of text, as a plain string.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.step(Step::Text(text.into()))
    }

    /// Says a piece of text as a list with one chunk, as models do right after thinking.
    #[must_use]
    pub fn text_as_list(self, text: impl Into<String>) -> Self {
        self.step(Step::TextList(text.into()))
    }

    /// Thinks.
    #[must_use]
    pub fn thinking(self, text: impl Into<String>) -> Self {
        self.step(Step::Thinking(text.into()))
    }

    /// Calls a tool, complete in one delta.
    ///
    /// Neighbouring calls share the delta, each with its index, and the finish
    /// that follows shares the chunk: the form seen live.
    #[must_use]
    pub fn tool_call(self, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        self.step(Step::Call(Call { name: name.into(), arguments: arguments.into() }))
    }

    /// Calls tools one after the other, each in fragments: id and name first, then the arguments bit by bit.
    #[must_use]
    pub fn tool_calls_in_fragments<'a>(self, calls: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let calls = calls.into_iter().map(|(name, arguments)| Call { name: name.into(), arguments: arguments.into() });
        let calls = calls.collect();
        self.step(Step::Fragments(calls))
    }

    /// Sends a delta as it is, for forms that have no step of their own.
    #[must_use]
    pub fn delta(self, delta: Value) -> Self {
        self.step(Step::Delta(delta))
    }

    /// Sends a frame as it is.
    #[must_use]
    pub fn chunk(self, chunk: Value) -> Self {
        self.step(Step::Chunk(chunk))
    }

    /// Gives the finish reason: `stop`, `length`, `tool_calls`, `error`, `model_length`, or a word of the future.
    #[must_use]
    pub fn finish(self, reason: impl Into<String>) -> Self {
        self.step(Step::Finish(reason.into()))
    }

    /// Counts tokens; `prompt` includes `cached`. Mistral always counts, so without this the reply counts 10 and 5.
    #[must_use]
    pub fn usage(mut self, prompt: u64, completion: u64, cached: u64) -> Self {
        self.usage = Usage { prompt, completion, cached, place: self.usage.place };
        self
    }

    /// Counts tokens in a chunk of its own with `choices: []`, after the finish.
    #[must_use]
    pub fn usage_apart(mut self) -> Self {
        self.usage.place = UsagePlace::Apart;
        self
    }

    /// Counts no tokens.
    #[must_use]
    pub fn without_usage(mut self) -> Self {
        self.usage.place = UsagePlace::Nowhere;
        self
    }

    /// Waits at a gate in the middle of the stream.
    #[must_use]
    pub fn gate(self, gate: &Gate) -> Self {
        self.step(Step::Gate(gate.clone()))
    }

    /// Waits at a gate before the head of the answer goes out.
    #[must_use]
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.hold = Some(gate.clone());
        self
    }

    /// Breaks the connection off.
    #[must_use]
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// Says nothing more, and keeps the connection.
    #[must_use]
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Sends bytes as they are.
    #[must_use]
    pub fn raw(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Raw(bytes.into()))
    }

    /// Sends an error inside the stream.
    #[must_use]
    pub fn error_frame(self, error: Value) -> Self {
        self.step(Step::Error(error))
    }

    /// Adds the padding `"p"` to every chunk.
    #[must_use]
    pub fn padded(mut self) -> Self {
        self.padding = true;
        self
    }

    /// Adds `"usage": null` to every chunk that has no usage.
    #[must_use]
    pub fn with_null_usage(mut self) -> Self {
        self.null_usage = true;
        self
    }

    /// Ends the stream without `[DONE]`.
    #[must_use]
    pub fn without_done(mut self) -> Self {
        self.no_done = true;
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
