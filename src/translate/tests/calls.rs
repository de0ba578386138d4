//! Parallel calls in every form that servers stream them.

use serde_json::{Value, json};

use super::{calls, end, text, told};

fn fragment(
    index: impl Into<Value>,
    id: impl Into<Value>,
    name: impl Into<Value>,
    arguments: impl Into<Value>,
) -> Value {
    json!({"index": index.into(), "id": id.into(), "function": {"name": name.into(), "arguments": arguments.into()}})
}

/// Claims which calls fragments make, each list in one chunk.
#[track_caller]
fn check(chunks: &[Value], expect: &[(&str, Value)]) {
    let mut chunks: Vec<Value> = chunks.iter().map(calls).collect();
    chunks.push(end("tool_calls"));
    let told = told(&chunks);
    assert_eq!(told.error, None);
    let found: Vec<(&str, Value)> = told.message.calls().map(|call| (call.name, call.input.clone())).collect();
    assert_eq!(found, expect);
}

fn ids(chunks: &[Value]) -> Vec<String> {
    let mut chunks: Vec<Value> = chunks.iter().map(calls).collect();
    chunks.push(end("tool_calls"));
    told(&chunks).message.calls().map(|call| call.id.to_owned()).collect()
}

#[test]
fn all_calls_in_one_chunk_with_their_indices() {
    check(
        &[json!([fragment(0, "aaaaaaaaa", "Read", r#"{"a":1}"#), fragment(1, "bbbbbbbbb", "Grep", r#"{"b":2}"#)])],
        &[("Read", json!({"a": 1})), ("Grep", json!({"b": 2}))],
    );
}

#[test]
fn all_calls_with_the_same_index() {
    check(
        &[json!([fragment(0, "aaaaaaaaa", "Read", r#"{"a":1}"#), fragment(0, "bbbbbbbbb", "Read", r#"{"b":2}"#)])],
        &[("Read", json!({"a": 1})), ("Read", json!({"b": 2}))],
    );
}

#[test]
fn calls_without_index_or_without_id() {
    for (index, id) in [(json!(null), json!("null")), (json!(0), json!("")), (json!(null), json!(null))] {
        check(
            &[
                json!([fragment(index.clone(), id.clone(), "Read", r#"{"a":1}"#)]),
                json!([fragment(index, id, "Grep", r#"{"b":2}"#)]),
            ],
            &[("Read", json!({"a": 1})), ("Grep", json!({"b": 2}))],
        );
    }
}

#[test]
fn calls_without_arguments_and_without_ids_are_told_apart_by_name() {
    check(
        &[json!([fragment(0, null(), "List", ""), fragment(0, null(), "Read", r#"{"a":1}"#)])],
        &[("List", json!({})), ("Read", json!({"a": 1}))],
    );
}

fn null() -> Value {
    Value::Null
}

#[test]
fn fragments_that_follow_with_empty_names_and_no_id() {
    check(
        &[
            json!([fragment(0, "aaaaaaaaa", "Read", "")]),
            json!([fragment(0, "null", "", r#"{"a":"#)]),
            json!([fragment(0, null(), null(), "1}")]),
            json!([fragment(1, "bbbbbbbbb", "Grep", "{")]),
            json!([fragment(1, "", "", r#""b":2}"#)]),
        ],
        &[("Read", json!({"a": 1})), ("Grep", json!({"b": 2}))],
    );
}

#[test]
fn fragments_of_two_calls_that_take_turns() {
    check(
        &[
            json!([fragment(0, "a", "Read", r#"{"a""#), fragment(1, "b", "Grep", r#"{"b""#)]),
            json!([fragment(1, null(), "", ":2")]),
            json!([fragment(0, null(), "", ":1}")]),
            json!([fragment(1, null(), "", "}")]),
        ],
        &[("Read", json!({"a": 1})), ("Grep", json!({"b": 2}))],
    );
}

#[test]
fn fragments_with_a_new_id_each() {
    for index in [json!(0), null()] {
        check(
            &[
                json!([fragment(index.clone(), "call_1", "Read", r#"{"a":"#)]),
                json!([fragment(index.clone(), "call_2", null(), r#""x"#)]),
                json!([fragment(index.clone(), "call_3", "", r#""}"#)]),
            ],
            &[("Read", json!({"a": "x"}))],
        );
    }
}

#[test]
fn fragments_that_repeat_the_name_and_the_id() {
    check(
        &[
            json!([fragment(0, "a", "Read", r#"{"a":"#)]),
            json!([fragment(0, "a", "Read", "1}")]),
            json!([fragment(0, "a", "Read", "")]),
        ],
        &[("Read", json!({"a": 1}))],
    );
}

#[test]
fn a_name_that_comes_after_the_arguments() {
    check(
        &[json!([fragment(0, "a", "", r#"{"a":1}"#)]), json!([fragment(0, null(), "Read", "")])],
        &[("Read", json!({"a": 1}))],
    );
}

#[test]
fn arguments_that_are_an_object_already() {
    check(&[json!([fragment(0, "a", "Read", json!({"a": {"b": [1]}}))])], &[("Read", json!({"a": {"b": [1]}}))]);
}

#[test]
fn no_arguments_in_any_form_are_an_empty_object() {
    for arguments in [json!(""), json!("{}"), json!(" "), json!({}), null()] {
        check(&[json!([fragment(0, "a", "List", arguments)])], &[("List", json!({}))]);
    }
}

#[test]
fn nulls_of_arguments_are_taken_out() {
    check(&[json!([fragment(0, "a", "Read", r#"{"path":"x","limit":null}"#)])], &[("Read", json!({"path": "x"}))]);
}

#[test]
fn braces_in_strings_are_no_end() {
    check(
        &[json!([fragment(0, "a", "Bash", r#"{"c":"}\"}"#)]), json!([fragment(0, null(), "", r#"{","d":1}"#)])],
        &[("Bash", json!({"c": "}\"}{", "d": 1}))],
    );
}

#[test]
fn white_space_after_a_whole_call_is_part_of_it() {
    check(
        &[json!([fragment(0, "a", "Read", r#"{"a":1}"#)]), json!([fragment(0, null(), "", "\n")])],
        &[("Read", json!({"a": 1}))],
    );
}

#[test]
fn a_whole_call_goes_out_before_the_next_one_is() {
    let mut translator = super::fresh();
    let mut out = Vec::new();
    let chunk = calls(&json!([fragment(0, "a", "Read", "{}"), fragment(1, "b", "Grep", "{")]));
    translator.data(chunk.to_string().as_bytes(), &mut |event| event.encode(&mut out));
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("Read") && out.ends_with("{\"type\":\"content_block_stop\",\"index\":0}\n\n"), "{out}");
}

#[test]
fn ids_of_the_server_are_kept_and_are_never_equal() {
    let chunk = json!([
        fragment(0, "a1B2c3D4e", "Read", "{}"),
        fragment(1, "a1B2c3D4e", "Read", "{}"),
        fragment(2, "null", "Read", "{}")
    ]);
    let ids = ids(&[chunk]);
    assert_eq!(ids[0], "a1B2c3D4e");
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn an_id_may_be_a_number() {
    check(
        &[
            json!([fragment(Value::Null, 0, "Read", "{")]),
            json!([fragment(Value::Null, 1, "Grep", "{}")]),
            json!([fragment(Value::Null, 0, "", "}")]),
        ],
        &[("Read", json!({})), ("Grep", json!({}))],
    );
}

#[test]
fn an_id_of_the_conversation_is_not_given_again() {
    let text = json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "A", "input": {}}]}]}).to_string();
    let request = super::request(&text);
    let target = super::target_with(super::model());
    let context = crate::translate::request(&request, &target, None).unwrap().reply;
    let translator = super::StreamTranslator::new(context, "mistral", "m", "msg_1", 7);
    let told = super::told_by(translator, &[calls(&json!([fragment(0, "call_0", "A", "{}")])), end("stop")]);
    assert_ne!(told.message.calls().next().unwrap().id, "call_0");
}

#[test]
fn text_between_fragments_is_not_part_of_a_call() {
    let told = told(&[
        calls(&json!([fragment(0, "a", "Read", r#"{"a":"#)])),
        text("meanwhile"),
        calls(&json!([fragment(0, null(), "", "1}")])),
        end("tool_calls"),
    ]);
    assert_eq!(told.sketch, "start text(0)+ stop(0) tool(1)+ stop(1) delta(tool_use) end");
}
