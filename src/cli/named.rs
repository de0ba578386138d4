//! `mcr <preset> [args…]`: as `mcr code`, with the preset's configuration.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::args::{Arguments, Own};
use super::code::{Session, run_session};
use super::config::Place;
use super::reload::of_preset;
use crate::config;
use crate::error::{Exit, Failure};
use crate::launch;
use crate::preset::{Name, Presets, Ready, built_in};

/// Commands of claude-code-router that mcr has in another form.
const ELSEWHERE: &[(&str, &str)] = &[
    ("help", "run `mcr --help`"),
    ("install", "run `mcr preset install NAME`"),
    ("ui", "there is no page in a browser; run `mcr setup`, `mcr model` or `mcr config show`"),
    ("version", "run `mcr --version`"),
];

/// Runs the preset that the first word names; the rest is Claude Code's.
pub fn run(own: &Own, words: &[OsString], place: &Place<'_>) -> Result<u8, Failure> {
    let Some((first, arguments)) = words.split_first() else {
        return Err(Failure::say(Exit::Usage, "there is no command").hint("run `mcr --help`"));
    };
    let word = first.to_string_lossy();
    let presets = Presets::open(place.paths);
    let name = match Name::parse(&word) {
        Ok(name) if presets.has(&name) => name,
        _ => return Err(unknown(&word, &presets)),
    };
    let (Ready { config, settings }, reload) = of_preset(&name, place.explicit, place.paths, place.environment)?;
    let changes = launch::Own { environment: settings.environment, settings: settings.rest };
    run_session(own, arguments, Session { config, own: changes, reload, preset: Some(name.as_str().into()) }, place)
}

/// Names the command or preset that was probably meant.
fn unknown(word: &str, presets: &Presets) -> Failure {
    let arguments = Arguments::command();
    let commands: Vec<&str> = arguments.get_subcommands().map(clap::Command::get_name).collect();
    let names = presets.names().unwrap_or_default();
    let installed = names.iter().map(Name::as_str);
    let failure = Failure::say(Exit::Usage, format!("there is no command and no preset `{word}`"));
    if built_in::find(word).is_some() {
        return failure.hint(format!("run `mcr preset install {word}`: it is built in and not installed"));
    }
    if let Some((_, hint)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == word) {
        return failure.hint(*hint);
    }
    let known: Vec<&str> = commands.into_iter().chain(installed).collect();
    let is_longer = |known: &&str| word.len() >= 3 && (word.starts_with(*known) || known.starts_with(word));
    let nearest = config::suggest::nearest(word, known.iter().copied());
    let failure = match nearest.or_else(|| known.iter().copied().find(is_longer).map(str::to_owned)) {
        Some(nearest) => failure.hint(format!("did you mean `mcr {nearest}`?")),
        None => failure,
    };
    failure.hint("run `mcr --help` for the commands, `mcr preset list` for the presets")
}
