//! Where in a JSON5 text each value stands.
//!
//! The parser knows no places, so this walks over the text beside it. It judges
//! nothing: at the first thing it does not understand it stops, and the parser says
//! what is wrong. Only depth is judged here, before the parser recurses into it.

use std::{collections::HashMap, ops::Range};

use json5::char::{is_json5_line_terminator, is_json5_whitespace};

use super::{Position, path};

/// Nothing in a configuration is nested half as deep.
const DEEPEST: usize = 64;

/// The places of a text's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    values: HashMap<String, Position>,
    keys: HashMap<String, Position>,
    /// Keys that stand in one object more than once, at their last place, which is the one that counts.
    pub(super) repeated: Vec<(String, Position)>,
    /// The end of the text, or where this stopped understanding it.
    pub(super) end: Position,
}

impl Places {
    /// Returns where a value begins.
    pub(super) fn value(&self, path: &str) -> Position {
        self.values.get(path).copied().unwrap_or(START)
    }

    /// Sets where a value begins that the text does not hold.
    pub(super) fn put(&mut self, path: &str, position: Position) {
        self.values.insert(path.to_owned(), position);
    }

    /// Returns where the key of a value begins; where the value does when it stands in a list.
    pub(super) fn key(&self, path: &str) -> Position {
        self.keys.get(path).copied().unwrap_or_else(|| self.value(path))
    }

    /// Returns the places below one key, seen from there.
    pub(super) fn below(&self, key: &str) -> Self {
        let prefix = path::key("", key);
        let inner = |known: &String| {
            let rest = known.strip_prefix(&prefix).filter(|_| path::is_below(known, &prefix))?;
            Some(rest.strip_prefix('.').unwrap_or(rest).to_owned())
        };
        let of = |places: &HashMap<String, Position>| {
            places.iter().filter_map(|(known, position)| Some((inner(known)?, *position))).collect()
        };
        let repeated = self.repeated.iter().filter_map(|(known, position)| Some((inner(known)?, *position))).collect();
        Self { values: of(&self.values), keys: of(&self.keys), repeated, end: self.end }
    }

    fn forget(&mut self, path: &str) {
        self.values.retain(|known, _| !path::is_below(known, path));
        self.keys.retain(|known, _| !path::is_below(known, path));
        self.repeated.retain(|(known, _)| !path::is_below(known, path));
    }
}

/// Which bytes of a text are which value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spans {
    values: HashMap<String, Range<usize>>,
    keys: HashMap<String, usize>,
}

impl Spans {
    /// Returns the bytes of a value.
    pub(super) fn value(&self, path: &str) -> Option<Range<usize>> {
        self.values.get(path).cloned()
    }

    /// Returns where a value's key begins; where the value does when it stands in a list.
    pub(super) fn begin(&self, path: &str) -> Option<usize> {
        self.keys.get(path).copied().or_else(|| Some(self.values.get(path)?.start))
    }

    /// Returns where keys begin, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = usize> {
        self.keys.values().copied()
    }

    /// Returns where values begin, in no order.
    pub(super) fn begins(&self) -> impl Iterator<Item = usize> {
        self.values.values().map(|span| span.start)
    }

    /// Returns where values end, in no order.
    pub(super) fn ends(&self) -> impl Iterator<Item = usize> {
        self.values.values().map(|span| span.end)
    }

    fn forget(&mut self, path: &str) {
        self.values.retain(|known, _| !path::is_below(known, path));
        self.keys.retain(|known, _| !path::is_below(known, path));
    }
}

/// Finds the bytes of all values of a text that is JSON5; of another, of those before the first fault.
///
/// # Errors
/// As [`places`] does.
pub(super) fn spans(text: &str) -> Result<Spans, Position> {
    walk(text).map(|walk| walk.spans)
}

/// Returns where white space and comments end.
pub(super) fn behind_space(text: &str, offset: usize) -> usize {
    let mut walk = Walk::new(text);
    walk.offset = offset;
    walk.space();
    walk.offset
}

/// Finds the places of all values.
///
/// # Errors
/// Fails with the place of the value that is nested too deep.
pub(super) fn places(text: &str) -> Result<Places, Position> {
    walk(text).map(|walk| walk.places)
}

fn walk(text: &str) -> Result<Walk<'_>, Position> {
    let mut walk = Walk::new(text);
    walk.space();
    let deep = match walk.value("") {
        Err(Stop::TooDeep) => Some(walk.position),
        Err(Stop::Puzzled) | Ok(()) => None,
    };
    while walk.next().is_some() {}
    walk.places.end = walk.position;
    deep.map_or(Ok(walk), Err)
}

const START: Position = Position { line: 1, column: 1 };

enum Stop {
    Puzzled,
    TooDeep,
}

struct Walk<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
    depth: usize,
    places: Places,
    spans: Spans,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        let places = Places { values: HashMap::new(), keys: HashMap::new(), repeated: Vec::new(), end: START };
        Self { text, offset: 0, position: START, depth: 0, places, spans: Spans::default() }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.offset += c.len_utf8();
        if c == '\r' && self.peek() == Some('\n') {
            // The line ends with the second half of the pair.
        } else if is_json5_line_terminator(c) {
            self.position = Position { line: self.position.line + 1, column: 1 };
        } else {
            self.position.column += 1;
        }
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        self.peek() == Some(wanted) && self.next().is_some()
    }

    /// Steps over white space and comments.
    fn space(&mut self) {
        while let Some(c) = self.peek() {
            if is_json5_whitespace(c) {
                self.next();
            } else if self.text[self.offset..].starts_with("//") {
                while self.next().is_some_and(|c| !is_json5_line_terminator(c)) {}
            } else if self.text[self.offset..].starts_with("/*") {
                let rest = &self.text[self.offset + 2..];
                let end = rest.find("*/").map_or(self.text.len(), |length| self.offset + 2 + length + 2);
                while self.offset < end {
                    self.next();
                }
            } else {
                return;
            }
        }
    }

    fn value(&mut self, path: &str) -> Result<(), Stop> {
        self.places.values.insert(path.to_owned(), self.position);
        let start = self.offset;
        match self.peek() {
            Some('{') => self.nested(path, Self::object)?,
            Some('[') => self.nested(path, Self::list)?,
            Some('"' | '\'') => drop(self.string()?),
            _ => self.word()?,
        }
        self.spans.values.insert(path.to_owned(), start..self.offset);
        Ok(())
    }

    fn nested(&mut self, path: &str, inside: fn(&mut Self, &str) -> Result<(), Stop>) -> Result<(), Stop> {
        if self.depth == DEEPEST {
            return Err(Stop::TooDeep);
        }
        self.next();
        self.depth += 1;
        inside(self, path)?;
        self.depth -= 1;
        Ok(())
    }

    fn object(&mut self, path: &str) -> Result<(), Stop> {
        loop {
            self.space();
            if self.take('}') {
                return Ok(());
            }
            let (position, offset) = (self.position, self.offset);
            let inner = path::key(path, &self.key()?);
            if self.places.values.contains_key(&inner) {
                self.places.forget(&inner);
                self.spans.forget(&inner);
                self.places.repeated.push((inner.clone(), position));
            }
            self.places.keys.insert(inner.clone(), position);
            self.spans.keys.insert(inner.clone(), offset);
            self.space();
            if !self.take(':') {
                return Err(Stop::Puzzled);
            }
            self.space();
            self.value(&inner)?;
            self.space();
            if !self.take(',') {
                return if self.take('}') { Ok(()) } else { Err(Stop::Puzzled) };
            }
        }
    }

    fn list(&mut self, path: &str) -> Result<(), Stop> {
        for index in 0.. {
            self.space();
            if self.take(']') {
                break;
            }
            self.value(&path::index(path, index))?;
            self.space();
            if !self.take(',') {
                return if self.take(']') { Ok(()) } else { Err(Stop::Puzzled) };
            }
        }
        Ok(())
    }

    fn key(&mut self) -> Result<String, Stop> {
        let start = self.offset;
        let quoted = if matches!(self.peek(), Some('"' | '\'')) {
            self.string()?.to_owned()
        } else {
            self.word()?;
            // An identifier knows no escapes but `\u`, which mean the same in quotes.
            format!("\"{}\"", &self.text[start..self.offset])
        };
        json5::from_str(&quoted).map_err(|_| Stop::Puzzled)
    }

    /// Steps over a string and returns it with its quotes.
    fn string(&mut self) -> Result<&str, Stop> {
        let start = self.offset;
        let quote = self.next();
        loop {
            match self.next() {
                None => return Err(Stop::Puzzled),
                Some('\\') => drop(self.next()),
                c if c == quote => return Ok(&self.text[start..self.offset]),
                Some(_) => {}
            }
        }
    }

    /// Steps over a number, a literal or an identifier.
    fn word(&mut self) -> Result<(), Stop> {
        let start = self.offset;
        while self.peek().is_some_and(|c| {
            !is_json5_whitespace(c) && !matches!(c, ',' | ':' | '{' | '}' | '[' | ']' | '"' | '\'' | '/')
        }) {
            self.next();
        }
        if self.offset == start { Err(Stop::Puzzled) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(super) mod tests;
