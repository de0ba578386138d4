//! Tool schemas, reduced to what Mistral compiles.
//!
//! Its grammar compiler stumbles over `$schema` and `$id`, and `mistral_common`
//! refuses draft 4's boolean `exclusiveMinimum`. Everything else goes through as it
//! is, byte for byte.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::Text;

/// The schema of a tool without arguments.
const NOTHING: &str = r#"{"type":"object","properties":{}}"#;

/// Returns a schema that compiles, borrowed when nothing had to change.
pub(crate) fn reduce(schema: Option<&RawValue>) -> Cow<'_, RawValue> {
    let Some(raw) = schema.filter(|raw| raw.get().starts_with('{')) else {
        return owned(NOTHING.to_owned());
    };
    let text = raw.get();
    let bytes = text.as_bytes();
    let count = |key: &[u8]| memchr::memmem::find_iter(bytes, key).count();
    let (schema_keys, deep_keys) = (count(b"\"$schema\""), count(b"\"$id\"") + count(b"\"exclusiveM"));
    if deep_keys == 0 {
        if schema_keys == 0 {
            return Cow::Borrowed(raw);
        }
        // Every tool of Claude Code has just the one at the top: no need for a tree.
        if schema_keys == 1
            && let Some(shorter) = without_outer_schema(text).or_else(|| without_top_level_schema(text))
        {
            return owned(shorter);
        }
    }
    let Ok(mut value) = serde_json::from_str(text) else { return Cow::Borrowed(raw) };
    reduce_value(&mut value);
    owned(value.to_string())
}

fn owned<'a>(text: String) -> Cow<'a, RawValue> {
    RawValue::from_string(text).map_or(Cow::Borrowed(RawValue::NULL), Cow::Owned)
}

/// Cuts `$schema` off as the first or the last key, where generators write it, without reading the rest.
fn without_outer_schema(text: &str) -> Option<String> {
    const KEY: &str = r#""$schema":""#;
    // Quotes within strings are escaped, so the key cannot stand in one, and its value ends at the next quote.
    let plain = |value: &str| !value.contains(['"', '\\']);
    if let Some((value, rest)) = text.strip_prefix('{')?.strip_prefix(KEY).and_then(|text| text.split_once('"')) {
        let rest = rest.strip_prefix(',').filter(|_| plain(value))?;
        return Some(["{", rest].concat());
    }
    let (rest, value) = text.strip_suffix("\"}")?.rsplit_once(KEY)?;
    let rest = rest.strip_suffix(',').filter(|_| plain(value))?;
    Some([rest, "}"].concat())
}

fn without_top_level_schema(text: &str) -> Option<String> {
    struct Entries;
    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(Text<'de>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    let entries = serde_json::Deserializer::from_str(text).deserialize_map(Entries).ok()?;
    entries.iter().find(|(key, value)| &**key == "$schema" && value.get().starts_with('"'))?;
    let mut shorter = String::with_capacity(text.len());
    for (key, value) in entries.iter().filter(|(key, _)| &**key != "$schema") {
        shorter.push(if shorter.is_empty() { '{' } else { ',' });
        shorter.push_str(&serde_json::to_string(key).ok()?);
        shorter.push(':');
        shorter.push_str(value.get());
    }
    if shorter.is_empty() {
        shorter.push('{');
    }
    shorter.push('}');
    Some(shorter)
}

/// Reduces a schema and all schemas in it; names of properties are not keywords and stay.
fn reduce_value(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    for key in ["$schema", "$id"] {
        if object.get(key).is_some_and(Value::is_string) {
            object.shift_remove(key);
        }
    }
    for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(&Value::Bool(is_exclusive)) = object.get(exclusive) {
            object.shift_remove(exclusive);
            if is_exclusive && let Some(limit) = object.shift_remove(bound) {
                object.insert(exclusive.to_owned(), limit);
            }
        }
    }
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependencies" | "dependentSchemas" => {
                if let Value::Object(schemas) = value {
                    schemas.values_mut().for_each(reduce_value);
                }
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                if let Value::Array(schemas) = value {
                    schemas.iter_mut().for_each(reduce_value);
                }
            }
            "items" => match value {
                Value::Array(schemas) => schemas.iter_mut().for_each(reduce_value),
                schema => reduce_value(schema),
            },
            "additionalProperties"
            | "additionalItems"
            | "unevaluatedProperties"
            | "unevaluatedItems"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames" => reduce_value(value),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &str, expect: &str) {
        let raw = RawValue::from_string(schema.to_owned()).unwrap();
        assert_eq!(reduce(Some(&raw)).get(), expect);
    }

    #[test]
    fn a_schema_without_trouble_is_borrowed() {
        let raw = RawValue::from_string(r#"{ "type": "object" }"#.to_owned()).unwrap();
        assert!(matches!(reduce(Some(&raw)), Cow::Borrowed(_)));
    }

    #[test]
    fn the_schema_key_at_the_top_goes_and_the_rest_stays_as_it_was() {
        check(
            r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{ "a" : {} }}"#,
            r#"{"type":"object","properties":{ "a" : {} }}"#,
        );
    }

    #[test]
    fn the_schema_key_goes_wherever_at_the_top_it_stands() {
        let expect = r#"{"type":"object","title":",\"$schema\":\""}"#;
        for schema in [
            r#"{"$schema":"x","type":"object","title":",\"$schema\":\""}"#,
            r#"{"type":"object","$schema":"x","title":",\"$schema\":\""}"#,
            r#"{"type":"object","title":",\"$schema\":\"","$schema":"x"}"#,
            r#"{"type":"object","title":",\"$schema\":\"","$schema":"\""}"#,
        ] {
            check(schema, expect);
        }
        check(r#"{"$schema":"x"}"#, "{}");
        check(r#"{"items":{"type":"object","$schema":"x"}}"#, r#"{"items":{"type":"object"}}"#);
    }

    #[test]
    fn keywords_go_at_every_depth_and_properties_of_the_same_name_stay() {
        check(
            r#"{"$id":"x","properties":{"$id":{"type":"string","$schema":"y"},"$schema":{"type":"string"}}}"#,
            r#"{"properties":{"$id":{"type":"string"},"$schema":{"type":"string"}}}"#,
        );
    }

    #[test]
    fn keywords_go_in_the_rest_of_a_tuple_and_in_dependencies() {
        check(
            r#"{"additionalItems":{"$id":"x"},"unevaluatedItems":{"$id":"x"},"unevaluatedProperties":{"$id":"x"},"dependencies":{"a":["b"],"c":{"$id":"x"}}}"#,
            r#"{"additionalItems":{},"unevaluatedItems":{},"unevaluatedProperties":{},"dependencies":{"a":["b"],"c":{}}}"#,
        );
    }

    #[test]
    fn draft_4_bounds_become_draft_7_bounds() {
        check(
            r#"{"properties":{"n":{"minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false}}}"#,
            r#"{"properties":{"n":{"maximum":9,"exclusiveMinimum":0}}}"#,
        );
    }

    #[test]
    fn a_missing_schema_is_an_empty_object() {
        assert_eq!(reduce(None).get(), NOTHING);
        check("null", NOTHING);
    }
}
