//! `mcr stop`: asks the service to end, and waits until it has.

use std::io::ErrorKind;
use std::time::Duration;

use super::{call, unanswered};
use crate::cli::args::Stop;
use crate::cli::config::Place;
use crate::error::{Exit, Failure};
use crate::launch::service::{self, Record};
use crate::paths::Paths;
use crate::proxy::STOP;
use crate::ui;

/// Answers in progress get two minutes, and what is thrown away afterwards some seconds.
const PATIENCE: Duration = Duration::from_secs(130);

/// Ends the service, if there is one.
pub fn run(options: &Stop, place: &Place<'_>) -> Result<u8, Failure> {
    if !service::is_held(place.paths)? {
        ui::say("the service is not running");
        return Ok(0);
    }
    end(service::find(place.paths)?.as_ref(), options.now, place.paths)?;
    ui::say("stopped the service");
    Ok(0)
}

/// Asks the service to end and waits until it has; one that has no record, or listens no longer, is ending already.
pub(super) fn end(record: Option<&Record>, now: bool, paths: &Paths) -> Result<(), Failure> {
    let path = if now { format!("{STOP}?now") } else { STOP.to_owned() };
    let hears = record.filter(|record| !record.facts.stopping);
    let asked = hears.map(|record| (record, call(record, "POST", &path)));
    // Most have nothing to finish, and of the others somebody who waits wants to know.
    if service::ended(paths, Duration::from_millis(500))? {
        return Ok(());
    }
    match (asked, record) {
        (Some((Record { facts, .. }, Ok(answer))), _) if answer.status == 202 => {
            // It listens no longer, so a signal is the only word that reaches it.
            let pid = facts.pid;
            ui::say(format_args!("waiting for answers in progress, two minutes at most; `kill {pid}` gives them up"));
        }
        (Some((record, Err(error))), _)
            if !matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) =>
        {
            return Err(unanswered(record, error));
        }
        (_, Some(Record { facts, .. })) if now => {
            let what = "the service is stopping already, and is told nothing more";
            let hint = format!("run `kill {}` to give answers in progress up", facts.pid);
            return Err(Failure::say(Exit::Unavailable, what).hint(hint));
        }
        _ => return await_end(record, paths),
    }
    gone(record, paths)
}

/// Waits for the end of a service that is stopping already.
pub(super) fn await_end(record: Option<&Record>, paths: &Paths) -> Result<(), Failure> {
    ui::say("waiting: the service is stopping already");
    gone(record, paths)
}

fn gone(record: Option<&Record>, paths: &Paths) -> Result<(), Failure> {
    if service::ended(paths, PATIENCE)? {
        return Ok(());
    }
    let failure = Failure::say(Exit::Unavailable, "the service was asked to stop and still runs");
    Err(match record {
        Some(record) => failure.hint(format!("run `kill -9 {}`", record.facts.pid)),
        None => failure,
    })
}
