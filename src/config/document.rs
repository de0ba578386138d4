//! A JSON5 text that has been read: its value, and where each part of it stands.
//!
//! The configuration is one such text, a preset's manifest is another; both tell their
//! problems with line and column.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Position, Problem, Problems, Severity,
    locate::{self, Places},
    suggest,
};

/// A text's value with the places of its parts.
#[derive(Debug, Clone)]
pub struct Document {
    /// The whole value.
    pub value: Value,
    pub(super) file: Arc<str>,
    pub(super) places: Places,
}

impl Document {
    /// Reads a text; `file` is what problems call it.
    ///
    /// # Errors
    /// Fails when the text is no JSON5, or nested too deep for a configuration.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problems> {
        let alone = |position, what: String| {
            let (file, path) = (file.into(), String::new());
            Problems(vec![Problem { severity: Severity::Error, file, position, path, what, suggestion: None }])
        };
        let places = locate::places(text)
            .map_err(|position| alone(position, "nested too deep for a configuration".to_owned()))?;
        let value = json5::from_str(text).map_err(|error| {
            let position =
                error.position().map_or(places.end, |at| Position { line: at.line + 1, column: at.column + 1 });
            alone(position, syntax(&error))
        })?;
        Ok(Self { value, file: file.into(), places })
    }

    /// Takes another value for the same text: what stayed where it was keeps its place.
    pub fn with(&self, value: Value) -> Self {
        Self { value, file: Arc::clone(&self.file), places: self.places.clone() }
    }

    /// Takes the value of one key for the whole, places included.
    pub fn below(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?.clone();
        Some(Self { value, file: Arc::clone(&self.file), places: self.places.below(key) })
    }

    /// Makes a problem about the value at a path.
    pub fn problem(&self, severity: Severity, path: &str, what: impl Into<String>) -> Problem {
        let position = self.places.value(path);
        let (file, path, what) = (Arc::clone(&self.file), path.to_owned(), what.into());
        Problem { severity, file, position, path, what, suggestion: None }
    }

    /// Makes a problem about the key at a path, with the word among the known ones that was probably meant.
    pub fn unknown_key<'k>(
        &self,
        severity: Severity,
        path: &str,
        what: impl Into<String>,
        key: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Problem {
        let suggestion = suggest::nearest(key, known);
        Problem { position: self.places.key(path), suggestion, ..self.problem(severity, path, what) }
    }
}

/// What a value is, in the words of problems.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Says what a text that is no JSON5 lacks.
fn syntax(error: &json5::Error) -> String {
    let words = error.code().map_or_else(|| "not JSON5".to_owned(), |code| code.to_string());
    match (words.starts_with("EOF"), error.position()) {
        (false, _) => words,
        // The parser gives the place of the innermost object or list that is open.
        (true, Some(_)) => "what begins here does not end".to_owned(),
        (true, None) => "the text ends where a value should be".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_keeps_its_places() {
        let whole = Document::parse("{a: 1,\n b: {c: [2]}}", "f").unwrap();
        let part = whole.below("b").unwrap();
        assert_eq!(part.problem(Severity::Error, "c[0]", "x").to_string(), "f:2:10: c[0]: x");
        assert!(whole.below("c").is_none());
    }

    #[test]
    fn an_unknown_key_is_shown_with_the_one_that_was_meant() {
        let whole = Document::parse("{\n modle: 1}", "f").unwrap();
        let problem = whole.unknown_key(Severity::Warning, "modle", "unknown key", "modle", ["name", "model"]);
        assert_eq!(problem.to_string(), "f:2:2: modle: unknown key, did you mean `model`?");
    }
}
