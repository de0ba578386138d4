//! The parameters of a tool: JSON Schema of draft 7 that Mistral's grammar can compile.
//!
//! Walks schemas only: a property may well be called `$schema`, and a default
//! may be anything.

use serde_json::Value;

use super::refusal::{Family, Refusal};

/// Keywords whose value is a map from names to schemas.
const MAPS: &[&str] = &["properties", "patternProperties", "$defs", "definitions"];
/// Keywords whose value is a schema.
const SCHEMAS: &[&str] =
    &["additionalProperties", "additionalItems", "contains", "else", "if", "items", "not", "propertyNames", "then"];
/// Keywords whose value is a list of schemas; `items` may be one too.
const LISTS: &[&str] = &["allOf", "anyOf", "items", "oneOf"];
const NUMBERS: &[&str] = &["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"];
const COUNTS: &[&str] = &["maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"];
const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];
/// Compiling them failed in 2025 (LiteLLM, pull request 13389) and nobody has shown that it works now.
const UNCOMPILABLE: &[&str] = &["$id", "$schema"];

/// Checks the parameters of one tool.
pub(super) fn check(parameters: &Value) -> Result<(), Refusal> {
    schema(parameters)?;
    if parameters.get("type").is_some_and(|kind| kind != "object") {
        return Err(invalid(format!("{} is not 'object'", parameters["type"])));
    }
    Ok(())
}

fn schema(value: &Value) -> Result<(), Refusal> {
    let Some(object) = value.as_object() else {
        return if value.is_boolean() { Ok(()) } else { Err(wrong(value, "object', 'boolean")) };
    };
    for (keyword, value) in object {
        let keyword = keyword.as_str();
        if UNCOMPILABLE.contains(&keyword) {
            let message = format!("Grammar error: failed to compile JSON schema: unsupported keyword `{keyword}`");
            return Err(Refusal::meaning(Family::Plain, message));
        }
        if NUMBERS.contains(&keyword) && !value.is_number() {
            return Err(grammar(keyword, value, "number"));
        }
        if COUNTS.contains(&keyword) && !value.is_u64() {
            return Err(grammar(keyword, value, "integer"));
        }
        if MAPS.contains(&keyword) {
            let map = value.as_object().ok_or_else(|| wrong(value, "object"))?;
            map.values().try_for_each(schema)?;
        }
        if LISTS.contains(&keyword) && value.is_array() {
            value.as_array().into_iter().flatten().try_for_each(schema)?;
        } else if SCHEMAS.contains(&keyword) {
            schema(value)?;
        } else if LISTS.contains(&keyword) {
            return Err(wrong(value, "array"));
        }
        match keyword {
            "type" => kind(value)?,
            "required" => {
                let names = value.as_array().ok_or_else(|| wrong(value, "array"))?;
                if let Some(name) = names.iter().find(|name| !name.is_string()) {
                    return Err(wrong(name, "string"));
                }
            }
            "enum" if !value.is_array() => return Err(wrong(value, "array")),
            "description" | "title" | "pattern" | "format" | "$ref" if !value.is_string() => {
                return Err(wrong(value, "string"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn kind(value: &Value) -> Result<(), Refusal> {
    let known = |word: &Value| word.as_str().is_some_and(|word| TYPES.contains(&word));
    let valid = match value {
        Value::Array(words) => !words.is_empty() && words.iter().all(known),
        word => known(word),
    };
    if valid { Ok(()) } else { Err(invalid(format!("{value} is not valid under any of the given schemas"))) }
}

fn wrong(value: &Value, kind: &str) -> Refusal {
    invalid(format!("{value} is not of type '{kind}'"))
}

fn invalid(what: impl std::fmt::Display) -> Refusal {
    Refusal::meaning(Family::Plain, format!("Invalid tool schema: {what}"))
}

/// Draft 4 wrote `exclusiveMinimum: true`; here it must be a number.
fn grammar(keyword: &str, value: &Value, kind: &str) -> Refusal {
    let message = format!(
        "Grammar error: failed to compile JSON schema: Invalid tool schema: `{keyword}`: {value} is not of type '{kind}'"
    );
    Refusal::meaning(Family::Plain, message)
}
