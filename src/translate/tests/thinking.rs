//! Thinking: asked for, replayed, recognised.

use serde_json::{Value, json};

use super::{check, check_for, dialect_target, lawful, model, plain, sent, target_with, translate};
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

#[test]
fn every_model_of_mistrals_is_asked_for_an_effort_that_it_takes() {
    let asked = |thinking: &str, effort: &str| json!({"messages": [{"role": "user", "content": "a"}], "thinking": {"type": thinking}, "output_config": {"effort": effort}});
    for (id, off, low, medium, max) in [
        ("mistral-medium-3-5", json!("none"), json!("none"), json!("high"), json!("high")),
        ("mistral-small-2603", json!("none"), json!("none"), json!("high"), json!("high")),
        ("mistral-large-4", json!("none"), json!("none"), json!("high"), json!("high")),
        ("zai-glm-5-3", json!("low"), json!("low"), json!("high"), json!("max")),
        ("mistral-large-2512", Value::Null, Value::Null, Value::Null, Value::Null),
        ("codestral-2508", Value::Null, Value::Null, Value::Null, Value::Null),
        ("ministral-14b-2512", Value::Null, Value::Null, Value::Null, Value::Null),
    ] {
        let target = target_with(crate::catalog::model(id).unwrap().clone());
        let of = |thinking, effort| lawful(&target, &asked(thinking, effort))["reasoning_effort"].clone();
        let efforts = [of("disabled", "high"), of("adaptive", "low"), of("adaptive", "medium"), of("enabled", "max")];
        assert_eq!(efforts, [off, low, medium, max], "{id}");
    }
}

#[test]
fn thinking_of_a_whole_answer_under_another_name_is_thinking() {
    for key in ["reasoning_content", "reasoning"] {
        let reply =
            json!({"choices": [{"message": {key: "Hm.", "content": "Yes."}, "finish_reason": "stop"}]}).to_string();
        let body = crate::translate::response(&mut super::fresh(), "p", reply.as_bytes()).unwrap();
        let message = crate::imitation::grammar::whole(&serde_json::from_slice(&body).unwrap()).unwrap();
        assert_eq!((message.thinking().as_str(), message.text().as_str()), ("Hm.", "Yes."));
    }
}
