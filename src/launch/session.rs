//! A session of its own at the terminal that is standard input.
//!
//! Who opened a pseudo-terminal for the agent starts itself once more with a hidden word in front of the agent's
//! command. That process leaves mcr's session, makes the terminal its controlling one and becomes the agent: what the
//! agent asks of `/dev/tty` is then asked of that terminal and never of the user's, a signal to its process group
//! reaches nobody else, and the kernel hangs up on what it started when it ends.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process;

use super::child::Command;
use super::not_started;
use crate::error::{Exit, Failure};

/// The hidden command: `mcr __session PROGRAM [ARGUMENT]...`.
const WORD: &str = "__session";

/// Returns what stands behind the hidden command.
pub fn asked(mut words: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    (words.nth(1)? == WORD).then(|| words.collect())
}

/// The same command, in a session of its own.
///
/// # Errors
/// Fails where the system does not tell which file this program is.
pub fn wrap(command: &Command) -> io::Result<Command> {
    // This very file, even where an update has put another in its place.
    let program = if cfg!(target_os = "linux") { PathBuf::from("/proc/self/exe") } else { std::env::current_exe()? };
    let mut arguments: Vec<OsString> = vec![WORD.into(), command.program.clone().into()];
    arguments.extend(command.arguments.iter().cloned());
    Ok(Command { program, arguments, ..command.clone() })
}

/// Begins the session and becomes the agent; returns only when that cannot be.
pub fn enter(words: &[OsString]) -> Result<u8, Failure> {
    let [program, arguments @ ..] = words else {
        return Err(Failure::say(Exit::Usage, "this command is mcr's own").hint("run `mcr smoke`"));
    };
    let begun = rustix::process::setsid().and_then(|_| rustix::process::ioctl_tiocsctty(rustix::stdio::stdin()));
    begun.map_err(|error| {
        let what = "cannot begin a session at the terminal that is standard input";
        Failure::new(Exit::Io, anyhow::Error::from(io::Error::from(error)).context(what))
    })?;
    let error = process::Command::new(program).args(arguments).exec();
    Err(not_started(Path::new(program), error))
}
