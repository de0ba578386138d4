//! YAML into the values that JSON has, for configurations that others wrote.
//!
//! Aliases are put in, and counted: what a few lines of them may grow to is bounded, and so is how deep values
//! may stand in each other. Tags are not acted on.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

/// Values, with what aliases stand for; a configuration has hundreds.
const VALUES: usize = 20_000;
/// How deep values may stand in each other.
const DEPTH: usize = 64;
/// The key that takes another object in.
const MERGE: &str = "<<";

/// Reads one document; an empty one is `null`.
///
/// # Errors
/// Says what is wrong behind its line and column, in words that repeat no value.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut parser = Parser::new_from_str(text.trim_start_matches('\u{feff}'));
    let mut reading = Reading::default();
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let mark = error.marker();
            format!("{}:{}: {}", mark.line(), mark.col() + 1, error.info())
        })?;
        reading.take(event).map_err(|what| format!("{}: {what}", place(&span)))?;
    }
    Ok(reading.document.unwrap_or(Value::Null))
}

fn place(span: &Span) -> String {
    format!("{}:{}", span.start.line(), span.start.col() + 1)
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    anchors: HashMap<usize, (Value, usize, usize)>,
    document: Option<Value>,
    values: usize,
}

/// A list or an object that has not ended.
struct Open {
    anchor: usize,
    /// Values before it.
    before: usize,
    /// How deep what it holds is.
    depth: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Value>),
    Object { map: Map<String, Value>, key: Option<String> },
}

impl Reading {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.document.is_some() => Err("a second document begins here".to_owned()),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, Kind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(anchor, Kind::Object { map: Map::new(), key: None }),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Scalar(text, style, anchor, _) => {
                self.count(1)?;
                let value = if style == ScalarStyle::Plain { plain(&text) } else { Value::from(text.into_owned()) };
                self.name(anchor, &value, 1, 0);
                self.add(value, Some(style), 0)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (value, values, depth) = known.ok_or("this alias stands for what holds it")?;
                self.count(values)?;
                self.add(value, None, depth)
            }
        }
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES {
            return Err(format!("more than {VALUES} values, with what aliases stand for"));
        }
        Ok(())
    }

    fn begin(&mut self, anchor: usize, kind: Kind) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        let before = self.values;
        self.count(1)?;
        self.open.push(Open { anchor, before, depth: 1, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { anchor, before, depth, kind }) = self.open.pop() else { return Ok(()) };
        let value = match kind {
            Kind::List(list) => Value::Array(list),
            Kind::Object { map, .. } => Value::Object(merged(map)),
        };
        self.name(anchor, &value, self.values - before, depth);
        self.add(value, None, depth)
    }

    /// Remembers what has an anchor; zero is none.
    fn name(&mut self, anchor: usize, value: &Value, values: usize, depth: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), values, depth));
        }
    }

    /// Puts a value where the text is.
    fn add(&mut self, value: Value, style: Option<ScalarStyle>, depth: usize) -> Result<(), String> {
        if self.open.len() + depth > DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        let Some(open) = self.open.last_mut() else {
            self.document = Some(value);
            return Ok(());
        };
        open.depth = open.depth.max(depth + 1);
        match &mut open.kind {
            Kind::List(list) => list.push(value),
            Kind::Object { map, key } => {
                if let Some(name) = key.take() {
                    map.insert(name, value);
                } else {
                    let name = name_of(&value, style)?;
                    if map.contains_key(&name) {
                        return Err("this key stands here twice".to_owned());
                    }
                    *key = Some(name);
                }
            }
        }
        Ok(())
    }
}

fn name_of(value: &Value, style: Option<ScalarStyle>) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) if style.is_some() => Ok(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err("a key is a word".to_owned())
        }
    }
}

/// Takes in what `<<` names; what stands in the object itself counts.
fn merged(mut map: Map<String, Value>) -> Map<String, Value> {
    let others = match map.get(MERGE) {
        Some(Value::Object(_)) => map.remove(MERGE).into_iter().collect(),
        Some(Value::Array(list)) if list.iter().all(Value::is_object) => match map.remove(MERGE) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    for other in others {
        let Value::Object(other) = other else { continue };
        for (key, value) in other {
            map.entry(key).or_insert(value);
        }
    }
    map
}

/// A word without quotes, by YAML 1.2's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let is_number =
        text.trim_start_matches(['-', '+']).starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let number = text.strip_prefix('+').unwrap_or(text);
    if !is_number {
        return Value::from(text);
    }
    if let Ok(number) = number.parse::<i64>() {
        return Value::from(number);
    }
    let is_decimal = number.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let float = number.parse::<f64>().ok().filter(|number| is_decimal && number.is_finite());
    float.map_or_else(|| Value::from(text), Value::from)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &Value) {
        assert_eq!(read(text).as_ref(), Ok(expect), "{text}");
    }

    #[test]
    fn words_and_numbers_are_what_yaml_says_they_are() {
        check(
            "a: 1\nb: -2.5\nc: true\nd: ~\ne: 1.0.0\nf: '1'\ng: no\nh: 0.0.0.0:41002\ni: |\n  two\n  lines\nj:\n",
            &json!({"a": 1, "b": -2.5, "c": true, "d": null, "e": "1.0.0", "f": "1", "g": "no", "h": "0.0.0.0:41002",
                "i": "two\nlines\n", "j": null}),
        );
        check("- {a: [1, two]} # words\n- 1e3\n", &json!([{"a": [1, "two"]}, 1000.0]));
        check("", &Value::Null);
        check("# nothing\n", &Value::Null);
        check("\u{feff}a: .inf\n", &json!({"a": ".inf"}));
    }

    #[test]
    fn aliases_stand_for_what_they_name_and_are_taken_in() {
        check(
            "base: &base {a: 1, b: 2}\none: *base\ntwo:\n  <<: *base\n  b: 3\nthree: {<<: [*base, {c: 4}]}\n",
            &json!({"base": {"a": 1, "b": 2}, "one": {"a": 1, "b": 2}, "two": {"b": 3, "a": 1}, "three": {"a": 1, "b": 2, "c": 4}}),
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, what) in [
            ("a: 1\na: 2\n", "2:1: this key stands here twice"),
            ("? [a]\n: 1\n", "1:5: a key is a word"),
            ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
            ("a: &a [*a]\n", "1:8: this alias stands for what holds it"),
        ] {
            assert_eq!(read(text), Err(what.to_owned()), "{text}");
        }
        let error = read("a: [1\nb: 2\n").unwrap_err();
        assert!(error.starts_with("2:"), "{error}");
        assert!(read("a: *none\n").is_err());
    }

    #[test]
    fn a_billion_laughs_are_refused_before_they_are_many() {
        let mut text = "l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
        for level in 1..20 {
            let list = vec![format!("*l{}", level - 1); 10].join(", ");
            let _ = writeln!(text, "l{level}: &l{level} [{list}]");
        }
        let error = read(&text).unwrap_err();
        assert!(error.ends_with("more than 20000 values, with what aliases stand for"), "{error}");
    }

    #[test]
    fn depth_is_refused_before_it_hurts_whatever_it_is_made_of() {
        let deep = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
        let blocks: Vec<String> = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        let blocks = blocks.concat();
        let mut chain = "l0: &l0 [1]\n".to_owned();
        for level in 1..200 {
            let _ = writeln!(chain, "l{level}: &l{level} [*l{}]", level - 1);
        }
        for text in [deep("[", "]", 100_000), deep("{a: ", "}", 100_000), "- ".repeat(100_000), blocks, chain] {
            assert!(read(&text).is_err(), "{} bytes", text.len());
        }
        assert!(read(&deep("[", "]", DEPTH)).is_ok());
        assert!(read(&deep("[", "]", DEPTH + 1)).unwrap_err().ends_with("nested deeper than 64"));
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in
            ["\u{0}", "%YAML 9\n---\n", "a: !!binary x\n", "\t- a", "&a &b c", "*", "---\n...\n---", "a:\n\t- b\n"]
        {
            let _ = read(text);
        }
    }
}
