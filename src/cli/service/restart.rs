//! `mcr restart`: another service in place of the one that runs, once that one has finished.

use super::background::{self, Wanted};
use super::starting;
use super::stop::end;
use crate::cli::args::{Own, Serve};
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::config::Narrowing;
use crate::error::{Exit, Failure};
use crate::launch::service;

/// Ends the service if it runs, and starts it with the options it had and those that are given.
pub fn run(own: &Own, options: &Serve, place: &Place<'_>) -> Result<u8, Failure> {
    let wanted = Wanted::new(own, options, place)?;
    let _starting = starting(place.paths)?;
    let running = service::find(place.paths)?;
    let wanted = match &running {
        Some(running) => wanted.or(&running.facts),
        None => wanted,
    };
    // A configuration that cannot be used must not end the service that works.
    let mut config = super::configuration(wanted.config.as_deref(), place)?;
    if wanted.offline_only {
        config.narrowings.push(Narrowing::offline());
    }
    Doorway::of(place).checked(&config)?;
    if let Some(supervisor) = running.as_ref().and_then(|running| running.facts.supervisor.as_deref()) {
        return Err(supervised(supervisor));
    }
    if service::is_held(place.paths)? {
        end(running.as_ref(), false, place.paths)?;
    }
    Ok(background::spawn(&wanted, place.paths)?.told())
}

/// Says that another program starts this service.
fn supervised(supervisor: &str) -> Failure {
    let failure = Failure::say(Exit::Usage, format!("the service is run by {supervisor}, which starts it again"));
    failure.hint(match supervisor {
        "launchd" => format!("run `launchctl kickstart -k gui/$(id -u)/{}`", super::install::LABEL),
        _ => "run `systemctl --user restart mcr`".to_owned(),
    })
}
