//! Streams: blocks, order, usage, ids.

use serde_json::{Value, json};

use super::{call, delta, end, text, thought, told};

#[track_caller]
fn check(chunks: &[Value], expect: &str) {
    assert_eq!(told(chunks).sketch, expect);
}

#[test]
fn text_is_one_block() {
    let told = told(&[delta(&json!({"role": "assistant", "content": ""})), text("Hel"), text("lo"), end("stop")]);
    assert_eq!(told.sketch, "start text(0)+ stop(0) delta(end_turn) end");
    assert_eq!(told.message.text(), "Hello");
}

#[test]
fn every_piece_of_text_goes_out_at_once() {
    let mut translator = super::fresh();
    let mut out = Vec::new();
    translator.data(text("Hel").to_string().as_bytes(), &mut |event| event.encode(&mut out));
    assert!(String::from_utf8(out).unwrap().ends_with("{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n"));
}

#[test]
fn thinking_is_a_block_of_its_own_with_our_signature() {
    let told = told(&[thought("H"), thought("m."), text("Yes."), end("stop")]);
    assert_eq!(told.sketch, "start thinking(0)+ stop(0) text(1)+ stop(1) delta(end_turn) end");
    assert_eq!(told.message.content()[0], json!({"type": "thinking", "thinking": "Hm.", "signature": "mcr-1"}));
}

#[test]
fn thinking_and_text_of_one_list_are_two_blocks() {
    let both = delta(&json!({"content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "H"}, {"type": "text", "text": "m"}], "closed": true},
        {"type": "text", "text": "Yes."}]}));
    check(&[both, end("stop")], "start thinking(0)+ stop(0) text(1)+ stop(1) delta(end_turn) end");
}

#[test]
fn thinking_as_a_string_is_thinking_too() {
    let told =
        told(&[delta(&json!({"content": [{"type": "thinking", "thinking": "Hm."}]})), text("Yes."), end("stop")]);
    assert_eq!(told.message.thinking(), "Hm.");
}

#[test]
fn thinking_under_the_names_of_other_servers_is_thinking() {
    for key in ["reasoning_content", "reasoning"] {
        let told = told(&[delta(&json!({key: "Hm.", "content": null})), text("Yes."), end("stop")]);
        assert_eq!((told.message.thinking(), told.message.text()), ("Hm.".to_owned(), "Yes.".to_owned()));
    }
}

#[test]
fn thinking_under_both_names_is_thought_once() {
    let told = told(&[delta(&json!({"reasoning_content": "Hm.", "reasoning": "Hm."})), text("Yes."), end("stop")]);
    assert_eq!(told.message.thinking(), "Hm.");
    let told = super::told(&[delta(&json!({"reasoning_content": "", "reasoning": "Hm."})), text("Yes."), end("stop")]);
    assert_eq!(told.message.thinking(), "Hm.");
}

#[test]
fn thinking_after_text_is_a_new_block() {
    check(
        &[text("a"), thought("b"), text("c"), end("stop")],
        "start text(0)+ stop(0) thinking(1)+ stop(1) text(2)+ stop(2) delta(end_turn) end",
    );
}

#[test]
fn a_call_closes_the_open_block_and_text_after_it_opens_another() {
    check(
        &[text("Let me look."), call("a", "Read", "{}"), text("So."), end("tool_calls")],
        "start text(0)+ stop(0) tool(1)+ stop(1) text(2)+ stop(2) delta(tool_use) end",
    );
}

#[test]
fn reasons_to_stop_have_anthropics_words() {
    for (reason, expect) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("model_length", "model_context_window_exceeded"),
        ("tool_calls", "end_turn"),
        ("content_filter", "end_turn"),
        ("of a later release", "end_turn"),
    ] {
        check(&[text("a"), end(reason)], &format!("start text(0)+ stop(0) delta({expect}) end"));
    }
}

#[test]
fn calls_count_more_than_the_reason() {
    for reason in ["stop", "tool_calls", "length"] {
        check(&[call("a", "Read", "{}"), end(reason)], "start tool(0)+ stop(0) delta(tool_use) end");
    }
}

#[test]
fn usage_after_the_finish_reason_counts() {
    let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 4}});
    let told = told(&[text("a"), finish, usage]);
    assert_eq!((&told.message.usage["input_tokens"], &told.message.usage["output_tokens"]), (&json!(50), &json!(4)));
}

#[test]
fn cached_tokens_are_taken_off_the_input_under_either_name() {
    for (usage, expect) in [
        (
            json!({"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 64}}),
            (36, 64),
        ),
        (json!({"prompt_tokens": 100, "completion_tokens": 1, "num_cached_tokens": 64}), (36, 64)),
        (json!({"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": null}), (100, 0)),
        (
            json!({"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": null}}),
            (100, 0),
        ),
        (json!({"prompt_tokens": 10, "completion_tokens": 1, "num_cached_tokens": 64}), (0, 10)),
    ] {
        let told = told(&[text("a"), json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage})]);
        let spent = &told.message.usage;
        assert_eq!((&spent["input_tokens"], &spent["cache_read_input_tokens"]), (&json!(expect.0), &json!(expect.1)));
    }
}

#[test]
fn without_usage_our_own_count_stands() {
    let zeros = json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 0, "completion_tokens": 0}});
    for last in [json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}), zeros] {
        assert_eq!(told(&[text("a"), last]).message.usage["input_tokens"], 7);
    }
}

#[test]
fn a_turn_without_an_answer_says_so() {
    for chunks in [vec![end("stop")], vec![thought("Hm."), end("stop")], vec![text(""), end("tool_calls")]] {
        assert_eq!(told(&chunks).message.text(), "[mistral: `test-model` ended its turn without an answer]");
    }
}

#[test]
fn message_start_names_the_model_and_our_id() {
    let told = told(&[text("a"), end("stop")]);
    assert_eq!((told.message.id.as_str(), told.message.model.as_str()), ("msg_1", "test-model"));
}

#[test]
fn whatever_comes_after_the_end_is_not_told() {
    check(
        &[text("a"), end("stop"), json!("[DONE]"), text("b"), json!("garbage")],
        "start text(0)+ stop(0) delta(end_turn) end",
    );
}

#[test]
fn empty_data_is_nothing() {
    check(&[json!(""), json!("  "), text("a"), end("stop")], "start text(0)+ stop(0) delta(end_turn) end");
}
