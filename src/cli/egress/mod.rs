//! `mcr egress`: whom the guard lets mcr speak to, and how that is changed.

mod allow;
mod show;
mod taken;
mod use_eu;

pub(super) use show::judged_json;

use super::args::EgressCommand;
use super::config::Place;
use super::doorway::Doorway;
use crate::config::{self, Config, EgressRules, Host, load};
use crate::egress::Guard;
use crate::error::{Exit, Failure};

/// Runs one of the commands; the number is the exit code.
pub fn run(command: &EgressCommand, place: &Place<'_>) -> Result<u8, Failure> {
    match command {
        EgressCommand::Show(options) => show::run(options, place).map(|()| 0),
        EgressCommand::Check(options) => show::check(options, place),
        EgressCommand::Allow(options) => allow::allow(options, place).map(|()| 0),
        EgressCommand::Deny(options) => allow::deny(&options.host, place).map(|()| 0),
        EgressCommand::UseEu => use_eu::run(place).map(|()| 0),
    }
}

/// The configuration in use, where there is one.
pub(super) fn configuration(place: &Place<'_>) -> Result<Option<Config>, Failure> {
    if config::is_missing(place.explicit, place.paths, place.environment) {
        return Ok(None);
    }
    load(place.explicit, place.paths, place.environment).map(Some)
}

/// Who decides here: without a configuration, by the usual rules.
pub(super) fn guard(place: &Place<'_>) -> Result<Guard, Failure> {
    let doorway = Doorway::of(place);
    match configuration(place)? {
        Some(config) => doorway.guard(&config),
        None => Ok(Guard::new(EgressRules::default(), Vec::new(), doorway.allowances()?)),
    }
}

/// Reads a host, or the host of an address.
fn host(text: &str) -> Result<Host, Failure> {
    let usage = |what: String| Failure::say(Exit::Usage, what);
    if !text.contains("://") {
        return Host::parse(text.strip_suffix('.').unwrap_or(text)).map_err(usage);
    }
    let uri: http::Uri = text.parse().map_err(|error| usage(format!("the address is not a URL ({error})")))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(usage("the address holds credentials; leave them out".to_owned()));
    }
    let host = uri.host().unwrap_or_default();
    Host::parse(host.strip_suffix('.').unwrap_or(host)).map_err(usage)
}
