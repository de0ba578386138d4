//! `mcr <preset> [args…]`: as `mcr code`, with the preset's configuration.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::args::{Arguments, Own};
use super::code::{Session, run_session};
use super::config::Place;
use super::reload::open;
use crate::config::{self, Config, Look, Reading, StartOnly};
use crate::env;
use crate::error::{Exit, Failure};
use crate::launch;
use crate::paths::Paths;
use crate::preset::{Name, Presets, Ready, built_in, manifest};
use crate::proxy::Reload;

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
    let Ready { config, settings } =
        ready(&name, place.explicit.map(PathBuf::from).as_ref(), place.paths, place.environment)?;
    let reload = {
        let file = presets.folder(&name).join(manifest::FILE);
        let (explicit, paths) = (place.explicit.map(PathBuf::from), place.paths.clone());
        let read = move |file: &Path| {
            let looks = vec![Look::at(file)];
            let ready = ready(&name, explicit.as_ref(), &paths, &env::process);
            Reading { config: ready.map(|ready| ready.config), looks }
        };
        Reload { file, read: Box::new(read), open: open(place), start_only: StartOnly::AGENT }
    };
    let of_preset = launch::Own { environment: settings.environment, settings: settings.rest };
    run_session(own, arguments, Session { config, own: of_preset, reload }, place)
}

/// Reads a preset, and what this machine's configuration says of the machine.
fn ready(
    name: &Name,
    explicit: Option<&PathBuf>,
    paths: &Paths,
    environment: config::Environment<'_>,
) -> Result<Ready, Failure> {
    let mut ready = Presets::open(paths).get(name)?.ready(environment)?;
    let explicit = explicit.map(PathBuf::as_path);
    // Without a file there is nothing that it could say; a broken one may name the proxy to go through.
    if config::file(explicit, paths, environment).exists() {
        inherit(&mut ready.config, config::load(explicit, paths, environment)?);
    }
    Ok(ready)
}

/// The way out, the log and the agent are the machine's, whichever preset runs.
fn inherit(config: &mut Config, machine: Config) {
    config.proxy_url = machine.proxy_url;
    config.claude_path = machine.claude_path;
    config.log = machine.log;
    config.log_level = machine.log_level;
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
    let known: Vec<&str> = commands.into_iter().chain(installed).collect();
    let is_longer = |known: &&str| word.len() >= 3 && (word.starts_with(*known) || known.starts_with(word));
    let nearest = config::suggest::nearest(word, known.iter().copied());
    let failure = match nearest.or_else(|| known.iter().copied().find(is_longer).map(str::to_owned)) {
        Some(nearest) => failure.hint(format!("did you mean `mcr {nearest}`?")),
        None => failure,
    };
    failure.hint("run `mcr --help` for the commands, `mcr preset list` for the presets")
}
