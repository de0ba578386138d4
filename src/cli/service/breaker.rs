//! `mcr breaker reset`: a target that is left alone is asked again at once.

use super::{call, unanswered};
use crate::cli::args::BreakerCommand;
use crate::cli::config::Place;
use crate::error::{Exit, Failure};
use crate::launch::service;
use crate::proxy::RESET;
use crate::ui;

/// Takes one target, or all, for well again.
pub fn run(command: &BreakerCommand, place: &Place<'_>) -> Result<u8, Failure> {
    let BreakerCommand::Reset { target } = command;
    let Some(record) = service::find(place.paths)? else {
        return Err(Failure::say(Exit::Unavailable, "the service is not running, and with it every breaker is gone")
            .hint("end a session of `mcr code` and begin it anew: it has breakers of its own"));
    };
    let query = target.as_deref().map(|target| format!("?{target}")).unwrap_or_default();
    let answer = call(&record, "POST", &format!("{RESET}{query}")).map_err(|error| unanswered(&record, error))?;
    let count = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    match (count.and_then(|count| count.get("reset")?.as_u64()), target) {
        (Some(0), Some(target)) => {
            Err(Failure::say(Exit::Usage, format!("no target of that name was asked: {target}"))
                .hint("run `mcr status` for those that were"))
        }
        (Some(count), _) => {
            ui::say(format_args!("reset {count} {}", if count == 1 { "target" } else { "targets" }));
            Ok(0)
        }
        (None, _) => {
            let what = format!("the service answers {} when it is asked to reset a breaker", answer.status);
            Err(Failure::say(Exit::Unavailable, what).hint("run `mcr restart`: it may be of another version of mcr"))
        }
    }
}
