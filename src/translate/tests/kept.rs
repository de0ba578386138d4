//! Everything that Claude Code sends is kept, mapped, or dropped and counted.

use serde_json::{Value, json};

use super::{model, target_with, translate};

#[track_caller]
fn dropped(body: &Value, expect: &str) {
    let (_, dropped) = translate(&target_with(model()), body).unwrap();
    assert_eq!(dropped.to_string(), expect, "{body}");
}

#[test]
fn nothing_is_counted_where_nothing_was_dropped() {
    dropped(
        &json!({"model": "m", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1, "stream": true}),
        "",
    );
}

#[test]
fn keys_of_the_request_are_counted_by_name() {
    dropped(
        &json!({"messages": [], "context_management": {}, "safeguards": [], "top_k": 3, "service_tier": "auto", "betas": [], "x": 1}),
        "context_management x1, safeguards x1, top_k x1, service_tier x1, betas x1, x x1",
    );
}

#[test]
fn a_key_of_any_length_is_a_short_word_in_the_log() {
    let key = "k".repeat(500);
    dropped(&json!({"messages": [], key: 1}), &format!("{} x1", "k".repeat(40)));
}

#[test]
fn cache_control_is_counted_wherever_it_stands() {
    let mark = json!({"type": "ephemeral"});
    let body = json!({
        "system": [{"type": "text", "text": "a", "cache_control": mark}, {"type": "text", "text": "b", "cache_control": mark}],
        "tools": [{"name": "A", "input_schema": {"type": "object"}, "cache_control": mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]},
            {"role": "system", "content": [{"type": "text", "text": "a", "cache_control": mark}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "A", "input": {}, "cache_control": mark}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "x", "cache_control": mark}]},
        ],
    });
    dropped(&body, "cache_control x7");
}

#[test]
fn marks_of_tools_are_counted() {
    let body = json!({"messages": [], "tools": [
        {"name": "A", "input_schema": {"type": "object"}, "defer_loading": true},
        {"name": "B", "input_schema": {"type": "object"}, "eager_input_streaming": true},
        {"name": "DeferredToolPlaceholder", "input_schema": {"type": "object"}, "defer_loading": true},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ]});
    dropped(&body, "defer_loading x1, eager_input_streaming x1, placeholder tool x1, server tool x1");
}

#[test]
fn a_wish_on_a_single_message_is_counted() {
    dropped(
        &json!({"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "S", "output_config": {"effort": "low"}}]}),
        "output_config of a message x1",
    );
}

#[test]
fn how_thinking_is_to_be_shown_is_counted() {
    dropped(&json!({"messages": [], "thinking": {"type": "adaptive", "display": "omitted"}}), "thinking display x1");
}

#[test]
fn what_is_left_out_of_turns_is_counted() {
    let body = json!({"system": [{"type": "text", "text": "x-anthropic-billing-header: a"}], "messages": [
        {"role": "user", "content": [{"type": "hologram"}]},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}, {"type": "thinking", "thinking": "a", "signature": "other"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "A", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "2", "content": "x"}]},
    ]});
    dropped(
        &body,
        "unknown block x1, assistant block x1, thinking x1, orphaned result x1, missing result x1, billing header x1",
    );
}

#[test]
fn what_has_a_counterpart_is_kept() {
    let body = json!({
        "messages": [{"role": "user", "content": "a"}], "max_tokens": 50, "temperature": 0.5, "top_p": 0.5, "stream": true,
        "stop_sequences": ["</block>", "x"],
        "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"$schema": "s", "type": "object", "properties": {"title": {"type": "string"}}}}},
        "thinking": {"type": "adaptive"},
    });
    let sent = super::sent(&body);
    assert_eq!(
        sent,
        json!({
            "model": "test-model", "messages": [{"role": "user", "content": "a"}], "max_tokens": 50, "temperature": 0.5, "top_p": 0.5,
            "stop": ["</block>", "x"], "reasoning_effort": "high",
            "response_format": {"type": "json_schema", "json_schema": {
                "name": "answer", "schema": {"type": "object", "properties": {"title": {"type": "string"}}}, "strict": true}},
            "stream": true,
        })
    );
}

#[test]
fn an_answer_fits_what_the_window_leaves() {
    // The tests' prompt counts as 1,000 tokens, the window holds 100,000.
    for (asked, sent) in [(50, 50), (99_000, 99_000), (99_001, 99_000), (128_000, 99_000)] {
        let body = json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": asked});
        assert_eq!(super::sent(&body)["max_tokens"], sent);
    }
}

#[test]
fn infomaniak_has_its_own_name_for_the_answers_length() {
    let target = super::dialect_target(crate::config::Dialect::Infomaniak, model());
    let body = json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": 128_000,
        "output_config": {"format": {"type": "json_schema", "schema": {}}}});
    let (sent, _) = translate(&target, &body).unwrap();
    assert_eq!((&sent["max_completion_tokens"], sent.get("max_tokens")), (&json!(99_000), None));
    assert_eq!(sent.get("response_format"), None);
}

#[test]
fn ionos_is_told_the_answers_length_where_the_client_names_none() {
    let target = super::dialect_target(crate::config::Dialect::Ionos, model());
    for (asked, expect) in [(json!(null), 4096), (json!(50), 50)] {
        let body = json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": asked});
        assert_eq!(translate(&target, &body).unwrap().0["max_tokens"], expect);
    }
}

#[test]
fn a_choice_without_tools_is_counted() {
    dropped(&json!({"messages": [], "tools": [], "tool_choice": {"type": "any"}}), "tool_choice x1");
}

#[test]
fn a_form_of_the_answer_that_is_not_sent_is_counted() {
    dropped(
        &json!({"messages": [], "output_config": {"format": {"type": "of a later release"}}}),
        "output_config.format x1",
    );
    let target = super::dialect_target(crate::config::Dialect::Infomaniak, model());
    let body = json!({"messages": [], "output_config": {"format": {"type": "json_schema", "schema": {}}}});
    assert_eq!(translate(&target, &body).unwrap().1.to_string(), "output_config.format x1");
}

#[test]
fn sampling_that_is_not_sent_is_counted() {
    dropped(&json!({"messages": [], "top_p": 0}), "top_p x1");
    dropped(&json!({"messages": [], "top_p": 0.5, "temperature": 0}), "top_p x1");
    dropped(&json!({"messages": [], "top_p": 1, "temperature": 0}), "");
}

#[test]
fn what_is_no_text_in_a_system_message_is_counted() {
    let block = json!({"type": "image", "source": {"type": "url", "url": "https://x.example"}});
    dropped(&json!({"messages": [{"role": "system", "content": [block]}], "system": [block]}), "system block x2");
}
