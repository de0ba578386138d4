//! Prompts that are too long for a window, and answers that must fit beside them.
//!
//! That a prompt is counted before it is sent, and refused here when it cannot fit, is
//! `route`'s; its tests have that.

use serde_json::{Value, json};

use super::{model, request, told};
use crate::config::Dialect;
use crate::translate::testing::dialect_target;
use crate::translate::{Upstream, from_status};
use crate::wire::error::ErrorKind;

/// Claims that what a server says of the context's length makes Claude Code compact.
///
/// The prompt was counted as 5,000 tokens here, and the window is thought to hold 4,000.
#[track_caller]
fn check(status: u16, body: &Value, expect: &str) {
    let body = body.to_string();
    let error = from_status(&Upstream {
        provider: "p",
        model: "m",
        window: 4_000,
        prompt: 5_000,
        status,
        retry_after: None,
        limit: None,
        correlation: None,
        body: body.as_bytes(),
    });
    assert_eq!(
        (error.status, error.kind, error.message.as_str()),
        (400, ErrorKind::InvalidRequestError, expect),
        "{body}"
    );
}

#[test]
fn mistrals_words() {
    let words =
        "Prompt contains 270000 tokens and 0 draft tokens, too large for model with 262144 maximum context length";
    check(
        400,
        &json!({"object": "error", "message": words, "type": "invalid_request_invalid_args", "code": "3051"}),
        "prompt is too long: 270000 tokens > 262144 maximum",
    );
}

#[test]
fn openais_and_vllms_words() {
    for (words, expect) in [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 36200 tokens (4200 in the messages, 32000 in the completion). Please reduce the length of the messages or completion.",
            "prompt is too long: 4200 tokens > 4096 maximum",
        ),
        (
            "This model's maximum context length is 32768 tokens. However, your messages resulted in 40001 tokens.",
            "prompt is too long: 40001 tokens > 32768 maximum",
        ),
        (
            "The decoder prompt (length 5001) is longer than the maximum model length of 4096.",
            "prompt is too long: 5001 tokens > 4096 maximum",
        ),
    ] {
        check(400, &json!({"object": "error", "message": words, "type": "BadRequestError", "code": 400}), expect);
    }
}

#[test]
fn an_answer_that_is_too_long_is_not_a_prompt_that_is() {
    for words in [
        "This model's maximum context length is 65536 tokens. However, you requested 66000 tokens (2000 in the messages, 64000 in the completion).",
        "'max_tokens' or 'max_completion_tokens' is too large: 64000. This model's maximum context length is 65536 tokens and your request has 2000 input tokens (64000 > 65536 - 2000).",
    ] {
        let expect = "input length and `max_tokens` exceed context limit: 2000 + 64000 > 65536";
        check(400, &json!({"error": {"message": words, "code": "context_length_exceeded"}}), expect);
    }
}

#[test]
fn the_digits_of_a_models_id_are_no_window() {
    check(
        400,
        &json!({"error": {"message": "x-2512: too much", "code": "context_length_exceeded"}}),
        "prompt is too long: 5000 tokens > 4000 maximum",
    );
}

#[test]
fn llama_cpps_words() {
    check(
        400,
        &json!({"error": {"code": 400, "message": "request (5002 tokens) exceeds the available context size (4096 tokens), try increasing it", "type": "exceed_context_size_error"}}),
        "prompt is too long: 5002 tokens > 4096 maximum",
    );
    check(
        400,
        &json!({"error": {"code": 400, "message": "the request exceeds the available context size. try increasing the context size or enable context shift", "type": "invalid_request_error"}}),
        "prompt is too long: 5000 tokens > 4000 maximum",
    );
}

#[test]
fn lm_studios_words_under_its_500() {
    let words = "Trying to keep the first 5321 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.";
    check(500, &json!({"error": words}), "prompt is too long: 5321 tokens > 4096 maximum");
}

#[test]
fn ollamas_words_name_only_the_excess() {
    check(
        400,
        &json!({"error": {"message": "prompt too long; exceeded max context length by 1234 tokens", "type": "invalid_request_error"}}),
        "prompt is too long: 5234 tokens > 4000 maximum",
    );
}

#[test]
fn a_code_says_it_without_words() {
    check(
        400,
        &json!({"error": {"message": "Too much.", "code": "context_length_exceeded"}}),
        "prompt is too long: 5000 tokens > 4000 maximum",
    );
}

#[test]
fn a_window_alone_is_believed() {
    check(
        400,
        &json!({"message": "the model's maximum context length is 2048"}),
        "prompt is too long: 5000 tokens > 2048 maximum",
    );
    // Counted as less than the server has it: still more than fits.
    check(
        400,
        &json!({"message": "maximum context length is 32768"}),
        "prompt is too long: 32769 tokens > 32768 maximum",
    );
}

#[test]
fn the_same_words_in_a_stream_make_it_compact_too() {
    // LM Studio answers 200 and says it in the first event.
    let words = "Trying to keep the first 5321 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.";
    let told = told(&[json!({"error": {"message": words}})]);
    assert_eq!(told.sketch, "error(invalid_request_error)");
    assert_eq!(told.error.as_deref(), Some("prompt is too long: 5321 tokens > 4096 maximum"));
}

#[test]
fn a_long_text_of_something_else_is_no_overflow() {
    let error = from_status(&Upstream {
        provider: "p",
        model: "m",
        window: 4_000,
        prompt: 5_000,
        status: 400,
        retry_after: None,
        limit: None,
        correlation: None,
        body: br#"{"message":"Tool call id was toolu_1 but must be a-z, A-Z, 0-9, with a length of 9."}"#,
    });
    assert!(error.message.starts_with("p: the request was refused"), "{error}");
}

#[track_caller]
fn fitted(dialect: Dialect, asked: &Value, prompt: u64, window: u64, expect: &Value) {
    let body = json!({"messages": [], "max_tokens": asked}).to_string();
    let request = request(&body);
    let target = dialect_target(dialect, model());
    let mut outgoing = crate::translate::request(&request, &target, None).unwrap();
    outgoing.fit(prompt, window);
    let sent: Value = serde_json::from_slice(&outgoing.body(&target)).unwrap();
    let key = if dialect.quirks().max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    assert_eq!(sent[key], *expect, "{asked} beside {prompt} of {window}");
}

#[test]
fn an_answer_is_fitted_to_what_the_prompt_leaves() {
    for dialect in Dialect::ALL {
        fitted(dialect, &json!(32_000), 10_000, 262_144, &json!(32_000));
        // What Claude Code asks for after an answer that was too long.
        fitted(dialect, &json!(128_000), 200_000, 262_144, &json!(62_144));
        fitted(dialect, &json!(null), 200_000, 262_144, &dialect.quirks().max_tokens.into());
    }
}

#[test]
fn an_answer_has_room_for_one_token_and_never_the_whole_window() {
    fitted(Dialect::Mistral, &json!(32_000), 262_144, 262_144, &json!(1));
    fitted(Dialect::Mistral, &json!(32_000), 300_000, 262_144, &json!(1));
    // Mistral refuses a length that is not below the window.
    fitted(Dialect::Mistral, &json!(500_000), 0, 262_144, &json!(262_143));
}

#[test]
fn a_window_that_is_full_in_the_middle_of_an_answer_has_its_own_reason() {
    let told = told(&[super::text("a"), super::end("model_length")]);
    assert_eq!(told.message.stop_reason.as_deref(), Some("model_context_window_exceeded"));
    assert!(told.error.is_none());
}
