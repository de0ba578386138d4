//! claude-code-router's faults of translation, by the headline of our notes that tells them; none of them here.
//!
//! | headline | is about | is held by |
//! |---|---|---|
//! | 1 | presets and the launcher, fault by fault | `tests/it/ccr/table.rs` |
//! | 2 | arguments, the shell, a launch that is not routed | `tests/it/launch.rs` |
//! | 3 | thinking, tags and sessions decide the route | `route/tests/ccr.rs` |
//! | 3 | `system` messages and the blocks of the system prompt | here |
//! | 4 | what Mistral refuses | here, point by point in `law` |
//! | 5 | streams: usage, blocks, parallel calls, `enhancetool` | here, in every form in `calls` and `properties` |
//! | 5 | a client that goes away, signs of life | `tests/it/cancel.rs`, `tests/it/clocks.rs` |
//! | 6 | an image in history | here and in `route/tests/ccr.rs` |
//! | 7 | who is let in, what is logged, what an error tells | `tests/it/door.rs`, `privacy.rs`, `errors.rs` |

use serde_json::{Value, json};

use super::{call, calls, check, delta, draw, end, fresh, request, sent, text, thought, told, told_by, with};
use crate::config::Transformer;
use crate::imitation::grammar::whole;
use crate::translate::{ReplyContext, StreamTranslator, response, rewrite_system};
use crate::wire::sse::Decoder;

fn user(content: impl Into<Value>) -> Value {
    json!({"role": "user", "content": content.into()})
}

fn used(id: &str) -> Value {
    json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Read", "input": {}}]})
}

fn image() -> Value {
    json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}})
}

#[test]
fn headline_3_a_system_message_in_the_middle_is_not_lost() {
    check(
        &json!([user("hi"), {"role": "system", "content": "The working directory is /x."}]),
        &["user: hi\n\n<system-reminder>\nThe working directory is /x.\n</system-reminder>"],
    );
}

#[test]
fn headline_3_the_head_of_the_system_prompt_is_found_behind_the_billing_block() {
    let body = json!({"messages": [user("hi")], "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329;"},
        {"type": "text", "text": "You are Claude Code."},
        {"type": "text", "text": "Long prose.\n<env>\nWorking directory: /x\n</env>"},
    ]})
    .to_string();
    let mut request = request(&body);
    rewrite_system(&mut request, "Be terse.\n");
    let target = with([]);
    let outgoing = crate::translate::request(&request, &target, None).unwrap();
    let sent: Value = serde_json::from_slice(&outgoing.body(&target)).unwrap();
    assert_eq!(
        sent["messages"][0]["content"],
        "You are Claude Code.\n\nBe terse.\n<env>\nWorking directory: /x\n</env>"
    );
}

#[test]
fn headline_4_a_user_never_follows_a_result() {
    let results =
        json!([{"type": "tool_result", "tool_use_id": "1", "content": "x"}, {"type": "text", "text": "and hurry"}]);
    check(
        &json!([user("go"), used("1"), user(results)]),
        &["user: go", "assistant: +Read {}", "tool Read: x", "assistant: I have the tool results.", "user: and hurry"],
    );
}

#[test]
fn headline_4_an_id_of_another_provider_becomes_one_that_mistral_takes() {
    let result = json!([{"type": "tool_result", "tool_use_id": "toolu_01AbCdEf", "content": "x"}]);
    let sent = sent(&json!({"messages": [user("go"), used("toolu_01AbCdEf"), user(result)]}));
    assert_eq!(sent["messages"][1]["tool_calls"][0]["id"], "9mptlBqpq");
    assert_eq!(sent["messages"][2]["tool_call_id"], "9mptlBqpq");
}

#[test]
fn headline_4_neither_reasoning_nor_cache_control_is_sent() {
    let body = json!({"messages": [user(json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]))],
        "thinking": {"type": "adaptive"}, "system": [{"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}]});
    let sent = sent(&body).to_string();
    assert!(!sent.contains("cache_control") && !sent.contains(r#""reasoning""#), "{sent}");
}

#[test]
fn headline_4_content_in_a_list_is_text_and_not_json_in_text() {
    let told = told(&[thought("Hm."), delta(&json!({"content": [{"type": "text", "text": "7"}]})), end("stop")]);
    assert_eq!((told.message.thinking().as_str(), told.message.text().as_str()), ("Hm.", "7"));
}

#[test]
fn headline_4_an_image_is_its_url_and_nothing_else() {
    let sent = sent(&json!({"messages": [user(json!([image()]))]}));
    assert_eq!(
        sent["messages"][0]["content"],
        json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}])
    );
}

#[test]
fn headline_4_a_tool_of_the_provider_is_not_sent_as_a_function() {
    let search = json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 8});
    assert_eq!(sent(&json!({"messages": [user("a")], "tools": [search]})).get("tools"), None);
}

#[test]
fn headline_5_usage_right_behind_the_finish_reason_counts() {
    // Both in one read.
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 4}});
    let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let read = format!("data: {}\n\ndata: {finish}\n\ndata: {usage}\n\ndata: [DONE]\n\n", text("a"));
    let (mut decoder, mut translator, mut out) = (Decoder::default(), fresh(), Vec::new());
    decoder.push(read.as_bytes());
    while let Some(event) = decoder.next_event().unwrap() {
        translator.data(event, &mut |event| event.encode(&mut out));
    }
    let usage = super::judged(&out).unwrap().message.usage;
    assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(50), &json!(4)));
}

#[test]
fn headline_5_text_after_a_call_is_a_block_of_its_own() {
    let told = told(&[call("a", "Read", "{}"), text("So."), end("tool_calls")]);
    assert_eq!(told.sketch, "start tool(0)+ stop(0) text(1)+ stop(1) delta(tool_use) end");
}

/// Two whole calls in one chunk, with the index that each of them gets.
fn two(indices: [Value; 2]) -> Value {
    let call = |(index, path): (Value, &str)| json!({"index": index, "id": null, "function": {"name": "Read", "arguments": json!({"path": path}).to_string()}});
    calls(&indices.into_iter().zip(["a", "b"]).map(call).collect())
}

#[test]
fn headline_5_parallel_calls_of_one_index_or_of_none_are_all_made() {
    for indices in [[json!(0), json!(0)], [Value::Null, Value::Null], [json!(0), json!(1)]] {
        let told = told(&[two(indices), end("tool_calls")]);
        let paths: Vec<&Value> = told.message.calls().map(|call| &call.input["path"]).collect();
        assert_eq!(paths, ["a", "b"]);
    }
}

#[test]
fn headline_5_enhancetool_keeps_the_arguments_of_parallel_calls() {
    let context = ReplyContext { mend_arguments: true, ..ReplyContext::default() };
    let translator = StreamTranslator::new(context, "mistral", "m", "msg_1", 7);
    let told = told_by(translator, &[two([json!(0), json!(1)]), end("tool_calls")]);
    let paths: Vec<&Value> = told.message.calls().map(|call| &call.input["path"]).collect();
    assert_eq!(paths, ["a", "b"]);
}

#[test]
fn headline_6_an_image_in_history_does_not_silence_later_turns() {
    let messages = json!([
        user("go"),
        used("1"),
        user(json!([{"type": "tool_result", "tool_use_id": "1", "content": [image()]}])),
        {"role": "assistant", "content": "A cat."},
        user("And now?"),
    ]);
    let sent = sent(&json!({"messages": messages}));
    assert_eq!(
        draw(&sent["messages"])[2..],
        ["tool Read: [image data:image/png;base64,AAAA]", "assistant: A cat.", "user: And now?"]
    );
}

#[test]
fn section_4_2_tooluse_finds_an_answer_that_comes_in_one_chunk() {
    let context = ReplyContext { exit_tool: true, ..ReplyContext::default() };
    let translator = StreamTranslator::new(context, "mistral", "m", "msg_1", 7);
    let told = told_by(translator, &[call("a", "ExitTool", r#"{"response":"Done."}"#), end("tool_calls")]);
    assert_eq!(told.message.text(), "Done.");
    assert_eq!(sent_with_tooluse()["messages"].as_array().unwrap().last().unwrap()["role"], "user");
}

/// claude-code-router puts a system message at the end, which Mistral refuses; the rules check ours.
fn sent_with_tooluse() -> Value {
    let body = json!({"messages": [user("a")], "tools": [{"name": "Read", "input_schema": {"type": "object"}}]});
    super::lawful(&with([Transformer::ToolUse]), &body)
}

#[test]
fn section_4_3_what_has_a_counterpart_is_not_lost() {
    let body = json!({"messages": [user("a")], "stop_sequences": ["</block>"], "top_p": 0.5, "temperature": 1,
        "tools": [{"name": "Read"}], "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}});
    let sent = sent(&body);
    let keys = ["stop", "top_p", "tool_choice", "parallel_tool_calls", "reasoning_effort"].map(|key| sent[key].clone());
    assert_eq!(keys, [json!(["</block>"]), json!(0.5), json!("required"), json!(false), json!("high")]);
}

#[test]
fn section_4_3_a_result_with_an_image_is_not_json_in_text() {
    let content = json!([{"type": "text", "text": "seen"}, image()]);
    let sent = sent(
        &json!({"messages": [user("go"), used("1"), user(json!([{"type": "tool_result", "tool_use_id": "1", "content": content}]))]}),
    );
    assert_eq!(draw(&sent["messages"])[2], "tool Read: [seen] [image data:image/png;base64,AAAA]");
}

#[test]
fn section_4_4_an_error_in_a_stream_is_not_an_answer() {
    let told = told(&[text("a"), json!({"object": "error", "message": "boom"}), end("stop")]);
    assert_eq!(told.sketch, "start text(0)+ error(api_error)");
    assert_eq!(told_by(fresh(), &[]).sketch, "error(api_error)");
}

#[test]
fn section_4_4_thinking_of_a_whole_answer_stands_first() {
    let content = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}], "closed": false}, {"type": "text", "text": "7"}]);
    let reply = json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 2}});
    let body = response(&mut fresh(), "mistral", reply.to_string().as_bytes()).unwrap();
    let message = whole(&serde_json::from_slice(&body).unwrap()).unwrap();
    assert_eq!(
        message.content(),
        json!([{"type": "thinking", "thinking": "Hm.", "signature": "mcr-1"}, {"type": "text", "text": "7"}])
    );
}
