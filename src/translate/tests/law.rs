//! Mistral's law, point by point: section 0 of our notes on its API.

use serde_json::{Value, json};

use super::{calls, check, end, lawful, model, plain, request, sent, target_with, text, thought, told};
use crate::config::{Dialect, Target};

fn hi() -> Value {
    json!([{"role": "user", "content": "hi"}])
}

/// A request with everything that Claude Code ever sent.
fn everything() -> Value {
    json!({
        "model": "claude-opus-5-5",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},
            {"role": "system", "content": [{"type": "text", "text": "S"}], "output_config": {"effort": "low"}},
        ],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;"},
            {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "Be terse.", "cache_control": {"type": "ephemeral"}},
        ],
        "tools": [
            {"name": "Read", "description": "Reads.", "input_schema": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {}}, "eager_input_streaming": true},
            {"name": "Later", "description": "Loads.", "input_schema": {"type": "object"}, "defer_loading": true, "cache_control": {"type": "ephemeral"}},
            {"name": "DeferredToolPlaceholder", "description": "", "input_schema": {"type": "object"}, "defer_loading": true},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "metadata": {"user_id": "{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"11111111-2222-3333-4444-555555555555\"}"},
        "max_tokens": 32000,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "safeguards": [{"type": "dangerous_tool_use", "classifier_context": {"permission_mode": "auto"}}],
        "output_config": {"effort": "high"},
        "temperature": 1,
        "top_k": 5,
        "top_p": 0.9,
        "stop_sequences": ["</block>"],
        "service_tier": "auto",
        "stream": true,
    })
}

#[test]
fn point_1_only_known_fields_are_sent() {
    let sent = lawful(&target_with(model()), &everything());
    let keys: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "model",
            "messages",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "max_tokens",
            "temperature",
            "top_p",
            "stop",
            "reasoning_effort",
            "stream"
        ]
    );
    assert_eq!(sent["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn point_1_only_mistral_is_spared_stream_options() {
    for dialect in Dialect::ALL {
        let target = super::dialect_target(dialect, model());
        let (sent, _) = super::translate(&target, &everything()).unwrap();
        let expect = if dialect == Dialect::Mistral { Value::Null } else { json!({"include_usage": true}) };
        assert_eq!(sent["stream_options"], expect, "{dialect:?}");
    }
}

#[test]
fn point_2_absent_things_are_left_out_and_nothing_is_null() {
    let sent = sent(
        &json!({"messages": hi(), "tools": [], "tool_choice": {"type": "any"}, "system": [], "stop_sequences": [], "temperature": null}),
    );
    assert_eq!(sent, json!({"model": "test-model", "messages": hi(), "reasoning_effort": "none"}));
}

#[test]
fn point_2_no_choice_without_tools_even_when_all_were_left_out() {
    let body = json!({"messages": hi(), "tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "tool", "name": "web_search"}});
    let sent = sent(&body);
    assert_eq!((sent.get("tools"), sent.get("tool_choice"), sent.get("parallel_tool_calls")), (None, None, None));
}

#[test]
fn point_3_the_system_prompt_is_one_message_and_the_first() {
    let body = json!({"system": [{"type": "text", "text": "A"}, {"type": "text", "text": ""}, {"type": "text", "text": "B"}], "messages": hi()});
    assert_eq!(sent(&body)["messages"][0], json!({"role": "system", "content": "A\n\nB"}));
    assert_eq!(
        sent(&json!({"system": "A", "messages": hi()}))["messages"][0],
        json!({"role": "system", "content": "A"})
    );
}

#[test]
fn point_3_user_never_follows_tool() {
    check(
        &json!([
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Skill", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Launching"}, {"type": "text", "text": "# The skill"}]},
        ]),
        &[
            "user: go",
            "assistant: +Skill {}",
            "tool Skill: Launching",
            "assistant: I have the tool results.",
            "user: # The skill",
        ],
    );
}

#[test]
fn point_4_ids_of_any_form_become_nine_letters_or_digits() {
    // `sent` lets the rules check every id.
    for id in ["toolu_01AbCdEf", "call_0", "", "ünï", "123456789", "0123456789", &"x".repeat(300)] {
        let result = json!({"type": "tool_result", "tool_use_id": id, "content": "x"});
        let body = json!({"messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "A", "input": {}}]},
            {"role": "user", "content": [result]},
        ]});
        let sent = sent(&body);
        assert_eq!(sent["messages"][1]["tool_calls"][0]["id"], sent["messages"][2]["tool_call_id"], "{id}");
        assert_eq!(sent["messages"][2]["content"], "x");
    }
}

#[test]
fn point_5_every_call_has_one_result() {
    let used = |id: &str| json!({"type": "tool_use", "id": id, "name": "A", "input": {}});
    check(
        &json!([{"role": "user", "content": "go"}, {"role": "assistant", "content": [used("1"), used("2")]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "2", "content": "y"}]}]),
        &["user: go", "assistant: +A {} +A {}", "tool A: [no result: the tool call was interrupted]", "tool A: y"],
    );
}

#[test]
fn point_6_a_greedy_request_says_top_p() {
    for body in
        [json!({"messages": hi(), "temperature": 0}), json!({"messages": hi(), "temperature": 0.0, "top_p": 0.5})]
    {
        let sent = sent(&body);
        assert_eq!((sent["temperature"].as_f64(), sent["top_p"].as_f64()), (Some(0.0), Some(1.0)));
    }
}

#[test]
fn point_6_sampling_outside_the_bounds_is_brought_inside() {
    let over = sent(&json!({"messages": hi(), "temperature": 2, "top_p": 0}));
    assert_eq!((over["temperature"].as_f64(), over.get("top_p")), (Some(1.5), None));
}

#[test]
fn point_7_effort_only_where_the_model_takes_it() {
    let body = json!({"messages": hi(), "thinking": {"type": "enabled", "budget_tokens": 31999}});
    assert_eq!(sent(&body)["reasoning_effort"], "high");
    assert_eq!(lawful(&target_with(plain()), &body).get("reasoning_effort"), None);
}

#[test]
fn point_8_thinking_comes_back_with_our_signature_and_is_replayed() {
    let told = told(&[thought("Hm."), text("Yes."), end("stop")]);
    let body = json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": told.message.content()}, {"role": "user", "content": "b"}]});
    assert_eq!(super::draw(&sent(&body)["messages"])[1], "assistant: [thinking Hm.] [Yes.]");
}

fn keyed(target: &Target, session: Option<&str>) -> Value {
    let body = hi();
    let text = json!({"messages": body}).to_string();
    let request = request(&text);
    let outgoing = crate::translate::request(&request, target, session).unwrap();
    serde_json::from_slice::<Value>(&outgoing.body(target)).unwrap()["prompt_cache_key"].clone()
}

#[test]
fn point_9_the_cache_key_follows_from_the_session_alone() {
    let target = target_with(model());
    let key = keyed(&target, Some("11111111-2222-3333-4444-555555555555"));
    assert_eq!(key, "mcr-X1Fsyf4kKCrQ8Es91vWU");
    assert_eq!(key, keyed(&target_with(plain()), Some("11111111-2222-3333-4444-555555555555")));
    assert_ne!(key, keyed(&target, Some("11111111-2222-3333-4444-555555555556")));
    assert!(keyed(&target, Some("é ü")).as_str().unwrap().is_ascii());
    assert_eq!(keyed(&target, None), Value::Null);
}

#[test]
fn point_9_other_servers_are_sent_no_cache_key() {
    assert_eq!(keyed(&super::dialect_target(Dialect::Infomaniak, model()), Some("s")), Value::Null);
}

#[test]
fn point_9_the_billing_block_never_reaches_the_prefix() {
    let of = |version: &str| {
        let mut body = everything();
        body["system"][0]["text"] = json!(format!("x-anthropic-billing-header: cc_version={version}; cch=0f3a;"));
        sent(&body)
    };
    assert_eq!(of("2.1.329"), of("2.1.330"));
    assert_eq!(of("2.1.329")["messages"][0]["content"], "You are Claude Code.\n\nBe terse.");
}

#[test]
fn point_9_text_behind_the_billing_line_of_one_block_is_kept() {
    let body =
        json!({"messages": hi(), "system": "x-anthropic-billing-header: cc_version=2.1.329;\nYou are Claude Code."});
    assert_eq!(sent(&body)["messages"][0]["content"], "You are Claude Code.");
}

#[test]
fn point_10_usage_is_told_in_anthropics_terms() {
    let told = told(&[text("a"), end("stop")]);
    assert_eq!(
        told.message.usage,
        json!({"input_tokens": 36, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 64, "output_tokens": 9})
    );
}

#[test]
fn point_12_chunks_of_every_recorded_shape_are_read() {
    let told = told(&[
        json!({"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}], "usage": null, "p": "abcdefgh"}),
        json!({"id": "c", "choices": []}),
        json!({"id": "c", "choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "a"}], "tool_calls": null}, "logprobs": null}]}),
        json!({"id": "c", "choices": [{"index": 0, "delta": {"content": [{"type": "reference", "reference_ids": [1]}]}}]}),
        json!({"id": "c", "choices": [{"index": 0, "delta": {"content": null}}]}),
        calls(&json!([{"id": "D681PevKs", "function": {"name": "Read", "arguments": {"a": 1}}}])),
        json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}),
        json!("[DONE]"),
    ]);
    assert_eq!(told.sketch, "start text(0)+ stop(0) tool(1)+ stop(1) delta(tool_use) end");
    assert_eq!(told.message.usage["input_tokens"], 5);
}
