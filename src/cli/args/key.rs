//! The command line of `mcr key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::config::Form;
use crate::config::{Host, KeyName};

/// What a key is bound to, and where else one may be.
pub(super) const KEY: &str = "\
A stored key goes to the hosts it was set for and to no other, whatever a
configuration or a preset says later. A provider uses it as
\"api_key\": \"store:NAME\"; env:NAME, file:PATH and cmd:PROGRAM ARGS are other
places where a key may be.

Examples:
  mcr key set mistral --host api.eu.mistral.ai
  mcr key test";

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
    #[command(after_help = KEY_SET)]
    Set(KeySet),
    /// List the stored keys' names, days, hosts and users, never the keys
    #[command(after_help = "Example: mcr key list --json")]
    List(Form),
    /// Remove a key from the store
    #[command(after_help = "Example: mcr key rm mistral")]
    Rm {
        /// The key's name
        #[arg(value_name = "KEY", value_parser = KeyName::parse)]
        name: KeyName,
    },
    /// Ask each provider for its models with its key; 0 when all work, 77 refused, 69 unavailable, 78 no key
    #[command(after_help = "Example: mcr key test mistral")]
    Test(KeyTest),
}

/// Both ways to give a key.
const KEY_SET: &str = "\
Examples:
  mcr key set mistral --host api.eu.mistral.ai
  pass show mistral | mcr key set mistral --host api.eu.mistral.ai --from-stdin";

/// Options of `mcr key set`.
#[derive(Debug, Args)]
pub struct KeySet {
    /// The key's name, such as `mistral`
    #[arg(value_name = "KEY", value_parser = KeyName::parse)]
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
