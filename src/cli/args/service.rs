//! The command lines of the background service.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What the service is, and how to get at it.
pub(super) const START: &str = "\
It serves the configuration, and every installed preset below /preset/NAME, to
whoever shows its token. `mcr code` and `mcr PRESET` need no service.

Example: mcr start && mcr status";

/// How to end it at once.
pub(super) const STOP: &str = "\
Answers in progress get two minutes.

Example: mcr stop --now";

/// When to use it.
pub(super) const RESTART: &str = "\
An edit of the configuration or of a preset needs no restart; another port, or a
variable that the service was started without, does.

Example: mcr restart --port 4000";

/// How a script asks.
pub(super) const STATUS: &str = "Example: mcr status --json";

/// How to read along.
pub(super) const LOGS: &str = "Example: mcr logs -f";

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

/// What is written where.
pub(super) const SERVICE: &str = "\
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

/// What a breaker is.
pub(super) const BREAKER: &str = "\
A target that fails five times in a row, or half the time, is left alone for a
while where another can take its requests. `mcr status` shows each.

Example: mcr breaker reset";

/// The commands below `mcr breaker`.
#[derive(Debug, Clone, Subcommand)]
pub enum BreakerCommand {
    /// Ask a target that is left alone again at once, or all of them
    #[command(after_help = "Example: mcr breaker reset mistral,MODEL")]
    Reset {
        /// The target
        #[arg(value_name = "PROVIDER,MODEL")]
        target: Option<String>,
    },
}
