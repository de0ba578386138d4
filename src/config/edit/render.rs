//! Writes values as the rest of a text does.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::locate::Spans;

/// How a text is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    /// Around strings.
    pub(super) quote: char,
    /// Around keys; none where they stand bare.
    pub(super) key_quote: Option<char>,
    /// One step to the right.
    pub(super) indent: String,
    /// What ends a line.
    pub(super) line_end: &'static str,
}

/// Whether a value may go over several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// It stays on its line.
    Line,
    /// It has lines of its own; the first begins with this white space.
    Lines(String),
}

impl Style {
    /// Looks at a text: at its first key, and at its first string.
    pub(super) fn of(text: &str, spans: &Spans) -> Self {
        let at = |offset: usize| text[offset..].chars().next();
        let key_quote = match spans.keys().min().and_then(at) {
            None => Some('"'),
            Some(quote @ ('"' | '\'')) => Some(quote),
            Some(_) => None,
        };
        let strings = spans.begins().filter(|begin| text[*begin..].starts_with(['"', '\'']));
        let quote = strings.min().and_then(at).or(key_quote).unwrap_or('"');
        let is_indent = |c: char| c == ' ' || c == '\t';
        let indents = text.lines().map(|line| &line[..line.len() - line.trim_start_matches(is_indent).len()]);
        let indent = indents.into_iter().find(|indent| !indent.is_empty()).unwrap_or("  ").to_owned();
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { quote, key_quote, indent, line_end }
    }

    /// Writes a member of an object, or of a list, which has no key.
    pub(super) fn member(&self, key: Option<&str>, value: &Value, form: &Form) -> String {
        let value = self.value(value, form);
        match key {
            Some(key) => format!("{}: {value}", self.key(key)),
            None => value,
        }
    }

    /// Writes a value.
    pub(super) fn value(&self, value: &Value, form: &Form) -> String {
        match value {
            Value::String(text) => string(text, self.quote),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(list) => {
                let is_flat = list.iter().all(|item| !item.is_object() && !item.is_array());
                let form = if is_flat { &Form::Line } else { form };
                self.group(['[', ']'], "", form, list.iter().map(|item| (None, item)))
            }
            Value::Object(map) => {
                self.group(['{', '}'], " ", form, map.iter().map(|(key, value)| (Some(key.as_str()), value)))
            }
        }
    }

    fn group<'v>(
        &self,
        [open, close]: [char; 2],
        space: &str,
        form: &Form,
        members: impl ExactSizeIterator<Item = (Option<&'v str>, &'v Value)>,
    ) -> String {
        if members.len() == 0 {
            return format!("{open}{close}");
        }
        match form {
            Form::Line => {
                let members: Vec<String> = members.map(|(key, value)| self.member(key, value, form)).collect();
                format!("{open}{space}{}{space}{close}", members.join(", "))
            }
            Form::Lines(outer) => {
                let inner = format!("{outer}{}", self.indent);
                let form = Form::Lines(inner.clone());
                let member = |(key, value)| format!("{inner}{}", self.member(key, value, &form));
                let members: Vec<String> = members.map(member).collect();
                let line_end = self.line_end;
                format!("{open}{line_end}{}{line_end}{outer}{close}", members.join(&format!(",{line_end}")))
            }
        }
    }

    fn key(&self, key: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let is_bare = key.chars().all(is_part) && !key.starts_with(|c: char| c.is_ascii_digit()) && !key.is_empty();
        match self.key_quote {
            None if is_bare => key.to_owned(),
            None => string(key, self.quote),
            Some(quote) => string(key, quote),
        }
    }
}

fn string(text: &str, quote: char) -> String {
    let mut written = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c == quote || c == '\\' => written.extend(['\\', c]),
            // Line ends of other alphabets, which not every reader takes inside of a string.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(written, "\\u{:04x}", u32::from(c));
            }
            c => written.push(c),
        }
    }
    written.push(quote);
    written
}
