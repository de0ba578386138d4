use serde_json::{Value, json};

use super::{Part, Reply, Scene};

fn scene(stream: bool) -> Scene {
    Scene { model: "m".to_owned(), stream, turn: 3 }
}

/// Renders a stream as text; gates, cuts and stalls as words in brackets.
fn stream(reply: &Reply) -> String {
    let answer = reply.render(&scene(true)).unwrap();
    let words = answer.parts.iter().map(|part| match part {
        Part::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Part::Gate(_) => "<gate>".to_owned(),
        Part::Cut => "<cut>".to_owned(),
        Part::Stall => "<stall>".to_owned(),
    });
    words.collect()
}

/// Renders the deltas with their finish reasons.
fn deltas(reply: &Reply) -> Vec<(Value, Value)> {
    stream(reply)
        .split("\n\n")
        .filter_map(|frame| serde_json::from_str::<Value>(frame.strip_prefix("data: ")?).ok())
        .map(|chunk| (chunk["choices"][0]["delta"].clone(), chunk["choices"][0]["finish_reason"].clone()))
        .collect()
}

fn whole(reply: &Reply) -> Value {
    let answer = reply.render(&scene(false)).unwrap();
    let [Part::Bytes(bytes)] = answer.parts.as_slice() else { panic!("{:?}", answer.parts) };
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_stream_has_mistrals_form_to_the_byte() {
    let head = r#"{"id":"00000000000000000000000000000003","object":"chat.completion.chunk","created":1795000000,"model":"m","choices":"#;
    let usage =
        r#"{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}"#;
    assert_eq!(
        stream(&Reply::say("Hel").usage(7, 2, 4)),
        format!(
            "data: {head}[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":null}}]}}\n\n\
             data: {head}[{{\"index\":0,\"delta\":{{\"content\":\"Hel\"}},\"finish_reason\":null}}]}}\n\n\
             data: {head}[{{\"index\":0,\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"stop\"}}],\"usage\":{usage}}}\n\n\
             data: [DONE]\n\n"
        )
    );
}

#[test]
fn calls_share_one_delta_on_the_chunk_with_the_finish() {
    let reply = Reply::new().tool_call("a", "{}").tool_call("b", "[]").finish("tool_calls");
    let last = deltas(&reply).pop().unwrap();
    let calls = json!([
        {"id": "c00003000", "function": {"name": "a", "arguments": "{}"}, "index": 0},
        {"id": "c00003001", "function": {"name": "b", "arguments": "[]"}, "index": 1},
    ]);
    assert_eq!(last, (json!({"content": "", "tool_calls": calls}), json!("tool_calls")));
}

#[test]
fn calls_in_fragments_give_their_name_once_and_their_arguments_bit_by_bit() {
    let reply = Reply::new().tool_calls_in_fragments([("a", r#"{"é":12}"#), ("b", "{}")]).finish("tool_calls");
    let calls: Vec<Value> = deltas(&reply)
        .into_iter()
        .filter_map(|(delta, _)| delta.get("tool_calls").map(|calls| calls[0].clone()))
        .collect();
    assert_eq!(
        calls,
        [
            json!({"id": "c00003000", "type": "function", "function": {"name": "a", "arguments": ""}, "index": 0}),
            json!({"id": "null", "function": {"name": "", "arguments": "{\"é\":"}, "index": 0}),
            json!({"id": "null", "function": {"name": "", "arguments": "12}"}, "index": 0}),
            json!({"id": "c00003001", "type": "function", "function": {"name": "b", "arguments": ""}, "index": 1}),
            json!({"id": "null", "function": {"name": "", "arguments": "{}"}, "index": 1}),
        ]
    );
}

#[test]
fn thinking_is_a_list_and_the_text_after_it_may_be_one() {
    let said = deltas(&Reply::new().thinking("Hm").text_as_list("A").text("B").finish("stop"));
    assert_eq!(said[1].0, json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}));
    assert_eq!(said[2].0, json!({"content": [{"type": "text", "text": "A"}]}));
    assert_eq!(said[3].0, json!({"content": "B"}));
}

#[test]
fn usage_may_come_apart_or_not_at_all() {
    let apart = stream(&Reply::say("a").usage_apart());
    assert!(apart.contains(r#""choices":[],"usage":{"prompt_tokens":10"#), "{apart}");
    assert_eq!(apart.matches("prompt_tokens\"").count(), 1);
    assert_eq!(stream(&Reply::say("a").without_usage()).matches("usage").count(), 0);
}

#[test]
fn padding_and_null_usage_are_options() {
    let padded = stream(&Reply::say("a").padded().with_null_usage());
    assert_eq!(padded.matches(r#""p":"abcdefgh"#).count(), 3);
    assert_eq!(padded.matches(r#""usage":null"#).count(), 2);
}

#[test]
fn nothing_follows_a_cut_a_stall_or_an_error() {
    assert!(stream(&Reply::new().text("a").cut().text("b")).ends_with("<cut>"));
    assert!(stream(&Reply::new().text("a").stall()).ends_with("<stall>"));
    assert!(
        stream(&Reply::new().error_frame(json!({"object": "error"}))).ends_with("data: {\"object\":\"error\"}\n\n")
    );
}

#[test]
fn raw_bytes_go_out_as_they_are() {
    assert_eq!(stream(&Reply::new().raw(": hello\r\n\r\n").without_done()), ": hello\r\n\r\n");
}

#[test]
fn a_whole_answer_joins_the_pieces() {
    let answer = whole(&Reply::new().text("Hel").text("lo").finish("stop").usage(7, 2, 4));
    assert_eq!(
        answer["choices"],
        json!([{
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "tool_calls": null, "content": "Hello"},
        }])
    );
    assert_eq!(answer["usage"]["prompt_tokens_details"]["cached_tokens"], 4);
}

#[test]
fn a_whole_answer_with_thinking_is_a_list() {
    let answer = whole(&Reply::new().thinking("a").thinking("b").text("c").tool_call("d", "{}").finish("tool_calls"));
    let message = &answer["choices"][0]["message"];
    assert_eq!(
        message["content"],
        json!([
            {"type": "thinking", "thinking": [{"type": "text", "text": "ab"}], "closed": true},
            {"type": "text", "text": "c"},
        ])
    );
    assert_eq!(message["tool_calls"][0]["id"], "c00003000");
}

#[test]
fn an_error_in_a_whole_answer_keeps_its_status() {
    let reply = Reply::new().text("a").error_frame(json!({"object": "error", "raw_status_code": 503}));
    assert_eq!(reply.render(&scene(false)).unwrap().status, 503);
}

#[test]
fn a_status_brings_its_headers_and_body() {
    let answer =
        Reply::status(429, &json!({"message": "slow"})).header("retry-after", "2").render(&scene(true)).unwrap();
    assert_eq!(answer.status, 429);
    assert!(answer.headers.contains(&("retry-after".to_owned(), "2".to_owned())));
    assert!(matches!(answer.parts.as_slice(), [Part::Bytes(body)] if body == br#"{"message":"slow"}"#));
}
