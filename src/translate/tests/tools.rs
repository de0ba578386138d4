//! Tools on offer: which, under which name, with which schema.

use serde_json::{Value, json};

use super::{call, dialect_target, end, model, request, sent, target_with, told_by};
use crate::config::Dialect;
use crate::translate::StreamTranslator;

fn tool(name: &str) -> Value {
    json!({"name": name, "description": "d", "input_schema": {"type": "object", "properties": {}}})
}

fn with_tools(tools: &[Value], choice: &Value) -> Value {
    let messages = json!([{"role": "user", "content": "hi"}]);
    let mut body = json!({"messages": messages, "tools": tools});
    if !choice.is_null() {
        body["tool_choice"] = choice.clone();
    }
    sent(&body)
}

fn names(sent: &Value) -> Vec<&str> {
    sent["tools"].as_array().into_iter().flatten().map(|tool| tool["function"]["name"].as_str().unwrap()).collect()
}

#[test]
fn a_tool_is_a_function_with_its_schema_unchanged() {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["-A"], "properties": {
        "-A": {"type": ["string", "null"], "pattern": "^a", "maxLength": 9}, "args": {"description": "anything"},
        "n": {"anyOf": [{"type": "integer", "minimum": -9_007_199_254_740_991_i64, "exclusiveMinimum": 0}, {"type": "null"}], "default": null},
        "u": {"$ref": "#/$defs/u"}}, "$defs": {"u": {"type": "string", "format": "uri", "const": "x"}}, "propertyNames": {"maxLength": 9}});
    let sent = with_tools(&[json!({"name": "A", "description": "d", "input_schema": schema})], &Value::Null);
    assert_eq!(
        sent["tools"],
        json!([{"type": "function", "function": {"name": "A", "description": "d", "parameters": schema}}])
    );
}

#[test]
fn a_tool_without_description_or_schema_is_still_one() {
    let sent = with_tools(&[json!({"name": "A"})], &Value::Null);
    assert_eq!(
        sent["tools"],
        json!([{"type": "function", "function": {"name": "A", "parameters": {"type": "object", "properties": {}}}}])
    );
}

#[test]
fn what_mistral_cannot_compile_goes_at_every_depth() {
    let deep = |inner: Value| {
        let mut schema = json!({"$schema": "s", "$id": "i"});
        schema.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
        schema
    };
    for schema in [
        deep(json!({"type": "object"})),
        json!({"type": "object", "properties": {"a": deep(json!({}))}}),
        json!({"type": "object", "additionalProperties": deep(json!({}))}),
        json!({"type": "object", "patternProperties": {"^a": deep(json!({}))}}),
        json!({"type": "object", "properties": {"a": {"type": "array", "items": deep(json!({}))}}}),
        json!({"type": "object", "properties": {"a": {"type": "array", "items": [deep(json!({}))], "additionalItems": deep(json!({}))}}}),
        json!({"type": "object", "anyOf": [deep(json!({}))], "allOf": [deep(json!({}))], "oneOf": [deep(json!({}))]}),
        json!({"type": "object", "not": deep(json!({})), "if": deep(json!({})), "then": deep(json!({})), "else": deep(json!({}))}),
        json!({"type": "object", "$defs": {"a": deep(json!({}))}, "definitions": {"b": deep(json!({}))}}),
        json!({"type": "object", "properties": {"a": {"exclusiveMinimum": true, "minimum": 1, "exclusiveMaximum": false, "maximum": 5}}}),
        json!({"type": "object", "dependencies": {"a": deep(json!({})), "b": ["c"]}}),
    ] {
        // `sent` lets the rules compile it.
        let sent = with_tools(&[json!({"name": "A", "input_schema": schema})], &Value::Null);
        assert!(!sent.to_string().contains(r#""$id""#), "{sent}");
    }
}

#[test]
fn data_in_a_schema_is_not_schema() {
    let schema = json!({"type": "object", "properties": {"$schema": {"type": "string", "default": {"$id": "x", "$schema": "y"}}, "$id": {"enum": [{"$id": 1}]}}});
    let sent = with_tools(&[json!({"name": "A", "input_schema": schema})], &Value::Null);
    assert_eq!(sent["tools"][0]["function"]["parameters"], schema);
}

#[test]
fn deferred_tools_are_ordinary_and_their_placeholder_goes() {
    let mut later = tool("Later");
    later["defer_loading"] = true.into();
    assert_eq!(names(&with_tools(&[later, tool("DeferredToolPlaceholder")], &Value::Null)), ["Later"]);
}

#[test]
fn a_web_search_goes_and_the_model_is_told() {
    let sent = with_tools(
        &[tool("Read"), json!({"type": "web_search_20250305", "name": "web_search", "max_uses": 8})],
        &Value::Null,
    );
    assert_eq!(names(&sent), ["Read"]);
    let system = sent["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with("Web search is not available here."), "{system}");
}

#[test]
fn another_server_tool_goes_and_nothing_is_said_of_searching() {
    let sent =
        with_tools(&[tool("Read"), json!({"type": "code_execution_20250522", "name": "code_execution"})], &Value::Null);
    assert_eq!((names(&sent), &sent["messages"][0]["role"]), (vec!["Read"], &json!("user")));
}

#[test]
fn a_custom_tool_is_an_ordinary_one() {
    let mut custom = tool("A");
    custom["type"] = "custom".into();
    assert_eq!(names(&with_tools(&[custom], &Value::Null)), ["A"]);
}

#[test]
fn a_choice_has_mistrals_words() {
    for (choice, expect) in [
        (json!({"type": "auto"}), json!("auto")),
        (json!({"type": "any"}), json!("required")),
        (json!({"type": "none"}), json!("none")),
        (json!({"type": "tool", "name": "A"}), json!({"type": "function", "function": {"name": "A"}})),
        (json!({"type": "tool"}), json!("required")),
        (json!({"type": "of a later release"}), json!("auto")),
    ] {
        assert_eq!(with_tools(&[tool("A")], &choice)["tool_choice"], expect);
    }
    assert_eq!(with_tools(&[tool("A")], &Value::Null).get("tool_choice"), None);
}

#[test]
fn a_choice_of_a_tool_that_is_not_offered_is_left_to_the_model() {
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    for name in ["web_search", "nobody", "DeferredToolPlaceholder"] {
        let sent = with_tools(&[tool("A"), search.clone()], &json!({"type": "tool", "name": name}));
        assert_eq!(sent["tool_choice"], "auto", "{name}");
    }
}

#[test]
fn one_call_at_a_time_is_a_wish_that_mistral_knows() {
    let sent = with_tools(&[tool("A")], &json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert_eq!(sent["parallel_tool_calls"], false);
    let sent = with_tools(&[tool("A")], &json!({"type": "auto", "disable_parallel_tool_use": false}));
    assert_eq!(sent.get("parallel_tool_calls"), None);
}

#[test]
fn no_more_than_128_tools_go_to_mistral() {
    let tools: Vec<Value> = (0..130).map(|number| tool(&format!("t{number}"))).collect();
    assert_eq!(names(&with_tools(&tools, &Value::Null)).len(), 128);
    let sent = with_tools(&tools, &json!({"type": "tool", "name": "t129"}));
    assert_eq!(sent["tool_choice"], "auto");
    let ollama = dialect_target(Dialect::Ollama, model());
    let (sent, _) = super::translate(&ollama, &json!({"messages": [], "tools": tools})).unwrap();
    assert_eq!(names(&sent).len(), 130);
}

#[test]
fn a_tool_that_is_listed_twice_is_offered_once() {
    assert_eq!(names(&with_tools(&[tool("A"), tool("B"), tool("A")], &Value::Null)), ["A", "B"]);
}

#[test]
fn a_long_name_is_shortened_everywhere_and_mapped_back_in_the_answer() {
    let long = format!("mcp__server__{}", "x".repeat(80));
    let target = target_with(model());
    let body = json!({
        "messages": [
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": long, "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "x"}]},
        ],
        "tools": [tool(&long)], "tool_choice": {"type": "tool", "name": long},
    });
    let sent = sent(&body);
    let short = names(&sent)[0];
    assert!(short.len() == 64 && short.starts_with("mcp__server__xxx"), "{short}");
    assert_eq!(sent["messages"][1]["tool_calls"][0]["function"]["name"], short);
    assert_eq!(sent["messages"][2]["name"], short);
    assert_eq!(sent["tool_choice"]["function"]["name"], short);

    let text = body.to_string();
    let request = request(&text);
    let context = crate::translate::request(&request, &target, None).unwrap().reply;
    let told = told_by(
        StreamTranslator::new(context, "mistral", "m", "msg_1", 7),
        &[call("abc123XYZ", short, "{}"), end("tool_calls")],
    );
    assert_eq!(told.message.calls().next().unwrap().name, long);
}

#[test]
fn a_name_with_signs_is_made_one_that_is_taken() {
    // `sent` lets the rules check the names.
    assert_eq!(names(&with_tools(&[tool("mcp.é/x"), tool("mcp.e/x"), tool("")], &Value::Null)).len(), 3);
}
