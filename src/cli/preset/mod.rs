//! `mcr preset`: install, look at, change, share and remove presets.

mod ask;
mod delete;
pub(super) mod discover;
mod editor;
pub mod export;
mod fetch;
mod install;
mod reconfigure;
pub(super) mod settle;
mod show;
mod summary;
mod validate;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};

use super::config::{Form as Json, Place};
use crate::{
    config,
    error::{Exit, Failure},
    preset::{Manifest, Name},
    ui,
};

/// The commands below `mcr preset`.
#[derive(Debug, Subcommand)]
pub enum PresetCommand {
    /// Install a preset from a folder, an archive, an address or mcr itself
    #[command(after_help = INSTALL)]
    Install(Install),
    /// List installed presets
    #[command(after_help = "Example: mcr preset list --built-in")]
    List(List),
    /// Show what a preset is, asks and does
    #[command(after_help = "Example: mcr preset info mistral-cloud")]
    Info(Named),
    /// Show every value of the configuration that a preset makes, with secrets masked
    #[command(after_help = "Example: mcr preset show mistral-cloud --json")]
    Show(Named),
    /// Answer the questions of an installed preset again
    #[command(after_help = "Example: mcr preset reconfigure mistral-ollama --set window=32768")]
    Reconfigure(Reconfigure),
    /// Write the configuration as a preset that can be given away
    #[command(after_help = "Example: mcr preset export my-models --description 'What we use'")]
    Export(export::Export),
    /// Remove a preset and the keys that were stored for it
    #[command(visible_aliases = ["rm", "remove"], after_help = "Example: mcr preset delete mistral-ollama --yes")]
    Delete(Delete),
    /// Check a preset without installing it
    #[command(after_help = "Example: mcr preset validate ./my-models")]
    Validate(Validate),
}

const INSTALL: &str = "\
SOURCE is a folder with a manifest.json, a .zip or .tar.gz, an https:// address of one
(with --sha256), or the name of a built-in preset (`mcr preset list --built-in`).

Examples:
  mcr preset install mistral-cloud
  mcr preset install ./presets/mistral-ollama --name ollama --set model=my-model --yes
  mcr preset install mistral-cloud --set apiKey=env:MISTRAL_API_KEY --yes

A secret is typed, or named: env:NAME, file:PATH, cmd:COMMAND, store:NAME.";

/// Options of `mcr preset install`.
#[derive(Debug, Args)]
pub struct Install {
    /// Where the preset is
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Call the preset this; its own name by default
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the ones of the options in the help")]
    pub answers: Given,
    /// Show what would be done and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace a preset of that name
    #[arg(long)]
    pub force: bool,
    /// Refuse an archive with another checksum; needed for addresses
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
}

/// Options of `mcr preset reconfigure`.
#[derive(Debug, Args)]
pub struct Reconfigure {
    /// The preset
    #[arg(value_name = "PRESET")]
    pub name: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the ones of the options in the help")]
    pub answers: Given,
}

/// Answers on the command line.
#[derive(Debug, Args)]
pub struct Given {
    /// Answer a question (can be repeated)
    #[arg(long = "set", value_name = "ID=ANSWER")]
    pub set: Vec<String>,
    /// Agree to what the preset does, and take defaults where there are any
    #[arg(long)]
    pub yes: bool,
}

/// Options of `mcr preset list`.
#[derive(Debug, Args)]
pub struct List {
    /// List the presets that mcr carries
    #[arg(long)]
    pub built_in: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the option in the help")]
    pub form: Json,
}

/// A preset, and how to print it.
#[derive(Debug, Args)]
pub struct Named {
    /// The preset
    #[arg(value_name = "PRESET")]
    pub name: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the option in the help")]
    pub form: Json,
}

/// Options of `mcr preset delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// The preset
    #[arg(value_name = "PRESET")]
    pub name: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Options of `mcr preset validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// Where the preset is
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Answer a question (can be repeated)
    #[arg(long = "set", value_name = "ID=ANSWER")]
    pub set: Vec<String>,
    /// Refuse an archive with another checksum; needed for addresses
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the option in the help")]
    pub form: Json,
}

/// Runs one of the commands.
pub fn run(command: &PresetCommand, place: &Place<'_>) -> Result<(), Failure> {
    match command {
        PresetCommand::Install(options) => install::run(options, place),
        PresetCommand::List(options) => show::list(options, place),
        PresetCommand::Info(options) => show::info(options, place),
        PresetCommand::Show(options) => show::show(options, place),
        PresetCommand::Reconfigure(options) => reconfigure::run(options, place),
        PresetCommand::Export(options) => export::run(options, place),
        PresetCommand::Delete(options) => delete::run(options, place),
        PresetCommand::Validate(options) => validate::run(options, place),
    }
}

/// Reads a name that must be one.
fn name(text: &str) -> Result<Name, Failure> {
    Name::parse(text).map_err(|error| Failure::new(Exit::Usage, error).hint("pass another with `--name`"))
}

/// Reads the answers of the command line; each must be to a question of the preset's.
fn given(set: &[String], manifest: &Manifest) -> Result<BTreeMap<String, String>, Failure> {
    let mut given = BTreeMap::new();
    for pair in set {
        let Some((id, answer)) = pair.split_once('=') else {
            let what = format!("`--set {pair}` has no `=`");
            return Err(Failure::say(Exit::Usage, what).hint("write it as `--set ID=ANSWER`"));
        };
        if manifest.question(id).is_none() {
            let ids: Vec<&str> = manifest.questions.iter().map(|question| question.id.as_str()).collect();
            let failure = Failure::say(Exit::Usage, format!("the preset has no question `{id}`"));
            return Err(match config::suggest::nearest(id, ids.iter().copied()) {
                Some(nearest) => failure.hint(format!("did you mean `--set {nearest}=…`?")),
                None if ids.is_empty() => failure.hint("it asks nothing at all"),
                None => failure.hint(format!("it asks for {}", ids.join(", "))),
            });
        }
        given.insert(id.to_owned(), answer.to_owned());
    }
    Ok(given)
}

fn print(text: &str) -> Result<(), Failure> {
    ui::print(text).map_err(|error| Failure::new(Exit::Io, error))
}
