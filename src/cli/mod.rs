//! One file per command; `args` holds the command line itself.

pub mod activate;
pub mod args;
pub mod audit;
pub mod code;
mod complete;
pub mod completions;
pub mod config;
mod doctor;
pub mod import;
pub mod key;
pub mod model;
pub mod models;
pub mod named;
pub mod preset;
pub mod providers;
mod report;
pub mod service;
pub mod setup;
pub mod smoke;
pub mod statusline;
pub mod usage;

mod complaint;
mod doorway;
mod egress;
mod loopback;
mod moment;
mod question;
mod recording;
mod reload;
mod running;
mod sealing;
mod self_test;
mod table;
mod witnessing;

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::env;
use crate::error::{Exit, Failure};
use crate::launch::{seal, session};
use crate::paths::Paths;
use args::{Arguments, Command};
use config::Place;

/// Runs the command line of this process; the number is the exit code.
pub fn run() -> Result<u8, Failure> {
    // Before anything else: it needs a process with one thread.
    if let Some(words) = seal::asked(std::env::args_os()) {
        return seal::enter(&words);
    }
    if let Some(words) = session::asked(std::env::args_os()) {
        return session::enter(&words);
    }
    if let Some(words) = complete::asked(std::env::args_os()) {
        complete::run(&words);
        return Ok(0);
    }
    let mut own = Arguments::command();
    let words = verbatim(std::env::args_os().collect(), &own);
    let parsed = own.try_get_matches_from_mut(&words).and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut own))?;
        Ok((arguments, matches.subcommand_name().unwrap_or_default().to_owned()))
    });
    let (arguments, name) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return Ok(complaint::complain(&error, &words)),
    };
    refuse_idle(&arguments, &name)?;
    let paths = Paths::from_environment(&env::process)?;
    let place = |inner: Option<&Path>, run: &dyn Fn(&Place<'_>) -> Result<u8, Failure>| {
        let explicit = inner.or(arguments.own.config.as_deref());
        run(&Place { explicit, paths: &paths, environment: &env::process })
    };
    match &arguments.command {
        Command::Code(code) => place(None, &|place| code::run(&arguments.own, &code.arguments, place)),
        Command::Start(start) => {
            place(start.serve.config.as_deref(), &|place| service::start::run(&arguments.own, start, place))
        }
        Command::Egress(options) => place(options.config.as_deref(), &|place| egress::run(&options.command, place)),
        Command::Audit(options) => place(None, &|place| audit::run(&options.command, place)),
        Command::Usage(options) => place(None, &|place| usage::run(options, place)),
        Command::Stop(options) => place(None, &|place| service::stop::run(options, place)),
        Command::Restart(options) => {
            place(options.config.as_deref(), &|place| service::restart::run(&arguments.own, options, place))
        }
        Command::Breaker(command) => place(None, &|place| service::breaker::run(command, place)),
        Command::Status(form) => place(None, &|place| service::status::run(form, place)),
        Command::Activate(options) => place(None, &|place| activate::run(options, place)),
        Command::Deactivate(options) => place(None, &|place| activate::undo(options, place)),
        Command::Logs(options) => place(None, &|place| service::logs::run(options, place)),
        Command::Service(command) => place(None, &|place| service::install::run(command, place)),
        Command::Completions(options) => completions::run(options).map(|()| 0),
        Command::Config(options) => {
            place(options.config.as_deref(), &|place| config::run(options.command, place).map(|()| 0))
        }
        Command::Key(options) => place(options.config.as_deref(), &|place| key::run(&options.command, place)),
        Command::Setup(options) => place(None, &|place| setup::run(options, place)),
        Command::Doctor(options) => place(None, &|place| doctor::run(options, place)),
        Command::Smoke(smoke) => place(None, &|place| smoke::run(smoke, place)),
        Command::Preset(command) => place(None, &|place| preset::run(command, place).map(|()| 0)),
        Command::Import(command) => place(None, &|place| import::run(command, place).map(|()| 0)),
        Command::Model(options) => place(options.config.as_deref(), &|place| model::run(options, place).map(|()| 0)),
        Command::Models(options) => place(options.config.as_deref(), &|place| models::run(options, place)),
        Command::Providers(options) => place(options.config.as_deref(), &|place| providers::run(options, place)),
        Command::Named(words) => place(None, &|place| named::run(&arguments.own, words, place)),
        Command::Report(command) => place(None, &|place| report::run(command, place)),
        Command::Statusline(options) => place(None, &|place| statusline::run(options, place).map(|()| 0)),
    }
}

/// Refuses to trace where no body passes, or where a trace is kept anyway: a file that stays empty says nothing. Refuses
/// a limit where no run of an agent is.
fn refuse_idle(arguments: &Arguments, name: &str) -> Result<(), Failure> {
    let runs = matches!(arguments.command, Command::Code(_) | Command::Named(_));
    if !runs && arguments.own.max_cost.is_some() {
        return Err(Failure::say(Exit::Usage, format!("`--max-cost` does nothing for `mcr {name}`"))
            .hint("it is for `mcr code` and `mcr PRESET`; set `Budget` in the configuration for the service"));
    }
    if !runs && arguments.own.sealed {
        return Err(Failure::say(Exit::Usage, format!("`--sealed` does nothing for `mcr {name}`"))
            .hint("it is for `mcr code` and `mcr PRESET`, which start an agent"));
    }
    let serves =
        matches!(arguments.command, Command::Code(_) | Command::Named(_) | Command::Start(_) | Command::Restart(_));
    if !serves && arguments.own.offline_only {
        return Err(Failure::say(Exit::Usage, format!("`--offline-only` does nothing for `mcr {name}`"))
            .hint("it is for `mcr code`, `mcr PRESET` and `mcr start`, which speak to models"));
    }
    if serves || arguments.own.trace_bodies.is_none() {
        return Ok(());
    }
    Err(Failure::say(Exit::Usage, format!("`--trace-bodies` does nothing for `mcr {name}`"))
        .hint("leave it out, or trace `mcr code` or `mcr start`"))
}

/// mcr's own options that are taken right behind `code` or a preset's name, too: Claude Code has none of them.
const TAKEN_BEHIND: [&str; 2] = ["--sealed", "--offline-only"];

/// Puts a `--` behind `code`, for clap to take away: it would take the user's own. What is mcr's right behind an agent's
/// word goes in front of that.
fn verbatim(mut arguments: Vec<OsString>, own: &clap::Command) -> Vec<OsString> {
    let takes_value = |flag: &str| {
        let name = flag.strip_prefix("--");
        name.is_some() && own.get_arguments().any(|known| known.get_long() == name && known.get_action().takes_values())
    };
    let mut index = 1;
    while let Some(flag) = arguments.get(index).and_then(|word| word.to_str()).filter(|word| word.starts_with("--")) {
        index += if takes_value(flag) { 2 } else { 1 };
    }
    let is_agents = |word: &OsString| {
        let is_other = |command: &clap::Command| {
            word.to_str().is_some_and(|word| command.get_name_and_visible_aliases().contains(&word))
        };
        word == "code" || !own.get_subcommands().any(is_other)
    };
    while arguments.get(index).is_some_and(is_agents)
        && arguments.get(index + 1).is_some_and(|word| TAKEN_BEHIND.iter().any(|taken| word == taken))
    {
        arguments[index..=index + 1].rotate_right(1);
        index += 1;
    }
    if arguments.get(index).is_some_and(|word| word == "code") {
        arguments.insert(index + 1, "--".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_mcrs_right_behind_an_agents_word_is_mcrs_and_what_follows_is_the_agents() {
        let own = Arguments::command();
        for (typed, taken) in [
            ("mcr code --sealed -p x", "mcr --sealed code -- -p x"),
            ("mcr code --offline-only --sealed", "mcr --offline-only --sealed code --"),
            ("mcr --config c code --sealed", "mcr --config c --sealed code --"),
            ("mcr mistral-cloud --sealed -p x", "mcr --sealed mistral-cloud -p x"),
            ("mcr code -p --sealed", "mcr code -- -p --sealed"),
            ("mcr code -- --sealed", "mcr code -- -- --sealed"),
            ("mcr start --sealed", "mcr start --sealed"),
        ] {
            let words = verbatim(typed.split(' ').map(OsString::from).collect(), &own);
            let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
            assert_eq!(words.join(" "), taken);
        }
    }
}
