//! `mcr audit`: what left this machine, and whether the record of it is what was written.

mod checkpoint;
mod export;
mod purge;
mod show;
mod table;
mod tail;
mod verify;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::args::AuditCommand;
use super::config::Place;
use crate::audit::{self, Kind, Reading, moment};
use crate::error::{Exit, Failure};
use crate::ui;

/// Runs one of the commands; the number is the exit code.
pub fn run(command: &AuditCommand, place: &Place<'_>) -> Result<u8, Failure> {
    let folder = audit::folder(&place.paths.state);
    match command {
        AuditCommand::Tail(options) => tail::run(options, &folder),
        AuditCommand::Show(options) => show::run(options, &folder),
        AuditCommand::Verify(options) => verify::run(options, &folder),
        AuditCommand::Export(options) => export::run(options, &folder),
        AuditCommand::Checkpoint(form) => checkpoint::run(*form, &folder),
        AuditCommand::Purge(options) => purge::run(options, &folder, place),
    }
}

/// Reads the records, and says what of them cannot be read.
fn read(folder: &std::path::Path, since: Option<&str>) -> Result<Reading, Failure> {
    let reading = audit::read(folder, since)
        .map_err(|error| Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot read the audit record")))?;
    if let Some((file, line)) = reading.unread.first() {
        let count = reading.unread.len();
        let lines = if count == 1 { "line" } else { "lines" };
        ui::say(format_args!(
            "warning: left {count} {lines} out that cannot be read; run `mcr audit verify`: {}:{line}",
            file.display()
        ));
    }
    Ok(reading)
}

fn print(text: &str) -> Result<(), Failure> {
    ui::print(text).map_err(|error| Failure::new(Exit::Io, error))
}

/// Reads a kind of event.
pub(in crate::cli) fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("a kind is one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

/// Reads a month of `--before`.
pub(in crate::cli) fn month(text: &str) -> Result<String, String> {
    audit::is_month(text).then(|| text.to_owned()).ok_or_else(|| "a month is written as 2026-11".to_owned())
}

/// Reads a time of `--since`: how long ago, or a day or moment; returns it as records have it.
pub(in crate::cli) fn since(text: &str) -> Result<String, String> {
    let wrong = || "a time is written as 24h, 7d, 2026-11-01 or 2026-11-01T08:00:00Z".to_owned();
    let ago = |seconds: i64| {
        let count =
            text.get(..text.len() - 1).and_then(|count| count.parse::<i64>().ok()).filter(|count| *count >= 0)?;
        Timestamp::now().checked_sub(count.checked_mul(seconds)?.seconds()).ok()
    };
    let time = match text.as_bytes().last() {
        Some(b'm') => ago(60),
        Some(b'h') => ago(3_600),
        Some(b'd') => ago(86_400),
        Some(b'w') => ago(7 * 86_400),
        _ => match text.parse::<Date>() {
            // A date time would be read as its day, too.
            Ok(day) if text.len() == 10 => day.to_zoned(TimeZone::system()).ok().map(|start| start.timestamp()),
            Ok(_) | Err(_) => text.parse().ok(),
        },
    };
    time.map(moment).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_span_or_a_moment() {
        assert_eq!(since("2026-11-01T08:00:00Z").as_deref(), Ok("2026-11-01T08:00:00.000000Z"));
        assert_eq!(since("2026-11-01").map(|time| time.len()), Ok(27));
        assert!(since("2h").unwrap() < since("1h").unwrap() && since("7d").unwrap() < since("90m").unwrap());
        for wrong in ["", "h", "-1h", "soon", "99999999999999999d", "2026-13-01", "é"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
