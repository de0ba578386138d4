//! Takes fields out of a manifest's objects, and keeps what is wrong with them.

use serde_json::{Map, Value};

use crate::config::{Document, Problem, Severity, kind, path};

/// Reads the objects of one document.
pub(super) struct Fields<'d> {
    pub(super) document: &'d Document,
    pub(super) problems: Vec<Problem>,
}

impl<'d> Fields<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, problems: Vec::new() }
    }

    pub(super) fn error(&mut self, place: &str, what: impl Into<String>) {
        self.problems.push(self.document.problem(Severity::Error, place, what));
    }

    pub(super) fn warn(&mut self, place: &str, what: impl Into<String>) {
        self.problems.push(self.document.problem(Severity::Warning, place, what));
    }

    /// Notes a word that is none of the known ones.
    pub(super) fn unknown<'k>(
        &mut self,
        place: &str,
        what: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let problem = self.document.unknown_key(Severity::Error, place, what, word, known);
        let position = self.document.problem(Severity::Error, place, "").position;
        self.problems.push(Problem { position, ..problem });
    }

    /// Warns of keys that are not known.
    pub(super) fn check_keys(&mut self, map: &Map<String, Value>, place: &str, known: &[&str]) {
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let inner = path::key(place, key);
            let known = known.iter().copied();
            let problem = self.document.unknown_key(Severity::Warning, &inner, "unknown key", key, known);
            self.problems.push(problem);
        }
    }

    /// Returns a field's value; `null` counts as absent.
    pub(super) fn get<'m>(map: &'m Map<String, Value>, key: &str) -> Option<&'m Value> {
        map.get(key).filter(|value| !value.is_null())
    }

    /// Returns a field of one type.
    fn typed<'m, T>(
        &mut self,
        map: &'m Map<String, Value>,
        place: &str,
        key: &str,
        what: &str,
        take: impl FnOnce(&'m Value) -> Option<T>,
    ) -> Option<T> {
        let value = Self::get(map, key)?;
        let taken = take(value);
        if taken.is_none() {
            self.error(&path::key(place, key), format!("expected {what}, found {}", kind(value)));
        }
        taken
    }

    /// Returns a string that is not empty.
    pub(super) fn text(&mut self, map: &Map<String, Value>, place: &str, key: &str) -> Option<String> {
        self.typed(map, place, key, "a string", Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn boolean(&mut self, map: &Map<String, Value>, place: &str, key: &str) -> Option<bool> {
        self.typed(map, place, key, "true or false", Value::as_bool)
    }

    pub(super) fn number(&mut self, map: &Map<String, Value>, place: &str, key: &str) -> Option<f64> {
        self.typed(map, place, key, "a number", Value::as_f64)
    }

    pub(super) fn list<'m>(&mut self, map: &'m Map<String, Value>, place: &str, key: &str) -> Option<&'m Vec<Value>> {
        self.typed(map, place, key, "a list", Value::as_array)
    }

    pub(super) fn object<'m>(
        &mut self,
        map: &'m Map<String, Value>,
        place: &str,
        key: &str,
    ) -> Option<&'m Map<String, Value>> {
        self.typed(map, place, key, "an object", Value::as_object)
    }

    /// Returns a list of strings; one string counts as a list of one.
    pub(super) fn texts(&mut self, map: &Map<String, Value>, place: &str, key: &str) -> Vec<String> {
        if let Some(Value::String(text)) = map.get(key) {
            return vec![text.clone()];
        }
        let list = self.list(map, place, key).cloned().unwrap_or_default();
        let inner = path::key(place, key);
        let mut texts = Vec::new();
        for (i, value) in list.iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.error(&path::index(&inner, i), format!("expected a string, found {}", kind(value))),
            }
        }
        texts
    }

    /// Returns an item of a list as an object.
    pub(super) fn item<'m>(&mut self, value: &'m Value, place: &str) -> Option<&'m Map<String, Value>> {
        if value.as_object().is_none() {
            self.error(place, format!("expected an object, found {}", kind(value)));
        }
        value.as_object()
    }
}
