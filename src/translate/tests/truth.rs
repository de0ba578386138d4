//! An answer that did not end well never looks as if it had.

use serde_json::{Value, json};

use super::{call, calls, delta, end, fresh, text, thought, told};
use crate::imitation::grammar::whole;
use crate::translate::{response, whole_as_stream};
use crate::wire::error::{ApiError, ErrorKind};

#[track_caller]
fn check(chunks: &[Value], sketch: &str, error: &str) {
    let told = told(chunks);
    assert_eq!((told.sketch.as_str(), told.error.as_deref()), (sketch, Some(error)));
}

#[test]
fn a_stream_without_anything_is_an_error() {
    check(&[], "error(api_error)", "mistral: `test-model` closed the stream before anything came");
    check(&[json!("[DONE]")], "error(api_error)", "mistral: `test-model` closed the stream before anything came");
}

#[test]
fn a_stream_that_is_cut_is_an_error() {
    let cut = "mistral: `test-model` cut the stream before its end";
    check(&[text("a")], "start text(0)+ error(api_error)", cut);
    check(&[thought("a")], "start thinking(0)+ error(api_error)", cut);
    check(&[call("a", "Read", "{}")], "start tool(0)+ stop(0) error(api_error)", cut);
    check(
        &[calls(&json!([{"index": 0, "function": {"name": "Read", "arguments": "{"}}]))],
        "start error(api_error)",
        cut,
    );
    check(&[delta(&json!({"role": "assistant", "content": ""}))], "start error(api_error)", cut);
}

#[test]
fn done_without_a_finish_reason_is_an_error() {
    check(
        &[text("a"), json!("[DONE]")],
        "start text(0)+ error(api_error)",
        "mistral: `test-model` cut the stream before its end",
    );
}

#[test]
fn arguments_that_are_cut_are_an_error_and_never_a_call() {
    check(
        &[call("a", "Write", r#"{"content":"half"#), end("length")],
        "start error(api_error)",
        "mistral: `test-model` max_tokens cut the arguments of a call of `Write`",
    );
    check(
        &[call("a", "Write", r#"{"content":"half"#), end("tool_calls")],
        "start error(api_error)",
        "mistral: `test-model` sent broken JSON as the arguments of a call of `Write`",
    );
}

#[test]
fn arguments_that_do_not_parse_are_an_error() {
    for arguments in ["{'a':1}", "[1]", "{\"a\":1}}", "{} {}", "nonsense"] {
        let told = told(&[call("a", "Write", arguments), end("tool_calls")]);
        assert!(told.error.is_some() && told.message.calls().count() == 0, "{arguments}");
    }
}

#[test]
fn arguments_that_go_on_after_their_end_are_an_error() {
    check(
        &[
            call("a", "Write", "{}"),
            calls(&json!([{"index": 0, "function": {"name": "", "arguments": "{\"a\":1}"}}])),
            end("tool_calls"),
        ],
        "start tool(0)+ stop(0) error(api_error)",
        "mistral: `test-model` went on with a tool call that was whole",
    );
}

#[test]
fn a_call_without_a_name_is_an_error() {
    check(
        &[call("a", "", "{}"), end("tool_calls")],
        "start error(api_error)",
        "mistral: `test-model` called a tool without a name",
    );
}

#[test]
fn arguments_that_are_no_text_are_an_error() {
    let chunk = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"A","arguments":"\ud800"}}]}}]}"#;
    check(&[json!(chunk)], "start error(api_error)", "mistral: `test-model` sent tool arguments that are not text");
}

#[test]
fn a_chunk_that_is_no_chunk_is_an_error() {
    let error = "mistral: `test-model` sent a chunk that is not a chat completions chunk";
    check(&[text("a"), json!("{\"choices\":[{"), end("stop")], "start text(0)+ error(api_error)", error);
    check(&[json!("<html>")], "error(api_error)", error);
}

#[test]
fn a_model_that_stops_with_an_error_is_an_error() {
    check(
        &[text("a"), end("error")],
        "start text(0)+ error(api_error)",
        "mistral: `test-model` stopped with an error of its own",
    );
}

#[test]
fn an_error_in_place_of_a_chunk_is_told_in_its_words() {
    for frame in [
        json!({"object": "error", "message": "boom", "type": "internal_error", "param": null, "code": "1000"}),
        json!({"error": {"message": "boom", "type": "server_error", "code": 500}}),
        json!({"error": "boom"}),
        json!({"object": "error", "message": {"detail": [{"msg": "boom", "loc": ["body"]}]}}),
    ] {
        let told = told(&[text("a"), frame]);
        assert!(told.error.as_deref().unwrap().ends_with("boom"), "{:?}", told.error);
        assert_eq!(told.sketch, "start text(0)+ error(api_error)");
    }
}

fn whole_answer(body: &Value) -> Result<Value, ApiError> {
    let body = response(&mut fresh(), "mistral", body.to_string().as_bytes())?;
    Ok(serde_json::from_slice(&body).unwrap())
}

fn reply(message: &Value, reason: &Value) -> Value {
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 35, "total_tokens": 55, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 0}, "service_tier": "standard"}})
}

#[test]
fn a_whole_answer_tells_the_same_as_its_stream() {
    let message = json!({"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}], "closed": false}, {"type": "text", "text": "7"}],
        "tool_calls": [{"id": "abc123XYZ", "index": 0, "function": {"name": "Read", "arguments": "{\"a\":1}"}}]});
    let answer = whole_answer(&reply(&message, &json!("tool_calls"))).unwrap();
    let told = whole(&answer).unwrap();
    assert_eq!(
        told.content(),
        json!([{"type": "thinking", "thinking": "Hm.", "signature": "mcr-1"}, {"type": "text", "text": "7"},
            {"type": "tool_use", "id": "abc123XYZ", "name": "Read", "input": {"a": 1}}])
    );
    assert_eq!(answer["usage"]["input_tokens"], 35);
    assert_eq!(told.stop_reason.as_deref(), Some("tool_use"));
}

#[test]
fn a_whole_answer_without_its_end_or_with_broken_arguments_is_an_error() {
    let call = |arguments: &str| json!({"content": "", "tool_calls": [{"id": "a", "function": {"name": "Write", "arguments": arguments}}]});
    for body in [
        reply(&json!({"content": "a"}), &Value::Null),
        reply(&json!({"content": "a"}), &json!("error")),
        reply(&call("{\"a\":"), &json!("length")),
        reply(&call("{'a'}"), &json!("tool_calls")),
        json!({"choices": []}),
        json!({"object": "error", "message": "boom"}),
        json!("no object"),
    ] {
        let error = whole_answer(&body).unwrap_err();
        assert_eq!((error.status, error.kind), (502, ErrorKind::ApiError), "{body}");
    }
}

#[test]
fn a_whole_answer_can_be_told_as_a_stream() {
    let mut out = Vec::new();
    let body = reply(&json!({"content": "hi"}), &json!("stop"));
    whole_as_stream(&mut fresh(), "mistral", body.to_string().as_bytes(), &mut |event| event.encode(&mut out)).unwrap();
    let told = super::judged(&out).unwrap();
    assert_eq!(
        (told.sketch.as_str(), told.message.text().as_str()),
        ("start text(0)+ stop(0) delta(end_turn) end", "hi")
    );
    let cut = reply(&json!({"content": "hi"}), &Value::Null);
    assert!(whole_as_stream(&mut fresh(), "mistral", cut.to_string().as_bytes(), &mut |_| {}).is_err());
}

#[test]
fn nothing_comes_after_an_error() {
    let mut translator = fresh();
    let mut out = Vec::new();
    let error = ApiError::new(504, ErrorKind::TimeoutError, "mistral: silent");
    translator.data(text("a").to_string().as_bytes(), &mut |event| event.encode(&mut out));
    translator.fail(&error, &mut |event| event.encode(&mut out));
    translator.fail(&error, &mut |event| event.encode(&mut out));
    translator.data(end("stop").to_string().as_bytes(), &mut |event| event.encode(&mut out));
    translator.finish(&mut |event| event.encode(&mut out));
    let told = super::judged(&out).unwrap();
    assert_eq!(told.sketch, "start text(0)+ error(timeout_error)");
    assert_eq!(translator.failure(), Some(&error));
}
