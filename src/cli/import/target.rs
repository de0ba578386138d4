//! The configuration that an import writes: what is in its way, and how it gets there.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        config::{Place, refuse_link},
        doorway::Doorway,
    },
    config,
    egress::judged,
    error::{Exit, Failure},
    paths,
};

/// Writes a configuration; returns where what was there is now. `command` is what is run again in case.
pub(super) fn write(target: &Path, text: &str, stamp: &str, command: &str) -> Result<Option<PathBuf>, Failure> {
    refuse_link(target)?;
    let write = || {
        let copy = target.exists().then(|| paths::back_up(target, stamp)).transpose()?;
        paths::write_atomic(target, text.as_bytes())?;
        Ok(copy)
    };
    write().map_err(|error: std::io::Error| {
        let error = anyhow::Error::new(error).context("cannot write the configuration");
        Failure::new(Exit::CannotCreate, error).hint(format!("name another file: `mcr --config FILE {command}`"))
    })
}

/// Says what would be replaced, and how it may be.
pub(super) fn occupied(paths: &[String], command: &str) -> Failure {
    let list = paths.join("\n  ");
    Failure::say(Exit::CannotCreate, format!("what would be written is there already:\n  {list}"))
        .hint(format!("run `mcr {command} --dry-run` to see what would be done"))
        .hint(format!("run `mcr {command} --force` to replace it; a copy of each stays beside it"))
}

/// The question before something is replaced.
pub(super) fn may_replace(paths: &[String]) -> String {
    format!("Replace {}? A copy of each stays beside it", paths.join(", "))
}

/// The commands that let targets of a new configuration be spoken to, where something leads there that may not.
pub(super) fn allowances(text: &str, place: &Place<'_>) -> Vec<(String, &'static str)> {
    let Ok(config) = config::read(text, "", place.environment) else { return Vec::new() };
    let Ok(guard) = Doorway::of(place).guard(&config) else { return Vec::new() };
    let mut commands: Vec<(String, &'static str)> = Vec::new();
    for judged in judged(&config, &guard).iter().filter(|judged| judged.is_in_the_way()) {
        let command = judged.verdict.command().unwrap_or("mcr egress show").to_owned();
        if !commands.iter().any(|(known, _)| *known == command) {
            commands.push((command, "the egress guard lets nothing go there yet"));
        }
    }
    commands
}

/// `mcr`, with the configuration that was named.
pub(super) fn mcr(place: &Place<'_>) -> String {
    match place.explicit {
        Some(file) => format!("mcr --config {}", shell_words::quote(&file.to_string_lossy())),
        None => "mcr".to_owned(),
    }
}
