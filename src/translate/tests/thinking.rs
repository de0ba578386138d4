//! Thinking: asked for, replayed, recognised.

use serde_json::{Value, json};

use super::{check, check_for, dialect_target, model, plain, sent, target_with, translate};
use crate::catalog::{Effort, Model};
use crate::config::Dialect;

fn said(thinking: &Value, more: &[Value]) -> Value {
    let blocks: Vec<Value> = std::iter::once(thinking.clone()).chain(more.iter().cloned()).collect();
    json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": blocks}, {"role": "user", "content": "c"}])
}

fn thinking(signature: &str) -> Value {
    json!({"type": "thinking", "thinking": "Hm.", "signature": signature})
}

fn words() -> [Value; 1] {
    [json!({"type": "text", "text": "b"})]
}

#[test]
fn our_own_thinking_is_replayed_before_the_text() {
    for signature in ["mcr-1", ""] {
        check(&said(&thinking(signature), &words()), &["user: a", "assistant: [thinking Hm.] [b]", "user: c"]);
    }
}

#[test]
fn thinking_is_replayed_without_signature_and_closed() {
    let sent = sent(&json!({"messages": said(&thinking("mcr-1"), &words())}));
    let expect =
        json!([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "b"}]);
    assert_eq!(sent["messages"][1]["content"], expect);
}

#[test]
fn thinking_before_a_call_alone_is_replayed() {
    let mut messages = said(&thinking("mcr-1"), &[json!({"type": "tool_use", "id": "1", "name": "A", "input": {}})]);
    messages[2] = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "x"}]});
    check(&messages, &["user: a", "assistant: [thinking Hm.] +A {}", "tool A: x"]);
}

#[test]
fn thinking_of_another_provider_stays_here() {
    check(&said(&thinking("EqRkLmFvZg=="), &words()), &["user: a", "assistant: b", "user: c"]);
    check(&said(&json!({"type": "redacted_thinking", "data": "x"}), &words()), &["user: a", "assistant: b", "user: c"]);
}

#[test]
fn thinking_is_not_replayed_to_models_that_do_not_reason() {
    check_for(&target_with(plain()), &said(&thinking("mcr-1"), &words()), &["user: a", "assistant: b", "user: c"]);
    let (sent, dropped) =
        translate(&dialect_target(Dialect::Vllm, model()), &json!({"messages": said(&thinking("mcr-1"), &words())}))
            .unwrap();
    assert_eq!(sent["messages"][1]["content"], "b");
    assert_eq!(dropped.to_string(), "thinking x1");
}

#[test]
fn a_turn_of_nothing_but_thinking_is_left_out_where_it_cannot_be_replayed() {
    check_for(&target_with(plain()), &said(&thinking("mcr-1"), &[]), &["user: a\n\nc"]);
}

#[test]
fn effort_is_sent_to_models_that_take_it_and_to_no_others() {
    let body = json!({"messages": [{"role": "user", "content": "a"}], "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    assert_eq!(sent(&body)["reasoning_effort"], "high");
    let (sent, _) = translate(&target_with(plain()), &body).unwrap();
    assert_eq!(sent.get("reasoning_effort"), None);
    let glm = Model { reasoning: vec![Effort::Low, Effort::High, Effort::Max], ..model() };
    let (sent, _) = translate(&target_with(glm), &json!({"messages": [], "thinking": {"type": "disabled"}})).unwrap();
    assert_eq!(sent["reasoning_effort"], "low");
}

#[test]
fn disabled_thinking_asks_for_none() {
    let body = json!({"messages": [{"role": "user", "content": "a"}], "thinking": {"type": "disabled"}, "output_config": {"effort": "max"}});
    assert_eq!(sent(&body)["reasoning_effort"], "none");
}
