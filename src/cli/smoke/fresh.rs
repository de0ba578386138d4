//! Surroundings in which nothing of the user's takes part or is touched.
//!
//! Claude Code gets a home, a folder and an environment that are all new: one home for what it is asked in print mode,
//! another, in which its first questions have been answered, for the conversation at a terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::agent::{Company, Enclosed, Outcome, Trouble, prompt};
use super::conversation::{Conversation, Silence};
use super::ground::Ground;
use super::terminal::Terminal;
use crate::cli::sealing;
use crate::error::{Exit, Failure};
use crate::launch::child::{Command as Told, Stdin};
use crate::launch::seal::Seal;
use crate::launch::{self, Machine, environment, session};

/// Inherited by Claude Code; everything else of the environment is not.
const INHERITED: [&str; 6] = ["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SHELL", "USER"];

/// Where Claude Code runs.
pub(super) struct Fresh<'a> {
    pub(super) ground: &'a Ground,
    pub(super) machine: &'a Machine,
    pub(super) enclosed: Enclosed,
}

impl Fresh<'_> {
    /// Asks Claude Code for its version; what answers otherwise has none.
    ///
    /// # Errors
    /// Fails where it could not be sealed in.
    pub(super) async fn version(&self, program: &Path, company: Company<'_>) -> Result<Option<String>, Failure> {
        const PATIENCE: Duration = Duration::from_secs(20);
        // A run has the rest from `launch`; to ask for a version no settings file is written.
        let set = environment::environment(company.plan, &[]).set;
        let set = set.into_iter().filter(|(name, _)| environment::is_of_traffic(name)).collect();
        let told = Told {
            program: program.to_owned(),
            arguments: vec!["--version".into()],
            environment: environment::Environment { set, remove: Vec::new() },
            stdin: Stdin::Closed,
        };
        let Ok(Some(Ok(_))) = self.end(&told, company, "version", PATIENCE).await? else { return Ok(None) };
        let text = self.ground.read("version.out");
        let word = text.split_whitespace().next().filter(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        Ok(word.map(printable))
    }

    /// Has the task done in print mode; returns the settings that it was told, and what became of it.
    ///
    /// # Errors
    /// Fails where it cannot be told, or could not be sealed in.
    pub(super) async fn task(&self, company: Company<'_>, patience: Duration) -> Result<(Value, Outcome), Failure> {
        let arguments = ["-p", &prompt(), "--allowedTools", "Write"].map(OsString::from);
        let agent = launch::prepare(company.plan, &arguments, self.machine)?;
        let told = impatient(agent.command());
        let settings = settings_in(&told.arguments);
        let outcome = match self.end(&told, company, "agent", patience).await? {
            Ok(Some(Ok(status))) if status.success() => Outcome::Well,
            Ok(Some(Ok(status))) => Outcome::Badly(self.ended_badly(status)),
            Ok(Some(Err(error))) => Outcome::Badly(Trouble::new(error.to_string(), self.read_its_words())),
            Ok(None) => Outcome::Badly(Trouble::late(patience, self.ground)),
            Err(error) => Outcome::NotBegun(not_started(&error)),
        };
        Ok((settings, outcome))
    }

    /// Talks to it at a terminal; returns what became of it.
    ///
    /// # Errors
    /// Fails where it cannot be told, could not be sealed in, or has no terminal.
    pub(super) async fn talk(&self, company: Company<'_>, patience: Duration) -> Result<Outcome, Failure> {
        let no_terminal = |error: io::Error| {
            let error = anyhow::Error::from(error).context("there is no terminal for the agent");
            Failure::new(Exit::CannotCreate, error).hint("see that `/dev/ptmx` and `/dev/pts` are there")
        };
        let home = self.ground.known_home().map_err(no_ground)?;
        let agent = launch::prepare(company.plan, &[], self.machine)?;
        let told = impatient(agent.command());
        let (terminal, [stdin, stdout, stderr]) = Terminal::open().map_err(no_terminal)?;
        let (told, seal) = self.enclose(&told, company)?;
        let told = session::wrap(&told).map_err(no_terminal)?;
        let mut command = self.command(&told, &home);
        command.env("TERM", "xterm-256color").stdin(stdin).stdout(stdout).stderr(stderr);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Outcome::NotBegun(not_started(&error))),
        };
        // It has the terminal's other end open too.
        drop(command);
        // Dropped before the child, which is waited for then.
        let group = Group::of(&child);
        let mut conversation = Conversation::new();
        let held = within(seal, company, conversation.hold(&terminal, &mut child, patience)).await;
        group.end(&mut child).await;
        let kept = self.ground.path("terminal.out");
        std::fs::write(&kept, &conversation.shown).map_err(no_ground)?;
        let Err(Silence { what, screen }) = held? else { return Ok(Outcome::Well) };
        let logs = self.ground.logs.display();
        let next = format!("read what it wrote to the terminal: {}; and what the proxy did: {logs}", kept.display());
        let screen = screen.iter().map(|line| printable(line)).collect();
        Ok(Outcome::Badly(Trouble { screen, ..Trouble::new(what, next) }))
    }

    fn command(&self, told: &Told, home: &Path) -> Command {
        let mut command = Command::new(&told.program);
        command.env_clear();
        command.envs(INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("HOME", home).env("TMPDIR", &self.ground.temporary);
        command.envs(told.environment.set.iter().map(|(name, value)| (name, value))).args(&told.arguments);
        command.current_dir(&self.ground.work).kill_on_drop(true);
        command
    }

    /// The same command, sealed in if that is how it is to be.
    fn enclose(&self, told: &Told, company: Company<'_>) -> Result<(Told, Option<Seal>), Failure> {
        match self.enclosed {
            Enclosed::Sealed => {
                let seal = Seal::prepare(&self.machine.runtime, &company.ports)?;
                Ok((seal.wrap(told), Some(seal)))
            }
            Enclosed::Asked(_) | Enclosed::BuiltIn => Ok((told.clone(), None)),
        }
    }

    /// Runs a command to its end, sealed in if that is how it is to be; none when it took too long.
    ///
    /// # Errors
    /// Fails where it could not be sealed in; then with the system when it cannot be started.
    async fn end(
        &self,
        told: &Told,
        company: Company<'_>,
        out: &str,
        patience: Duration,
    ) -> Result<io::Result<Option<io::Result<ExitStatus>>>, Failure> {
        let (told, seal) = self.enclose(told, company)?;
        // Files in place of pipes: a process that the agent leaves behind cannot hold them up.
        let file = |end: &str| File::create(self.ground.path(&format!("{out}.{end}")));
        let start = || {
            let mut command = self.command(&told, &self.ground.home);
            command.stdin(Stdio::null()).stdout(file("out")?).stderr(file("err")?).spawn()
        };
        let mut child = match start() {
            Ok(child) => child,
            Err(error) => return Ok(Err(error)),
        };
        let Ok(end) = timeout(patience, within(seal, company, child.wait())).await else {
            let _ = child.kill().await;
            return Ok(Ok(None));
        };
        Ok(Ok(Some(end?)))
    }

    fn ended_badly(&self, status: ExitStatus) -> Trouble {
        let last = |name: &str| {
            let text = self.ground.read(name);
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(printable)
        };
        // Claude Code tells what failed on stdout, and what surprised it on stderr.
        let words = last("agent.out").or_else(|| last("agent.err")).unwrap_or_else(|| "it said nothing".to_owned());
        Trouble::new(format!("it ended with {status}: {words}"), self.read_its_words())
    }

    fn read_its_words(&self) -> String {
        format!("read what it said: {}", self.ground.path("agent.out").display())
    }
}

/// Waits for the end of what goes through the seal, where there is one.
async fn within<T>(seal: Option<Seal>, company: Company<'_>, agent: impl Future<Output = T>) -> Result<T, Failure> {
    match seal {
        Some(seal) => sealing::run(agent, seal, company.running, company.witnessed).await,
        None => Ok(agent.await),
    }
}

/// The group of a child that has begun a session: all of it ends with this, also where nobody waits any more.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Ends what has not ended.
    async fn end(mut self, child: &mut Child) {
        if child.id().is_none() {
            // It has been waited for, and its id may be another's.
            self.0 = None;
            return;
        }
        drop(self);
        let _ = child.kill().await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// Ten attempts, as usual, are minutes before a wrong key or a dead server is told.
fn impatient(told: &Told) -> Told {
    let mut told = told.clone();
    told.environment.set.push(("CLAUDE_CODE_MAX_RETRIES".to_owned(), "2".to_owned()));
    told
}

fn no_ground(error: io::Error) -> Failure {
    Failure::new(Exit::Io, anyhow::Error::from(error).context("cannot write to the folder for the task"))
        .hint("set `TMPDIR` to a folder that can be written to")
}

fn not_started(error: &io::Error) -> Trouble {
    Trouble::new(format!("it cannot be started: {error}"), "run `npm install -g @anthropic-ai/claude-code`")
}

/// Reads the settings file that the agent is given in front of its other arguments.
fn settings_in(arguments: &[OsString]) -> Value {
    let path = arguments.iter().position(|argument| argument == "--settings").and_then(|at| arguments.get(at + 1));
    let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Keeps an agent's words short and from steering the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn what_it_started_ends_with_it() {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 600 & echo; wait"]).process_group(0).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        assert_eq!(stdout.read_u8().await.unwrap(), b'\n');
        Group::of(&child).end(&mut child).await;
        assert!(child.try_wait().unwrap().is_some_and(|status| !status.success()));
        // Both of them had it open.
        assert_eq!(stdout.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_it_started_ends_where_nobody_waits_any_more() {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 600 & echo; wait"]).process_group(0).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        assert_eq!(stdout.read_u8().await.unwrap(), b'\n');
        drop((Group::of(&child), child));
        assert_eq!(stdout.read(&mut [0]).await.unwrap(), 0);
    }
}
