use serde_json::{Value, json};

use super::{ApiError, Block, Event, Grammar, Message, Unlawful, sketch, whole, whole_error};

/// A lawful stream with thinking, text and two calls.
fn lawful() -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 0, "output_tokens": 0},
        }}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "a", "name": "Read", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":"}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "b", "name": "Exit", "input": {}}}),
        json!({"type": "content_block_stop", "index": 3}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]
}

fn error() -> Value {
    json!({"type": "error", "error": {"type": "api_error", "message": "cut"}})
}

fn judge(events: &[Value]) -> Result<(Message, Option<ApiError>), Unlawful> {
    let mut grammar = Grammar::default();
    for data in events {
        grammar.event(&Event { name: data["type"].as_str().unwrap_or_default().to_owned(), data: data.clone() })?;
    }
    grammar.end()
}

/// Claims that the lawful stream is unlawful after a change.
#[track_caller]
fn broken(change: impl FnOnce(&mut Vec<Value>), event: usize, what: &str) {
    let mut events = lawful();
    change(&mut events);
    assert_eq!(judge(&events), Err(Unlawful { event, what: what.to_owned() }));
}

#[test]
fn a_lawful_stream_tells_its_message() {
    let (message, error) = judge(&lawful()).unwrap();
    assert_eq!(error, None);
    assert_eq!(
        message,
        Message {
            id: "msg_1".to_owned(),
            model: "m".to_owned(),
            blocks: vec![
                Block::Thinking { text: "Hm".to_owned(), signature: "s".to_owned() },
                Block::Text("Hello".to_owned()),
                Block::ToolUse { id: "a".to_owned(), name: "Read".to_owned(), input: json!({"a": 1}) },
                Block::ToolUse { id: "b".to_owned(), name: "Exit".to_owned(), input: json!({}) },
            ],
            stop_reason: Some("tool_use".to_owned()),
            stop_sequence: None,
            usage: json!({"input_tokens": 0, "output_tokens": 7}),
        }
    );
}

#[test]
fn no_event_of_a_lawful_stream_can_be_left_out_save_pings_and_deltas() {
    let spared = |data: &Value| {
        let delta = &data["delta"]["type"];
        // Without one of the two the arguments are broken; the rest of a text or thought is still one.
        data["type"] == "ping" || (data["type"] == "content_block_delta" && delta != "input_json_delta")
    };
    let mut spare = 0;
    for left_out in 0..lawful().len() {
        let mut events = lawful();
        let gone = events.remove(left_out);
        assert_eq!(judge(&events).is_ok(), spared(&gone), "without event {}: {gone}", left_out + 1);
        spare += usize::from(spared(&gone));
    }
    assert_eq!(spare, 5);
}

#[test]
fn no_event_can_come_twice_save_pings_and_deltas() {
    for twice in 0..lawful().len() {
        let mut events = lawful();
        events.insert(twice, events[twice].clone());
        let event = &events[twice];
        let delta = &event["delta"]["type"];
        let lawful =
            event["type"] == "ping" || delta == "text_delta" || delta == "thinking_delta" || delta == "signature_delta";
        assert_eq!(judge(&events).is_ok(), lawful, "event {} twice: {event}", twice + 1);
    }
}

#[test]
fn no_two_neighbours_can_change_places_save_pings_and_deltas_of_text() {
    let mut lawful_swaps = Vec::new();
    for first in 0..lawful().len() - 1 {
        let mut events = lawful();
        events.swap(first, first + 1);
        if judge(&events).is_ok() {
            lawful_swaps.push(first);
        }
    }
    // The ping with the block after it, and the two deltas of the text.
    assert_eq!(lawful_swaps, [1, 7]);
}

#[test]
fn no_required_key_can_be_missing() {
    let mut tried = 0;
    for at in 0..lawful().len() {
        for path in ["", "/message", "/content_block", "/delta"] {
            let Some(keys) = lawful()[at].pointer(path).and_then(Value::as_object).cloned() else { continue };
            for key in keys.keys().filter(|key| !matches!(key.as_str(), "stop_sequence" | "signature")) {
                let mut events = lawful();
                events[at].pointer_mut(path).unwrap().as_object_mut().unwrap().shift_remove(key);
                assert!(judge(&events).is_err(), "event {} without {path}/{key}", at + 1);
                tried += 1;
            }
        }
    }
    assert!(tried >= 70, "only {tried}");
}

#[test]
fn no_stream_stops_early_unless_with_an_error() {
    for length in 0..lawful().len() {
        let mut events = lawful();
        events.truncate(length);
        assert!(judge(&events).is_err(), "after {length} events");
        events.push(error());
        let told = judge(&events).map(|(_, error)| error);
        assert_eq!(told, Ok(Some(ApiError { kind: "api_error".to_owned(), message: "cut".to_owned() })));
    }
}

#[test]
fn nothing_comes_after_the_end() {
    broken(|events| events.push(json!({"type": "ping"})), 19, "`ping` after the end");
    broken(|events| events.push(error()), 19, "`error` after the end");
    broken(|events| events.insert(3, error()), 5, "`content_block_delta` after the end");
}

#[test]
fn a_ping_waits_for_the_start() {
    broken(|events| events.insert(0, json!({"type": "ping"})), 1, "`ping` before `message_start`");
}

#[test]
fn blocks_are_counted_from_nought_without_a_gap() {
    broken(|events| events[6]["index"] = json!(2), 7, "block 2 starts where 1 is next");
    broken(|events| events[7]["index"] = json!(0), 8, "a delta for block 0, which is not open");
}

#[test]
fn a_delta_fits_its_block() {
    broken(
        |events| events[7]["delta"] = json!({"type": "thinking_delta", "thinking": "a"}),
        8,
        "`thinking_delta` in a block of type `text`",
    );
    broken(
        |events| events[11]["delta"] = json!({"type": "text_delta", "text": "a"}),
        12,
        "`text_delta` in a block of type `tool_use`",
    );
}

#[test]
fn arguments_come_in_deltas_and_are_an_object() {
    broken(|events| events[10]["content_block"]["input"] = json!({"a": 1}), 11, "`input` is {\"a\":1} and not {}");
    broken(
        |events| events[12]["delta"]["partial_json"] = json!("1"),
        16,
        "a block after the call of `Read`, whose arguments are no JSON object",
    );
}

#[test]
fn arguments_may_be_cut_where_the_message_is() {
    let mut events = lawful();
    events.drain(12..=15);
    events.insert(12, json!({"type": "content_block_stop", "index": 2}));
    assert_eq!(
        judge(&events).unwrap_err().what,
        "the arguments of `Read` are no JSON object, and the stop reason is `tool_use`"
    );
    events[13]["delta"]["stop_reason"] = json!("max_tokens");
    let (message, _) = judge(&events).unwrap();
    let call = message.calls().next().unwrap();
    assert_eq!(call.input, &json!({"__unparsedToolInput": {"raw": "{\"a\":", "len": 5}}));
}

#[test]
fn an_id_is_given_to_one_call() {
    broken(|events| events[14]["content_block"]["id"] = json!("a"), 16, "a second call with the id `a`");
    broken(
        |events| events[14]["content_block"]["id"] = json!(""),
        15,
        &format!("`id` is empty in {}", json!({"type": "tool_use", "id": "", "name": "Exit", "input": {}})),
    );
}

#[test]
fn a_stop_reason_is_known_and_agrees_with_the_calls() {
    broken(|events| events[16]["delta"]["stop_reason"] = json!("stop"), 17, "unknown stop reason `stop`");
    broken(|events| events[16]["delta"]["stop_reason"] = json!("end_turn"), 17, "stop reason `end_turn` with a call");
    broken(|events| drop(events.drain(10..=15)), 11, "stop reason `tool_use` without a call");
}

#[test]
fn counts_are_whole_numbers() {
    broken(
        |events| events[16]["usage"] = json!({"output_tokens": null}),
        17,
        "`output_tokens` is no whole number: null",
    );
    broken(|events| events[16]["usage"]["input_tokens"] = json!(-1), 17, "`input_tokens` is no whole number: -1");
}

#[test]
fn an_unknown_event_or_block_is_refused() {
    broken(|events| events[1] = json!({"type": "pong"}), 2, "unknown event `pong`");
    broken(|events| events[6]["content_block"]["type"] = json!("image"), 7, "unknown block `image`");
}

#[test]
fn an_event_line_names_the_type() {
    let mut grammar = Grammar::default();
    let told = grammar.event(&Event { name: "message".to_owned(), data: lawful()[0].clone() });
    assert_eq!(told.unwrap_err().what, "`event: message` with data of type `message_start`");
}

#[test]
fn a_whole_answer_is_judged_too() {
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 1, "output_tokens": 2},
    });
    assert_eq!(whole(&body).map(|message| message.text()), Ok("Hello".to_owned()));
    for key in body.as_object().unwrap().keys() {
        let mut body = body.clone();
        body.as_object_mut().unwrap().shift_remove(key);
        assert!(whole(&body).is_err(), "without {key}");
    }
    assert!(whole_error(&json!({"detail": "no"})).is_err());
    assert!(whole_error(&error()).is_ok());
}

#[test]
fn a_stream_can_be_sketched() {
    let events: Vec<Event> = lawful()
        .into_iter()
        .map(|data| Event { name: data["type"].as_str().unwrap_or_default().to_owned(), data })
        .collect();
    assert_eq!(
        sketch(&events),
        "start ping thinking(0)+ stop(0) text(1)+ stop(1) tool(2)+ stop(2) tool(3) stop(3) delta(tool_use) end"
    );
}
