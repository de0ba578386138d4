//! `mcr completions`: the committed scripts, printed.

use clap::ValueEnum;

use super::args::Completions;
use crate::error::{Exit, Failure};
use crate::ui;

/// A shell that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "a doc comment here would become a help text that says the name again")]
pub enum Completed {
    Bash,
    Elvish,
    Fish,
    #[value(alias = "nushell")]
    Nu,
    #[value(alias = "powershell")]
    Pwsh,
    Zsh,
}

/// Prints the script of a shell.
pub(super) fn run(options: &Completions) -> Result<(), Failure> {
    ui::print(options.shell.script()).map_err(|error| Failure::new(Exit::Io, error))
}

impl Completed {
    fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../../completions/mcr.bash"),
            Self::Elvish => include_str!("../../completions/mcr.elv"),
            Self::Fish => include_str!("../../completions/mcr.fish"),
            Self::Nu => include_str!("../../completions/mcr.nu"),
            Self::Pwsh => include_str!("../../completions/_mcr.ps1"),
            Self::Zsh => include_str!("../../completions/_mcr"),
        }
    }
}
