//! The command lines of `mcr providers` and `mcr models`.

use std::path::PathBuf;

use clap::Args;

/// What the facts are, and where one's own go.
pub(super) const PROVIDERS: &str = "\
Each fact has its source and date. Where sources disagree all of them are shown,
and what nobody here knows is `unknown`. Your own, such as when an agreement was
signed, go into facts.json beside the configuration and are shown with the others:
  { mistral: { dpa: { value: \"signed\", as_of: \"2026-10-01\", source: \"contract 17\" } } }

Examples:
  mcr providers
  mcr providers mistral
  mcr providers --json";

/// Options of `mcr providers`.
#[derive(Debug, Args)]
pub struct Providers {
    /// Show this one in full
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Use the facts beside this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Who is asked, and what for.
pub(super) const MODELS: &str = "\
A * stands before models that are configured. --refresh asks each provider for its
list, with its key; that costs no tokens. What answers is kept with its date and
shown until it is asked again. The exit code is 69 when nobody answers.

Examples:
  mcr models
  mcr models mistral --refresh
  mcr models --json";

/// Options of `mcr models`.
#[derive(Debug, Args)]
pub struct Models {
    /// Only this provider's
    #[arg(value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Ask the providers now
    #[arg(long)]
    pub refresh: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
