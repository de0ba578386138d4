//! The command lines of `mcr activate` and `mcr deactivate`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::launch::shell::Shell;

/// A line for each shell's start file.
pub(super) const ACTIVATE: &str = "\
bash, zsh  eval \"$(mcr activate bash)\"
fish       mcr activate fish | source
nushell    let mcr = (mcr activate nu | from json)
           $mcr.set | load-env; hide-env --ignore-errors ...$mcr.unset
pwsh       mcr activate pwsh | Out-String | Invoke-Expression
elvish     eval (mcr activate elvish | slurp)

Starts the service if it does not run. Settings files of Claude Code beat the
environment; `mcr code` is beaten by none.

Example: eval \"$(mcr activate --preset mistral-ollama)\"";

/// How it is taken in.
pub(super) const DEACTIVATE: &str = "Example: eval \"$(mcr deactivate)\"";

/// Options of `mcr activate`.
#[derive(Debug, Args)]
pub struct Activate {
    /// The shell that takes it in; left out, the one that runs the command
    #[arg(value_parser = shell())]
    pub shell: Option<Shell>,
    /// Use this preset instead of the configuration
    #[arg(long, value_name = "PRESET")]
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
