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

/// Returns the error that lets Claude Code compact, or ask for less, if a server's words are of this kind.
///
/// `prompt` and `window` are what mcr knows; they stand in for numbers that the words do not give.
pub(super) fn too_long(said: &str, prompt: u64, window: u64) -> Option<ApiError> {
    let said = said.to_lowercase();
    if !MARKS.iter().any(|mark| said.contains(mark)) {
        return None;
    }
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
    Some(match completion {
        Some(completion) if tokens < maximum && tokens + completion > maximum => {
            ask_for_less(tokens, completion, maximum)
        }
        _ => ApiError::too_long(tokens.max(maximum + 1), maximum),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, expect: &str) {
        let error = too_long(said, 9_000, 8_192).unwrap();
        assert_eq!((error.status, error.message.as_str(), error.retry), (400, expect, true), "{said}");
    }

    #[test]
    fn each_servers_numbers_are_read() {
        for (said, expect) in [
            (
                "Prompt contains 140012 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
                "prompt is too long: 140012 tokens > 131072 maximum",
            ),
            (
                "This model's maximum context length is 32768 tokens. However, you requested 43000 tokens (35000 in the messages, 8000 in the completion).",
                "prompt is too long: 35000 tokens > 32768 maximum",
            ),
            (
                "This model's maximum context length is 32768 tokens. However, your messages resulted in 40001 tokens.",
                "prompt is too long: 40001 tokens > 32768 maximum",
            ),
            (
                "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
                "prompt is too long: 5000 tokens > 4096 maximum",
            ),
            (
                "request (12345 tokens) exceeds the available context size (8192 tokens), try increasing it",
                "prompt is too long: 12345 tokens > 8192 maximum",
            ),
            (
                "Trying to keep the first 9216 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
                "prompt is too long: 9216 tokens > 4096 maximum",
            ),
            (
                "prompt too long; exceeded max context length by 77 tokens",
                "prompt is too long: 8269 tokens > 8192 maximum",
            ),
        ] {
            check(said, expect);
        }
    }

    #[test]
    fn a_completion_that_is_too_long_is_not_a_prompt_that_is() {
        let expect = "input length and `max_tokens` exceed context limit: 8000 + 32000 > 32768";
        check(
            "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens (8000 in the messages, 32000 in the completion).",
            expect,
        );
        check(
            "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens and your request has 8000 input tokens (32000 > 32768 - 8000).",
            expect,
        );
    }

    #[test]
    fn without_numbers_those_that_mcr_knows_are_told() {
        check("model x-2512: context_length_exceeded", "prompt is too long: 9000 tokens > 8192 maximum");
        check("the request exceeds the available context size", "prompt is too long: 9000 tokens > 8192 maximum");
    }

    #[test]
    fn the_client_compacts_though_the_numbers_do_not_fit() {
        let said = "Prompt contains 10 tokens and 0 draft tokens, too large for model with 4096 maximum context length";
        check(said, "prompt is too long: 4097 tokens > 4096 maximum");
    }

    #[test]
    fn other_errors_are_left_alone() {
        assert_eq!(too_long("max_tokens must be positive", 9_000, 8_192), None);
    }
}
