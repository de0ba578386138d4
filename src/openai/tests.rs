//! What is sent to whom, and that what comes back is what was sent.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Relay, outgoing, read};
use crate::config::{Config, Endpoint, Target};
use crate::imitation::models::Models;
use crate::imitation::rules::{self, Asked};
use crate::wire::sse::Decoder;

static HOSTED: LazyLock<Models> = LazyLock::new(Models::hosted);

/// Everything that Mistral serves, each as a target of its own.
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let list = HOSTED.list();
    let mut ids: Vec<&str> = list["data"].as_array().unwrap().iter().filter_map(|card| card["name"].as_str()).collect();
    ids.dedup();
    assert!(ids.len() >= 8, "only {} models are served", ids.len());
    let provider = json!({"name": "mistral", "api_base_url": "http://localhost/v1", "models": ids});
    let other = json!({"name": "other", "api_base_url": "http://localhost/v1", "models": ["any"]});
    let text = json!({"Providers": [provider, other]}).to_string();
    crate::config::read(&text, "config.json5", &|_| None).unwrap()
});

fn sent(target: &Target, endpoint: Endpoint, body: &str) -> String {
    let request = read(endpoint, body.as_bytes()).unwrap();
    let mut outgoing = outgoing(&request, target).unwrap();
    outgoing.fit(1_000, target.facts.window);
    String::from_utf8(outgoing.body(target)).unwrap()
}

/// The first model of Mistral's, and one of a server that is not theirs.
fn pair() -> (&'static Target, &'static Target) {
    (CONFIG.targets.first().unwrap(), CONFIG.targets.last().unwrap())
}

#[test]
fn what_is_right_already_keeps_its_bytes() {
    let (mistral, other) = pair();
    let messages = r#"[{"content":"\u00e9 1.50", "role" : "user"}]"#;
    for target in [mistral, other] {
        let body = format!(r#"{{"model":"x","messages":{messages},"temperature":0.70}}"#);
        let expected = format!(r#"{{"model":"{}","messages":{messages},"temperature":0.70}}"#, target.model);
        assert_eq!(sent(target, Endpoint::Chat, &body), expected);
    }
}

#[test]
fn a_message_that_is_right_keeps_its_bytes_beside_one_that_is_not() {
    let right = r#"{"content":"\u00e9",  "role":"user"}"#;
    let body = format!(r#"{{"model":"x","messages":[{{"role":"developer","content":"a"}},{right}]}}"#);
    let (mistral, other) = pair();
    for target in [mistral, other] {
        let sent = sent(target, Endpoint::Chat, &body);
        assert!(sent.contains(&format!(r#"[{{"role":"system","content":"a"}},{right}]"#)), "{sent}");
    }
}

#[test]
fn an_effort_is_the_nearest_that_the_model_takes_or_left_out() {
    let body = r#"{"model":"x","messages":[{"role":"user","content":"a"}],"reasoning_effort":"medium"}"#;
    let mut seen = Vec::new();
    for target in &CONFIG.targets {
        let sent: Value = serde_json::from_str(&sent(target, Endpoint::Chat, body)).unwrap();
        let effort = sent.get("reasoning_effort").and_then(Value::as_str).map(str::to_owned);
        let expected = match (target.facts.reasoning.is_empty(), &*target.provider.name) {
            (true, "mistral") => None,
            (true, _) => Some("medium".to_owned()),
            (false, _) => Some("high".to_owned()),
        };
        assert_eq!(effort, expected, "{}", target.model);
        seen.push(effort);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[test]
fn the_longest_answer_is_fitted_to_the_window() {
    let (mistral, _) = pair();
    let body = r#"{"model":"x","messages":[{"role":"user","content":"a"}],"max_completion_tokens":99999999}"#;
    let sent: Value = serde_json::from_str(&sent(mistral, Endpoint::Chat, body)).unwrap();
    assert_eq!(sent["max_tokens"], mistral.facts.window - 1_000);
}

#[test]
fn a_file_becomes_a_document_and_audio_its_data() {
    let (mistral, _) = pair();
    let body = json!({"model": "x", "messages": [{"role": "user", "content": [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]}]});
    let sent: Value = serde_json::from_str(&sent(mistral, Endpoint::Chat, &body.to_string())).unwrap();
    let expected = json!([
        {"type": "document_url", "document_url": "data:application/pdf;base64,AA", "document_name": "a.pdf"},
        {"type": "input_audio", "input_audio": "AA"},
    ]);
    assert_eq!(sent["messages"][0]["content"], expected);
}

#[test]
fn embeddings_and_code_are_asked_for_as_mistral_takes_it() {
    for target in CONFIG.targets.iter().filter(|target| target.provider.name == "mistral") {
        for (endpoint, asked, body) in [
            (Endpoint::Embeddings, Asked::Embeddings, r#"{"model":"x","input":"a","dimensions":8,"user":"u"}"#),
            (Endpoint::Fim, Asked::Fim, r#"{"model":"x","prompt":"a","suffix":null,"temperature":3,"seed":-1,"n":1}"#),
        ] {
            let sent = sent(target, endpoint, body);
            let refused = rules::check_asked(asked, sent.as_bytes(), &HOSTED).err().map(|refusal| refusal.status);
            // Every model is refused for what it does not do, and none for the form.
            assert!(matches!(refused, None | Some(400)), "{refused:?}: {sent}");
        }
    }
}

/// One turn of a conversation as clients write them, wrong in every way that OpenAI forgives.
fn turn() -> impl Strategy<Value = Vec<Value>> {
    let id = "[a-zA-Z0-9_-]{1,12}";
    prop_oneof![
        "[a-z]{0,3}".prop_map(|text| vec![json!({"role": "system", "content": text, "name": "x"})]),
        "[a-z]{1,3}".prop_map(|text| vec![json!({"role": "developer", "content": [{"type": "text", "text": text}]})]),
        "[a-z]{1,3}".prop_map(|text| vec![json!({"role": "user", "content": text, "name": "me"})]),
        "[a-z]{1,3}".prop_map(|text| vec![
            json!({"role": "user", "content": [{"type": "text", "text": text, "cache_control": {}}]})
        ]),
        "[a-z]{0,3}"
            .prop_map(|text| vec![json!({"role": "assistant", "content": text, "refusal": null, "audio": null})]),
        (id, "[a-z]{0,3}").prop_map(|(id, text)| vec![
            json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": id, "type": "function", "extra": 1, "function": {"name": "f", "arguments": "{}"}},
            ]}),
            json!({"role": "tool", "tool_call_id": id, "content": text, "is_error": false}),
        ]),
    ]
}

/// Fields beside the conversation.
fn more() -> impl Strategy<Value = Value> {
    let field = prop_oneof![
        Just(("temperature", json!(0))),
        Just(("temperature", json!(2))),
        Just(("temperature", Value::Null)),
        Just(("top_p", json!(0))),
        Just(("seed", json!(-1))),
        Just(("max_completion_tokens", json!(4000))),
        Just(("max_tokens", json!(9_000_000))),
        Just(("reasoning_effort", json!("low"))),
        Just(("tools", json!([]))),
        Just(("tools", json!([{"type": "web_search"}, {"type": "function", "function": {"name": "f", "extra": 1}}]))),
        Just((
            "tools",
            json!([{"type": "function", "function": {"name": "f", "parameters": {"$schema": "x", "type": "object"}, "strict": true}}])
        )),
        Just(("tool_choice", json!("auto"))),
        Just(("parallel_tool_calls", json!(false))),
        Just(("response_format", json!({"type": "json_object"}))),
        Just(("prompt_cache_key", json!("é"))),
        Just(("service_tier", json!("priority"))),
        "[a-z_]{3,8}".prop_map(|name| (Box::leak(format!("x_{name}").into_boxed_str()) as &str, json!({"a": 1}))),
    ];
    proptest::collection::vec(field, 0..6)
        .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A stream of a lawful answer, with comments and any line ends.
fn stream() -> impl Strategy<Value = String> {
    let chunk = |delta: Value, finish: Value| {
        json!({"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "p": "é"}).to_string()
    };
    let event = prop_oneof![
        4 => "[a-zé\u{1F600}]{0,8}".prop_map(move |text| format!("data: {}", chunk(json!({"content": text}), Value::Null))),
        1 => Just(": a comment".to_owned()),
        1 => Just("event: x".to_owned()),
    ];
    (proptest::collection::vec(event, 0..12), prop_oneof![Just("\n"), Just("\r\n"), Just("\r")]).prop_map(
        move |(mut events, end)| {
            events.push(format!("data: {}", chunk(json!({}), json!("stop"))));
            events.push("data: [DONE]".to_owned());
            events.iter().flat_map(|event| [event.as_str(), end, end]).collect()
        },
    )
}

/// Passes a stream on that comes in pieces of this size; the comments' and the answer's bytes.
fn relayed(stream: &[u8], size: usize) -> (Vec<u8>, Relay) {
    let (mut decoder, mut out) = (Decoder::default().keeping_raw(), Vec::new());
    let mut relay = Relay::new(Endpoint::Chat, "p", "m", 0, false);
    for piece in stream.chunks(size.max(1)) {
        decoder.push(piece);
        while let Some(event) = decoder.next_with_raw().unwrap() {
            relay.event(event, &mut out);
        }
    }
    relay.finish(decoder.rest(), &mut out);
    (out, relay)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mistral_takes_every_conversation_that_openai_forgives(turns in proptest::collection::vec(turn(), 0..8), more in more()) {
        let mut body = more;
        let mut messages: Vec<Value> = turns.concat();
        messages.push(json!({"role": "user", "content": "Hi"}));
        body["model"] = json!("x");
        body["messages"] = messages.into();
        for target in CONFIG.targets.iter().filter(|target| target.provider.name == "mistral" && target.facts.task != crate::catalog::Task::Embeddings) {
            let sent = sent(target, Endpoint::Chat, &body.to_string());
            if let Err(refusal) = rules::check_bytes(sent.as_bytes(), &HOSTED) {
                return Err(TestCaseError::fail(format!("{refusal}\n{sent}")));
            }
        }
    }

    #[test]
    fn a_stream_is_passed_on_byte_for_byte_however_it_was_cut(stream in stream(), size in 1usize..200) {
        let (out, relay) = relayed(stream.as_bytes(), size);
        // Nothing is read behind the end; of two bytes that end its last line the second may come too late to matter.
        let missing = stream.len() - out.len();
        prop_assert!(missing <= usize::from(stream.ends_with("\r\n")), "{missing} bytes are missing");
        prop_assert_eq!(&out[..], &stream.as_bytes()[..out.len()]);
        prop_assert!(relay.failure().is_none() && relay.is_over());
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_before_its_end_ends_in_an_error(stream in stream(), cut in 0.0..1.0f64, size in 1usize..200) {
        let finish = stream.rfind(r#""finish_reason":"stop""#).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let cut = (finish as f64 * cut) as usize;
        let (out, relay) = relayed(&stream.as_bytes()[..cut], size);
        prop_assert!(relay.failure().is_some());
        let out = String::from_utf8_lossy(&out);
        let last = out.rsplit("data: ").next().unwrap_or_default();
        let error: Value = serde_json::from_str(last).unwrap_or_default();
        prop_assert!(error["error"]["message"].is_string(), "{}", out);
        prop_assert!(!out.contains("[DONE]"));
    }
}
