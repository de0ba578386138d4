//! The agent's process: run as if it had been started without mcr.
//!
//! It shares mcr's process group and terminal. What the terminal sends, the
//! kernel sends to both, and mcr outlives it; what is sent to mcr alone is passed
//! on. Where the agent stops, mcr stops too, so that the shell sees it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use super::environment::Environment;
use crate::env::{MCR_ACTIVE, MCR_SAVED};

/// What to start.
#[derive(Debug, Clone)]
pub struct Command {
    /// The executable.
    pub program: PathBuf,
    /// Its arguments, handed on as they are: there is no shell.
    pub arguments: Vec<OsString>,
    /// Changes to the environment of this process.
    pub environment: Environment,
    /// What it reads.
    pub stdin: Stdin,
}

/// What the agent reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdin {
    /// What mcr would read.
    Inherited,
    /// Nothing.
    Closed,
}

/// Runs the agent to its end and returns its exit code, 128+n after a signal.
pub async fn run(command: &Command) -> io::Result<u8> {
    let mut process = tokio::process::Command::new(&command.program);
    process.args(&command.arguments);
    for name in &command.environment.remove {
        process.env_remove(name);
    }
    // An activated shell remembers there what it had before: the very keys that go here.
    process.env_remove(MCR_SAVED).env_remove(MCR_ACTIVE);
    process.envs(command.environment.set.iter().map(|(name, value)| (name, value)));
    if command.stdin == Stdin::Closed {
        process.stdin(Stdio::null());
    }
    system::run(process).await
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
    use tokio::process::{Child, Command};
    use tokio::signal::unix::{SignalKind, signal};

    use crate::launch::signals::Ignored;

    pub(super) async fn run(mut command: Command) -> io::Result<u8> {
        // Before the agent exists, so that no signal falls between.
        let ignored = Ignored::of_process();
        let mut interrupt = ignored.listen(SignalKind::interrupt())?;
        let mut quit = ignored.listen(SignalKind::quit())?;
        let mut suspend = ignored.listen(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
        let mut resume = ignored.listen(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        let mut terminate = ignored.listen(SignalKind::terminate())?;
        let mut hang_up = ignored.listen(SignalKind::hangup())?;
        // Without it there is no end to wait for, ignored or not.
        let mut changed = signal(SignalKind::child())?;
        let mut child = command.spawn()?;
        loop {
            tokio::select! {
                status = child.wait() => return Ok(exit_code(status?)),
                () = interrupt.recv() => pass_unless_the_terminal_did(&child, Signal::INT),
                () = quit.recv() => pass_unless_the_terminal_did(&child, Signal::QUIT),
                () = suspend.recv() => pass_unless_the_terminal_did(&child, Signal::TSTP),
                () = resume.recv() => pass(&child, Signal::CONT),
                () = terminate.recv() => pass(&child, Signal::TERM),
                () = hang_up.recv() => pass(&child, Signal::HUP),
                _ = changed.recv() => stop_with(&child),
            }
        }
    }

    fn exit_code(status: ExitStatus) -> u8 {
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or_default();
        u8::try_from(code).unwrap_or(u8::MAX)
    }

    /// The agent's id, as long as it has not been waited for and so cannot be another's.
    fn id(child: &Child) -> Option<Pid> {
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    fn pass(child: &Child, signal: Signal) {
        if let Some(id) = id(child) {
            let _ = rustix::process::kill_process(id, signal);
        }
    }

    /// Ctrl-C twice ends Claude Code: a key pressed once must not arrive twice.
    ///
    /// A signal does not tell who sent it. In the terminal's foreground it is
    /// taken for the terminal's, which sent it to the agent too.
    fn pass_unless_the_terminal_did(child: &Child, signal: Signal) {
        if !is_in_foreground() {
            pass(child, signal);
        }
    }

    fn is_in_foreground() -> bool {
        let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
        rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
    }

    fn stop_with(child: &Child) {
        let Some(id) = id(child) else { return };
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        if let Ok(Some(status)) = rustix::process::waitid(WaitId::Pid(id), options)
            && status.stopped()
        {
            let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::STOP);
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    use tokio::process::Command;

    pub(super) async fn run(mut command: Command) -> io::Result<u8> {
        let mut child = command.spawn()?;
        loop {
            tokio::select! {
                status = child.wait() => {
                    return Ok(status?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
                }
                // The console sends it to the agent too.
                _ = tokio::signal::ctrl_c() => {}
            }
        }
    }
}
