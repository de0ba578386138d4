//! Reads the manifest's `schema`: the questions, with their choices and conditions.
//!
//! The format is claude-code-router's; `{"type": "discover", "from": "<provider>"}` is
//! mcr's own source of choices.

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{
    fields::Fields,
    placeholder::{Piece, pieces},
    question::{Choice, Choices, Kind, ProviderField, Question},
    when::{Condition, Operator},
};
use crate::config::{kind, path};

const KEYS: [&str; 14] = [
    "id",
    "type",
    "label",
    "prompt",
    "placeholder",
    "options",
    "when",
    "defaultValue",
    "required",
    "validator",
    "min",
    "max",
    "rows",
    "dependsOn",
];

const SOURCES: [&str; 4] = ["static", "providers", "models", "discover"];

/// Reads the questions, in the order of the manifest.
pub(super) fn schema(fields: &mut Fields<'_>, list: &[Value]) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    for (i, value) in list.iter().enumerate() {
        let place = path::index("schema", i);
        let Some(map) = fields.item(value, &place) else { continue };
        let Some(question) = question(fields, map, &place) else { continue };
        if questions.iter().any(|other| other.id == question.id) {
            fields.error(&path::key(&place, "id"), format!("question `{}` stands here twice", question.id));
        }
        questions.push(question);
    }
    questions
}

fn question(fields: &mut Fields<'_>, map: &Map<String, Value>, place: &str) -> Option<Question> {
    fields.check_keys(map, place, &KEYS);
    let Some(id) = fields.text(map, place, "id") else {
        fields.error(place, "`id` is missing");
        return None;
    };
    // Besides words, claude-code-router takes the path of a value for an id.
    if !id.chars().all(|c| c.is_alphanumeric() || "_-.[]$\"".contains(c)) {
        fields.error(&path::key(place, "id"), "an id has letters, digits, `_` and `-` only");
    }
    let kind = question_kind(fields, map, place);
    let choices = match Fields::get(map, "options") {
        None => Choices::Free,
        Some(options) => choices(fields, options, &path::key(place, "options")),
    };
    let has_list = matches!(kind, Kind::Select | Kind::Multiselect);
    if has_list && choices == Choices::Free {
        fields.error(place, format!("a `{}` has `options`", kind.as_str()));
    }
    let validator = fields.text(map, place, "validator").and_then(|text| pattern(fields, &text, place));
    let (min, max) = (fields.number(map, place, "min"), fields.number(map, place, "max"));
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        fields.error(&path::key(place, "min"), "`min` is greater than `max`");
    }
    Some(Question {
        id,
        place: place.to_owned(),
        kind,
        label: fields.text(map, place, "label"),
        prompt: fields.text(map, place, "prompt"),
        placeholder: fields.text(map, place, "placeholder"),
        choices,
        when: Fields::get(map, "when")
            .map(|when| conditions(fields, when, &path::key(place, "when")))
            .unwrap_or_default(),
        default: Fields::get(map, "defaultValue").cloned(),
        required: fields.boolean(map, place, "required").unwrap_or(true),
        validator,
        min,
        max,
        depends_on: fields.texts(map, place, "dependsOn"),
    })
}

fn question_kind(fields: &mut Fields<'_>, map: &Map<String, Value>, place: &str) -> Kind {
    // Without a type claude-code-router asks for a line that everybody can read.
    let Some(word) = fields.text(map, place, "type") else { return Kind::Input };
    Kind::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or_else(|| {
        let known = Kind::ALL.map(Kind::as_str);
        let what = format!("unknown type `{word}`; known are {}", known.join(", "));
        fields.unknown(&path::key(place, "type"), what, &word, known);
        Kind::Input
    })
}

fn pattern(fields: &mut Fields<'_>, text: &str, place: &str) -> Option<Regex> {
    match Regex::new(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let what = format!("not a regular expression that mcr can check ({error}); look-around is not among them");
            fields.error(&path::key(place, "validator"), what);
            None
        }
    }
}

fn choices(fields: &mut Fields<'_>, options: &Value, place: &str) -> Choices {
    if let Value::Array(list) = options {
        return Choices::Static(fixed(fields, list, place));
    }
    let Some(map) = fields.item(options, place) else { return Choices::Free };
    let source = fields.text(map, place, "type").unwrap_or_else(|| "static".to_owned());
    match source.as_str() {
        "static" => {
            let list = fields.list(map, place, "options").cloned().unwrap_or_default();
            Choices::Static(fixed(fields, &list, &path::key(place, "options")))
        }
        "providers" => Choices::Providers,
        "models" => models(fields, map, place),
        "discover" => {
            if let Some(from) = fields.text(map, place, "from") {
                return Choices::Discover { from };
            }
            fields.error(place, "`from` is missing: the name of the provider that is asked for its models");
            Choices::Free
        }
        _ => {
            let what = format!("unknown source `{source}`; known are {}", SOURCES.join(", "));
            fields.unknown(&path::key(place, "type"), what, &source, SOURCES);
            Choices::Free
        }
    }
}

fn models(fields: &mut Fields<'_>, map: &Map<String, Value>, place: &str) -> Choices {
    let Some(field) = fields.text(map, place, "providerField") else {
        fields.error(place, "`providerField` is missing: the question that names the provider, as in `#{provider}`");
        return Choices::Free;
    };
    let provider = match pieces(&field)[..] {
        [Piece::Id(id, _)] => ProviderField::Answer(id.to_owned()),
        [Piece::Text(name)] => ProviderField::Name(name.to_owned()),
        _ => {
            fields.error(&path::key(place, "providerField"), "it is one placeholder, as in `#{provider}`, or one name");
            return Choices::Free;
        }
    };
    Choices::Models { provider }
}

fn fixed(fields: &mut Fields<'_>, list: &[Value], place: &str) -> Vec<Choice> {
    let mut choices = Vec::new();
    if list.is_empty() {
        fields.error(place, "there is nothing to choose");
    }
    for (i, value) in list.iter().enumerate() {
        let place = path::index(place, i);
        if let Some(text) = value.as_str() {
            choices.push(Choice::plain(text));
            continue;
        }
        let Some(map) = fields.item(value, &place) else { continue };
        fields.check_keys(map, &place, &["label", "value", "description", "disabled", "icon"]);
        let label = fields.text(map, &place, "label");
        let Some(value) = Fields::get(map, "value").cloned().or_else(|| label.clone().map(Value::from)) else {
            fields.error(&place, "`value` is missing");
            continue;
        };
        if value.is_array() || value.is_object() {
            let what = format!("expected a string, a number or a boolean, found {}", kind(&value));
            fields.error(&path::key(&place, "value"), what);
        }
        let label = label.unwrap_or_else(|| super::placeholder::words(&value));
        let description = fields.text(map, &place, "description");
        let disabled = fields.boolean(map, &place, "disabled").unwrap_or(false);
        choices.push(Choice { value, label, description, disabled });
    }
    choices
}

/// Reads `when`: one condition, or a list of which all must hold.
pub(super) fn conditions(fields: &mut Fields<'_>, when: &Value, place: &str) -> Vec<Condition> {
    match when {
        Value::Array(list) => {
            let places = (0..).map(|i| path::index(place, i));
            list.iter().zip(places).filter_map(|(value, place)| condition(fields, value, &place)).collect()
        }
        one => condition(fields, one, place).into_iter().collect(),
    }
}

fn condition(fields: &mut Fields<'_>, value: &Value, place: &str) -> Option<Condition> {
    let map = fields.item(value, place)?;
    fields.check_keys(map, place, &["field", "operator", "value"]);
    let Some(field) = fields.text(map, place, "field") else {
        fields.error(place, "`field` is missing: the id of a question");
        return None;
    };
    let operator = match fields.text(map, place, "operator") {
        None => Operator::Eq,
        Some(word) => {
            let found = Operator::ALL.into_iter().find(|operator| operator.as_str() == word);
            let Some(operator) = found else {
                let known = Operator::ALL.map(Operator::as_str);
                let what = format!("unknown operator `{word}`; known are {}", known.join(", "));
                fields.unknown(&path::key(place, "operator"), what, &word, known);
                return None;
            };
            operator
        }
    };
    let value = map.get("value").cloned().unwrap_or_default();
    if matches!(operator, Operator::In | Operator::Nin) && !value.is_array() {
        fields.error(&path::key(place, "value"), format!("`{}` compares with a list", operator.as_str()));
    }
    Some(Condition { field, operator, value })
}
