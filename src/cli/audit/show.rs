//! `mcr audit show`: the records that are asked for.

use std::path::Path;

use serde_json::{Value, json};

use super::{print, read, table};
use crate::audit::{Audit, Record};
use crate::cli::args::AuditShow;
use crate::error::Failure;
use crate::ui;

/// Prints a line each, or JSON.
pub(super) fn run(options: &AuditShow, folder: &Path) -> Result<u8, Failure> {
    let reading = read(folder, options.since.as_deref())?;
    // The agent's own id of a session leads to its digest, on this machine alone; nothing is made for the question.
    let digest = options
        .session
        .as_deref()
        .filter(|_| folder.exists())
        .and_then(|session| Audit::open(folder.to_owned()).session(session));
    let is_session = |record: &Record| {
        let Some(asked) = &options.session else { return true };
        let own = record.event.session.as_deref();
        own.is_some_and(|own| own.starts_with(asked.as_str()) || Some(own) == digest.as_deref())
    };
    let is_host = |record: &Record| {
        let Some(asked) = &options.host else { return true };
        let event = &record.event;
        event.host.iter().chain(&event.hosts_before).any(|host| host.eq_ignore_ascii_case(asked))
    };
    let is_kind = |record: &Record| options.kind.is_empty() || options.kind.contains(&record.event.kind);
    let wanted = |record: &&Record| is_kind(record) && is_session(record) && is_host(record);
    let records: Vec<&Record> = reading.records.iter().filter(wanted).collect();
    if options.json {
        let records: Vec<Value> = records.iter().map(|record| value(record)).collect();
        print(&format!("{:#}\n", json!({ "records": records })))?;
        return Ok(0);
    }
    if records.is_empty() {
        ui::say("nothing of that is recorded");
        return Ok(0);
    }
    print(&table::text(&records, true))?;
    Ok(0)
}

/// A record as JSON.
pub(super) fn value(record: &Record) -> Value {
    let mut value = json!({"time": record.time, "writer": record.writer, "seq": record.seq});
    if let (Value::Object(fields), Ok(Value::Object(event))) = (&mut value, serde_json::to_value(&record.event)) {
        fields.extend(event);
    }
    value
}
