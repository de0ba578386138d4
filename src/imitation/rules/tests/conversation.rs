use serde_json::{Value, json};

use super::{conversation, meaningless, passes};

fn user() -> Value {
    json!({"role": "user", "content": "a"})
}

fn system() -> Value {
    json!({"role": "system", "content": "a"})
}

fn assistant() -> Value {
    json!({"role": "assistant", "content": "a"})
}

fn calls(ids: &[&str]) -> Value {
    let calls: Vec<Value> =
        ids.iter().map(|id| json!({"id": id, "function": {"name": "Read", "arguments": "{}"}})).collect();
    json!({"role": "assistant", "tool_calls": calls})
}

fn result(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "a"})
}

#[track_caller]
fn order(messages: &[Value], text: &str) {
    meaningless(&conversation(&json!(messages)), "3230", text);
}

const ONE: &str = "aaaaaaaa1";
const TWO: &str = "aaaaaaaa2";
const UNEQUAL: &str = "Not the same number of function calls and responses";

#[test]
fn a_user_may_not_follow_a_tool() {
    order(&[user(), calls(&[ONE]), result(ONE), user()], "Unexpected role 'user' after role 'tool'");
    passes(&conversation(&json!([user(), calls(&[ONE]), result(ONE), assistant(), user()])));
}

#[test]
fn a_system_message_comes_first_and_once() {
    passes(&conversation(&json!([system(), user()])));
    order(&[system(), system(), user()], "Unexpected role 'system' after role 'system'");
    order(&[user(), system(), user()], "Unexpected role 'system' after role 'user'");
    order(&[user(), assistant(), system(), user()], "Unexpected role 'system' after role 'assistant'");
    order(&[user(), calls(&[ONE]), result(ONE), system()], "Unexpected role 'system' after role 'tool'");
}

#[test]
fn a_conversation_starts_with_system_or_user() {
    let text = "Conversation must start with a user message or system message";
    order(&[assistant(), user()], text);
    order(&[result(ONE)], text);
}

#[test]
fn a_conversation_ends_with_user_tool_or_a_prefix() {
    let text = "Expected last role User or Tool (or Assistant with prefix True) for serving but got ";
    order(&[user(), assistant()], &format!("{text}assistant"));
    order(&[system()], &format!("{text}system"));
    passes(&conversation(&json!([user(), {"role": "assistant", "content": "{", "prefix": true}])));
}

#[test]
fn a_prefix_stands_last() {
    meaningless(
        &conversation(&json!([user(), {"role": "assistant", "content": "{", "prefix": true}, user()])),
        "3240",
        "assistant message with prefix True must be last message",
    );
}

#[test]
fn a_tool_follows_calls_or_another_tool() {
    order(&[user(), result(ONE)], "Unexpected role 'tool' after role 'user'");
    order(&[user(), assistant(), result(ONE)], "Unexpected role 'tool' after role 'assistant'");
    passes(&conversation(&json!([user(), calls(&[ONE, TWO]), result(TWO), result(ONE)])));
}

#[test]
fn every_call_has_a_result() {
    order(&[user(), calls(&[ONE, TWO]), result(ONE)], UNEQUAL);
    order(&[user(), calls(&[ONE, TWO]), result(ONE), assistant(), user()], UNEQUAL);
    order(&[user(), calls(&[ONE]), user()], UNEQUAL);
}

#[test]
fn every_result_has_a_call() {
    order(&[user(), calls(&[ONE]), result(TWO)], "Unexpected tool call id aaaaaaaa2 in tool results");
    order(&[user(), calls(&[ONE]), result(ONE), result(ONE)], "Duplicate tool call id aaaaaaaa1 in tool results");
}

#[test]
fn an_id_is_used_once() {
    let text = "Duplicate tool call id aaaaaaaa1 in assistant message";
    meaningless(&conversation(&json!([user(), calls(&[ONE, ONE]), result(ONE)])), "3280", text);
    meaningless(&conversation(&json!([user(), calls(&[ONE]), result(ONE), calls(&[ONE]), result(ONE)])), "3280", text);
}

#[test]
fn an_id_has_nine_letters_or_digits() {
    for id in ["toolu_01A", "call_1", "aaaaaaaaaa", "aaaaaaaa_", "aaaaaaaaé", ""] {
        let text = format!("Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.");
        meaningless(&conversation(&json!([user(), calls(&[id]), result(id)])), "3280", &text);
    }
}

#[test]
fn an_assistant_says_or_calls_something() {
    let text = "Assistant message must have either content or tool_calls, but not none.";
    for message in [
        json!({"role": "assistant"}),
        json!({"role": "assistant", "content": ""}),
        json!({"role": "assistant", "content": []}),
        json!({"role": "assistant", "content": "", "tool_calls": []}),
    ] {
        meaningless(&conversation(&json!([user(), message, user()])), "3240", text);
    }
}

#[test]
fn a_name_in_a_call_or_a_result_keeps_the_rule_of_names() {
    let call = json!({"id": ONE, "function": {"name": "a.b", "arguments": "{}"}});
    let text = "Function name was a.b but must be a-z, A-Z, 0-9, or contain underscores and dashes, \
                with a maximum length of 64.";
    let called = json!({"role": "assistant", "tool_calls": [call]});
    meaningless(&conversation(&json!([user(), called, result(ONE)])), "3280", text);
    let mut named = result(ONE);
    named["name"] = json!("a.b");
    meaningless(&conversation(&json!([user(), calls(&[ONE]), named])), "3280", text);
}

#[test]
fn a_conversation_is_not_empty() {
    super::malformed(
        &conversation(&json!([])),
        "body.messages: too_short: List should have at least 1 item after validation, not 0",
    );
}
