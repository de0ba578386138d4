//! An answer on its way back: looked at, and passed on as it is.
//!
//! Knows no socket and no clock. A stream goes on event by event, each as the bytes that came, so that what the client
//! gets does not depend on how they were cut on the way. A stream that has not said that its answer is complete ends
//! in an error, never in `[DONE]`.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::config::Endpoint;
use crate::translate::in_band;
use crate::wire::chat::{Chunk, Delta, Incoming, Usage as Spent};
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Usage;
use crate::wire::sse::Event;

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing has come that the client could not do without.
    Waiting,
    /// Content has come.
    Answering,
    /// The last event is out.
    Over,
}

/// Passes one answer on.
#[derive(Debug)]
pub struct Relay {
    endpoint: Endpoint,
    provider: String,
    model: String,
    /// The prompt as counted here, until the upstream says.
    prompt: u64,
    strips_usage: bool,
    /// Choices that have begun and not ended.
    open: HashSet<u64>,
    /// Whether a choice has ended.
    finished: bool,
    stage: Stage,
    failure: Option<ApiError>,
    spent: Option<Spent>,
}

impl Relay {
    /// Starts an answer; `prompt` is reported until the upstream has counted.
    ///
    /// With `strips_usage` a chunk with nothing but the usage stays here.
    pub fn new(endpoint: Endpoint, provider: &str, model: &str, prompt: u64, strips_usage: bool) -> Self {
        Self {
            endpoint,
            provider: provider.to_owned(),
            model: model.to_owned(),
            prompt,
            strips_usage,
            open: HashSet::new(),
            finished: false,
            stage: Stage::Waiting,
            failure: None,
            spent: None,
        }
    }

    /// Takes in one event of the upstream's stream.
    pub fn event(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        if self.stage == Stage::Over {
            return;
        }
        let data = event.data.trim_ascii();
        if data == b"[DONE]" {
            return self.end(event.raw, out);
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else {
            return self.broken("sent a chunk that is not a chat completions chunk", out);
        };
        if let Err(error) = self.look(&chunk) {
            return self.fail(&error, out);
        }
        if !(self.strips_usage && chunk.choices.is_empty() && chunk.usage.is_some()) {
            out.extend_from_slice(event.raw);
        }
    }

    /// The upstream's stream is at its end, with `rest` behind its last event.
    pub fn finish(&mut self, rest: &[u8], out: &mut Vec<u8>) {
        if self.stage != Stage::Over {
            self.end(rest, out);
        }
    }

    /// Ends the answer with an error; after it nothing goes out.
    pub fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        if self.stage != Stage::Over {
            self.stage = Stage::Over;
            self.failure = Some(error.clone());
            Self::error(error, out);
        }
    }

    /// Writes an error as an event of a stream.
    pub fn error(error: &ApiError, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&error.openai_body());
        out.extend_from_slice(b"\n\n");
    }

    /// Writes what keeps a client waiting: a comment, which no program reads.
    pub fn ping(out: &mut Vec<u8>) {
        out.extend_from_slice(b": waiting\n\n");
    }

    /// Looks at an answer that came whole.
    ///
    /// # Errors
    /// Fails where it is none, or not complete.
    pub fn whole(&mut self, body: &[u8]) -> Result<(), ApiError> {
        let what = match self.endpoint {
            Endpoint::Chat => "a chat completion",
            Endpoint::Embeddings => "a list of embeddings",
            Endpoint::Fim => "a completion",
        };
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(body) else {
            let words = format!("{}: the answer is not {what}", self.provider);
            return Err(ApiError::new(502, ErrorKind::ApiError, words));
        };
        self.look(&chunk)?;
        match self.endpoint {
            Endpoint::Embeddings => Ok(()),
            Endpoint::Chat | Endpoint::Fim if self.is_complete() => Ok(()),
            Endpoint::Chat | Endpoint::Fim => Err(self.error_of("cut its answer before its end")),
        }
    }

    /// Writes an answer that came whole as a stream, for a client that asked for one.
    ///
    /// # Errors
    /// Fails as [`Self::whole`] does.
    pub fn whole_as_stream(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), ApiError> {
        self.whole(body)?;
        let mut chunk: Value = serde_json::from_slice(body).unwrap_or_default();
        chunk["object"] = json!("chat.completion.chunk");
        for choice in chunk["choices"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            let mut delta = choice.shift_remove("message").unwrap_or_default();
            // Fragments of a stream say which call they belong to.
            for (index, call) in delta["tool_calls"].as_array_mut().into_iter().flatten().enumerate() {
                call["index"] = json!(index);
            }
            choice.insert("delta".to_owned(), delta);
        }
        out.extend_from_slice(format!("data: {chunk}\n\ndata: [DONE]\n\n").as_bytes());
        Ok(())
    }

    /// Whether content is on its way, or all is said.
    pub fn has_content(&self) -> bool {
        self.stage != Stage::Waiting
    }

    /// Whether the last event is out.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// What the answer failed with.
    pub fn failure(&self) -> Option<&ApiError> {
        self.failure.as_ref()
    }

    /// What was spent, as far as it is known.
    pub fn usage(&self) -> Usage {
        match self.spent {
            Some(spent) => Usage {
                input_tokens: spent.prompt_tokens - spent.cached(),
                cache_creation_input_tokens: 0,
                cache_read_input_tokens: spent.cached(),
                output_tokens: spent.completion_tokens,
            },
            None => Usage { input_tokens: self.prompt, ..Usage::default() },
        }
    }

    fn look(&mut self, chunk: &Chunk<'_>) -> Result<(), ApiError> {
        if let Some(error) = in_band(&self.provider, self.prompt, chunk) {
            return Err(error);
        }
        if let Some(usage) = chunk.usage.filter(|usage| *usage != Spent::default()) {
            self.spent = Some(usage);
        }
        for choice in &chunk.choices {
            let index = choice.index.unwrap_or_default();
            if says_something(&choice.delta) {
                self.stage = Stage::Answering;
            }
            match choice.finish_reason.as_deref() {
                None | Some("") => {
                    self.open.insert(index);
                }
                Some("error") => return Err(self.error_of("stopped with an error of its own")),
                Some(_) => {
                    self.open.remove(&index);
                    self.finished = true;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, last: &[u8], out: &mut Vec<u8>) {
        if self.is_complete() {
            self.stage = Stage::Over;
            out.extend_from_slice(last);
        } else {
            self.broken("cut the stream before its end", out);
        }
    }

    /// Whether every choice has said that it is at its end.
    fn is_complete(&self) -> bool {
        self.finished && self.open.is_empty()
    }

    fn broken(&mut self, what: &str, out: &mut Vec<u8>) {
        let error = self.error_of(what);
        self.fail(&error, out);
    }

    fn error_of(&self, what: &str) -> ApiError {
        ApiError::new(502, ErrorKind::ApiError, format!("{}: `{}` {what}", self.provider, self.model))
    }
}

/// Whether a delta holds anything that a client would have to take back: text, a thought, a call.
fn says_something(delta: &Delta<'_>) -> bool {
    let content = match &delta.content {
        Incoming::Nothing => false,
        Incoming::Text(text) => !text.is_empty(),
        Incoming::Parts(parts) => !parts.is_empty(),
    };
    let thought = [&delta.reasoning_content, &delta.reasoning].into_iter().flatten().any(|text| !text.is_empty());
    content || thought || !delta.tool_calls.is_empty()
}
