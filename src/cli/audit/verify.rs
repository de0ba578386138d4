//! `mcr audit verify`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::print;
use crate::audit::{self, Found, Hash, Purged, Report, log, unhex};
use crate::cli::args::AuditVerify;
use crate::error::{Exit, Failure};
use crate::ui;

/// Prints what there is and what is wrong with it; 65 where something is.
pub(super) fn run(options: &AuditVerify, folder: &Path) -> Result<u8, Failure> {
    let anchors: Vec<Hash> =
        options.anchor.iter().map(|anchor| anchors(anchor)).collect::<Result<Vec<_>, _>>()?.concat();
    let report = look(folder, &anchors)?;
    print(&if options.json { as_json(&report) } else { as_text(&report) })?;
    let Some(first) = report.damage.first() else { return Ok(0) };
    if !options.json {
        ui::say(format_args!("error: the audit record is not what was written: {}", told(first)));
    }
    Ok(Exit::Data as u8)
}

/// Looks at the whole record.
pub(super) fn look(folder: &Path, anchors: &[Hash]) -> Result<Report, Failure> {
    let look = || -> Result<Report, Failure> {
        let log = log(folder, anchors).map_err(|error| {
            Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot read the audit record"))
        })?;
        Ok(audit::verify(&log))
    };
    let report = look()?;
    // Others write meanwhile; what they changed between two looks at a file is no damage.
    if report.damage.is_empty() { Ok(report) } else { look() }
}

/// Reads hashes: one that is named, or all in a file.
fn anchors(anchor: &str) -> Result<Vec<Hash>, Failure> {
    if let Some(hash) = unhex(&anchor.to_ascii_lowercase()) {
        return Ok(vec![hash]);
    }
    let text = std::fs::read_to_string(anchor).map_err(|error| {
        Failure::new(Exit::NoInput, anyhow::Error::new(error).context("cannot read the anchor"))
            .hint("name the file that `mcr audit checkpoint --json` wrote, or the 64 digits of its hash")
    })?;
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let hashes: Vec<Hash> = words.filter_map(unhex).collect();
    if hashes.is_empty() {
        return Err(Failure::say(Exit::Data, format!("there is no hash of 64 digits in the anchor: {anchor}")));
    }
    Ok(hashes)
}

/// Where it is, and what was done.
pub(super) fn told(found: &Found) -> String {
    let Found { damage, file, line, writer, seq, why } = found;
    let mut words = format!("{file}:{line}: {}", damage.as_str());
    if let Some(seq) = seq {
        let what = if writer.is_some() { "record" } else { "checkpoint" };
        let _ = write!(words, ", {what} {seq}");
    }
    if let Some(writer) = writer {
        let _ = write!(words, " of writer {writer}");
    }
    let _ = write!(words, ": {why}");
    words
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for found in &report.damage {
        let _ = writeln!(text, "{}", told(found));
    }
    if report.damage.is_empty() {
        let Report { records, writers, checkpoints, .. } = report;
        let since = report.since.as_deref().map_or(String::new(), |since| format!(" since {since}"));
        let _ = writeln!(text, "ok: {records} records of {writers} writers{since}, {checkpoints} checkpoints");
        for Purged { month, time, writers, records } in &report.purged {
            let _ = writeln!(text, "purged: {month} at {time}, writers {writers}, records {records}");
        }
        if let Some((seq, time, hash)) = &report.last {
            let _ = writeln!(text, "last checkpoint: {seq} at {time}, {hash}");
        }
        if let Some(fingerprint) = &report.fingerprint {
            let _ = writeln!(text, "fingerprint: {fingerprint}");
        }
        if report.uncovered > 0 {
            let _ = writeln!(
                text,
                "{} records since the last checkpoint are protected by nothing but the chain",
                report.uncovered
            );
        }
    }
    for file in &report.torn {
        let _ = writeln!(text, "note: the last record is torn, as a process that is killed leaves it: {file}");
    }
    text
}

fn as_json(report: &Report) -> String {
    let damage: Vec<Value> = report
        .damage
        .iter()
        .map(|it| {
            json!({"kind": it.damage.as_str(), "file": it.file, "line": it.line, "writer": it.writer, "seq": it.seq,
                "why": it.why})
        })
        .collect();
    let purged: Vec<Value> = report
        .purged
        .iter()
        .map(|it| json!({"month": it.month, "time": it.time, "writers": it.writers, "records": it.records}))
        .collect();
    let last = report.last.as_ref().map(|(seq, time, hash)| json!({"seq": seq, "time": time, "hash": hash}));
    format!(
        "{:#}\n",
        json!({"ok": damage.is_empty(), "damage": damage, "records": report.records, "writers": report.writers,
            "checkpoints": report.checkpoints, "tombstones": report.tombstones, "purged": purged, "torn": report.torn,
            "uncovered": report.uncovered, "since": report.since, "last": last, "fingerprint": report.fingerprint})
    )
}
