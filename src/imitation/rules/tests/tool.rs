use serde_json::{Value, json};

use super::{malformed, meaningless, passes, refused, with, with_tool};

fn tool(name: &str, parameters: &Value) -> Value {
    json!({"name": name, "parameters": parameters})
}

#[track_caller]
fn schema(parameters: &Value, text: &str) {
    meaningless(&with_tool(&tool("a", parameters)), Value::Null, text);
}

#[test]
fn an_empty_list_of_tools_is_refused() {
    malformed(
        &with(&json!({"tools": []})),
        "body.tools: too_short: List should have at least 1 item after validation, not 0",
    );
}

#[test]
fn a_tool_choice_needs_tools() {
    for choice in [json!("auto"), json!("none"), json!({"type": "function", "function": {"name": "a"}})] {
        let text = "`tool_choice` is only allowed when `tools` are given";
        meaningless(&with(&json!({"tool_choice": choice})), Value::Null, text);
    }
}

#[test]
fn a_tool_choice_is_one_of_mistrals() {
    let choose = |choice: Value| {
        let mut body = with_tool(&tool("a", &json!({"type": "object"})));
        body["tool_choice"] = choice;
        body
    };
    passes(&choose(json!("required")));
    passes(&choose(json!({"type": "function", "function": {"name": "a"}})));
    malformed(
        &choose(json!({"type": "tool", "name": "a"})),
        "body.tool_choice.type: enum: Input should be 'function'\n\
         body.tool_choice.function: missing: Field required\n\
         body.tool_choice.name: extra_forbidden: Extra inputs are not permitted",
    );
    let other = choose(json!({"type": "function", "function": {"name": "b"}}));
    meaningless(&other, Value::Null, "Tool choice names an unknown function: b");
}

#[test]
fn a_name_is_short_and_plain() {
    let long = "a".repeat(65);
    for name in ["", "a.b", "a b", "é", &long] {
        let text = format!(
            "Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and dashes, \
             with a maximum length of 64."
        );
        meaningless(&with_tool(&tool(name, &json!({"type": "object"}))), "3280", &text);
    }
    passes(&with_tool(&tool(&"a".repeat(64), &json!({"type": "object"}))));
}

#[test]
fn a_name_is_given_once() {
    let tool = json!({"type": "function", "function": tool("a", &json!({"type": "object"}))});
    meaningless(&with(&json!({"tools": [tool, tool]})), Value::Null, "Duplicate tool name: a");
}

#[test]
fn there_are_128_tools_at_most() {
    let tools = |count: usize| {
        let each = |n| json!({"type": "function", "function": tool(&format!("t{n}"), &json!({"type": "object"}))});
        with(&json!({"tools": (0..count).map(each).collect::<Vec<_>>()}))
    };
    passes(&tools(128));
    meaningless(&tools(129), Value::Null, "Too many tools: 129 given, 128 allowed");
}

#[test]
fn parameters_are_required_and_an_object() {
    let place = "body.tools.0.function.function.parameters";
    malformed(&with_tool(&json!({"name": "a"})), &format!("{place}: missing: Field required"));
    malformed(&with_tool(&tool("a", &json!([]))), &format!("{place}: dict_type: Input should be a valid dictionary"));
    schema(&json!({"type": "string"}), "Invalid tool schema: \"string\" is not 'object'");
}

#[test]
fn anthropics_input_schema_is_forbidden() {
    assert_eq!(refused(&with(&json!({"tools": [{"name": "a", "input_schema": {}}]}))).status, 422);
    assert_eq!(refused(&with(&json!({"tools": [{"type": "web_search_20250305", "name": "a"}]}))).status, 422);
}

#[test]
fn a_schema_or_id_keyword_does_not_compile() {
    for keyword in ["$schema", "$id"] {
        let text = format!("Grammar error: failed to compile JSON schema: unsupported keyword `{keyword}`");
        schema(&json!({keyword: "http://json-schema.org/draft-07/schema#", "type": "object"}), &text);
        schema(&json!({"type": "object", "properties": {"a": {keyword: "x"}}}), &text);
        schema(&json!({"type": "object", "properties": {"a": {"items": {"anyOf": [{keyword: "x"}]}}}}), &text);
    }
}

#[test]
fn a_boolean_exclusive_minimum_of_draft_4_does_not_compile() {
    let text = "Grammar error: failed to compile JSON schema: Invalid tool schema: `exclusiveMinimum`: \
                true is not of type 'number'";
    let count = json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true});
    schema(&json!({"type": "object", "properties": {"count": count}}), text);
}

#[test]
fn a_schema_that_is_not_draft_7_is_refused() {
    let invalid = |inner: Value, text: &str| {
        schema(&json!({"type": "object", "properties": {"a": inner}}), &format!("Invalid tool schema: {text}"));
    };
    invalid(json!({"type": "text"}), "\"text\" is not valid under any of the given schemas");
    invalid(json!({"type": null}), "null is not valid under any of the given schemas");
    invalid(json!({"enum": "a"}), "\"a\" is not of type 'array'");
    invalid(json!({"required": true}), "true is not of type 'array'");
    invalid(json!({"anyOf": {}}), "{} is not of type 'array'");
    invalid(json!("string"), "\"string\" is not of type 'object', 'boolean'");
}
