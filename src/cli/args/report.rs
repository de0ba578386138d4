//! The command line of `mcr report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::audit::since;

/// What reports rest on.
pub(super) const REPORT: &str = "\
Reports are filled from the audit record, the configuration and the catalogue of
providers; each fact has its date and source, and each gap is named. What only you
know stands in report.json: `mcr report example` prints one to begin with.

Examples:
  mcr report egress --since 24h
  mcr report ropa --format csv --output ropa.csv
  mcr report egress --format svg --output flow.svg";

/// The reports.
#[derive(Debug, Clone, Subcommand)]
pub enum ReportCommand {
    /// Show which hosts were spoken to, what was denied, and that the guard still denies
    #[command(after_help = "Example: mcr report egress --since 24h")]
    Egress(ReportOptions),
    /// Fill the record of processing activities: Art. 30(1) GDPR, fields a to g
    #[command(after_help = "Example: mcr report ropa --since 2026-01-01")]
    Ropa(ReportOptions),
    /// Gather what a data protection impact assessment needs: Art. 35(7) GDPR
    #[command(after_help = "Example: mcr report dpia --output dpia.md")]
    Dpia(ReportOptions),
    /// Show what is known of every provider, with dates and sources
    #[command(after_help = "Example: mcr report providers")]
    Providers(ReportOptions),
    /// Fill a sheet for each supplier: Art. 21(2)(d) and (3) of the NIS2 directive
    #[command(after_help = "Example: mcr report nis2 --format json")]
    Nis2(ReportOptions),
    /// Print a report.json to begin with, and say where it belongs
    #[command(after_help = "Example: mcr report example")]
    Example,
}

impl ReportCommand {
    /// The report's name, as it is typed.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Egress(_) => "egress",
            Self::Ropa(_) => "ropa",
            Self::Dpia(_) => "dpia",
            Self::Providers(_) => "providers",
            Self::Nis2(_) => "nis2",
            Self::Example => "example",
        }
    }
}

/// What is reported, and how.
#[derive(Debug, Clone, Args)]
pub struct ReportOptions {
    /// Leave out what was before, such as 24h, 7d, 2026-11-01
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<String>,
    /// The form
    #[arg(long, value_enum, default_value = "md")]
    pub format: Form,
    /// Write to this file, for its owner only, instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Markdown, with a diagram that mermaid draws
    Md,
    /// The tables as CSV
    Csv,
    /// All of it as JSON
    Json,
    /// The diagram alone, as a picture: of egress, ropa and dpia
    Svg,
}
