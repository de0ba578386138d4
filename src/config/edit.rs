//! Changes single values of a JSON5 text where they stand, and nothing around them.
//!
//! Comments, spacing, quotes and commas stay as somebody wrote them; what is new looks
//! like its neighbours. Values go by their paths ([`super::path`]).

mod render;
#[cfg(test)]
mod tests;

use std::ops::Range;

use json5::char::is_json5_line_terminator;
use serde_json::{Map, Value};

use super::{
    locate::{self, Spans},
    path::{self, Step},
};
use render::{Form, Style};

/// Why a text cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is no JSON5, or nested too deep.
    #[error("the text is not JSON5")]
    Unreadable,
    /// The path is none.
    #[error("`{0}` is no path such as `Router.default`")]
    NoPath(String),
    /// Something on the way is neither an object nor a list with that place.
    #[error("`{path}` cannot be set: what stands at `{at}` has no such place")]
    NoPlace {
        /// The path.
        path: String,
        /// How far it leads.
        at: String,
    },
}

/// Sets the value at a path; objects on the way are made, and the place behind the last of a list is its end.
///
/// # Errors
/// Fails when the text is no JSON5, and when the path leads through what is no object.
pub fn set(text: &str, path: &str, value: &Value) -> Result<String, EditError> {
    let steps = path::steps(path).ok_or_else(|| EditError::NoPath(path.to_owned()))?;
    let page = Page::read(text)?;
    let mut at = &page.root;
    let mut here = String::new();
    for (i, step) in steps.iter().enumerate() {
        let there = step.below(&here);
        let no_place = || EditError::NoPlace { path: path.to_owned(), at: here.clone() };
        at = match (at, step) {
            (Value::Object(map), Step::Key(key)) => match map.get(key) {
                Some(inner) => inner,
                None => {
                    return page.insert(&here, at, Some(key), &nested(&steps[i + 1..], value).ok_or_else(no_place)?);
                }
            },
            (Value::Array(list), Step::Index(index)) => match list.get(*index) {
                Some(inner) => inner,
                None if *index == list.len() => {
                    return page.insert(&here, at, None, &nested(&steps[i + 1..], value).ok_or_else(no_place)?);
                }
                None => return Err(no_place()),
            },
            // `null` counts as absent.
            (Value::Null, _) => return page.replace(&here, &nested(&steps[i..], value).ok_or_else(no_place)?),
            _ => return Err(no_place()),
        };
        here = there;
    }
    page.replace(&here, value)
}

/// Takes the value at a path away, with its key and its comma; one that is not there is no error.
///
/// # Errors
/// Fails when the text is no JSON5.
pub fn remove(text: &str, path: &str) -> Result<String, EditError> {
    if path::steps(path).is_none() {
        return Err(EditError::NoPath(path.to_owned()));
    }
    let mut text = text.to_owned();
    loop {
        let page = Page::read(&text)?;
        let (Some(begin), Some(value)) = (page.spans.begin(path), page.spans.value(path)) else { return Ok(text) };
        let next = page.without(begin..value.end);
        let is_in_object = begin != value.start;
        text = next;
        if !is_in_object {
            return Ok(text);
        }
        // A key may stand there twice; the first would count again.
    }
}

/// What stands at the end of these steps, with what is to be made on the way.
fn nested(steps: &[Step], value: &Value) -> Option<Value> {
    steps.iter().rev().try_fold(value.clone(), |inner, step| match step {
        Step::Key(key) => Some(Value::Object(Map::from_iter([(key.clone(), inner)]))),
        Step::Index(0) => Some(Value::Array(vec![inner])),
        Step::Index(_) => None,
    })
}

/// The quote that a string begins with.
fn quote(value: &str) -> Option<char> {
    value.chars().next().filter(|c| matches!(c, '"' | '\''))
}

/// A text that has been read.
struct Page<'t> {
    text: &'t str,
    root: Value,
    spans: Spans,
    style: Style,
}

impl<'t> Page<'t> {
    fn read(text: &'t str) -> Result<Self, EditError> {
        // The depth first: the parser recurses.
        let spans = locate::spans(text).map_err(|_| EditError::Unreadable)?;
        let root = json5::from_str(text).map_err(|_| EditError::Unreadable)?;
        let style = Style::of(text, &spans);
        Ok(Self { text, root, spans, style })
    }

    fn span(&self, path: &str) -> Result<Range<usize>, EditError> {
        self.spans.value(path).ok_or(EditError::Unreadable)
    }

    fn replace(&self, path: &str, value: &Value) -> Result<String, EditError> {
        let span = self.span(path)?;
        let old = &self.text[span.clone()];
        let quote = quote(old).unwrap_or(self.style.quote);
        let form = if self.has_line_end(span.clone()) || old == "{}" || old == "null" {
            Form::Lines(self.indent(span.start))
        } else {
            Form::Line
        };
        let new = Style { quote, ..self.style.clone() }.value(value, &form);
        Ok([&self.text[..span.start], &new, &self.text[span.end..]].concat())
    }

    /// Puts a value behind the last of an object, where it has a key, or of a list.
    fn insert(&self, at: &str, parent: &Value, key: Option<&str>, value: &Value) -> Result<String, EditError> {
        let span = self.span(at)?;
        let close = span.end - 1;
        let last = self.last(at, parent);
        let neighbour = last.as_ref().and_then(|last| self.spans.value(last)).and_then(|span| quote(&self.text[span]));
        let style = Style { quote: neighbour.unwrap_or(self.style.quote), ..self.style.clone() };
        let member = |form: &Form| style.member(key, value, form);
        let Some(last) = last else {
            return Ok(self.first(&span, at.is_empty(), &member));
        };
        let end = self.span(&last)?.end;
        let comma = locate::behind_space(self.text, end);
        let has_comma = self.text[comma..].starts_with(',');
        let base = if has_comma { comma + 1 } else { end };
        let behind = if has_comma { "," } else { "" };
        let (place, new) = if self.has_line_end(base..close) {
            let indent = self.indent_of(self.spans.begin(&last).unwrap_or(end), span.start);
            let new = format!("{}{indent}{}{behind}", self.style.line_end, member(&Form::Lines(indent.clone())));
            (self.line_comments_end(base, close), new)
        } else {
            (base, format!(" {}{behind}", member(&Form::Line)))
        };
        let missing = if has_comma { "" } else { "," };
        Ok([&self.text[..end], missing, &self.text[end..place], &new, &self.text[place..]].concat())
    }

    /// Puts the first value into what is empty.
    fn first(&self, span: &Range<usize>, is_root: bool, member: &dyn Fn(&Form) -> String) -> String {
        let (open, close) = (span.start + 1, span.end - 1);
        let outer = self.indent(span.start);
        let indent = format!("{outer}{}", self.style.indent);
        let line_end = self.style.line_end;
        let (place, new) = if self.has_line_end(open..close) {
            let place = self.line_comments_end(open, close);
            (place, format!("{line_end}{indent}{}", member(&Form::Lines(indent.clone()))))
        } else if is_root {
            (open, format!("{line_end}{indent}{}{line_end}{outer}", member(&Form::Lines(indent.clone()))))
        } else if self.text[span.clone()].starts_with('[') {
            (open, member(&Form::Line))
        } else {
            (open, format!(" {}{}", member(&Form::Line), if open == close { " " } else { "" }))
        };
        [&self.text[..place], &new, &self.text[place..]].concat()
    }

    /// The path of what stands last in an object or a list.
    fn last(&self, at: &str, parent: &Value) -> Option<String> {
        let end = |path: &String| self.spans.value(path).map_or(0, |span| span.end);
        match parent {
            Value::Object(map) => map.keys().map(|key| path::key(at, key)).max_by_key(end),
            Value::Array(list) => Some(path::index(at, list.len().checked_sub(1)?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    /// The text without a member, its comma, and the line when nothing else is on it.
    fn without(&self, member: Range<usize>) -> String {
        let text = self.text;
        let comma = locate::behind_space(text, member.end);
        let mut cuts = Vec::new();
        let mut cut = member.clone();
        if text[comma..].starts_with(',') {
            // A comment between value and comma stays.
            if text[member.end..comma].trim().is_empty() {
                cut.end = comma + 1;
            } else {
                cuts.push(comma..comma + 1);
            }
        } else if let Some(comma) = self.comma_before(member.start) {
            cuts.push(comma..comma + 1);
        }
        cuts.push(self.with_space(cut));
        cuts.sort_by_key(|cut| cut.start);
        let mut result = String::with_capacity(text.len());
        let mut from = 0;
        for cut in cuts {
            result.push_str(&text[from..cut.start]);
            from = cut.end;
        }
        result + &text[from..]
    }

    /// Takes the space beside a cut along: the whole line, or what stands between it and its neighbour.
    fn with_space(&self, cut: Range<usize>) -> Range<usize> {
        let is_blank = |c: char| c == ' ' || c == '\t';
        let before = self.text[..cut.start].trim_end_matches(is_blank);
        let after = self.text[cut.end..].trim_start_matches(is_blank);
        let rest = self.text.len() - after.len();
        let line_end = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        match line_end {
            Some(next) if before.ends_with('\n') => before.len()..self.text.len() - next.len(),
            _ if before.ends_with('\n') => cut.start..rest,
            _ if after.starts_with(['}', ']']) => before.len()..cut.end,
            Some(_) => before.len()..rest,
            None => cut.start..rest,
        }
    }

    /// Where the comma in front of the last member of an object or a list stands.
    fn comma_before(&self, start: usize) -> Option<usize> {
        let ends = self.spans.ends().filter(|end| *end <= start).max()?;
        let comma = locate::behind_space(self.text, ends);
        // Else it stands in front of something that the member is in.
        let is_in_front =
            self.text[comma..start].starts_with(',') && locate::behind_space(self.text, comma + 1) == start;
        is_in_front.then_some(comma)
    }

    fn has_line_end(&self, span: Range<usize>) -> bool {
        self.text[span].contains(is_json5_line_terminator)
    }

    /// Returns where a line's blanks and comments end: in front of the line's end, or of a comment over several.
    fn line_comments_end(&self, from: usize, limit: usize) -> usize {
        let mut at = from;
        loop {
            let rest = &self.text[at..limit];
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let rest = &rest[blank..];
            let length = if rest.starts_with("//") {
                rest.find(is_json5_line_terminator).unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
                if rest[..length].contains(is_json5_line_terminator) {
                    return at;
                }
                length
            } else {
                return at;
            };
            at += blank + length;
        }
    }

    /// The white space that a line begins with.
    fn indent(&self, offset: usize) -> String {
        let line = self.text[..offset].rfind(is_json5_line_terminator);
        let start = line.map_or(0, |at| at + self.text[at..].chars().next().map_or(0, char::len_utf8));
        let line = &self.text[start..];
        line[..line.len() - line.trim_start_matches([' ', '\t']).len()].to_owned()
    }

    /// The indent of a neighbour; one step more than the parent's, where it stands on the parent's line.
    fn indent_of(&self, neighbour: usize, parent: usize) -> String {
        if self.has_line_end(parent..neighbour) {
            return self.indent(neighbour);
        }
        self.indent(parent) + &self.style.indent
    }
}
