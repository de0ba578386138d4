use serde_json::json;

use super::super::check_bytes;
use super::{conversation, malformed, models, passes, refused, small, with};

const FORBIDDEN: &str = "extra_forbidden: Extra inputs are not permitted";

#[test]
fn a_forbidden_field_is_answered_in_the_wrapped_form() {
    let refusal = refused(&with(&json!({"stream_options": {"include_usage": true}})));
    assert_eq!(
        refusal.body,
        json!({
            "object": "error",
            "message": {"detail": [{
                "type": "extra_forbidden",
                "loc": ["body", "stream_options"],
                "msg": "Extra inputs are not permitted",
                "input": {"include_usage": true},
            }]},
            "type": "invalid_request_error",
            "param": null,
            "code": null,
            "raw_status_code": 422,
        })
    );
}

#[test]
fn openais_names_are_forbidden() {
    for name in [
        "max_completion_tokens",
        "stream_options",
        "seed",
        "user",
        "store",
        "logit_bias",
        "functions",
        "function_call",
        "reasoning",
        "modalities",
        "verbosity",
        "thinking",
        "system",
        "stop_sequences",
    ] {
        malformed(&with(&json!({name: 1})), &format!("body.{name}: {FORBIDDEN}"));
    }
}

#[test]
fn a_forbidden_key_of_a_message_is_named_with_its_index_and_role() {
    let message = json!({"role": "assistant", "content": "a", "reasoning_content": "b", "prefix": true});
    malformed(
        &conversation(&json!([{"role": "user", "content": "a"}, message])),
        &format!("body.messages.1.assistant.reasoning_content: {FORBIDDEN}"),
    );
    malformed(
        &conversation(&json!([{"role": "user", "content": "a", "name": "b"}])),
        &format!("body.messages.0.user.name: {FORBIDDEN}"),
    );
    malformed(
        &conversation(&json!([{"role": "tool", "tool_call_id": "aaaaaaaa1", "content": "a", "is_error": true}])),
        &format!("body.messages.0.tool.is_error: {FORBIDDEN}"),
    );
}

#[test]
fn cache_control_is_forbidden_in_chunks_and_tools() {
    let chunk = json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}});
    malformed(
        &conversation(&json!([{"role": "user", "content": [chunk]}])),
        &format!("body.messages.0.user.content.0.text.cache_control: {FORBIDDEN}"),
    );
    let tool = json!({"type": "function", "function": {"name": "a", "parameters": {}}, "cache_control": {}});
    malformed(&with(&json!({"tools": [tool]})), &format!("body.tools.0.function.cache_control: {FORBIDDEN}"));
}

#[test]
fn every_problem_of_form_is_listed_at_once() {
    malformed(
        &with(&json!({"seed": 1, "stream": "yes", "n": 0})),
        &format!(
            "body.stream: bool_type: Input should be a valid boolean\n\
             body.n: greater_than_equal: Input should be greater than or equal to 1\n\
             body.seed: {FORBIDDEN}"
        ),
    );
}

#[test]
fn nulls_are_refused() {
    for name in ["temperature", "tools", "tool_choice", "response_format", "stop", "max_tokens", "metadata"] {
        assert_eq!(refused(&with(&json!({name: null}))).status, 422, "{name}");
    }
    let call = json!({"id": "aaaaaaaa1", "function": {"name": "a", "arguments": "{}"}});
    let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    assert_eq!(refused(&conversation(&json!([{"role": "user", "content": "a"}, message]))).status, 422);
}

#[test]
fn required_fields_are_required() {
    malformed(&json!({"messages": [{"role": "user", "content": "a"}]}), "body.model: missing: Field required");
    malformed(&json!({"model": "plain"}), "body.messages: missing: Field required");
    malformed(&conversation(&json!([{"role": "user"}])), "body.messages.0.user.content: missing: Field required");
    malformed(
        &conversation(&json!([{"role": "tool", "content": "a"}])),
        "body.messages.0.tool.tool_call_id: missing: Field required",
    );
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    malformed(
        &json!([]),
        "body: model_attributes_type: Input should be a valid dictionary or object to extract fields from",
    );
    malformed(&with(&json!({"messages": {}})), "body.messages: list_type: Input should be a valid list");
    malformed(&with(&json!({"max_tokens": 1.5})), "body.max_tokens: int_type: Input should be a valid integer");
    malformed(&with(&json!({"top_p": "1"})), "body.top_p: float_type: Input should be a valid number");
    malformed(
        &conversation(&json!([{"role": "system", "content": {"text": "a"}}])),
        "body.messages.0.system.content.str: string_type: Input should be a valid string\n\
         body.messages.0.system.content.list: list_type: Input should be a valid list",
    );
}

#[test]
fn numbers_keep_their_bounds() {
    let above = |bound: &str| format!("less_than_equal: Input should be less than or equal to {bound}");
    malformed(&with(&json!({"temperature": 1.6})), &format!("body.temperature: {}", above("1.5")));
    malformed(&with(&json!({"presence_penalty": 3})), &format!("body.presence_penalty: {}", above("2")));
    malformed(&with(&json!({"top_p": 0})), "body.top_p: greater_than: Input should be greater than 0");
    assert_eq!(refused(&with(&json!({"max_tokens": -1}))).status, 422);
    passes(&with(&json!({"temperature": 1.5})));
}

#[test]
fn an_unknown_role_is_refused() {
    malformed(
        &conversation(&json!([{"role": "developer", "content": "a"}])),
        "body.messages.0: union_tag_invalid: Input tag found using 'role' does not match any of \
         'system' or 'user' or 'assistant' or 'tool'",
    );
}

#[test]
fn a_chunk_of_anthropics_is_refused() {
    let chunk = json!({"type": "tool_result", "tool_use_id": "a"});
    let refusal = refused(&conversation(&json!([{"role": "user", "content": [chunk]}])));
    assert!(refusal.message().starts_with("body.messages.0.user.content.0: union_tag_invalid: "), "{refusal}");
    let refusal = refused(&conversation(&json!([{"role": "user", "content": [{"text": "a"}]}])));
    assert!(refusal.message().starts_with("body.messages.0.user.content.0: union_tag_not_found: "), "{refusal}");
}

#[test]
fn a_thinking_chunk_holds_a_list_and_neither_signature_nor_closed() {
    let think = |chunk| {
        conversation(
            &json!([{"role": "user", "content": "a"}, {"role": "assistant", "prefix": true, "content": [chunk]}]),
        )
    };
    let place = "body.messages.1.assistant.content.0.thinking";
    malformed(
        &think(json!({"type": "thinking", "thinking": "a"})),
        &format!("{place}.thinking: list_type: Input should be a valid list"),
    );
    let thoughts = json!([{"type": "text", "text": "a"}]);
    malformed(
        &think(json!({"type": "thinking", "thinking": thoughts, "signature": "a", "closed": true})),
        &format!("{place}.signature: {FORBIDDEN}\n{place}.closed: {FORBIDDEN}"),
    );
}

#[test]
fn only_an_assistant_thinks() {
    let chunk = json!({"type": "thinking", "thinking": [{"type": "text", "text": "a"}]});
    for role in ["system", "user"] {
        assert_eq!(refused(&conversation(&json!([{"role": role, "content": [chunk]}]))).status, 422, "{role}");
    }
}

#[test]
fn a_system_message_holds_text_only() {
    let chunk = json!({"type": "image_url", "image_url": "data:image/png;base64,AA=="});
    assert_eq!(refused(&conversation(&json!([{"role": "system", "content": [chunk]}]))).status, 422);
}

#[test]
fn a_response_format_has_one_of_three_forms() {
    passes(&with(&json!({"response_format": {"type": "text"}})));
    passes(&with(&json!({"response_format": {"type": "json_object"}})));
    malformed(
        &with(&json!({"response_format": {"type": "json_schema", "schema": {}}})),
        &format!(
            "body.response_format.json_schema.json_schema: missing: Field required\n\
             body.response_format.json_schema.schema: {FORBIDDEN}"
        ),
    );
    malformed(
        &with(&json!({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}})),
        "body.response_format.json_schema.json_schema.name: missing: Field required",
    );
}

#[test]
fn a_cache_key_is_ascii() {
    malformed(
        &with(&json!({"prompt_cache_key": "café"})),
        "body.prompt_cache_key: string_pattern_mismatch: String should be ASCII",
    );
}

#[test]
fn bytes_that_are_not_json_are_refused() {
    let refusal = check_bytes(b"{", &models()).unwrap_err();
    assert_eq!((refusal.status, refusal.message().as_str()), (422, "body.1: json_invalid: JSON decode error"));
    assert_eq!(check_bytes(small().to_string().as_bytes(), &models()), Ok(small()));
}
