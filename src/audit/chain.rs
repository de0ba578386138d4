//! Records that hang together: one canonical text for each, and a hash that has the one before in it.
//!
//! Pure. A line is one JSON object with its keys in order and nothing between them, as RFC 8785 has it; numbers are
//! whole, so that nobody has to agree on the digits of a fraction.

use ring::digest::{Context, SHA256};
use serde_json::{Map, Value};

use super::event::Event;

/// The version of the format.
pub const VERSION: u64 = 1;

/// A SHA-256.
pub type Hash = [u8; 32];

/// One record, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which process wrote it.
    pub writer: String,
    /// Its number in the writer's chain, from 1.
    pub seq: u64,
    /// When it was written, RFC 3339 in UTC with six digits of the second, so that texts compare as times do.
    pub time: String,
    /// Milliseconds since the writer began, by a clock that nobody sets.
    pub up_ms: u64,
    /// What happened.
    pub event: Event,
}

/// How one line hangs on the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub seq: u64,
    /// The hash that it says the one before has.
    pub prev: Hash,
    /// Its own, which is right.
    pub hash: Hash,
    /// When it was written.
    pub time: String,
    /// The same by the clock that nobody sets; 0 where there is none.
    pub up_ms: u64,
}

impl Link {
    /// The month that it was written in, `2026-11`; nothing where its time is none.
    pub fn month(&self) -> &str {
        self.time.get(..7).unwrap_or_default()
    }
}

/// What a writer's first record hangs on.
pub fn genesis(writer: &str) -> Hash {
    digest(&[b"mcr audit writer 1\0", writer.as_bytes()])
}

/// The hash of a text that hangs on another.
pub fn chained(prev: &Hash, text: &str) -> Hash {
    digest(&[prev, text.as_bytes()])
}

/// SHA-256 of parts put together.
pub fn digest(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Writes a record's line, without its end, and its hash.
pub fn line(writer: &str, seq: u64, time: &str, up_ms: u64, prev: &Hash, event: &Event) -> (String, Hash) {
    let mut fields = match serde_json::to_value(event) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    fields.insert("v".to_owned(), VERSION.into());
    fields.insert("writer".to_owned(), writer.into());
    fields.insert("seq".to_owned(), seq.into());
    fields.insert("time".to_owned(), time.into());
    fields.insert("up_ms".to_owned(), up_ms.into());
    fields.insert("prev".to_owned(), hex(prev).into());
    let hash = chained(prev, &canonical(&mut fields));
    fields.insert("hash".to_owned(), hex(&hash).into());
    (canonical(&mut fields), hash)
}

/// The one text of an object: its keys in order, and nothing between them.
///
/// Keys here are ASCII, whose order in bytes is theirs in UTF-16, and `serde_json` escapes as RFC 8785 does.
pub fn canonical(fields: &mut Map<String, Value>) -> String {
    fields.sort_keys();
    fields.values_mut().for_each(Value::sort_all_objects);
    serde_json::to_string(fields).unwrap_or_default()
}

/// Reads an object that is written in the one way, and takes the fields out that its hash does not cover.
///
/// Returns the other fields and the hash that it says it has.
pub fn object(line: &str, beside: &[&str]) -> Option<(Map<String, Value>, Hash)> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else { return None };
    if fields.values().any(is_fraction) || canonical(&mut fields) != line {
        return None;
    }
    let hash = unhex(fields.get("hash")?.as_str()?)?;
    for name in beside {
        fields.remove(*name);
    }
    fields.remove("hash");
    (fields.get("v")?.as_u64()? == VERSION).then_some((fields, hash))
}

fn is_fraction(value: &Value) -> bool {
    value.as_number().is_some_and(serde_json::Number::is_f64)
}

/// Reads how a line of a writer hangs on the one before; nothing where its hash is not its own.
pub fn link(writer: &str, written: &str) -> Option<Link> {
    let (mut fields, hash) = object(written, &[])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |name: &str| fields.get(name).and_then(Value::as_u64);
    let prev = unhex(text("prev")?)?;
    let link = Link { seq: number("seq")?, prev, hash, time: text("time")?.to_owned(), up_ms: number("up_ms")? };
    let is_its = text("writer")? == writer;
    (is_its && chained(&prev, &canonical(&mut fields)) == hash).then_some(link)
}

/// Reads a record; its hash is not looked at.
pub fn record(line: &str) -> Option<Record> {
    let Ok(Value::Object(fields)) = serde_json::from_str(line) else { return None };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| fields.get(name).and_then(Value::as_u64);
    let (writer, seq, time, up_ms) = (text("writer")?, number("seq")?, text("time")?, number("up_ms")?);
    let event = serde_json::from_value(Value::Object(fields)).ok()?;
    Some(Record { writer, seq, time, up_ms, event })
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Reads 64 hexadecimal digits, in the one way that they are written.
pub fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::event::Kind;
    use super::*;

    const TIME: &str = "2026-11-22T02:24:40.123456Z";

    fn event() -> Event {
        Event { host: Some("api.eu.mistral.ai".to_owned()), status: Some(200), ..Event::new(Kind::Request) }
    }

    #[test]
    fn a_record_is_one_line_with_its_keys_in_order() {
        let (line, hash) = line("w1", 1, TIME, 12, &genesis("w1"), &event());
        assert_eq!(hex(&hash), "6be4b7e3f11033dce11ca579cb5a1b683408d6a063912ffd24957d2d41b029ff");
        assert_snapshot!(line, @r#"{"hash":"6be4b7e3f11033dce11ca579cb5a1b683408d6a063912ffd24957d2d41b029ff","host":"api.eu.mistral.ai","kind":"request","prev":"eac2e23e839ccec734f98868a1f35503ba552634379c2469addae1d95d217819","seq":1,"status":200,"time":"2026-11-22T02:24:40.123456Z","up_ms":12,"v":1,"writer":"w1"}"#);
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_in_no_other_way() {
        let (line, hash) = line("w1", 7, TIME, 12, &genesis("w1"), &event());
        let read = link("w1", &line).expect("a link");
        assert_eq!((read.seq, read.hash, &*read.time, read.up_ms), (7, hash, TIME, 12));
        let record = record(&line).expect("a record");
        assert_eq!((&*record.writer, record.seq, record.event), ("w1", 7, event()));
        assert_eq!(super::link("w2", &line), None, "another's");
        for other in [
            line.replace("200", "201"),
            line.replace(":200", ": 200"),
            line.replace(":200", ":200.0"),
            line.replace("\"kind\"", "\"status\":1,\"kind\""),
            line.replace("eu", "\\u0065u"),
            format!("{line} "),
            line[..line.len() - 1].to_owned(),
            line.to_uppercase(),
        ] {
            assert_eq!(super::link("w1", &other), None, "{other}");
        }
    }

    #[test]
    fn hexadecimal_digits_go_both_ways() {
        let hash = digest(&[b"x"]);
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        assert_eq!((unhex("00"), unhex(&"+1".repeat(32)), unhex(&"é".repeat(32))), (None, None, None));
    }
}
