//! `{{id}}` and `#{id}` in a preset's strings.
//!
//! claude-code-router replaces `#{id}` and documents `{{id}}`; both mean the same here.
//! A string that is one placeholder and nothing else takes the answer's type. The
//! status line's texts have variables of the form `{{…}}` of their own, which stay.

use serde_json::{Map, Value};

use crate::config::path;

/// A piece of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Text that stays.
    Text(&'t str),
    /// A placeholder's id, and the placeholder as written.
    Id(&'t str, &'t str),
}

/// Takes a string apart.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut plain = 0;
    while plain < rest.len() {
        let Some(at) = rest[plain..].find(['{', '#']).map(|at| plain + at) else { break };
        match placeholder(&rest[at..]) {
            Some((id, length)) => {
                if at > 0 {
                    pieces.push(Piece::Text(&rest[..at]));
                }
                pieces.push(Piece::Id(id, &rest[at..at + length]));
                rest = &rest[at + length..];
                plain = 0;
            }
            None => plain = at + 1,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Returns the id of the placeholder that a text begins with, and the placeholder's length.
fn placeholder(text: &str) -> Option<(&str, usize)> {
    let (open, close) = if text.starts_with("{{") {
        ("{{", "}}")
    } else if text.starts_with("#{") {
        ("#{", "}")
    } else {
        return None;
    };
    let inside = &text[open.len()..];
    let end = inside.find(close)?;
    let id = inside[..end].trim();
    // Paths are ids, too: claude-code-router sets the value at such a path.
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || "_-.[]".contains(c));
    is_id.then_some((id, open.len() + end + close.len()))
}

/// The ids that a value's strings name, each once, in the order of the value.
pub(super) fn ids(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => {
            for piece in pieces(text) {
                if let Piece::Id(id, _) = piece
                    && !found.contains(&id)
                {
                    found.push(id);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        Value::Object(map) => map.values().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What stands for an id.
pub(super) enum Known<'v> {
    /// This value.
    Value(&'v Value),
    /// Nothing: the question was not put, or not answered.
    Nothing,
    /// No question has this id.
    Unknown,
}

/// Replaces all placeholders of a value.
pub(super) struct Replacement<'v> {
    /// Finds what stands for an id.
    pub(super) find: &'v dyn Fn(&str) -> Known<'v>,
    /// Paths and ids of placeholders that no question answers.
    pub(super) unknown: Vec<(String, String)>,
}

impl Replacement<'_> {
    /// Returns the value with answers in place of placeholders.
    pub(super) fn value(&mut self, value: &Value, place: &str) -> Value {
        match value {
            Value::String(text) => self.string(text, place),
            Value::Array(list) => {
                list.iter().enumerate().map(|(i, value)| self.value(value, &path::index(place, i))).collect()
            }
            Value::Object(map) => Value::Object(self.object(map, place)),
            scalar => scalar.clone(),
        }
    }

    fn object(&mut self, map: &Map<String, Value>, place: &str) -> Map<String, Value> {
        map.iter()
            .map(|(key, value)| {
                let inner = path::key(place, key);
                let key = match self.string(key, &inner) {
                    Value::String(key) => key,
                    other => words(&other),
                };
                (key, self.value(value, &inner))
            })
            .collect()
    }

    fn string(&mut self, text: &str, place: &str) -> Value {
        let pieces = pieces(text);
        if let [Piece::Id(id, _)] = pieces[..]
            && let Known::Value(value) = (self.find)(id)
        {
            return value.clone();
        }
        let whole = pieces.len() == 1;
        let mut result = String::with_capacity(text.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => result.push_str(text),
                Piece::Id(id, written) => match (self.find)(id) {
                    Known::Value(value) => result.push_str(&words(value)),
                    // `null` counts as absent in the configuration.
                    Known::Nothing if whole => return Value::Null,
                    Known::Nothing => {}
                    Known::Unknown => {
                        // The status line's own variables have this form, too.
                        if !place.starts_with("StatusLine") {
                            self.unknown.push((place.to_owned(), id.to_owned()));
                        }
                        result.push_str(written);
                    }
                },
            }
        }
        Value::String(result)
    }
}

/// A value inside a longer text.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: &Value, expect: &Value, unknown: &[(&str, &str)]) {
        let (key, port, list, flag) = (json!("k"), json!(8080), json!(["a", "b"]), json!(true));
        let find = |id: &str| match id {
            "key" => Known::Value(&key),
            "port" => Known::Value(&port),
            "list" => Known::Value(&list),
            "flag" => Known::Value(&flag),
            "skipped" => Known::Nothing,
            _ => Known::Unknown,
        };
        let mut replacement = Replacement { find: &find, unknown: Vec::new() };
        assert_eq!(&replacement.value(value, ""), expect);
        let found: Vec<(&str, &str)> = replacement.unknown.iter().map(|(p, i)| (p.as_str(), i.as_str())).collect();
        assert_eq!(found, unknown);
    }

    #[test]
    fn both_forms_are_replaced_and_not_only_the_undocumented_one_as_in_ccr() {
        check(&json!(["{{key}}", "#{key}", "{{ key }}"]), &json!(["k", "k", "k"]), &[]);
    }

    #[test]
    fn a_whole_string_takes_the_type_and_a_part_the_words() {
        check(
            &json!({"p": "{{port}}", "u": "http://localhost:#{port}/v1", "l": "{{list}}", "m": "-{{list}}", "f": "#{flag}"}),
            &json!({"p": 8080, "u": "http://localhost:8080/v1", "l": ["a", "b"], "m": "-a,b", "f": true}),
            &[],
        );
    }

    #[test]
    fn a_question_that_was_not_put_leaves_nothing() {
        check(&json!({"whole": "{{skipped}}", "part": "a#{skipped}b"}), &json!({"whole": null, "part": "ab"}), &[]);
    }

    #[test]
    fn an_id_that_no_question_has_is_told_with_its_place() {
        check(&json!({"a": ["x", "{{kez}}"]}), &json!({"a": ["x", "{{kez}}"]}), &[("a[1]", "kez")]);
    }

    #[test]
    fn the_status_lines_own_variables_stay() {
        let value = json!({"StatusLine": {"default": {"modules": [{"text": "{{model}} {{key}}"}]}}});
        check(&value, &json!({"StatusLine": {"default": {"modules": [{"text": "{{model}} k"}]}}}), &[]);
    }

    #[test]
    fn a_key_is_replaced_too() {
        check(&json!({"{{key}}": 1}), &json!({"k": 1}), &[]);
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        for text in ["{}", "{{}}", "#{", "{{key}", "#key", "{key}", "{{a b}}", "{{a,b}}", "#", "{"] {
            check(&json!(text), &json!(text), &[]);
        }
    }

    #[test]
    fn an_answer_is_not_read_again() {
        let answer = json!("{{key}}");
        let find = |_: &str| Known::Value(&answer);
        let mut replacement = Replacement { find: &find, unknown: Vec::new() };
        assert_eq!(replacement.value(&json!("a{{x}}"), ""), json!("a{{key}}"));
    }

    proptest! {
        #[test]
        fn the_pieces_make_up_the_text(text in "[{}#a-c_ ä]{0,24}") {
            let whole: String = pieces(&text)
                .into_iter()
                .map(|piece| match piece { Piece::Text(text) | Piece::Id(_, text) => text })
                .collect();
            prop_assert_eq!(whole, text);
        }
    }
}
