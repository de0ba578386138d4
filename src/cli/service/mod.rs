//! The background service: started, looked at, ended, and left to the system's own supervisor.

mod background;
pub mod breaker;
mod foreground;
pub mod install;
pub mod logs;
pub(in crate::cli) mod port;
pub mod restart;
pub mod start;
pub mod status;
pub mod stop;

use std::path::Path;
use std::time::Duration;

use crate::cli::config::Place;
use crate::cli::loopback::{Answer, Call, ask};
use crate::config::{self, Config};
use crate::error::{Exit, Failure};
use crate::launch::service::{self, Record, Starting};
use crate::paths::Paths;
use crate::preset::Presets;
use crate::ui;

/// A service that works takes a connection within this time even on a busy machine.
const CONNECT: Duration = Duration::from_secs(2);
/// It answers without asking anybody else.
const ANSWER: Duration = Duration::from_secs(10);

/// Asks the service that was found.
fn call(record: &Record, method: &str, path: &str) -> std::io::Result<Answer> {
    let Record { url, token, .. } = record;
    ask(&Call { base: url, token: token.expose(), method, path, connect: CONNECT, answer: ANSWER })
}

/// Reads the configuration of the service, in a place where one was named or not.
///
/// Whoever has presets and nothing else gets the built-in one, which refuses what is asked beside a preset.
fn configuration(explicit: Option<&Path>, place: &Place<'_>) -> Result<Config, Failure> {
    if config::is_missing(explicit, place.paths, place.environment)
        && Presets::open(place.paths).names().is_ok_and(|names| !names.is_empty())
    {
        return config::built_in_alone(place.environment);
    }
    config::load(explicit, place.paths, place.environment)
}

/// Keeps everybody else from starting a service; who waits longer than a moment is told for what.
fn starting(paths: &Paths) -> Result<Starting, Failure> {
    service::starting(paths, || ui::say("waiting: the service is being started or restarted elsewhere"))
}

/// Says that a service is there and does not answer.
fn unanswered(record: &Record, error: std::io::Error) -> Failure {
    let what = format!("the service does not answer at {}", record.url);
    Failure::new(Exit::Unavailable, anyhow::Error::new(error).context(what))
        .hint("it may be stopping: `mcr stop` waits for its end")
        .hint(format!("if it hangs, run `kill -9 {}` and start it again", record.facts.pid))
}
