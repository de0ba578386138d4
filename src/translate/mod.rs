//! Between the Messages API and chat completions, both ways; pure.
//!
//! # What becomes of what Claude Code sends
//!
//! | sent | becomes |
//! |---|---|
//! | `model` | chosen by `route`; the target's id is sent |
//! | `messages`, roles `user`, `assistant`, `system` | `conversation`'s order |
//! | `system` blocks | one system message, joined; the billing line is dropped |
//! | a turn that says nothing | nothing, or `[an empty message]` where one must stand |
//! | `text` | text |
//! | `image` (base64, url) | `image_url`; a note to the model where it cannot see |
//! | `document` | text where it is text; `document_url` for Mistral; otherwise refused, in a tool's result a note |
//! | a block of another kind | its title, URL, text and content; where there are none, a note |
//! | `tool_use` | a tool call: nine-character id, name of at most 64 characters |
//! | `tool_result` (text, image, document, `tool_reference`) | a tool message, in the order of the calls |
//! | `is_error` | first words of the result, unless it already speaks of an error |
//! | `thinking` signed by us | a thinking part, to Mistral's reasoning models; otherwise dropped |
//! | `thinking` signed by others, `redacted_thinking` | dropped |
//! | `tools` | functions; schemas without `$schema`, `$id` and draft 4 bounds |
//! | `tools` with a `type` | dropped; of a `web_search_…` the model is told that it cannot search |
//! | a tool listed twice, `DeferredToolPlaceholder` | dropped |
//! | `tool_choice` | `auto`, `required`, `none`, or the function; only with tools |
//! | `disable_parallel_tool_use` | `parallel_tool_calls: false` |
//! | `max_tokens` | the same, fitted to what the window leaves |
//! | `temperature`, `top_p` | the same in range; `top_p: 1` with temperature 0 |
//! | `top_k` | dropped: not enabled for Mistral's models |
//! | `stop_sequences` | `stop` |
//! | `stream` | `stream`; usage is asked for where the server does not send it anyway |
//! | `thinking`, `output_config.effort` | `reasoning_effort`, as far as the model takes it (`sampling`) |
//! | `output_config.format` | `response_format`, its schema reduced like a tool's |
//! | `metadata.user_id` | its session names the prompt cache; the rest is dropped |
//! | `cache_control`, `defer_loading`, `eager_input_streaming`, `thinking.display`, `output_config` of a message | dropped |
//! | `context_management`, `safeguards`, betas, any other key of the request | dropped |
//!
//! Whatever is dropped is counted in [`Dropped`] and logged at `debug`.

mod calls;
mod conversation;
mod digest;
mod error;
mod forbidden;
mod ids;
mod names;
mod overflow;
mod pieces;
mod prompt;
mod repair;
mod request;
mod response;
mod rewrite;
mod sampling;
mod schema;
mod signature;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tools;
mod transform;

pub(crate) use conversation::{BEGINNING, BRIDGE};
pub(crate) use error::in_band;
pub use error::{Upstream, from_status};
pub use forbidden::{Forbidden, forbidden, without};
pub(crate) use ids::CallIds;
pub use ids::ReplyIds;
pub use names::ToolNames;
pub use prompt::rewrite_system;
pub use request::{Outgoing, ReplyContext, request, session_id};
pub use response::{response, whole_as_stream};
pub(crate) use sampling::{GREEDY, nearest};
pub(crate) use schema::reduce as reduce_schema;
pub use stream::StreamTranslator;
pub(crate) use transform::transformed;

/// What a translation left out: kinds and how often.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Dropped(Vec<(String, u32)>);

impl Dropped {
    pub(crate) fn count(&mut self, kind: &str) {
        match self.0.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => self.0.push((kind.to_owned(), 1)),
        }
    }

    pub(crate) fn count_key(&mut self, key: &str) {
        // A key is the client's text and goes into a log: no more of it than a name needs.
        self.count(&key.chars().take(40).collect::<String>());
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (kind, count)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{kind} x{count}")?;
        }
        Ok(())
    }
}
