//! `mcr audit export`: all records, for another program.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::show::value;
use super::{print, read};
use crate::audit::Record;
use crate::cli::args::{AuditExport, AuditFormat};
use crate::error::Failure;

/// The columns; every field of an event is one.
const COLUMNS: [&str; 33] = [
    "time",
    "writer",
    "seq",
    "kind",
    "session",
    "preset",
    "model_asked",
    "model_sent",
    "target",
    "host",
    "port",
    "address",
    "region",
    "operator",
    "route",
    "decision",
    "reason",
    "status",
    "attempts",
    "hosts_before",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "cost",
    "bytes_out",
    "bytes_in",
    "duration_ms",
    "upstream_request",
    "config_hash",
    "catalogue_hash",
    "body_digest",
    "lost",
    "clock_back_ms",
];

/// Prints them by their time.
pub(super) fn run(options: &AuditExport, folder: &Path) -> Result<u8, Failure> {
    let records = read(folder, options.since.as_deref())?.records;
    print(&match options.format {
        AuditFormat::Jsonl => lines(&records),
        AuditFormat::Csv => csv(&records),
    })?;
    Ok(0)
}

/// A JSON object a line.
pub(super) fn lines(records: &[Record]) -> String {
    records.iter().fold(String::new(), |mut text, record| {
        let _ = writeln!(text, "{}", value(record));
        text
    })
}

fn csv(records: &[Record]) -> String {
    let mut text = COLUMNS.join(",");
    text.push_str("\r\n");
    for record in records {
        let value = value(record);
        let cells: Vec<String> = COLUMNS.iter().map(|column| cell(&value[column])).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// A cell that no spreadsheet takes for a formula: such a text gets an apostrophe in front.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => return value.to_string(),
    };
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text };
    if is_formula || text.contains([',', '"', '\n', '\r', '\'']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Event, Kind};

    fn record(event: Event) -> Record {
        Record { writer: "w".to_owned(), seq: 1, time: "2026-11-22T02:24:40.123456Z".to_owned(), up_ms: 0, event }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (model, expect) in [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("plain", "plain"),
        ] {
            assert_eq!(cell(&Value::from(model)), expect);
        }
    }

    #[test]
    fn every_field_of_an_event_has_its_column() {
        use crate::audit::{AddressClass, Decision};
        let text = || Some("x".to_owned());
        let event = Event {
            kind: Kind::Request,
            session: text(),
            preset: text(),
            model_asked: text(),
            model_sent: text(),
            target: text(),
            host: text(),
            port: Some(1),
            address: Some(AddressClass::Public),
            region: text(),
            operator: text(),
            route: text(),
            decision: Some(Decision::Allowed),
            reason: text(),
            status: Some(1),
            attempts: Some(1),
            hosts_before: vec!["x".to_owned(), "y".to_owned()],
            tokens_in: Some(1),
            tokens_cached: Some(1),
            tokens_out: Some(1),
            cost: text(),
            bytes_out: Some(1),
            bytes_in: Some(1),
            duration_ms: Some(1),
            upstream_request: text(),
            config_hash: text(),
            catalogue_hash: text(),
            body_digest: text(),
            lost: Some(1),
            clock_back_ms: Some(1),
        };
        let value = value(&record(event));
        let missing: Vec<&String> =
            value.as_object().unwrap().keys().filter(|key| !COLUMNS.contains(&key.as_str())).collect();
        assert!(missing.is_empty() && value.as_object().unwrap().len() == COLUMNS.len(), "{missing:?}");
        let text = csv(&[record(Event::new(Kind::Start))]);
        assert!(text.ends_with("\r\n2026-11-22T02:24:40.123456Z,w,1,start,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n"), "{text}");
    }
}
