//! A value is where it was written.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

#[test]
fn every_kind_of_value_has_its_place() {
    let text =
        "// first\r\n{ a: 'x\\'y', /* in\nbetween */ \"b c\": [\n  1, { d: null, },\n ], \\u0065: .5, 'ä': {}\n}";
    let places = places(text).unwrap();
    assert_eq!(places.value(""), at(2, 1));
    assert_eq!((places.key("a"), places.value("a")), (at(2, 3), at(2, 6)));
    assert_eq!((places.key("[\"b c\"]"), places.value("[\"b c\"]")), (at(3, 12), at(3, 19)));
    assert_eq!(places.value("[\"b c\"][0]"), at(4, 3));
    assert_eq!(places.value("[\"b c\"][1].d"), at(4, 11));
    assert_eq!(places.value("e"), at(5, 13));
    assert_eq!(places.value("ä"), at(5, 22));
    assert_eq!(places.end, at(6, 2));
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let places = places("{a: {b: 1},\n a: {c: 2}}").unwrap();
    assert_eq!(places.repeated, [("a".to_owned(), at(2, 2))]);
    assert_eq!(places.value("a.c"), at(2, 9));
    assert_eq!(places.value("a.b"), START);
}

#[test]
fn depth_is_refused_before_it_hurts() {
    assert_eq!(places(&"[".repeat(100_000)), Err(at(1, 65)));
    assert!(places(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
}

/// Writes values as JSON5 with odd but lawful spacing, and notes where each begins.
pub(in crate::config) struct Writer {
    pub(in crate::config) text: String,
    spaces: Vec<&'static str>,
    next: usize,
    pub(in crate::config) expected: Vec<(String, usize)>,
}

impl Writer {
    pub(in crate::config) fn new(spaces: Vec<&'static str>) -> Self {
        Self { text: String::new(), spaces, next: 0, expected: Vec::new() }
    }

    fn space(&mut self) {
        self.text.push_str(self.spaces[self.next % self.spaces.len()]);
        self.next += 1;
    }

    pub(in crate::config) fn write(&mut self, path: &str, value: &Value) {
        self.space();
        self.expected.push((path.to_owned(), self.text.len()));
        match value {
            Value::Object(map) => {
                self.text.push('{');
                for (key, value) in map {
                    self.space();
                    self.text.push_str(&Value::from(key.as_str()).to_string());
                    self.space();
                    self.text.push(':');
                    self.write(&path::key(path, key), value);
                    self.space();
                    self.text.push(',');
                }
                self.space();
                self.text.push('}');
            }
            Value::Array(list) => {
                self.text.push('[');
                for (i, value) in list.iter().enumerate() {
                    if i > 0 {
                        self.text.push(',');
                    }
                    self.write(&path::index(path, i), value);
                    self.space();
                }
                self.text.push(']');
            }
            scalar => self.text.push_str(&scalar.to_string()),
        }
    }
}

pub(in crate::config) fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("\\PC{0,6}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// What may stand between two parts of a text.
pub(in crate::config) fn any_spaces() -> impl Strategy<Value = Vec<&'static str>> {
    let spaces = vec!["", " ", "\n", "\r\n", "\t", "/* , } */", "// { \" ä\n", "\u{feff}", "/***/"];
    prop::collection::vec(prop::sample::select(spaces), 1..9)
}

proptest! {
    #[test]
    fn a_value_is_where_it_was_written(
        value in any_value(),
        spaces in any_spaces(),
    ) {
        let mut writer = Writer::new(spaces);
        writer.write("", &value);
        prop_assert_eq!(&json5::from_str::<Value>(&writer.text).unwrap(), &value);
        let places = places(&writer.text).unwrap();
        prop_assert_eq!(places.values.len(), writer.expected.len());
        for (path, offset) in writer.expected {
            let at = json5::Position::from_offset(offset, &writer.text);
            let expected = Position { line: at.line + 1, column: at.column + 1 };
            prop_assert_eq!(places.value(&path), expected, "{}", path);
        }
    }

    #[test]
    fn any_text_is_walked_to_its_end(text in "[\\[\\]{}:,'\"\\\\/* \na-z0-9]{0,60}") {
        if let Ok(places) = places(&text) {
            let end = json5::Position::from_offset(text.len(), &text);
            prop_assert_eq!(places.end, Position { line: end.line + 1, column: end.column + 1 });
        }
    }
}
