//! `mcr start`: the service in the background, or here with `--foreground`.

use super::{background, foreground};
use crate::cli::args::{Own, Start};
use crate::cli::config::Place;
use crate::error::{Exit, Failure};
use crate::launch::service::{self, Record};
use crate::ui;

/// Starts the service unless it runs.
pub fn run(own: &Own, options: &Start, place: &Place<'_>) -> Result<u8, Failure> {
    let wanted = background::Wanted::new(own, &options.serve, place)?;
    if options.foreground {
        return foreground::run(&wanted, options.detached, place);
    }
    let _starting = service::starting(place.paths)?;
    match service::find(place.paths)? {
        None => background::spawn(&wanted, place.paths),
        Some(running) if wanted.is_met_by(&running.facts) => {
            ui::say(format_args!("the service runs already: {}", running.url));
            Ok(0)
        }
        Some(running) => Err(otherwise(&running)),
    }
}

/// Says that the service runs and was started with other options.
fn otherwise(running: &Record) -> Failure {
    Failure::say(Exit::CannotCreate, format!("the service runs already, with other options: {}", running.url))
        .hint("run `mcr restart` with the options that it should have")
}
