//! A prompt that is too long, in the words of each server, and in those that Claude Code acts on.
//!
//! | server | its words |
//! |---|---|
//! | Mistral | `Prompt contains N tokens and 0 draft tokens, too large for model with M maximum context length` |
//! | OpenAI, older vLLM | `maximum context length is M tokens. However, you requested T tokens (N in the messages, C in the completion)` |
//! | OpenAI | `maximum context length is M tokens. However, your messages resulted in N tokens` |
//! | vLLM | `'max_tokens' … is too large: C. This model's maximum context length is M tokens and your request has N input tokens` |
//! | vLLM | `The decoder prompt (length N) is longer than the maximum model length of M` |
//! | llama.cpp | `request (N tokens) exceeds the available context size (M tokens)` |
//! | LM Studio | `keep the first N tokens … loaded with context length of only M tokens` |
//! | Ollama | `prompt too long; exceeded max context length by X tokens` |
//!
//! A number that none of them explains is no number of ours: ids of models hold digits too.

use crate::wire::error::{ApiError, ErrorKind};

/// What marks an error as one of these.
const MARKS: [&str; 8] = [
    "maximum context length",
    "maximum model length",
    "too large for model",
    "context_length_exceeded",
    "exceeds the context",
    "exceeded max context length",
    "context length of only",
    "exceeds the available context size",
];

/// Whether a server's words, or OpenAI's code, say that the prompt is too long.
pub(super) fn is_meant(said: &str, code: &str) -> bool {
    let said = said.to_lowercase();
    code == "context_length_exceeded" || MARKS.iter().any(|mark| said.contains(mark))
}

/// Returns the error that lets Claude Code compact, or ask for less.
///
/// `prompt` and `window` are what mcr knows; they stand in for numbers that the words do not give.
pub(super) fn error(said: &str, prompt: u64, window: u64) -> ApiError {
    let said = said.to_lowercase();
    let after = |words: &[&str]| words.iter().find_map(|words| number_after(&said, words));
    let before = |words: &str| number_before(&said, words);
    let maximum = after(&[
        "maximum context length is ",
        "maximum model length of ",
        "available context size (",
        "context length of only ",
    ])
    .or_else(|| before(" maximum context length"))
    .unwrap_or(window);
    let tokens = after(&[
        "prompt contains ",
        "messages resulted in ",
        "your request has ",
        "prompt (length ",
        "request (",
        "keep the first ",
    ])
    .or_else(|| before(" in the messages"))
    .or_else(|| Some(maximum + after(&["context length by "])?));
    let completion = before(" in the completion").or_else(|| after(&["is too large: "]));
    let tokens = tokens.unwrap_or(prompt);
    match completion {
        Some(completion) if tokens < maximum && tokens + completion > maximum => {
            ask_for_less(tokens, completion, maximum)
        }
        _ => ApiError::too_long(tokens.max(maximum + 1), maximum),
    }
}

/// The words at which Claude Code sends the same prompt again with a smaller `max_tokens`.
fn ask_for_less(tokens: u64, completion: u64, maximum: u64) -> ApiError {
    let words = format!("input length and `max_tokens` exceed context limit: {tokens} + {completion} > {maximum}");
    ApiError::new(400, ErrorKind::InvalidRequestError, words)
}

fn number_after(text: &str, words: &str) -> Option<u64> {
    let rest = &text[text.find(words)? + words.len()..];
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

fn number_before(text: &str, words: &str) -> Option<u64> {
    let before = &text[..text.find(words)?];
    let start = before.rfind(|character: char| !character.is_ascii_digit()).map_or(0, |place| place + 1);
    before.get(start..)?.parse().ok()
}
