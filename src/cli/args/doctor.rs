//! The command line of `mcr doctor`.

use clap::Args;

/// What the exit code says.
pub(super) const DOCTOR: &str = "\
Asks each configured provider for its models, which costs no tokens; --offline
asks nobody. The exit code is that of the worst finding: 0 fine, 1 a warning,
2 an error.

Examples:
  mcr doctor
  mcr doctor --offline --json
  mcr doctor --fix";

/// Options of `mcr doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Mend what can be mended without losing anything; the configuration before is kept
    #[arg(long)]
    pub fix: bool,
    /// Look at this machine only
    #[arg(long)]
    pub offline: bool,
}
