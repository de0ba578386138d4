//! The command line of `mcr audit`.

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::audit::{month, since};
use crate::cli::config::Form;

/// What it is, and what is to be kept elsewhere.
pub(super) const AUDIT: &str = "\
What leaves this machine, and what was not let go, stands in a chain of records in
the state folder, whose checkpoints are signed with keys that are used once. No
content, no paths, no names. `mcr audit checkpoint` prints what to keep elsewhere.

Examples:
  mcr audit show --since 24h
  mcr audit checkpoint --json > /media/stick/anchor.json
  mcr audit verify --anchor /media/stick/anchor.json";

/// Options of `mcr audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the record.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print the last records
    #[command(after_help = "Example: mcr audit tail -n 20 -f")]
    Tail(AuditTail),
    /// Show what was recorded, a line each
    #[command(after_help = "Example: mcr audit show --since 7d --kind deny")]
    Show(AuditShow),
    /// Check that the record is what was written; 65 when it is not
    #[command(after_help = "Example: mcr audit verify --anchor anchor.json")]
    Verify(AuditVerify),
    /// Print all records for another program
    #[command(after_help = "Example: mcr audit export --format csv --since 2026-11-01 > november.csv")]
    Export(AuditExport),
    /// Sign what is there, and print what to keep elsewhere
    #[command(after_help = "Example: mcr audit checkpoint --json > anchor.json")]
    Checkpoint(Form),
    /// Take old months away, and leave signed what they were
    #[command(after_help = "Example: mcr audit purge --older-than 365 --yes")]
    Purge(AuditPurge),
}

/// Options of `mcr audit tail`.
#[derive(Debug, Args)]
pub struct AuditTail {
    /// Go on with what comes
    #[arg(short, long)]
    pub follow: bool,
    /// How many records
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    pub lines: usize,
    /// Print JSON, a line each
    #[arg(long)]
    pub json: bool,
}

/// Options of `mcr audit show`.
#[derive(Debug, Args)]
pub struct AuditShow {
    /// Leave out what is older, such as 24h, 7d or 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<String>,
    /// Only this kind (can be repeated)
    #[arg(long, value_name = "KIND", value_parser = crate::cli::audit::kind)]
    pub kind: Vec<crate::audit::Kind>,
    /// Only this session: its digest, its beginning, or its id
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Only this host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `mcr audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// A checkpoint's hash that was kept elsewhere, or the file that `mcr audit checkpoint` wrote (can be repeated)
    #[arg(long, value_name = "HEX|FILE")]
    pub anchor: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `mcr audit export`.
#[derive(Debug, Args)]
pub struct AuditExport {
    /// What is printed
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: AuditFormat,
    /// Leave out what is older, such as 24h, 7d or 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<String>,
}

/// A format of `mcr audit export`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// A JSON object a line
    Jsonl,
    /// A table for spreadsheets
    Csv,
}

/// Options of `mcr audit purge`.
#[derive(Debug, Args)]
pub struct AuditPurge {
    /// Take away months of which every day is older; `Audit.retention_days` by default
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub older_than: Option<u32>,
    /// Take away the months before this one, such as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = month, conflicts_with = "older_than")]
    pub before: Option<String>,
    /// Take it away without asking
    #[arg(long)]
    pub yes: bool,
}
