//! Fields that a server does not take, as its 422 names them, and a request without them.
//!
//! A provider that tightens its schema would stop all work until mcr knows of it. What
//! the request means is never taken out: a server that does not take that is no use.

use std::fmt;

use serde_json::Value;

/// A field, wherever in a list it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// Every item of a list: what one may not have, none may.
    Each,
}

/// Without these a request is another one.
const MEANING: [&str; 17] = [
    "model",
    "messages",
    "role",
    "content",
    "text",
    "thinking",
    "image_url",
    "url",
    "type",
    "id",
    "tools",
    "tool_calls",
    "tool_call_id",
    "function",
    "arguments",
    "parameters",
    "input",
];
/// Words in a place that name a shape and no key, where there is only one that could be meant.
const SHAPES: [&str; 5] = ["body", "system", "user", "assistant", "tool"];

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<&str> = self.0.iter().map(|step| if let Step::Key(key) = step { key } else { "*" }).collect();
        f.write_str(&steps.join("."))
    }
}

/// Finds the fields of the request `sent` that an `answer` of 422 says are not permitted.
pub fn forbidden(answer: &[u8], sent: &[u8]) -> Vec<Forbidden> {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return Vec::new() };
    let details = ["/detail", "/message/detail", "/error/detail", "/error/message/detail"];
    let Some(details) = details.iter().find_map(|place| answer.pointer(place)?.as_array()) else { return Vec::new() };
    let places: Vec<&Vec<Value>> = details
        .iter()
        .filter(|detail| detail["type"] == "extra_forbidden")
        .filter_map(|detail| detail["loc"].as_array())
        .collect();
    if places.is_empty() {
        return Vec::new();
    }
    let Ok(sent) = serde_json::from_slice::<Value>(sent) else { return Vec::new() };
    let mut fields = Vec::new();
    for field in places.into_iter().filter_map(|place| field(place, &sent)) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

/// Returns the request without these fields; nothing where it has none of them.
pub fn without(sent: &[u8], fields: &[Forbidden]) -> Option<Vec<u8>> {
    let mut request: Value = serde_json::from_slice(sent).ok()?;
    let removed = fields.iter().map(|field| remove(&mut request, &field.0)).sum::<usize>();
    (removed > 0).then(|| serde_json::to_vec(&request).ok())?
}

/// Follows a place through the request.
fn field(place: &[Value], sent: &Value) -> Option<Forbidden> {
    let mut steps = Vec::new();
    let mut at = sent;
    for step in place {
        let (step, next) = match step {
            Value::String(key) => (Step::Key(key.clone()), at.get(key.as_str())),
            Value::Number(index) => (Step::Each, at.get(usize::try_from(index.as_u64()?).ok()?)),
            _ => return None,
        };
        match (next, &step) {
            (Some(next), _) => {
                steps.push(step);
                at = next;
            }
            (None, Step::Key(word)) if SHAPES.contains(&word.as_str()) => {}
            // One of several shapes that were tried: what is wrong with it says nothing of the others.
            (None, _) => return None,
        }
    }
    let Some(Value::String(named)) = place.last() else { return None };
    let Some(Step::Key(last)) = steps.last() else { return None };
    let is_name_of_function = last == "name" && steps.iter().rev().nth(1) == Some(&Step::Key("function".to_owned()));
    (last == named && !MEANING.contains(&last.as_str()) && !is_name_of_function).then_some(Forbidden(steps))
}

fn remove(at: &mut Value, steps: &[Step]) -> usize {
    match (steps, at) {
        ([Step::Key(last)], Value::Object(object)) => usize::from(object.shift_remove(last).is_some()),
        ([Step::Key(key), rest @ ..], Value::Object(object)) => {
            object.get_mut(key).map_or(0, |next| remove(next, rest))
        }
        ([Step::Each, rest @ ..], Value::Array(items)) => items.iter_mut().map(|item| remove(item, rest)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(place: &Value, sent: &Value) -> Vec<String> {
        let answer = json!({"detail": [{"type": "extra_forbidden", "loc": place, "msg": "no"}]});
        let found = forbidden(answer.to_string().as_bytes(), sent.to_string().as_bytes());
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_field_is_found_through_the_words_for_shapes_and_in_every_item() {
        let sent = json!({"prompt_cache_key": "s", "messages": [{"role": "user", "content": "a", "name": "b"}]});
        assert_eq!(named(&json!(["body", "prompt_cache_key"]), &sent), ["prompt_cache_key"]);
        assert_eq!(named(&json!(["body", "messages", 0, "user", "name"]), &sent), ["messages.*.name"]);
    }

    #[test]
    fn what_is_not_there_and_what_the_request_means_stays() {
        let sent = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
            "tools": [{"function": {"name": "f", "parameters": {}}}]});
        for place in [
            json!(["body", "other"]),
            json!(["body", "messages"]),
            json!(["body", "messages", 0]),
            json!(["body", "messages", 0, "user", "content"]),
            json!(["body", "messages", 0, "user", "content", 0, "ImageURLChunk", "text"]),
            json!(["body", "messages", 0, "user", "content", 0, "text"]),
            json!(["body", "messages", 0, "user", "role"]),
            json!(["body", "tools", 0, "function", "name"]),
            json!(["body", "tools", 0, "function", "parameters"]),
            json!([]),
            json!("body"),
        ] {
            assert_eq!(named(&place, &sent), Vec::<String>::new(), "{place}");
        }
    }

    #[test]
    fn only_what_is_forbidden_counts_in_any_of_the_envelopes() {
        let detail =
            json!([{"type": "missing", "loc": ["body", "a"]}, {"type": "extra_forbidden", "loc": ["body", "b"]}]);
        for answer in
            [json!({"detail": detail}), json!({"message": {"detail": detail}}), json!({"error": {"detail": detail}})]
        {
            let found = forbidden(answer.to_string().as_bytes(), br#"{"a": 1, "b": 2}"#);
            assert_eq!(found, [Forbidden(vec![Step::Key("b".to_owned())])], "{answer}");
        }
        assert_eq!(forbidden(b"<html>", b"{}"), []);
    }

    #[test]
    fn the_rest_of_the_request_stays_as_it_was_and_in_its_order() {
        let fields = [Forbidden(vec![Step::Key("m".to_owned()), Step::Each, Step::Key("x".to_owned())])];
        let sent = br#"{"z":1,"m":[{"x":1,"y":2.50},{"y":3}],"a":"\u00e9"}"#;
        let less = without(sent, &fields).unwrap();
        assert_eq!(String::from_utf8(less).unwrap(), r#"{"z":1,"m":[{"y":2.5},{"y":3}],"a":"é"}"#);
        assert_eq!(without(br#"{"m":[{"y":3}]}"#, &fields), None);
    }
}
