//! `mcr import`: takes over what another program was configured with.

mod advice;
mod ccr;
mod changes;
mod folder;
mod judge;
mod literal;
mod practice;
mod presets;
mod report;

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
}

const CCR: &str = "\
Every field is told: taken, changed, without effect, or left out, and why.
Keys in clear go into mcr's store, each bound to its provider's host, and the new
configuration names them; on a terminal you are asked first. Without a terminal
they are stored, unless `--keys drop` says otherwise.

Examples:
  mcr import ccr --dry-run
  mcr import ccr --from /mnt/old/.claude-code-router --force";

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
    }
}
