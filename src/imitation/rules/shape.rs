//! Reads a value against a table of fields, and lists everything that does not fit.
//!
//! Knows no field by name; the tables are in `fields`. Nulls never fit: the
//! published schema takes some of them, other editions of it do not.

use serde_json::{Value, json};

use super::refusal::Detail;

/// What may stand in a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string of ASCII characters.
    Ascii,
    /// `true` or `false`.
    Flag,
    /// A number between two bounds, both allowed.
    Number(f64, f64),
    /// A whole number, not below this.
    Whole(i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// An object whose inside is nobody's business.
    Free,
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// A list of this.
    List(&'static Kind),
    /// A list of this with one element at least.
    Filled(&'static Kind),
    /// Whichever of these has the value's JSON type.
    Either(&'static [Kind]),
    /// An object whose fields depend on the word under this key.
    Tagged(&'static str, &'static [(&'static str, &'static [Field])]),
}

/// One key of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// A field that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// A field that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// Lists what does not fit.
pub(super) fn compare(value: &Value, fields: &[Field]) -> Vec<Detail> {
    let mut reader = Reader { place: vec![json!("body")], found: Vec::new() };
    reader.object(value, fields, None);
    reader.found
}

/// The bound of a number that may be small but not nought: the smallest there is.
pub(super) const ABOVE_NOUGHT: f64 = f64::from_bits(1);

struct Reader {
    place: Vec<Value>,
    found: Vec<Detail>,
}

impl Reader {
    fn at(&mut self, step: impl Into<Value>, read: impl FnOnce(&mut Self)) {
        self.place.push(step.into());
        read(self);
        self.place.pop();
    }

    fn say(&mut self, kind: &'static str, message: impl Into<String>, input: &Value) {
        let place = self.place.clone();
        self.found.push(Detail { kind, place, message: message.into(), input: input.clone() });
    }

    fn value(&mut self, value: &Value, kind: Kind) {
        match kind {
            Kind::Text if value.is_string() => {}
            Kind::Text => self.say("string_type", "Input should be a valid string", value),
            Kind::Ascii => match value.as_str() {
                Some(text) if text.is_ascii() => {}
                Some(_) => self.say("string_pattern_mismatch", "String should be ASCII", value),
                None => self.say("string_type", "Input should be a valid string", value),
            },
            Kind::Flag if value.is_boolean() => {}
            Kind::Flag => self.say("bool_type", "Input should be a valid boolean", value),
            Kind::Number(low, high) => self.number(value, low, high),
            Kind::Whole(low) => match value.as_i64() {
                Some(number) if number >= low => {}
                Some(_) => {
                    self.say("greater_than_equal", format!("Input should be greater than or equal to {low}"), value);
                }
                None => self.say("int_type", "Input should be a valid integer", value),
            },
            Kind::Word(words) => {
                if !value.as_str().is_some_and(|word| words.contains(&word)) {
                    self.say("enum", format!("Input should be {}", alternatives(words)), value);
                }
            }
            Kind::Free if value.is_object() => {}
            Kind::Free => self.say("dict_type", "Input should be a valid dictionary", value),
            Kind::Object(fields) => self.object(value, fields, None),
            Kind::List(element) => self.list(value, *element),
            Kind::Filled(element) => {
                if value.as_array().is_some_and(Vec::is_empty) {
                    self.say("too_short", "List should have at least 1 item after validation, not 0", value);
                }
                self.list(value, *element);
            }
            Kind::Either(kinds) => self.either(value, kinds),
            Kind::Tagged(tag, variants) => self.tagged(value, tag, variants),
        }
    }

    fn number(&mut self, value: &Value, low: f64, high: f64) {
        match value.as_f64() {
            None => self.say("float_type", "Input should be a valid number", value),
            Some(number) if number < low && low == ABOVE_NOUGHT => {
                self.say("greater_than", "Input should be greater than 0", value);
            }
            Some(number) if number < low => {
                self.say("greater_than_equal", format!("Input should be greater than or equal to {low}"), value);
            }
            Some(number) if number > high => {
                self.say("less_than_equal", format!("Input should be less than or equal to {high}"), value);
            }
            Some(_) => {}
        }
    }

    fn list(&mut self, value: &Value, element: Kind) {
        let Some(elements) = value.as_array() else {
            self.say("list_type", "Input should be a valid list", value);
            return;
        };
        for (index, each) in elements.iter().enumerate() {
            self.at(index, |reader| reader.value(each, element));
        }
    }

    fn either(&mut self, value: &Value, kinds: &[Kind]) {
        if let Some(kind) = kinds.iter().find(|kind| kind.suits(value)) {
            self.value(value, *kind);
            return;
        }
        for kind in kinds {
            self.at(kind.word(), |reader| reader.value(value, *kind));
        }
    }

    fn tagged(&mut self, value: &Value, tag: &str, variants: &[(&'static str, &'static [Field])]) {
        if !value.is_object() {
            self.say(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
                value,
            );
            return;
        }
        let word = value.get(tag).and_then(Value::as_str);
        match variants.iter().find(|(name, _)| Some(*name) == word) {
            Some((name, fields)) => self.at(*name, |reader| reader.object(value, fields, Some(tag))),
            None if value.get(tag).is_none() => {
                self.say("union_tag_not_found", format!("Unable to extract tag using discriminator '{tag}'"), value);
            }
            None => {
                let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
                let message = format!("Input tag found using '{tag}' does not match any of {}", alternatives(&names));
                self.say("union_tag_invalid", message, value);
            }
        }
    }

    fn object(&mut self, value: &Value, fields: &[Field], tag: Option<&str>) {
        let Some(object) = value.as_object() else {
            self.say(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
                value,
            );
            return;
        };
        for field in fields {
            match object.get(field.name) {
                Some(found) => self.at(field.name, |reader| reader.value(found, field.kind)),
                None if field.required => self.at(field.name, |reader| reader.say("missing", "Field required", value)),
                None => {}
            }
        }
        for (key, found) in object {
            if Some(key.as_str()) != tag && !fields.iter().any(|field| field.name == key) {
                self.at(key.as_str(), |reader| {
                    reader.say("extra_forbidden", "Extra inputs are not permitted", found);
                });
            }
        }
    }
}

impl Kind {
    fn suits(self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Ascii | Self::Word(_) => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Number(..) | Self::Whole(_) => value.is_number(),
            Self::Free | Self::Object(_) | Self::Tagged(..) => value.is_object(),
            Self::List(_) | Self::Filled(_) => value.is_array(),
            Self::Either(kinds) => kinds.iter().any(|kind| kind.suits(value)),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Text | Self::Ascii | Self::Word(_) => "str",
            Self::Flag => "bool",
            Self::Number(..) => "float",
            Self::Whole(_) => "int",
            Self::Free => "dict",
            Self::Object(_) | Self::Tagged(..) => "model",
            Self::List(_) | Self::Filled(_) => "list",
            Self::Either(_) => "union",
        }
    }
}

fn alternatives(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" or ")
}
