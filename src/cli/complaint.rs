//! What a command line that cannot be read gets to hear.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::args::Arguments;
use crate::error::Exit;
use crate::ui;

/// Prints what clap has to say, and what would have been right; returns the exit code.
///
/// Help and version are data, everything else is a usage error.
pub(super) fn complain(error: &clap::Error, words: &[OsString]) -> u8 {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return 0,
        ErrorKind::InvalidSubcommand => ui::say(format_args!("hint: {}", commands(words))),
        // What claude-code-router calls it.
        ErrorKind::UnknownArgument if words.get(1).is_some_and(|word| word == "-v") => {
            ui::say("hint: run `mcr --version`");
        }
        _ => {}
    }
    Exit::Usage as u8
}

/// Names what may stand behind the last word that is a command.
fn commands(words: &[OsString]) -> String {
    let mut command = &Arguments::command();
    let mut typed = "mcr".to_owned();
    for word in words.iter().filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            typed = format!("{typed} {word}");
            command = inner;
        }
    }
    let names: Vec<String> = command.get_subcommands().map(|inner| format!("`{}`", inner.get_name())).collect();
    format!("`{typed}` has {}", names.join(", "))
}
