//! `mcr audit tail`: the last records, and those that come.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::export::lines;
use super::{print, read, table};
use crate::audit::Record;
use crate::cli::args::AuditTail;
use crate::error::Failure;

/// How often it is looked for new ones.
const PAUSE: Duration = Duration::from_millis(500);

/// Prints them; with `-f` until it is interrupted.
pub(super) fn run(options: &AuditTail, folder: &Path) -> Result<u8, Failure> {
    let mut reading = read(folder, None)?;
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    note(&mut seen, &reading.records);
    let from = reading.records.len().saturating_sub(options.lines);
    show(&reading.records.split_off(from), options.json)?;
    let mut since = reading.records.last().map(|record| record.time.get(..7).unwrap_or_default().to_owned());
    if !options.follow {
        return Ok(0);
    }
    loop {
        wait();
        let records = read(folder, since.as_deref())?.records;
        let new: Vec<Record> =
            records.into_iter().filter(|it| seen.get(&it.writer).is_none_or(|last| it.seq > *last)).collect();
        note(&mut seen, &new);
        if let Some(last) = new.last() {
            since = last.time.get(..7).map(str::to_owned);
        }
        show(&new, options.json)?;
    }
}

#[expect(clippy::disallowed_methods, reason = "the command does nothing else")]
fn wait() {
    std::thread::sleep(PAUSE);
}

fn note(seen: &mut BTreeMap<String, u64>, records: &[Record]) {
    for record in records {
        let last = seen.entry(record.writer.clone()).or_default();
        *last = (*last).max(record.seq);
    }
}

fn show(records: &[Record], json: bool) -> Result<(), Failure> {
    if json {
        return print(&lines(records));
    }
    print(&table::text(&records.iter().collect::<Vec<_>>(), false))
}
