//! One event on one line: time, level, message, `key=value`.
//!
//! Whatever a model, an upstream or a file name puts into a field stays on its line
//! and cannot move a terminal's cursor: control characters are written as escapes.

use std::{
    cell::RefCell,
    fmt::{self, Write},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Writes events as lines; `tracing_subscriber` collects one in a thread's buffer and writes it at once.
pub(super) struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        write!(writer, "{:.3} {level:<5}", jiff::Timestamp::now())?;
        let mut message = Message { writer: &mut writer, result: Ok(()) };
        event.record(&mut message);
        message.result?;
        let mut fields = Fields { writer: &mut writer, result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        writer.write_char('\n')
    }
}

/// Writes the message, which comes first wherever it stands among the fields.
struct Message<'a, 'w> {
    writer: &'a mut Writer<'w>,
    result: fmt::Result,
}

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.result = self.writer.write_char(' ').and_then(|()| write!(Escaped(self.writer, false), "{value:?}"));
        }
    }
}

/// Writes every other field.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    result: fmt::Result,
}

impl Fields<'_, '_> {
    fn write(&mut self, name: &str, value: &str) -> fmt::Result {
        write!(self.writer, " {name}=")?;
        let is_bare = !value.is_empty() && !value.contains([' ', '"', '=', '\\']);
        if is_bare {
            return Escaped(self.writer, false).write_str(value);
        }
        self.writer.write_char('"')?;
        Escaped(self.writer, true).write_str(value)?;
        self.writer.write_char('"')
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        thread_local! {
            static VALUE: RefCell<String> = const { RefCell::new(String::new()) };
        }
        if field.name() == "message" || self.result.is_err() {
            return;
        }
        self.result = VALUE.with(|buffer| {
            // A value that logs while it is formatted finds the buffer taken and gets one of its own.
            let mut own = String::new();
            let mut borrowed = buffer.try_borrow_mut();
            let text = borrowed.as_deref_mut().unwrap_or(&mut own);
            text.clear();
            write!(text, "{value:?}")?;
            self.write(field.name(), text)
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != "message" && self.result.is_ok() {
            self.result = self.write(field.name(), value);
        }
    }
}

/// Writes text with everything that is more than a mark on the line written as an escape.
pub(super) struct Escaped<'a, W>(pub(super) &'a mut W, pub(super) bool);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| self.is_active(*character)) {
            self.0.write_str(&rest[..at])?;
            match character {
                '\n' => self.0.write_str("\\n")?,
                '\r' => self.0.write_str("\\r")?,
                '\t' => self.0.write_str("\\t")?,
                '"' | '\\' => write!(self.0, "\\{character}")?,
                _ => write!(self.0, "\\u{{{:x}}}", u32::from(character))?,
            }
            rest = &rest[at + character.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

impl<W> Escaped<'_, W> {
    /// Control characters, line separators, and the marks that reverse the direction of text.
    fn is_active(&self, character: char) -> bool {
        let reverses = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let separates = matches!(character, '\u{2028}' | '\u{2029}');
        let quotes = self.1 && matches!(character, '"' | '\\');
        character.is_control() || reverses || separates || quotes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut written = String::new();
        Escaped(&mut written, false).write_str(text).expect("a string takes all");
        written
    }

    #[test]
    fn what_would_move_the_cursor_is_escaped() {
        assert_eq!(escaped("a\nb\r\tc"), r"a\nb\r\tc");
        assert_eq!(escaped("\u{1b}[2J\u{9b}31m\u{0}"), r"\u{1b}[2J\u{9b}31m\u{0}");
        assert_eq!(escaped("\u{202e}txt.exe\u{2028}"), r"\u{202e}txt.exe\u{2028}");
        assert_eq!(escaped("größe ✓"), "größe ✓");
    }
}
