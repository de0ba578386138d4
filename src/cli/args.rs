//! The command line: types and help texts, nothing else.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use super::config::{ConfigCommand, Form};
use super::import::ImportCommand;
use super::preset::PresetCommand;
use crate::config::{Host, KeyName};
use crate::launch::shell::Shell;

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
    Config(Config),
    /// Show the routes, or set the model of one; running sessions take a change over
    #[command(after_help = MODEL)]
    Model(Model),
    /// Take over the configuration of another program
    #[command(subcommand)]
    Import(ImportCommand),
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

/// What the service is, and how to get at it.
const START: &str = "\
It serves the configuration, and every installed preset below /preset/NAME, to
whoever shows its token. `mcr code` and `mcr PRESET` need no service.

Example: mcr start && mcr status";

/// How to end it at once.
const STOP: &str = "\
Answers in progress get two minutes.

Example: mcr stop --now";

/// When to use it.
const RESTART: &str = "\
An edit of the configuration or of a preset needs no restart; another port, or a
variable that the service was started without, does.

Example: mcr restart --port 4000";

/// How a script asks.
const STATUS: &str = "Example: mcr status --json";

/// How to read along.
const LOGS: &str = "Example: mcr logs -f";

/// Options of `mcr stop`.
#[derive(Debug, Args)]
pub struct Stop {
    /// Give answers in progress up
    #[arg(long)]
    pub now: bool,
}

/// Options of `mcr logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// Go on printing what is written
    #[arg(long, short)]
    pub follow: bool,
    /// Begin with the last N lines
    #[arg(long, short = 'n', value_name = "N")]
    pub lines: Option<usize>,
    /// Print the file's path instead
    #[arg(long, conflicts_with_all = ["follow", "lines"])]
    pub path: bool,
}

/// A line for each shell's start file.
const ACTIVATE: &str = "\
bash, zsh  eval \"$(mcr activate bash)\"
fish       mcr activate fish | source
nushell    let mcr = (mcr activate nu | from json); $mcr.set | load-env; hide-env --ignore-errors ...$mcr.unset
pwsh       mcr activate pwsh | Out-String | Invoke-Expression
elvish     eval (mcr activate elvish | slurp)

Starts the service if it does not run. Settings files of Claude Code beat the
environment; `mcr code` is beaten by none.

Example: eval \"$(mcr activate --preset mistral-ollama)\"";

/// How it is taken in.
const DEACTIVATE: &str = "Example: eval \"$(mcr deactivate)\"";

/// Options of `mcr activate`.
#[derive(Debug, Args)]
pub struct Activate {
    /// The shell that takes it in; left out, the one that runs the command
    #[arg(value_parser = shell())]
    pub shell: Option<Shell>,
    /// Use this preset instead of the configuration
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
}

/// Options of `mcr deactivate`.
#[derive(Debug, Args)]
pub struct Deactivate {
    /// The shell that takes it in; left out, the one that runs the command
    #[arg(value_parser = shell())]
    pub shell: Option<Shell>,
}

fn shell() -> impl TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(Shell::NAMES).try_map(|name| name.parse::<Shell>())
}

/// What is written where.
const SERVICE: &str = "\
Writes a user unit for systemd, or an agent for launchd, and says which command
takes it in.

Example: mcr service install --dry-run";

/// The commands below `mcr service`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ServiceCommand {
    /// Write the unit that starts the service at login
    #[command(after_help = "Example: mcr service install --dry-run")]
    Install {
        /// Print the unit and write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Take the unit away
    #[command(after_help = "Example: mcr service uninstall")]
    Uninstall,
}

/// Options of `mcr start`.
#[derive(Debug, Args)]
pub struct Start {
    /// Stay in the foreground until interrupted
    #[arg(long)]
    pub foreground: bool,
    /// Leave the terminal; what mcr starts itself with
    #[arg(long, hide = true, requires = "foreground")]
    pub detached: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the struct in the help")]
    pub serve: Serve,
}

/// What the service is started with.
#[derive(Debug, Args)]
pub struct Serve {
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

/// What a route and a target look like.
const MODEL: &str = "\
Routes are default, background, think, longContext, webSearch and image. Without
arguments you choose on a terminal; elsewhere the routes are printed.

Only the value is changed: comments and order of the file stay, and the three
last states of it are kept beside it.

Examples:
  mcr model default mistral,MODEL
  mcr model background ollama/MODEL --add
  mcr model think --unset";

/// Options of `mcr model`.
#[derive(Debug, Args)]
pub struct Model {
    /// The route
    pub route: Option<String>,
    /// Where it leads: `provider,model`, `provider/model`, or the id of a model that one provider has
    #[arg(conflicts_with = "unset")]
    pub target: Option<String>,
    /// Take the route away, so that its requests take the next that fits
    #[arg(long, requires = "route")]
    pub unset: bool,
    /// Add a model to its provider's list that is not in it
    #[arg(long, requires = "target")]
    pub add: bool,
    /// Show the routes of this preset
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Print the routes as JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
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
