//! Roles, pairing and ids of the conversation that is sent.

use serde_json::{Value, json};

use super::{check, check_for, dialect_target, images_in_turns_only, model, plain, sent, target_with, translate};
use crate::config::Dialect;

const BRIDGE: &str = "assistant: I have the tool results.";

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn assistant(content: impl Into<Value>) -> Value {
    json!({"role": "assistant", "content": content.into()})
}

fn system(content: impl Into<Value>) -> Value {
    json!({"role": "system", "content": content.into()})
}

fn text(words: &str) -> Value {
    json!({"type": "text", "text": words})
}

fn used(id: &str, name: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": {"a": 1}})
}

fn result(id: &str, content: impl Into<Value>) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": content.into()})
}

#[test]
fn roles_that_alternate_stay_as_they_are() {
    check(&json!([user("a"), assistant("b"), user("c")]), &["user: a", "assistant: b", "user: c"]);
}

#[test]
fn neighbours_of_one_role_become_one_message() {
    check(
        &json!([user("a"), user("b"), assistant("c"), assistant("d"), user("e")]),
        &["user: a\n\nb", "assistant: c\n\nd", "user: e"],
    );
}

#[test]
fn a_system_message_in_the_middle_is_a_reminder_in_the_persons_turn() {
    check(
        &json!([user("hi"), system("The date is today.")]),
        &["user: hi\n\n<system-reminder>\nThe date is today.\n</system-reminder>"],
    );
    check(
        &json!([user("hi"), assistant("yes"), system([text("S")].to_vec()), user("go")]),
        &["user: hi", "assistant: yes", "user: <system-reminder>\nS\n</system-reminder>\n\ngo"],
    );
}

#[test]
fn a_reminder_that_is_marked_is_not_marked_again() {
    check(
        &json!([system("<system-reminder>x</system-reminder>"), user("hi")]),
        &["user: <system-reminder>x</system-reminder>\n\nhi"],
    );
}

#[test]
fn reminders_after_results_go_into_the_last_result() {
    check(
        &json!([
            user("go"),
            assistant([used("1", "A"), used("2", "B")].to_vec()),
            user([result("1", "x"), result("2", "y")].to_vec()),
            system("S")
        ]),
        &[
            "user: go",
            r#"assistant: +A {"a":1} +B {"a":1}"#,
            "tool A: x",
            "tool B: y\n\n<system-reminder>\nS\n</system-reminder>",
        ],
    );
}

#[test]
fn a_persons_words_after_results_stand_behind_a_bridge() {
    check(
        &json!([
            user("go"),
            assistant([used("1", "A")].to_vec()),
            user([result("1", "x"), text("and hurry")].to_vec()),
            system("S")
        ]),
        &[
            "user: go",
            r#"assistant: +A {"a":1}"#,
            "tool A: x",
            BRIDGE,
            "user: and hurry\n\n<system-reminder>\nS\n</system-reminder>",
        ],
    );
}

#[test]
fn results_stand_in_the_order_of_the_calls() {
    check(
        &json!([
            user("go"),
            assistant([used("1", "A"), used("2", "B")].to_vec()),
            user([result("2", "y"), result("1", "x")].to_vec())
        ]),
        &["user: go", r#"assistant: +A {"a":1} +B {"a":1}"#, "tool A: x", "tool B: y"],
    );
}

#[test]
fn results_in_two_turns_belong_to_one_group() {
    check(
        &json!([
            user("go"),
            assistant([used("1", "A"), used("2", "B")].to_vec()),
            user([result("2", "y")].to_vec()),
            user([result("1", "x")].to_vec())
        ]),
        &["user: go", r#"assistant: +A {"a":1} +B {"a":1}"#, "tool A: x", "tool B: y"],
    );
}

#[test]
fn a_missing_result_is_filled_in() {
    let lost = "tool A: [no result: the tool call was interrupted]";
    check(&json!([user("go"), assistant([used("1", "A")].to_vec())]), &["user: go", r#"assistant: +A {"a":1}"#, lost]);
    check(
        &json!([user("go"), assistant([used("1", "A")].to_vec()), user("stop")]),
        &["user: go", r#"assistant: +A {"a":1}"#, lost, BRIDGE, "user: stop"],
    );
}

#[test]
fn a_result_without_its_call_becomes_text() {
    check(
        &json!([user("go"), assistant("ok"), user([result("9", "x")].to_vec())]),
        &["user: go", "assistant: ok", "user: [result of an earlier tool call]\n\nx"],
    );
}

#[test]
fn a_second_result_of_one_call_becomes_text() {
    check(
        &json!([user("go"), assistant([used("1", "A")].to_vec()), user([result("1", "x"), result("1", "y")].to_vec())]),
        &["user: go", r#"assistant: +A {"a":1}"#, "tool A: x", BRIDGE, "user: [result of an earlier tool call]\n\ny"],
    );
}

#[test]
fn a_result_that_comes_turns_later_becomes_text_there() {
    check(
        &json!([
            user("go"),
            assistant([used("1", "A")].to_vec()),
            user("wait"),
            assistant("ok"),
            user([result("1", "x")].to_vec())
        ]),
        &[
            "user: go",
            r#"assistant: +A {"a":1}"#,
            "tool A: [no result: the tool call was interrupted]",
            BRIDGE,
            "user: wait",
            "assistant: ok",
            "user: [result of an earlier tool call]\n\nx",
        ],
    );
}

#[test]
fn a_result_without_content_says_so() {
    for empty in [json!(""), json!([]), json!(null)] {
        check(
            &json!([user("go"), assistant([used("1", "A")].to_vec()), user([result("1", empty)].to_vec())]),
            &["user: go", r#"assistant: +A {"a":1}"#, "tool A: [no output]"],
        );
    }
}

#[test]
fn a_result_that_failed_says_so_once() {
    for (words, expect) in [
        ("no such file", "tool A: [the tool reported an error]\n\nno such file"),
        ("Error: no such file", "tool A: Error: no such file"),
        ("", "tool A: [the tool reported an error]"),
    ] {
        let mut failed = result("1", words);
        failed["is_error"] = true.into();
        check(
            &json!([user("go"), assistant([used("1", "A")].to_vec()), user([failed].to_vec())]),
            &["user: go", r#"assistant: +A {"a":1}"#, expect],
        );
    }
}

#[test]
fn an_answer_at_the_end_is_to_be_gone_on_with() {
    check(&json!([user("JSON"), assistant("{")]), &["user: JSON", "assistant (prefix): {"]);
}

#[test]
fn only_mistral_knows_a_prefix() {
    let body = json!({"messages": [user("JSON"), assistant("{")]});
    let (sent, _) = translate(&dialect_target(Dialect::Ollama, model()), &body).unwrap();
    assert_eq!(sent["messages"][1], json!({"role": "assistant", "content": "{"}));
}

#[test]
fn a_conversation_that_begins_with_an_answer_gets_a_beginning() {
    check(&json!([assistant("hi"), user("a")]), &["user: [the conversation goes on]", "assistant: hi", "user: a"]);
}

#[test]
fn a_turn_that_says_nothing_leaves_a_conversation_that_can_be_sent() {
    for empty in [json!(""), json!([]), json!([text("")]), json!(null)] {
        check(&json!([user(empty.clone())]), &["user: [an empty message]"]);
        check(
            &json!([user("a"), assistant("b"), user(empty.clone())]),
            &["user: a", "assistant: b", "user: [an empty message]"],
        );
        check(&json!([user("a"), assistant(empty), user("b")]), &["user: a\n\nb"]);
    }
    check(&json!([]), &["user: [an empty message]"]);
}

#[test]
fn an_empty_turn_after_results_needs_no_words() {
    check(
        &json!([user("go"), assistant([used("1", "A")].to_vec()), user([result("1", "x"), text("")].to_vec())]),
        &["user: go", r#"assistant: +A {"a":1}"#, "tool A: x"],
    );
}

#[test]
fn an_answer_that_was_left_out_does_not_stand_between_results_and_words() {
    let lost = json!([{"type": "redacted_thinking", "data": "x"}]);
    check(
        &json!([
            user("go"),
            assistant([used("1", "A")].to_vec()),
            user([result("1", "x")].to_vec()),
            assistant(lost),
            user("so?")
        ]),
        &["user: go", r#"assistant: +A {"a":1}"#, "tool A: x", BRIDGE, "user: so?"],
    );
}

#[test]
fn ids_are_nine_letters_or_digits_and_the_same_in_every_request() {
    let turn = |id: &str| [assistant([used(id, "A")].to_vec()), user([result(id, "x")].to_vec())];
    let [a, b] = turn("toolu_01AbCdEf");
    let [c, d] = turn("kept12345");
    let ids = |messages: &Value| {
        let sent = sent(&json!({"messages": messages}));
        let messages = sent["messages"].as_array().unwrap().clone();
        messages.iter().filter_map(|message| message["tool_call_id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&json!([user("go"), a, b])), ["9mptlBqpq"]);
    assert_eq!(ids(&json!([user("go"), a, b, c, d])), ["9mptlBqpq", "kept12345"]);
}

#[test]
fn an_id_that_comes_twice_is_two_calls() {
    let twice = json!([
        user("go"),
        assistant([used("1", "A"), used("1", "B")].to_vec()),
        user([result("1", "x"), result("1", "y")].to_vec())
    ]);
    check(&twice, &["user: go", r#"assistant: +A {"a":1} +B {"a":1}"#, "tool A: x", "tool B: y"]);
    let later = json!([
        user("go"),
        assistant([used("1", "A")].to_vec()),
        user([result("1", "x")].to_vec()),
        assistant([used("1", "B")].to_vec()),
        user([result("1", "y")].to_vec()),
    ]);
    check(&later, &["user: go", r#"assistant: +A {"a":1}"#, "tool A: x", r#"assistant: +B {"a":1}"#, "tool B: y"]);
}

#[test]
fn text_and_calls_stand_together_in_one_message() {
    check_for(
        &target_with(plain()),
        &json!([
            user("go"),
            assistant([text("I look."), used("1", "A"), text("Then more.")].to_vec()),
            user([result("1", "x")].to_vec())
        ]),
        &[
            "user: go",
            r#"assistant: I look.

Then more. +A {"a":1}"#,
            "tool A: x",
        ],
    );
}

#[test]
fn input_that_is_no_object_is_sent_as_one() {
    for input in [json!(null), json!("x"), json!([1])] {
        let used = json!({"type": "tool_use", "id": "1", "name": "A", "input": input});
        check(
            &json!([user("go"), assistant([used].to_vec()), user([result("1", "x")].to_vec())]),
            &["user: go", "assistant: +A {}", "tool A: x"],
        );
    }
}

#[test]
fn input_that_the_client_could_not_parse_goes_back_as_it_is() {
    let used =
        json!({"type": "tool_use", "id": "1", "name": "A", "input": {"__unparsedToolInput": {"raw": "{", "len": 1}}});
    check(
        &json!([user("go"), assistant([used].to_vec()), user([result("1", "x")].to_vec())]),
        &["user: go", r#"assistant: +A {"__unparsedToolInput":{"raw":"{","len":1}}"#, "tool A: x"],
    );
}

#[test]
fn images_of_results_move_behind_a_bridge_where_results_hold_text_only() {
    let image =
        |data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    let results = [result("1", [text("seen:"), image("AAAA")].to_vec()), result("2", [image("BBBB")].to_vec())];
    check_for(
        &target_with(images_in_turns_only()),
        &json!([user("go"), assistant([used("1", "A"), used("2", "B")].to_vec()), user(results.to_vec()), system("S")]),
        &[
            "user: go",
            r#"assistant: +A {"a":1} +B {"a":1}"#,
            "tool A: seen:\n\n[shown in the next message, 1]",
            "tool B: [shown in the next message, 2]",
            BRIDGE,
            "user: [[1 of the result of `A`]] [image data:image/png;base64,AAAA] [[2 of the result of `B`]] [image data:image/png;base64,BBBB] [<system-reminder>\nS\n</system-reminder>]",
        ],
    );
}
