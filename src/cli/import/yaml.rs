//! YAML into the values that JSON has, for configurations that others wrote.
//!
//! Aliases are put in, and counted before that: what a few lines of them may grow to is bounded, in values and in
//! bytes, and so is how deep values may stand in each other. Tags are not acted on.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::{Map, Value};

/// Values, with what aliases stand for; a configuration has hundreds.
const VALUES: usize = 20_000;
/// Bytes of words, with what aliases stand for; a configuration has thousands.
const BYTES: usize = 4 << 20;
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
    anchors: HashMap<usize, Named>,
    document: Option<Value>,
    /// What the document has so far.
    size: Size,
    /// What the anchors keep beside it.
    kept: Size,
}

/// What has an anchor.
struct Named {
    value: Value,
    size: Size,
    depth: usize,
}

/// How much memory values take.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    values: usize,
    /// Of their words.
    bytes: usize,
}

impl Size {
    const ONE: Self = Self { values: 1, bytes: 0 };

    fn grow(&mut self, more: Self) -> Result<(), String> {
        self.values = self.values.saturating_add(more.values);
        self.bytes = self.bytes.saturating_add(more.bytes);
        if self.values > VALUES {
            return Err(format!("more than {VALUES} values, with what aliases stand for"));
        }
        if self.bytes > BYTES {
            return Err(format!("more than {} KiB of text, with what aliases stand for", BYTES >> 10));
        }
        Ok(())
    }

    /// What came since it was so much.
    fn since(self, before: Self) -> Self {
        Self { values: self.values - before.values, bytes: self.bytes - before.bytes }
    }
}

/// A list or an object that has not ended.
struct Open {
    anchor: usize,
    /// What was before it.
    before: Size,
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
                let size = Size { values: 1, bytes: text.len() };
                self.size.grow(size)?;
                let value = if style == ScalarStyle::Plain { plain(&text) } else { Value::from(text.into_owned()) };
                self.name(anchor, &value, size, 0)?;
                self.add(value, Some(style), 0)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).ok_or("this alias stands for what holds it")?;
                // Before there is a copy of it.
                self.size.grow(known.size)?;
                let (value, depth) = (known.value.clone(), known.depth);
                self.add(value, None, depth)
            }
        }
    }

    fn begin(&mut self, anchor: usize, kind: Kind) -> Result<(), String> {
        if self.open.len() >= DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        let before = self.size;
        self.size.grow(Size::ONE)?;
        self.open.push(Open { anchor, before, depth: 1, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { anchor, before, depth, kind }) = self.open.pop() else { return Ok(()) };
        let value = match kind {
            Kind::List(list) => Value::Array(list),
            Kind::Object { map, .. } => Value::Object(merged(map)),
        };
        self.name(anchor, &value, self.size.since(before), depth)?;
        self.add(value, None, depth)
    }

    /// Remembers what has an anchor; zero is none.
    fn name(&mut self, anchor: usize, value: &Value, size: Size, depth: usize) -> Result<(), String> {
        if anchor != 0 {
            self.kept.grow(size)?;
            self.anchors.insert(anchor, Named { value: value.clone(), size, depth });
        }
        Ok(())
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
#[path = "yaml_tests.rs"]
mod tests;
