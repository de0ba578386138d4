//! The arguments of a call, as Claude Code takes them.

use serde_json::{Map, Value};

/// Returns arguments as a JSON object without null members, or nothing where they are no object.
///
/// The client's validator refuses `null` for an optional argument. With `mend`
/// (`enhancetool`) JSON5 and a code fence around it are taken too; arguments that are
/// cut are not completed, because nobody knows what was to follow.
pub(super) fn arguments(text: &str, mend: bool) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some("{}".to_owned());
    }
    match serde_json::from_str::<Map<String, Value>>(text) {
        // Kept to the letter where nothing has to go.
        Ok(object) if !object.values().any(Value::is_null) => Some(text.to_owned()),
        Ok(object) => Some(without_nulls(object)),
        Err(_) if mend => {
            let inner = text.trim_start_matches("```json").trim_matches('`').trim();
            json5::from_str::<Map<String, Value>>(inner).ok().map(without_nulls)
        }
        Err(_) => None,
    }
}

fn without_nulls(mut object: Map<String, Value>) -> String {
    object.retain(|_, value| !value.is_null());
    Value::Object(object).to_string()
}

/// Returns what a call of `ExitTool` says to the person.
pub(super) fn exit_response(arguments: &str) -> String {
    let response = serde_json::from_str::<Value>(arguments).ok();
    let response = response.as_ref().and_then(|value| value.get("response")?.as_str());
    response.unwrap_or(arguments).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_members_go_and_the_rest_stays_to_the_letter() {
        assert_eq!(arguments(r#"{"a":1,"b":null}"#, false).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(arguments(r#"{ "a" : [null] }"#, false).as_deref(), Some(r#"{ "a" : [null] }"#));
    }

    #[test]
    fn no_arguments_are_an_empty_object() {
        assert_eq!(arguments(" ", false).as_deref(), Some("{}"));
    }

    #[test]
    fn broken_arguments_are_mended_only_when_asked_and_never_completed() {
        assert_eq!(arguments("{'a':1,}", false), None);
        assert_eq!(arguments("```json\n{'a':1,}\n```", true).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(arguments(r#"{"a":"half"#, true), None);
        assert_eq!(arguments("[1]", false), None);
    }
}
