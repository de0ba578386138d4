//! From OpenAI's clients to chat completions servers, and back; pure.
//!
//! Both ends speak the same protocol, nearly: what is not named here goes through as the bytes that came.
//!
//! # What becomes of what a client sends
//!
//! | sent | to Mistral | to others |
//! |---|---|---|
//! | `model` | the target's id | the same |
//! | a field that Mistral does not take (`fields`), or null | dropped | the same bytes |
//! | `max_completion_tokens`, `seed`, `dimensions` | `max_tokens`, `random_seed`, `output_dimension` | the same bytes |
//! | `max_tokens` | fitted to what the window leaves | fitted, under the dialect's name |
//! | `random_seed`, `output_dimension` | the same bytes | `seed`, `dimensions` |
//! | `safe_prompt`, `prompt_mode`, `guardrails`, `output_dtype` | the same bytes | dropped |
//! | `temperature` | at most 1.5; with 0 also `top_p: 1` | the same bytes |
//! | `reasoning_effort` | the nearest the model takes; dropped where it takes none | the nearest, where that is known |
//! | `response_format` | its schema reduced | the same bytes, unless the dialect refuses it |
//! | `tools` | functions, their schemas reduced; others and an empty list dropped | the same bytes |
//! | `tool_choice`, `parallel_tool_calls` | dropped where no tool is left | the same bytes |
//! | role `developer` | `system` | `system` |
//! | `messages` | in the order that Mistral takes (`conversation`) | the same bytes |
//! | ids of calls | nine letters or digits | the same bytes |
//! | `stream_options` | dropped: usage comes anyway | usage is asked for in every stream |
//!
//! Whatever is dropped is counted and logged at `debug`. Replies and streams go back as the bytes that came
//! ([`Relay`]); only a last chunk with the usage that nobody but mcr has asked for stays here.

mod conversation;
mod fields;
mod outgoing;
mod prompt;
mod relay;
mod request;
#[cfg(test)]
mod tests;
mod tools;

pub use outgoing::{Outgoing, outgoing};
pub use relay::Relay;
pub use request::{Request, read};
