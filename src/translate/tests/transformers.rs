//! claude-code-router's built-in transformers, as their documentation has them.

use serde_json::{Map, Value, json};

use super::{call, delta, dialect_target, end, lawful, model, plain, target_with, text, told_by, translate, with};
use crate::catalog::Model;
use crate::config::{Dialect, Sampling, Target, Transformer};
use crate::translate::{ReplyContext, StreamTranslator};

fn body() -> Value {
    json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": 32_000, "temperature": 1, "stream": true,
        "tools": [{"name": "A", "description": "d", "input_schema": {"$schema": "s", "type": "object", "properties": {}}}]})
}

fn thinking() -> Value {
    let mut body = body();
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 31999});
    body
}

/// What a server that says nothing of itself is sent.
#[track_caller]
fn of(transformer: Transformer, body: &Value) -> Value {
    let target = Target { transformers: vec![transformer], ..dialect_target(Dialect::OpenAi, plain()) };
    translate(&target, body).unwrap().0
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn cleancache_and_stripreasoning_are_implied() {
    let mut body = thinking();
    body["messages"][0]["content"] = json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]);
    let plain = lawful(&target_with(model()), &body);
    assert_eq!(plain, lawful(&with([Transformer::CleanCache, Transformer::StripReasoning]), &body));
    for absent in ["cache_control", "\"reasoning\"", "\"thinking\""] {
        assert!(!plain.to_string().contains(absent), "{absent}: {plain}");
    }
}

#[test]
fn groq_is_implied() {
    assert_eq!(of(Transformer::Groq, &body()), of(Transformer::CleanCache, &body()));
    assert!(!of(Transformer::Groq, &body()).to_string().contains("$schema"));
}

#[test]
fn maxtoken_clamps_down_and_never_up() {
    assert_eq!(of(Transformer::MaxToken(500), &body())["max_tokens"], 500);
    assert_eq!(of(Transformer::MaxToken(50_000), &body())["max_tokens"], 32_000);
    assert_eq!(of(Transformer::MaxToken(500), &json!({"messages": []})).get("max_tokens"), None);
}

#[test]
fn maxtoken_clamps_under_either_name() {
    let both = vec![Transformer::MaxCompletionTokens, Transformer::MaxToken(500)];
    let target = Target { transformers: both, ..dialect_target(Dialect::OpenAi, plain()) };
    assert_eq!(translate(&target, &body()).unwrap().0["max_completion_tokens"], 500);
    let target =
        Target { transformers: vec![Transformer::MaxToken(500)], ..dialect_target(Dialect::Infomaniak, plain()) };
    assert_eq!(translate(&target, &body()).unwrap().0["max_completion_tokens"], 500);
}

#[test]
fn deepseek_clamps_to_8192() {
    assert_eq!(of(Transformer::DeepSeek, &body())["max_tokens"], 8192);
}

#[test]
fn maxcompletiontokens_renames() {
    let sent = of(Transformer::MaxCompletionTokens, &body());
    assert_eq!((sent.get("max_tokens"), &sent["max_completion_tokens"]), (None, &json!(32_000)));
}

#[test]
fn sampling_clamps_the_length_and_sets_the_rest() {
    let sampling = Sampling {
        max_tokens: Some(100),
        temperature: Some(0.3),
        top_p: Some(0.8),
        top_k: Some(4),
        repetition_penalty: Some(1.1),
    };
    let sent = of(Transformer::Sampling(sampling), &body());
    let picked = ["max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"].map(|key| sent[key].clone());
    assert_eq!(picked, [json!(100), json!(0.3), json!(0.8), json!(4), json!(1.1)]);
    assert_eq!(of(Transformer::Sampling(Sampling::default()), &body()), of(Transformer::Groq, &body()));
}

#[test]
fn a_greedy_temperature_of_the_configuration_says_top_p_to_mistral() {
    let greedy = Sampling { temperature: Some(0.0), ..Sampling::default() };
    // `lawful` lets the rules check it.
    let sent = lawful(&with([Transformer::Sampling(greedy.clone())]), &body());
    assert_eq!(sent["top_p"].as_f64(), Some(1.0));
    assert_eq!(of(Transformer::Sampling(greedy), &body()).get("top_p"), None);
}

#[test]
fn customparams_adds_and_merges_and_never_replaces() {
    let parameters = object(
        &json!({"temperature": 0.1, "safe_prompt": true, "stream_options": {"include_usage": false, "more": 1}}),
    );
    let sent = of(Transformer::CustomParams(parameters), &body());
    assert_eq!((&sent["temperature"], &sent["safe_prompt"]), (&json!(1.0), &json!(true)));
    assert_eq!(sent["stream_options"], json!({"include_usage": true, "more": 1}));
}

#[test]
fn openrouter_puts_its_options_into_the_body() {
    let sent = of(Transformer::OpenRouter(object(&json!({"provider": {"only": ["mistral"]}}))), &body());
    assert_eq!(sent["provider"], json!({"only": ["mistral"]}));
}

#[test]
fn streamoptions_asks_for_usage_in_streams_only() {
    assert_eq!(of(Transformer::StreamOptions, &body())["stream_options"], json!({"include_usage": true}));
    assert_eq!(of(Transformer::StreamOptions, &json!({"messages": []})).get("stream_options"), None);
    assert_eq!(lawful(&with([Transformer::StreamOptions]), &body()).get("stream_options"), None);
}

#[test]
fn reasoning_passes_on_what_was_asked_whatever_is_known_of_the_model() {
    let on = Transformer::Reasoning { enable: true };
    let picked = |sent: Value| (sent["thinking"]["type"].clone(), sent["enable_thinking"].clone());
    assert_eq!(picked(of(on.clone(), &thinking())), (json!("enabled"), json!(true)));
    assert_eq!(picked(of(on, &body())), (json!("disabled"), json!(false)));
    assert_eq!(picked(of(Transformer::Reasoning { enable: false }, &thinking())), (json!("disabled"), json!(false)));
}

#[test]
fn cerebras_has_a_switch_in_place_of_effort() {
    let reasons = Target { transformers: vec![Transformer::Cerebras], ..dialect_target(Dialect::OpenAi, model()) };
    let (sent, _) = translate(&reasons, &thinking()).unwrap();
    assert_eq!((sent.get("reasoning_effort"), &sent["disable_reasoning"]), (None, &json!(false)));
    let (sent, _) = translate(&reasons, &body()).unwrap();
    assert_eq!((sent.get("reasoning_effort"), sent.get("disable_reasoning")), (None, None));
    assert_eq!(of(Transformer::Cerebras, &thinking())["disable_reasoning"], false);
}

#[test]
fn tooluse_makes_a_call_necessary_and_tells_the_model() {
    let mut body = body();
    body["system"] = "Be.".into();
    let sent = lawful(&with([Transformer::ToolUse]), &body);
    assert_eq!(sent["tool_choice"], "required");
    assert_eq!(sent["tools"][1]["function"]["name"], "ExitTool");
    assert!(sent["messages"][0]["content"].as_str().unwrap().starts_with("Be.\n\nTool mode is active"));
    body.as_object_mut().unwrap().shift_remove("system");
    let sent = lawful(&with([Transformer::ToolUse]), &body);
    assert_eq!(sent["messages"][0]["role"], "system");
    body["tools"] = json!([]);
    assert_eq!(lawful(&with([Transformer::ToolUse]), &body)["messages"][0]["role"], "user");
}

fn told_with(context: ReplyContext, chunks: &[Value]) -> super::Told {
    told_by(StreamTranslator::new(context, "mistral", "m", "msg_1", 7), chunks)
}

fn exits() -> ReplyContext {
    ReplyContext { exit_tool: true, ..ReplyContext::default() }
}

#[test]
fn tooluse_turns_the_exit_into_text() {
    let told = told_with(exits(), &[call("a", "ExitTool", r#"{"response":"Done."}"#), end("tool_calls")]);
    assert_eq!(told.sketch, "start text(0)+ stop(0) delta(end_turn) end");
    assert_eq!(told.message.text(), "Done.");
}

#[test]
fn tooluse_finds_the_exit_among_other_calls_and_in_fragments() {
    let fragment = |arguments: &str, name: &str| {
        delta(&json!({"tool_calls": [{"index": 1, "function": {"name": name, "arguments": arguments}}]}))
    };
    let told = told_with(
        exits(),
        &[
            call("a", "Read", "{}"),
            fragment(r#"{"respo"#, "ExitTool"),
            fragment(r#"nse":"Done."}"#, ""),
            end("tool_calls"),
        ],
    );
    assert_eq!(told.sketch, "start tool(0)+ stop(0) text(1)+ stop(1) delta(tool_use) end");
}

#[test]
fn tooluse_loses_nothing_when_the_exit_has_another_form() {
    let told = told_with(exits(), &[call("a", "ExitTool", r#"{"answer":"Done."}"#), end("tool_calls")]);
    assert_eq!(told.message.text(), r#"{"answer":"Done."}"#);
}

#[test]
fn a_tool_called_exittool_is_a_call_where_tooluse_is_not_configured() {
    let told = told_with(ReplyContext::default(), &[call("a", "ExitTool", r#"{"response":"x"}"#), end("tool_calls")]);
    assert_eq!(told.message.calls().count(), 1);
}

#[test]
fn enhancetool_mends_arguments_and_completes_none() {
    let mends = || ReplyContext { mend_arguments: true, ..ReplyContext::default() };
    let told = told_with(mends(), &[call("a", "Read", "{path: 'a', n: 1,}"), end("tool_calls")]);
    assert_eq!(told.message.calls().next().unwrap().input, &json!({"path": "a", "n": 1}));
    let told = told_with(mends(), &[call("a", "Read", r#"{"path": "a"#), end("length")]);
    assert_eq!(told.error.as_deref(), Some("mistral: `m` max_tokens cut the arguments of a call of `Read`"));
}

#[test]
fn which_transformers_work_on_the_answer_follows_from_the_target() {
    let context = |transformer| {
        let (target, body) = (with([transformer]), super::request(r#"{"messages":[]}"#));
        let reply = crate::translate::request(&body, &target, None).unwrap().reply;
        (reply.mend_arguments, reply.exit_tool)
    };
    assert_eq!(context(Transformer::EnhanceTool), (true, false));
    assert_eq!(context(Transformer::ToolUse), (false, true));
    assert_eq!(context(Transformer::CleanCache), (false, false));
}

#[test]
fn transformers_work_in_the_order_of_the_configuration() {
    let target = |list: [Transformer; 2]| Target {
        transformers: list.to_vec(),
        ..dialect_target(Dialect::OpenAi, Model { ..plain() })
    };
    let custom = |number: u64| Transformer::CustomParams(object(&json!({"x": number})));
    let (sent, _) = translate(&target([custom(1), custom(2)]), &body()).unwrap();
    assert_eq!(sent["x"], 1);
    let told = told_with(ReplyContext::default(), &[text("a"), end("stop")]);
    assert_eq!(told.error, None);
}
