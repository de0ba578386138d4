//! `mcr start`: the service in the background, or here with `--foreground`.

use std::ops::ControlFlow;

use super::background::{self, Started, Wanted};
use super::foreground;
use super::starting;
use super::stop::await_end;
use crate::cli::args::{Own, Start};
use crate::cli::config::Place;
use crate::error::{Exit, Failure};
use crate::launch::service::{self, Record};
use crate::ui;

/// Starts the service unless it runs.
pub fn run(own: &Own, options: &Start, place: &Place<'_>) -> Result<u8, Failure> {
    let wanted = Wanted::new(own, &options.serve, place)?;
    if options.foreground {
        return foreground::run(&wanted, options.detached, place);
    }
    let _starting = starting(place.paths)?;
    match unless_stopping(place)? {
        None => Ok(background::spawn(&wanted, place.paths)?.told()),
        Some(running) if wanted.is_met_by(&running.facts) => {
            ui::say(format_args!("the service runs already: {}", running.url));
            Ok(0)
        }
        Some(running) => Err(otherwise(&running)),
    }
}

/// Finds the service, or starts it; in a shell that is being set up, so nothing is said of a start that goes well.
pub(in crate::cli) fn running(place: &Place<'_>) -> Result<ControlFlow<u8, Record>, Failure> {
    let wanted = Wanted::of_configuration(place)?;
    let is_it = |running: &Record| !running.facts.stopping && wanted.is_met_by(&running.facts);
    if let Some(running) = service::find(place.paths)?.filter(is_it) {
        return Ok(ControlFlow::Continue(running));
    }
    let _starting = starting(place.paths)?;
    if unless_stopping(place)?.is_none()
        && let Started::Ended(code) = background::spawn(&wanted, place.paths)?
    {
        return Ok(ControlFlow::Break(code));
    }
    match service::find(place.paths)? {
        Some(running) if wanted.is_met_by(&running.facts) => Ok(ControlFlow::Continue(running)),
        Some(running) => Err(otherwise(&running)),
        None => {
            Err(Failure::say(Exit::Unavailable, "the service ended as soon as it had started").hint("run `mcr logs`"))
        }
    }
}

/// Finds the service; of one that is stopping the end is waited for, so that another may take its place.
fn unless_stopping(place: &Place<'_>) -> Result<Option<Record>, Failure> {
    let found = service::find(place.paths)?;
    let Some(stopping) = found.as_ref().filter(|found| found.facts.stopping) else { return Ok(found) };
    await_end(Some(stopping), place.paths)?;
    Ok(None)
}

/// Says that the service runs and was started with other options.
fn otherwise(running: &Record) -> Failure {
    Failure::say(Exit::CannotCreate, format!("the service runs already, with other options: {}", running.url))
        .hint("run `mcr restart` with the options that it should have")
}
