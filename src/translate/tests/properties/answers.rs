//! What holds of every answer.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::super::{StreamTranslator, judged};
use super::answer::{Expected, LONG, any_form, content, nonsense, parts, steps};
use super::cases;
use crate::config::{Target, Transformer};
use crate::imitation::grammar::{Event, Lines, whole};
use crate::translate::testing::{model, request, target_with};
use crate::translate::{ReplyContext, response};
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::sse::Decoder;

/// What is known of a request with two tools and one call, and the name under which [`LONG`] was sent.
fn context(transformers: Vec<Transformer>) -> (ReplyContext, String) {
    let body = json!({
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "Read", "input": {}}]},
        ],
        "tools": [{"name": "Read", "input_schema": {}}, {"name": LONG, "input_schema": {}}],
    })
    .to_string();
    let target = Target { transformers, ..target_with(model()) };
    let request = request(&body);
    let outgoing = crate::translate::request(&request, &target, None).unwrap();
    let long = outgoing.request.tools[1].function.name.clone().into_owned();
    (outgoing.reply, long)
}

fn translator(context: ReplyContext) -> StreamTranslator {
    StreamTranslator::new(context, "mistral", "m", "msg_1", 7)
}

/// Feeds what was read, as the proxy does, and claims that nothing comes after the end.
fn fed<'a>(context: ReplyContext, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut translator, mut decoder, mut out) = (translator(context), Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.push(piece);
        while let Some(event) = decoder.next_event().unwrap() {
            translator.data(event, &mut |event| event.encode(&mut out));
        }
    }
    translator.finish(&mut |event| event.encode(&mut out));
    assert!(translator.is_over());
    let end = out.len();
    translator.data(br#"{"choices":[{"delta":{"content":"late"}}]}"#, &mut |event| event.encode(&mut out));
    let error = ApiError::new(504, ErrorKind::TimeoutError, "late");
    translator.fail(&error, &mut |event| event.encode(&mut out));
    translator.finish(&mut |event| event.encode(&mut out));
    assert_eq!(out.len(), end);
    out
}

fn stream<'a>(chunks: impl IntoIterator<Item = &'a String>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        for line in chunk.split(['\r', '\n']) {
            bytes.extend_from_slice(format!("data: {line}\n").as_bytes());
        }
        bytes.push(b'\n');
    }
    bytes
}

/// Cuts bytes anywhere.
fn cut<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// All deltas of one kind, those of a block that an error left open included.
fn deltas(out: &[u8], kind: &str) -> String {
    let mut lines = Lines::default();
    lines.push(out);
    let mut all = String::new();
    while let Some(Event { data, .. }) = lines.next_event().unwrap() {
        all += data["delta"][kind].as_str().unwrap_or_default();
    }
    all
}

fn end(reason: &str) -> String {
    json!({"choices": [{"delta": {"content": ""}, "finish_reason": reason}]}).to_string()
}

const SILENT: &str = "[mistral: `m` ended its turn without an answer]";

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn whatever_comes_however_it_is_cut_the_stream_is_lawful(
        before in steps(),
        nonsense in vec(nonsense(), 0..4),
        after in steps(),
        ends in any::<bool>(),
        cuts in vec(any::<Index>(), 0..12),
        transformer in prop::sample::select(vec![Transformer::CleanCache, Transformer::EnhanceTool, Transformer::ToolUse]),
    ) {
        let (_, long) = context(Vec::new());
        let (mut index, mut said) = (0, Expected::default());
        let mut chunks: Vec<String> = before.iter().flat_map(|step| step.chunks(&long, &mut index, &mut said)).collect();
        chunks.extend(nonsense);
        chunks.extend(after.iter().flat_map(|step| step.chunks(&long, &mut index, &mut said)));
        if ends {
            chunks.push(end("stop"));
        }
        let bytes = stream(&chunks);
        let once = fed(context(vec![transformer.clone()]).0, [&bytes[..]]);
        if let Err(what) = judged(&once) {
            panic!("{what}\n{}\n{}", String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&once));
        }
        let pieces = fed(context(vec![transformer]).0, cut(&bytes, &cuts));
        prop_assert_eq!(String::from_utf8(pieces), String::from_utf8(once));
    }

    #[test]
    fn what_the_upstream_said_is_told_once_and_in_order(steps in steps(), reason in prop::sample::select(vec!["stop", "tool_calls", "length"])) {
        let (context, long) = context(Vec::new());
        let (mut index, mut said) = (0, Expected::default());
        let mut chunks: Vec<String> = steps.iter().flat_map(|step| step.chunks(&long, &mut index, &mut said)).collect();
        chunks.push(end(reason));
        let out = fed(context, [&stream(&chunks)[..]]);
        let told = judged(&out).unwrap();
        prop_assert_eq!(&told.error, &None, "{:#?}", &chunks);
        if said.text.is_empty() && said.calls.is_empty() && reason != "length" {
            SILENT.clone_into(&mut said.text);
        }
        let calls = told.message.calls().map(|call| (call.name.to_owned(), call.input.clone())).collect();
        let heard = Expected { text: told.message.text(), thinking: told.message.thinking(), calls };
        prop_assert_eq!(heard, said, "{:#?}", &chunks);
        let ids: Vec<&str> = told.message.calls().map(|call| call.id).collect();
        prop_assert!(!ids.contains(&"call_0") && !ids.contains(&"null") && !ids.contains(&""), "{:?}", &ids);
        prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }

    #[test]
    fn what_came_before_a_cut_is_told_once_and_ends_in_an_error(steps in steps(), nth in any::<Index>()) {
        let (context, long) = context(Vec::new());
        let (mut index, mut said) = (0, Expected::default());
        let steps = &steps[..nth.index(steps.len() + 1)];
        let chunks: Vec<String> = steps.iter().flat_map(|step| step.chunks(&long, &mut index, &mut said)).collect();
        let out = fed(context, [&stream(&chunks)[..]]);
        let told = judged(&out).unwrap();
        prop_assert!(told.error.is_some());
        prop_assert_eq!(deltas(&out, "text"), said.text);
        prop_assert_eq!(deltas(&out, "thinking"), said.thinking);
        let calls: Vec<(String, Value)> = told.message.calls().map(|call| (call.name.to_owned(), call.input.clone())).collect();
        prop_assert!(said.calls.starts_with(&calls));
    }

    #[test]
    fn a_stream_and_a_whole_answer_say_the_same(
        (said, calls) in parts(),
        form in any_form(),
        reason in prop::sample::select(vec!["stop", "tool_calls", "length", "model_length", "error"]),
        usage in any::<(u16, u16, u16)>(),
        one_by_one in any::<bool>(),
        early in any::<bool>(),
    ) {
        let usage = json!({"prompt_tokens": usage.0, "completion_tokens": usage.1, "prompt_tokens_details": {"cached_tokens": usage.2}});
        let long = context(Vec::new()).1;
        let whole_calls: Vec<Value> =
            calls.iter().enumerate().map(|(place, call)| call.whole(place, &long, false, true)).collect();
        let message = json!({"role": "assistant", "content": content(&said), "tool_calls": whole_calls});
        let reply = json!({"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}).to_string();

        let size = if one_by_one { 1 } else { said.len().max(1) };
        let lists = said.chunks(size).map(|parts| json!({"choices": [{"delta": {"content": content(parts)}}]}).to_string());
        let mut chunks: Vec<String> = lists.chain(form.render(&calls, 0, &long)).collect();
        let usage = json!({"choices": [], "usage": usage}).to_string();
        if early {
            chunks.extend([usage, end(reason)]);
        } else {
            chunks.extend([end(reason), usage]);
        }

        let told = judged(&fed(context(Vec::new()).0, [&stream(&chunks)[..]])).unwrap();
        match response(&mut translator(context(Vec::new()).0), "mistral", reply.as_bytes()) {
            Ok(body) => {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let whole = whole(&body).unwrap();
                prop_assert_eq!(&told.error, &None);
                prop_assert_eq!(whole.content(), told.message.content(), "{:#?}\n{}", &chunks, &reply);
                prop_assert_eq!(&whole.stop_reason, &told.message.stop_reason);
                prop_assert_eq!(&body["usage"], &told.message.usage);
            }
            Err(error) => prop_assert_eq!(Some(error.message), told.error),
        }
    }

    /// Claude Code sends a call back under the id it was given; the upstream finds its own again.
    #[test]
    fn an_id_of_the_upstreams_comes_back_to_it(ids in prop::collection::hash_set("[a-zA-Z0-9]{9}|[a-z_-]{1,12}", 1..4)) {
        let calls: Vec<Value> = ids.iter().enumerate().map(|(place, id)| json!({"index": place, "id": id, "function": {"name": LONG, "arguments": "{}"}})).collect();
        let chunks = [json!({"choices": [{"delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}).to_string()];
        let told = judged(&fed(context(Vec::new()).0, [&stream(&chunks)[..]])).unwrap();
        let results: Vec<Value> = told.message.calls().map(|call| json!({"type": "tool_result", "tool_use_id": call.id, "content": call.id})).collect();
        let asked = json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": told.message.content()}, {"role": "user", "content": results}]});
        let sent = super::messages(&target_with(model()), &asked, usize::MAX);
        for ((place, id), call) in ids.iter().enumerate().zip(sent[1]["tool_calls"].as_array().unwrap()) {
            let back = call["id"].as_str().unwrap();
            if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                prop_assert_eq!(back, id);
            }
            prop_assert_eq!(&sent[place + 2]["tool_call_id"], back);
            prop_assert_eq!(&sent[place + 2]["content"], id, "the client knows it as the upstream does");
        }
    }
}
