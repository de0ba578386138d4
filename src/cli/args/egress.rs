//! The command line of `mcr egress`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::config::Form;

/// What decides, and where it stands.
pub(super) const EGRESS: &str = "\
mcr speaks to operators established in the EU, the EEA or Switzerland, and to this
machine and its network, and to nobody else, unless `Egress` of the configuration or
`mcr egress allow` says so. Every address that a host's name leads to is checked.

Examples:
  mcr egress show
  mcr egress check https://api.openai.com/v1
  mcr egress allow llm.example --operator 'Example GmbH' --country DE --reason 'our contract'";

/// Options of `mcr egress`.
#[derive(Debug, Args)]
pub struct Egress {
    /// What to do
    #[command(subcommand)]
    pub command: EgressCommand,
    /// Use this configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What to do with the guard.
#[derive(Debug, Subcommand)]
pub enum EgressCommand {
    /// Show what is decided of every configured target, and why
    #[command(after_help = "Example: mcr egress show --json")]
    Show(EgressShow),
    /// Say whether a host would be spoken to; 77 when not
    #[command(after_help = "Example: mcr egress check api.eu.mistral.ai")]
    Check(EgressCheck),
    /// Vouch for a host, so that it may be spoken to
    #[command(after_help = "Example: mcr egress allow gpu.lan --operator us --reason 'our own server' --private")]
    Allow(EgressAllow),
    /// Take that back, or forbid a host that would be spoken to
    #[command(after_help = "Example: mcr egress deny api.openai.com")]
    Deny(EgressDeny),
    /// Change providers from an endpoint that promises no place to the same provider's in the EU
    #[command(after_help = "Example: mcr egress use-eu")]
    UseEu,
}

/// Options of `mcr egress show`.
#[derive(Debug, Args)]
pub struct EgressShow {
    /// Show the targets of this preset, under its own rules as well
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the option in the help")]
    pub form: Form,
}

/// Options of `mcr egress check`.
#[derive(Debug, Args)]
pub struct EgressCheck {
    /// A host, or an address that names one
    #[arg(value_name = "HOST|URL")]
    pub host: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the one of the option in the help")]
    pub form: Form,
}

/// Options of `mcr egress allow`.
#[derive(Debug, Args)]
pub struct EgressAllow {
    /// The host
    #[arg(value_name = "HOST")]
    pub host: String,
    /// Who operates it; what the catalogue knows by default
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// Why it may be spoken to
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The operator's country, in two letters
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// Where the host promises to work: EU, a country's two letters, global
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Its name has to lead into this machine's network, and nowhere else
    #[arg(long)]
    pub private: bool,
}

/// Options of `mcr egress deny`.
#[derive(Debug, Args)]
pub struct EgressDeny {
    /// The host
    #[arg(value_name = "HOST")]
    pub host: String,
}
