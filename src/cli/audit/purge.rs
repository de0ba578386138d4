//! `mcr audit purge`: takes whole months away that are older than they need be kept.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::audit::{self, Kind, Purge, Refusal};
use crate::cli::args::AuditPurge;
use crate::cli::config::Place;
use crate::cli::question::confirm;
use crate::cli::recording::{self, mend, unwritten};
use crate::config::load;
use crate::error::{Exit, Failure};
use crate::ui;

/// Says what it would take away, asks, and takes it away.
pub(super) fn run(options: &AuditPurge, folder: &Path, place: &Place<'_>) -> Result<u8, Failure> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let before = match (&options.before, options.older_than) {
        (Some(month), _) => month.clone(),
        (None, Some(days)) => first_kept(today, days)?,
        (None, None) => first_kept(today, retention(place)?)?,
    };
    let current = month_of(today);
    let purge = |dry| {
        audit::purge(folder, &before, &current, dry).map_err(|refusal| match refusal {
            Refusal::Io(error) => {
                let hint = mend(folder, &error);
                unwritten(error).hint(hint)
            }
            Refusal::Stray { .. } => {
                let error = anyhow::Error::new(refusal).context("a folder of the audit record is not what was written");
                Failure::new(Exit::Data, error).hint("run `mcr audit verify`")
            }
        })
    };
    let planned = purge(true)?;
    for kept in &planned.kept {
        ui::say(format_args!("kept {}: {}", kept.month, kept.why));
    }
    if planned.buried.is_empty() {
        ui::say(format_args!("nothing to take away before {before}"));
        return Ok(if planned.kept.is_empty() { 0 } else { Exit::Failed as u8 });
    }
    if !options.yes {
        let what = format!("Take away {}, for good?", summed(&planned));
        if !ui::is_interactive() {
            return Err(Failure::say(
                Exit::Usage,
                format!("{} would go, and there is no terminal to ask", summed(&planned)),
            )
            .hint("pass `--yes`"));
        }
        if !confirm(&what, false)? {
            ui::say("nothing was taken away");
            return Ok(0);
        }
    }
    let done = purge(false)?;
    recording::note(Kind::Purge, &summed(&done), place);
    ui::say(format_args!("took away {}", summed(&done)));
    Ok(if done.kept.is_empty() { 0 } else { Exit::Failed as u8 })
}

/// How long records are kept, as the configuration has it.
fn retention(place: &Place<'_>) -> Result<u32, Failure> {
    load(place.explicit, place.paths, place.environment)?.audit.retention_days.ok_or_else(|| {
        Failure::say(Exit::Usage, "nothing says how long the record is kept")
            .hint("pass `--older-than DAYS` or `--before YYYY-MM`, or set `Audit.retention_days`")
    })
}

/// The first month of which a day is not older than so many days.
fn first_kept(today: Date, days: u32) -> Result<String, Failure> {
    let day = today.checked_sub(i64::from(days).days()).map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(month_of(day))
}

fn month_of(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

/// `2026-09 to 2026-10, 3 parts, 120 records`.
fn summed(purge: &Purge) -> String {
    let mut months: Vec<&str> = purge.buried.iter().map(|it| &*it.month).collect();
    months.dedup();
    let records: u64 = purge.buried.iter().map(|it| it.records).sum();
    let span = match (months.first(), months.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (first, _) => first.copied().unwrap_or_default().to_owned(),
    };
    format!("{span}, parts {}, records {records}", purge.buried.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_stays_while_one_of_its_days_must() {
        let today: Date = "2026-11-22".parse().unwrap();
        for (days, month) in [(1, "2026-11"), (21, "2026-11"), (22, "2026-10"), (365, "2025-11")] {
            assert_eq!(first_kept(today, days).unwrap(), month, "{days}");
        }
    }
}
