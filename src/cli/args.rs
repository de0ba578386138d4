//! The command line: types and help texts, nothing else.

mod audit;
mod catalogue;
mod doctor;
mod egress;
mod key;
mod model;
mod report;
mod service;
mod shell;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::completions::Completed;
use super::config::{ConfigCommand, Form};
use super::import::ImportCommand;
use super::preset::PresetCommand;
use crate::config::Cost;
use audit::AUDIT;
pub use audit::{Audit, AuditCommand, AuditExport, AuditFormat, AuditPurge, AuditShow, AuditTail, AuditVerify};
use catalogue::{MODELS, PROVIDERS};
pub use catalogue::{Models, Providers};
use doctor::DOCTOR;
pub use doctor::Doctor;
use egress::EGRESS;
pub use egress::{Egress, EgressAllow, EgressCheck, EgressCommand, EgressDeny, EgressShow};
use key::KEY;
pub use key::{Key, KeyCommand, KeySet, KeyTest};
use model::MODEL;
pub use model::Model;
use report::REPORT;
pub use report::{Form as ReportForm, ReportCommand, ReportOptions};
use service::{BREAKER, LOGS, RESTART, SERVICE, START, STATUS, STOP};
pub use service::{BreakerCommand, Logs, Serve, ServiceCommand, Start, Stop};
use shell::{ACTIVATE, DEACTIVATE};
pub use shell::{Activate, Deactivate};
use usage::USAGE;
pub use usage::Usage;

/// The way in.
const MCR: &str = "\
Examples:
  mcr smoke --offline
  mcr preset install mistral-cloud
  mcr mistral-cloud -p \"fix the test\"
  mcr --quiet code --resume";

/// Claude Code on European and local models
#[derive(Debug, Parser)]
#[command(name = "mcr", version, disable_help_subcommand = true, arg_required_else_help = true, after_help = MCR)]
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
    /// Refuse what would cost more in this run of Claude Code, such as 5, 5EUR or '$5'
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub max_cost: Option<Cost>,
    /// Run Claude Code, and all that it starts, where mcr is the only way to the network (Linux)
    #[arg(long)]
    pub sealed: bool,
    /// Let nothing leave this machine and its network, whatever the configuration allows
    #[arg(long)]
    pub offline_only: bool,
    /// Append every body, of requests and of the upstream's answers, to this file, for its owner only
    #[arg(long, value_name = "FILE")]
    pub trace_bodies: Option<PathBuf>,
}

/// Reads an amount of money.
fn amount(text: &str) -> Result<Cost, String> {
    Cost::parse(text).ok_or_else(|| "an amount is written as 5, 5EUR or '$5'".to_owned())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Claude Code on the configured models; every argument goes to Claude Code as it is
    #[command(disable_help_flag = true, after_help = CODE)]
    Code(Code),
    /// Answer a few questions and get a configuration: at Mistral's EU endpoint, on this machine, or both
    #[command(after_help = SETUP)]
    Setup(Setup),
    /// Start the background service, for clients that are started elsewhere
    #[command(after_help = START)]
    Start(Start),
    /// Stop the background service, once the answers in progress have ended
    #[command(after_help = STOP)]
    Stop(Stop),
    /// Stop the background service and start it anew, with the options it had and those given
    #[command(after_help = RESTART)]
    Restart(Serve),
    /// Show whether the background service runs, and with what; 1 when it does not
    #[command(after_help = STATUS)]
    Status(Form),
    /// Ask targets again that the background service leaves alone
    #[command(subcommand, after_help = BREAKER)]
    Breaker(BreakerCommand),
    /// Print the log of the background service
    #[command(after_help = LOGS)]
    Logs(Logs),
    /// Print what makes `claude` in this shell speak to the service; the shell must take it in
    #[command(visible_alias = "env", after_help = ACTIVATE)]
    Activate(Activate),
    /// Print what undoes `mcr activate` in this shell
    #[command(after_help = DEACTIVATE)]
    Deactivate(Deactivate),
    /// Let systemd or launchd start the service at login
    #[command(subcommand, after_help = SERVICE)]
    Service(ServiceCommand),
    /// Check, show or find the configuration
    #[command(after_help = CONFIG)]
    Config(Config),
    /// Show the routes, or set the model of one; running sessions take a change over
    #[command(after_help = MODEL)]
    Model(Model),
    /// Show the models of the configured providers: window, abilities, price, lifecycle, region
    #[command(after_help = MODELS)]
    Models(Models),
    /// Show who operates a provider, where it works and what it keeps, with sources and dates
    #[command(after_help = PROVIDERS)]
    Providers(Providers),
    /// Take over the configuration of another program
    #[command(subcommand, after_help = "Example: mcr import ccr --dry-run")]
    Import(ImportCommand),
    /// Install, show, change and remove presets; `mcr NAME` runs one
    #[command(subcommand, after_help = PRESET)]
    Preset(PresetCommand),
    /// Keep, list and test the providers' keys
    #[command(after_help = KEY)]
    Key(Key),
    /// Find what is wrong with the agent, the configuration, the providers and this machine, and what mends it
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
    /// Prove that everything works: proxy, agent, a tool call, the log, and where it all went
    #[command(after_help = SMOKE)]
    Smoke(Smoke),
    /// Show what was used and what it cost: by day, week, month, session or model
    #[command(after_help = USAGE)]
    Usage(Usage),
    /// Show what left this machine, and check that the record of it is what was written
    #[command(after_help = AUDIT)]
    Audit(Audit),
    /// Tell where traffic went and what is known of whom it went to, for those who have to answer for it
    #[command(subcommand, after_help = REPORT)]
    Report(ReportCommand),
    /// Show whom mcr may speak to, and change it
    #[command(after_help = EGRESS)]
    Egress(Egress),
    /// Print a status line from the JSON that Claude Code gives on stdin
    #[command(after_help = STATUSLINE)]
    Statusline(Statusline),
    /// Print a shell's completions, which know installed presets and configured models too
    #[command(after_help = COMPLETIONS)]
    Completions(Completions),
    /// A preset's name, and arguments of Claude Code
    #[command(external_subcommand)]
    Named(Vec<OsString>),
}

/// What `mcr code` passes on.
const CODE: &str = "\
Examples:
  mcr code
  mcr code -p \"explain main.rs\"
  mcr --config other.json code --resume
  mcr --max-cost 2EUR code
  mcr --sealed code";

/// Arguments of `mcr code`.
#[derive(Debug, Args)]
pub struct Code {
    /// Arguments of Claude Code, verbatim
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub arguments: Vec<OsString>,
}

/// When it asks by itself.
const SETUP: &str = "\
`mcr code` asks the same when there is no configuration, no key and no preset. A
configuration that is there is kept beside the new one, with its date.

Example: mcr setup";

/// Options of `mcr setup`.
#[derive(Debug, Args)]
pub struct Setup {}

/// What to do with a configuration.
const CONFIG: &str = "\
Examples:
  mcr config check
  mcr config show --json
  mcr config check --config other.json";

/// What to do with presets.
const PRESET: &str = "\
Examples:
  mcr preset list --built-in
  mcr preset install mistral-ollama
  mcr mistral-ollama";

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
It is sealed in, so that mcr sees every host that it asks for, and lets none
through. Where the kernel makes no namespaces its proxy variables lead to mcr all
the same; what ignores them is not seen then, and the check says so.

Examples:
  mcr smoke --offline
  mcr smoke --json";

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

/// Where each shell looks.
const COMPLETIONS: &str = "\
Examples:
  mcr completions bash > ~/.local/share/bash-completion/completions/mcr
  mcr completions zsh > ~/.zfunc/_mcr
  mcr completions fish > ~/.config/fish/completions/mcr.fish
  mcr completions nu | save -f ~/.config/nushell/autoload/mcr.nu";

/// Options of `mcr completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Completed,
}
