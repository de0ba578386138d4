//! `mcr import`: takes over what another program was configured with.

mod advice;
mod ccr;
mod changes;
mod folder;
mod judge;
mod keeptrusts;
mod literal;
mod practice;
mod presets;
mod report;
mod target;
mod yaml;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::config::Place;
use crate::error::Failure;

/// The commands below `mcr import`.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Take over claude-code-router 2's configuration, presets and keys; its folder stays as it is
    #[command(after_help = CCR)]
    Ccr(Ccr),
    /// Take over the targets of a Keeptrusts gateway from its policy-config.yaml, which stays as it is
    #[command(after_help = KEEPTRUSTS)]
    Keeptrusts(Keeptrusts),
}

const CCR: &str = "\
Every field is told: taken, changed, without effect, or left out, and why.
Keys in clear go into mcr's store, each bound to its provider's host, and the new
configuration names them; on a terminal you are asked first. Without a terminal
they are stored, unless `--keys drop` says otherwise.

Examples:
  mcr import ccr --dry-run
  mcr import ccr --from /mnt/old/.claude-code-router --force";

const KEEPTRUSTS: &str = "\
Targets, strategy, circuit breaker, retries and timeouts are taken; every field is
told, by its path: taken, changed, without effect, or left out, and why. Policies
on content have no counterpart. No key is copied: where the file names a variable,
the new configuration names it too.

Examples:
  mcr import keeptrusts policy-config.yaml --dry-run
  mcr --config FILE import keeptrusts policy-config.yaml";

/// Options of `mcr import ccr`.
#[derive(Debug, Args)]
pub struct Ccr {
    /// Read this folder instead of ~/.claude-code-router
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Report what would be done, ask nothing and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace mcr's configuration and presets of the same names; a copy of each stays beside it
    #[arg(long)]
    pub force: bool,
    /// Say what becomes of keys in clear; left out, you are asked, or they are stored without a terminal
    #[arg(long, value_enum, value_name = "WHAT")]
    pub keys: Option<Keys>,
    /// Print the report as JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
}

/// Options of `mcr import keeptrusts`.
#[derive(Debug, Args)]
pub struct Keeptrusts {
    /// The gateway's policy-config.yaml
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Report what would be done, ask nothing and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace mcr's configuration; a copy stays beside it
    #[arg(long)]
    pub force: bool,
    /// Print the report as JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
}

/// What becomes of keys in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keys {
    /// They go into mcr's store
    Store,
    /// They stay where they are
    Drop,
}

/// Runs one of the commands.
pub fn run(command: &ImportCommand, place: &Place<'_>) -> Result<(), Failure> {
    match command {
        ImportCommand::Ccr(options) => ccr::run(options, place),
        ImportCommand::Keeptrusts(options) => keeptrusts::run(options, place),
    }
}
