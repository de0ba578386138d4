//! One file per command; `args` holds the command line itself.

pub mod args;
pub mod code;
pub mod config;
pub mod key;
pub mod named;
pub mod preset;
pub mod smoke;
pub mod start;
pub mod statusline;

mod running;

use std::path::Path;

use clap::Parser;
use clap::error::ErrorKind;

use crate::error::{Exit, Failure};
use crate::paths::Paths;
use args::{Arguments, Command};
use config::Place;

/// Runs the command line of this process; the number is the exit code.
pub fn run() -> Result<u8, Failure> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return Ok(complain(&error)),
    };
    let paths = Paths::from_environment(&variable)?;
    let place = |inner: Option<&Path>, run: &dyn Fn(&Place<'_>) -> Result<u8, Failure>| {
        let explicit = inner.or(arguments.own.config.as_deref());
        run(&Place { explicit, paths: &paths, environment: &variable })
    };
    match &arguments.command {
        Command::Code(code) => place(None, &|place| code::run(&arguments.own, &code.arguments, place)),
        Command::Start(start) => place(start.config.as_deref(), &|place| start::run(&arguments.own, start, place)),
        Command::Config(options) => {
            place(options.config.as_deref(), &|place| config::run(options.command, place).map(|()| 0))
        }
        Command::Key(options) => place(options.config.as_deref(), &|place| key::run(&options.command, place)),
        Command::Smoke(smoke) => place(None, &|place| smoke::run(smoke, place)),
        Command::Preset(command) => place(None, &|place| preset::run(command, place).map(|()| 0)),
        Command::Named(words) => place(None, &|place| named::run(&arguments.own, words, place)),
        Command::Statusline => statusline::run().map(|()| 0),
    }
}

/// Looks a variable of this process up; text that is not Unicode counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints what clap has to say: help and version are data, everything else is a usage error.
fn complain(error: &clap::Error) -> u8 {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        _ => Exit::Usage as u8,
    }
}
