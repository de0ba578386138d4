//! The command line: types and help texts, nothing else.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::config::ConfigCommand;
use super::preset::PresetCommand;

/// Claude Code on European and local models
#[derive(Debug, Parser)]
#[command(name = "mcr", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the struct in the help")]
    pub own: Own,
}

/// Options of mcr itself; before `code`, since everything behind it is Claude Code's.
#[derive(Debug, Args)]
pub struct Own {
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say nothing when Claude Code ends
    #[arg(long)]
    pub quiet: bool,
    /// Append every body to this file, for its owner only
    #[arg(long, value_name = "FILE")]
    pub trace_bodies: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Claude Code on the configured models; every argument goes to Claude Code as it is
    #[command(disable_help_flag = true)]
    Code(Code),
    /// Serve the proxy for clients that are started elsewhere
    Start(Start),
    /// Check, show or find the configuration
    Config(Config),
    /// Install, show, change and remove presets; `mcr NAME` runs one
    #[command(subcommand)]
    Preset(PresetCommand),
    /// Prove that everything works: proxy, agent, a tool call, the log, and where it all went
    #[command(after_help = SMOKE)]
    Smoke(Smoke),
    /// Print a status line from the JSON that Claude Code gives on stdin
    Statusline,
    /// A preset's name, and arguments of Claude Code
    #[command(external_subcommand)]
    Named(Vec<OsString>),
}

/// Arguments of `mcr code`.
#[derive(Debug, Args)]
pub struct Code {
    /// Arguments of Claude Code, verbatim
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub arguments: Vec<OsString>,
}

/// Options of `mcr start`.
#[derive(Debug, Args)]
pub struct Start {
    /// Stay in the foreground until interrupted
    #[arg(long)]
    pub foreground: bool,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen on this port instead of the configured one; 0 takes a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// Append every body to this file, for its owner only
    #[arg(long, value_name = "FILE")]
    pub trace_bodies: Option<PathBuf>,
}

/// Options of `mcr config`.
#[derive(Debug, Args)]
pub struct Config {
    /// What to do
    #[command(subcommand)]
    pub command: ConfigCommand,
    /// Use this configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What the last checks of `mcr smoke` can see, and what it costs.
const SMOKE: &str = "\
Without --offline the configured provider answers one small task, and bills it.

Claude Code runs in an empty home: your settings, plugins and hooks take no part.
Its proxy variables lead into a trap, which sees every host that it asks for by
way of them. A program that ignores those variables is not seen.";

/// Options of `mcr smoke`.
#[derive(Debug, Args)]
pub struct Smoke {
    /// Use the imitation of Mistral inside this binary: no key, no network
    #[arg(long)]
    pub offline: bool,
    /// Print the checks as JSON
    #[arg(long)]
    pub json: bool,
}
