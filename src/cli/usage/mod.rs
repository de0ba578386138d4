//! `mcr usage`: what was used and what it cost, from mcr's own record.

mod show;
mod sums;

use clap::ValueEnum;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::args::Usage;
use super::config::Place;
use super::running::ledger;
use crate::error::{Exit, Failure};
use crate::observe::ledger::read;
use crate::ui;

/// What a row of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A row a day
    Daily,
    /// A row a week, named by its Monday
    Weekly,
    /// A row a month
    Monthly,
    /// A row for each session of the agent
    Session,
    /// A row for each model
    Model,
}

/// Prints the table, or with `--json` or `--csv` what a program reads.
pub fn run(options: &Usage, place: &Place<'_>) -> Result<u8, Failure> {
    let folder = ledger(place.paths);
    // A day here may begin in another month of UTC, whose file is read too.
    let since = options.since.and_then(|day| day.yesterday().ok()).map(|day| day.strftime("%Y-%m").to_string());
    let (entries, unread) = read(&folder, since.as_deref()).map_err(|error| {
        let what = format!("cannot read what was used: {}", folder.display());
        Failure::new(Exit::Io, anyhow::Error::new(error).context(what))
    })?;
    if unread > 0 {
        let lines = if unread == 1 { "line" } else { "lines" };
        ui::say(format_args!("warning: left {unread} {lines} out that cannot be read: {}", folder.display()));
    }
    let table = sums::table(&entries, options.by, options.since, &TimeZone::system());
    let text = match (options.json, options.csv) {
        (true, _) => show::json(&table, options.by),
        (_, true) => show::csv(&table, options.by),
        _ if table.rows.is_empty() => {
            ui::say("nothing was used yet; `LOG` set to false keeps no record");
            return Ok(0);
        }
        _ => show::text(&table, options.by),
    };
    ui::print(&text).map(|()| 0).map_err(|error| Failure::new(Exit::Io, error))
}

/// Reads a day of `--since`.
pub(in crate::cli) fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day is written as 2026-11-21".to_owned())
}
