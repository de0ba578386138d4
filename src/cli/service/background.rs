//! The service as a process of its own: mcr starts itself once more, and waits for the line that says it serves.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use crate::cli::args::{Own, Serve};
use crate::cli::config::Place;
use crate::config;
use crate::env;
use crate::error::{Exit, Failure};
use crate::launch::service::Facts;
use crate::paths::{self, Paths};
use crate::ui;

/// What the service writes to stderr while it runs: warnings of its start, and what it cannot put into the log.
pub(super) const WORDS: &str = "service.stderr";
/// A start that takes longer than this hangs; a program that prints the service's token may take its time.
const PATIENCE: Duration = Duration::from_mins(1);

/// The options that a service is started with, whose paths hold from anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The configuration that was named.
    pub(super) config: Option<PathBuf>,
    /// The port that was named.
    pub(super) port: Option<u16>,
    /// Whether nothing leaves this machine and its network.
    pub(super) offline_only: bool,
    /// Where bodies are written.
    pub(super) trace_bodies: Option<PathBuf>,
}

impl Wanted {
    /// Collects the options of a command line.
    pub(super) fn new(own: &Own, options: &Serve, place: &Place<'_>) -> Result<Self, Failure> {
        let trace = options.trace_bodies.as_deref().or(own.trace_bodies.as_deref());
        let trace_bodies = trace.map(absolute).transpose()?;
        let offline_only = own.offline_only;
        Ok(Self { port: options.port, offline_only, trace_bodies, ..Self::of_configuration(place)? })
    }

    /// Whatever serves this configuration.
    pub(super) fn of_configuration(place: &Place<'_>) -> Result<Self, Failure> {
        let config = config::named(place.explicit, place.environment);
        Ok(Self { config: config.as_deref().map(absolute).transpose()?, ..Self::default() })
    }

    /// Whether a running service is what these options ask for; what they leave open is met by anything.
    pub(super) fn is_met_by(&self, running: &Facts) -> bool {
        let config = self.config.is_none() || self.config == running.config;
        // Port 0 is a free one, which it has.
        let port = self.port.is_none_or(|port| port == 0 || Some(port) == running.port);
        let trace = self.trace_bodies.is_none() || self.trace_bodies == running.trace_bodies;
        config && port && trace && (running.offline_only || !self.offline_only)
    }

    /// Fills in what is left open with what a service had before.
    pub(super) fn or(self, before: &Facts) -> Self {
        Self {
            config: self.config.or_else(|| before.config.clone()),
            port: self.port.or(before.port),
            offline_only: self.offline_only || before.offline_only,
            trace_bodies: self.trace_bodies.or_else(|| before.trace_bodies.clone()),
        }
    }

    fn arguments(&self) -> Vec<OsString> {
        let offline = self.offline_only.then_some("--offline-only");
        let words = offline.into_iter().chain(["start", "--foreground", "--detached"]);
        let mut arguments: Vec<OsString> = words.map(OsString::from).collect();
        let mut give = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        if let Some(config) = &self.config {
            give("--config", config.into());
        }
        if let Some(port) = self.port {
            give("--port", port.to_string().into());
        }
        if let Some(trace) = &self.trace_bodies {
            give("--trace-bodies", trace.into());
        }
        arguments
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::new(Exit::Usage, error))
}

/// How a start went.
pub(in crate::cli) enum Started {
    /// It serves; these are its words.
    Serves(String),
    /// It ended with this code; its words have been said.
    Ended(u8),
}

/// Starts the service and stays until it serves.
///
/// # Errors
/// Fails when the process cannot be started, and when it neither serves nor ends.
pub(super) fn spawn(wanted: &Wanted, places: &Paths) -> Result<Started, Failure> {
    let cannot = |error: std::io::Error| {
        let exit = paths::exit(&error, Exit::CannotCreate);
        Failure::new(exit, anyhow::Error::new(error).context("cannot start the service"))
    };
    let words = places.logs.join(WORDS);
    let no_place = |error| cannot(error).hint("set `MCR_HOME` to a folder of your own, which need not be there yet");
    paths::private_dir(&places.logs).and_then(|()| paths::write_atomic(&words, b"")).map_err(no_place)?;
    let mut command = Command::new(std::env::current_exe().map_err(cannot)?);
    command.args(wanted.arguments()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(paths::append_private(&words).map_err(cannot)?);
    // It works in another folder, where a relative path would mean something else.
    for name in [env::MCR_HOME, env::MCR_CONFIG] {
        if let Some(path) = std::env::var_os(name).filter(|path| !path.is_empty()) {
            command.env(name, std::path::absolute(path).map_err(cannot)?);
        }
    }
    let mut child = command.spawn().map_err(cannot)?;
    let stdout = child.stdout.take().ok_or_else(|| cannot(std::io::ErrorKind::BrokenPipe.into()))?;
    let serves = ready(stdout);
    let said = paths::read_private(&words).unwrap_or_default().trim_end().to_owned();
    match serves {
        Some(true) => Ok(Started::Serves(said)),
        Some(false) => {
            ui::say(if said.is_empty() { "error: the service ended without a word" } else { &said });
            ended(&mut child).map(Started::Ended).map_err(cannot)
        }
        None => Err(hangs(&mut child)),
    }
}

impl Started {
    /// Says what the service said, and returns the exit code.
    pub(super) fn told(self) -> u8 {
        match self {
            Self::Serves(words) => {
                ui::say(words);
                0
            }
            Self::Ended(code) => code,
        }
    }
}

/// Waits for the ready line: true when it came, false when the output ended without it, nothing when time ran out.
fn ready(stdout: ChildStdout) -> Option<bool> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        sender.send(line.pointer("/ok/port").is_some())
    });
    receiver.recv_timeout(PATIENCE).ok()
}

fn ended(child: &mut Child) -> std::io::Result<u8> {
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    // It ended without serving, so there is no such thing as success; one that was killed has no code.
    Ok(code.filter(|code| *code != 0).unwrap_or(Exit::Software as u8))
}

fn hangs(child: &mut Child) -> Failure {
    // Not waited for yet, so that it is still ours.
    let _ = child.kill();
    let _ = child.wait();
    Failure::say(Exit::Unavailable, format!("the service did not start within {} s", PATIENCE.as_secs()))
        .hint("run `mcr start --foreground` to see what it waits for")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_is_met_by_anything() {
        let running = Facts { config: Some("/c".into()), port: Some(1), ..Facts::default() };
        let met = |config: Option<&str>, port| {
            Wanted { config: config.map(PathBuf::from), port, ..Wanted::default() }.is_met_by(&running)
        };
        assert!(met(None, None) && met(Some("/c"), Some(1)) && met(None, Some(0)));
        assert!(!met(Some("/d"), None) && !met(None, Some(2)));
    }

    #[test]
    fn a_restart_keeps_what_it_is_not_told() {
        let before = Facts { config: Some("/c".into()), port: Some(1), ..Facts::default() };
        let wanted = Wanted { port: Some(2), ..Wanted::default() }.or(&before);
        assert_eq!(wanted.arguments(), ["start", "--foreground", "--detached", "--config", "/c", "--port", "2"]);
    }
}
