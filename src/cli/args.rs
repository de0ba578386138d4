//! The command line: types and help texts, nothing else.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::config::{ConfigCommand, Form};
use super::preset::PresetCommand;
use crate::config::{Host, KeyName};

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
    /// Append every body, of requests and of the upstream's answers, to this file, for its owner only
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
    /// Keep, list and test the providers' keys
    #[command(after_help = KEY)]
    Key(Key),
    /// Prove that everything works: proxy, agent, a tool call, the log, and where it all went
    #[command(after_help = SMOKE)]
    Smoke(Smoke),
    /// Print a status line from the JSON that Claude Code gives on stdin
    #[command(after_help = STATUSLINE)]
    Statusline(Statusline),
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
    /// Append every body, of requests and of the upstream's answers, to this file, for its owner only
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

/// What a key is bound to, and where else one may be.
const KEY: &str = "\
A stored key goes to the hosts it was set for and to no other, whatever a
configuration or a preset says later. A provider uses it as
\"api_key\": \"store:NAME\"; env:NAME, file:PATH and cmd:PROGRAM ARGS are other
places where a key may be.";

/// Options of `mcr key`.
#[derive(Debug, Args)]
pub struct Key {
    /// What to do
    #[command(subcommand)]
    pub command: KeyCommand,
    /// Use this configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// The commands below `mcr key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Keep a key in mcr's store; asks for it, and never takes it from the command line
    Set(KeySet),
    /// List the stored keys' names, days, hosts and users, never the keys
    List(Form),
    /// Remove a key from the store
    Rm {
        /// The key's name
        #[arg(value_parser = KeyName::parse)]
        name: KeyName,
    },
    /// Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key
    Test(KeyTest),
}

/// Options of `mcr key set`.
#[derive(Debug, Args)]
pub struct KeySet {
    /// The key's name, such as `mistral`
    #[arg(value_parser = KeyName::parse)]
    pub name: KeyName,
    /// Bind the key to this host (can be repeated); left out, the hosts it has, or its providers'
    #[arg(long = "host", value_name = "HOST", value_parser = Host::parse)]
    pub hosts: Vec<Host>,
    /// Read the key from stdin instead of asking
    #[arg(long)]
    pub from_stdin: bool,
}

/// Options of `mcr key test`.
#[derive(Debug, Args)]
pub struct KeyTest {
    /// Test this provider only
    pub provider: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the struct in the help")]
    pub form: Form,
}

/// Who calls it, and how to see what it would say.
const STATUSLINE: &str = "\
`mcr code` tells Claude Code to call this when `StatusLine.enabled` is true.

Example: echo '{\"model\":{\"id\":\"m\"}}' | mcr statusline";

/// Options of `mcr statusline`.
#[derive(Debug, Args)]
pub struct Statusline {
    /// Draw the line as this preset has it
    pub preset: Option<String>,
    /// Print every variable with its value as JSON instead
    #[arg(long)]
    pub json: bool,
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
