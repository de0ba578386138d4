//! Who does the task: the installed Claude Code, else the client inside this binary.
//!
//! Claude Code gets a home, a folder and an environment that are all new, so
//! that nothing of the user's takes part or is touched.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::ground::Ground;
use super::{FILE, TEXT};
use crate::cli::running::Running;
use crate::cli::sealing;
use crate::cli::witnessing::Witnessed;
use crate::error::Failure;
use crate::imitation::client::session::session_with;
use crate::launch::child::{Command as Told, Stdin};
use crate::launch::find::{self, NotFound};
use crate::launch::seal::Seal;
use crate::launch::{self, Machine, Plan, environment, settings};

/// Who does the task.
#[derive(Debug)]
pub(super) enum Agent {
    /// The real one.
    ClaudeCode(PathBuf),
    /// The one inside this binary, and why it has to be.
    BuiltIn(NotFound),
}

/// What an agent was told, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// The agent in a few words.
    pub(super) agent: String,
    /// The settings it was given.
    pub(super) settings: Value,
    /// Why it did not come to its end.
    pub(super) trouble: Option<Trouble>,
    /// Whether there was no other way to the network than mcr's.
    pub(super) enclosed: Enclosed,
}

/// Whether an agent could go past mcr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Enclosed {
    /// It could not.
    Sealed,
    /// It could, had it ignored its proxy variables: why it was not sealed in.
    Asked(String),
    /// It speaks to mcr and to nobody else.
    BuiltIn,
}

/// The proxy and the witness that an agent has.
#[derive(Clone, Copy)]
pub(super) struct Company<'a> {
    pub(super) running: &'a Running,
    pub(super) witnessed: &'a Witnessed,
    /// The proxy's port and the witness's.
    pub(super) ports: [u16; 2],
}

/// What went wrong and what to do about it.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) next: String,
}

/// Inherited by Claude Code; everything else of the environment is not.
const INHERITED: [&str; 6] = ["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SHELL", "USER"];

impl Agent {
    /// Looks for Claude Code.
    pub(super) fn find(machine: &Machine) -> Self {
        match find::find(&machine.places) {
            Ok(program) => Self::ClaudeCode(program),
            Err(why) => Self::BuiltIn(why),
        }
    }

    /// Does the task, sealed in where that can be.
    pub(super) async fn run(
        &self,
        plan: &Plan,
        machine: &Machine,
        ground: &Ground,
        company: Company<'_>,
        patience: Duration,
    ) -> Ran {
        match self {
            Self::ClaudeCode(program) => {
                let mut fresh = Fresh { ground, plan, machine, company, enclosed: Enclosed::Sealed };
                let mut version = fresh.version(program).await;
                if let Err(failure) = &version {
                    fresh.enclosed = Enclosed::Asked(format!("{:#}", failure.error));
                    version = fresh.version(program).await;
                }
                let version = version.ok().flatten().unwrap_or_else(|| "of unknown version".to_owned());
                let agent = format!("Claude Code {version}: {}", program.display());
                let (settings, trouble) = match fresh.task(patience).await {
                    Ok((settings, trouble)) => (settings, trouble),
                    Err(failure) => (Value::Null, Some(Trouble::of_failure(&failure))),
                };
                Ran { agent, settings, trouble, enclosed: fresh.enclosed }
            }
            Self::BuiltIn(why) => {
                let told = environment::environment(plan, &[]);
                let settings = settings::settings(plan, &told, &[]).unwrap_or_default();
                let (model, token) = (&plan.models.main, plan.token.expose());
                let prompt = prompt();
                let session = session_with(&plan.base_url, token, &ground.work, model, &prompt);
                let trouble = match tokio::time::timeout(patience, session).await {
                    Ok(Ok(_)) => None,
                    Ok(Err(error)) => Some(Trouble {
                        what: format!("{:#}", anyhow::Error::new(error)),
                        next: format!("read what the proxy did: {}", ground.logs.display()),
                    }),
                    Err(_) => Some(Trouble::late(patience, ground)),
                };
                Ran { agent: format!("built-in client ({why})"), settings, trouble, enclosed: Enclosed::BuiltIn }
            }
        }
    }
}

impl Trouble {
    fn of_failure(failure: &Failure) -> Self {
        let hints =
            if failure.hints.is_empty() { "run `mcr code -p hello`".to_owned() } else { failure.hints.join("; or ") };
        Self { what: format!("{:#}", failure.error), next: hints }
    }

    fn late(patience: Duration, ground: &Ground) -> Self {
        let what = format!("the task was not done within {} s", patience.as_secs());
        Self { what, next: format!("read what the proxy waited for: {}", ground.logs.display()) }
    }
}

/// The guide's task, word for word.
fn prompt() -> String {
    format!("Create a file called {FILE} with the text \"{TEXT}\"")
}

/// Surroundings in which nothing of the user's is.
struct Fresh<'a> {
    ground: &'a Ground,
    plan: &'a Plan,
    machine: &'a Machine,
    company: Company<'a>,
    enclosed: Enclosed,
}

impl Fresh<'_> {
    fn command(&self, program: &Path, out: &str) -> std::io::Result<Command> {
        let mut command = Command::new(program);
        command.env_clear();
        command.envs(INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("HOME", &self.ground.home).env("TMPDIR", &self.ground.temporary);
        // Files in place of pipes: a process that the agent leaves behind cannot hold them up.
        let file = |end: &str| File::create(self.ground.path(&format!("{out}.{end}")));
        command.stdin(Stdio::null()).stdout(file("out")?).stderr(file("err")?);
        command.current_dir(&self.ground.work).kill_on_drop(true);
        Ok(command)
    }

    /// Asks Claude Code for its version; what answers otherwise has none.
    ///
    /// # Errors
    /// Fails where it could not be sealed in.
    async fn version(&self, program: &Path) -> Result<Option<String>, Failure> {
        const PATIENCE: Duration = Duration::from_secs(20);
        // A run has the rest from `launch`; to ask for a version no settings file is written.
        let set = environment::environment(self.plan, &[]).set;
        let set = set.into_iter().filter(|(name, _)| environment::is_of_traffic(name)).collect();
        let told = Told {
            program: program.to_owned(),
            arguments: vec!["--version".into()],
            environment: environment::Environment { set, remove: Vec::new() },
            stdin: Stdin::Closed,
        };
        let Ok(Some(Ok(_))) = self.end(&told, "version", PATIENCE).await? else { return Ok(None) };
        let text = self.ground.read("version.out");
        let word = text.split_whitespace().next().filter(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        Ok(word.map(printable))
    }

    /// Runs a command to its end, sealed in if that is how it is to be; none when it took too long.
    ///
    /// # Errors
    /// Fails where it could not be sealed in; then with the system when it cannot be started.
    async fn end(
        &self,
        told: &Told,
        out: &str,
        patience: Duration,
    ) -> Result<std::io::Result<Option<std::io::Result<ExitStatus>>>, Failure> {
        let Company { running, witnessed, ports } = self.company;
        let seal = match self.enclosed {
            Enclosed::Sealed => Some(Seal::prepare(&self.machine.runtime, &ports)?),
            Enclosed::Asked(_) | Enclosed::BuiltIn => None,
        };
        let told = seal.as_ref().map_or_else(|| told.clone(), |seal| seal.wrap(told));
        let start = || {
            let mut command = self.command(&told.program, out)?;
            command.envs(told.environment.set.iter().map(|(name, value)| (name, value)));
            command.args(&told.arguments).spawn()
        };
        let mut child = match start() {
            Ok(child) => child,
            Err(error) => return Ok(Err(error)),
        };
        let end = match seal {
            Some(seal) => tokio::time::timeout(patience, sealing::run(child.wait(), seal, running, witnessed)).await,
            None => tokio::time::timeout(patience, async { Ok(child.wait().await) }).await,
        };
        let Ok(end) = end else {
            let _ = child.kill().await;
            return Ok(Ok(None));
        };
        Ok(Ok(Some(end?)))
    }

    async fn task(&self, patience: Duration) -> Result<(Value, Option<Trouble>), Failure> {
        let arguments = ["-p", &prompt(), "--allowedTools", "Write"].map(OsString::from);
        let agent = launch::prepare(self.plan, &arguments, self.machine)?;
        let mut told = agent.command().clone();
        // Ten, as usual, are minutes before a wrong key or a dead server is told.
        told.environment.set.push(("CLAUDE_CODE_MAX_RETRIES".to_owned(), "2".to_owned()));
        let settings = settings_in(&told.arguments);
        let trouble = match self.end(&told, "agent", patience).await? {
            Ok(Some(Ok(status))) if status.success() => None,
            Ok(Some(Ok(status))) => Some(self.ended_badly(status)),
            Ok(Some(Err(error))) => Some(Trouble { what: error.to_string(), next: self.read_its_words() }),
            Ok(None) => Some(Trouble::late(patience, self.ground)),
            Err(error) => {
                let what = format!("it cannot be started: {error}");
                let next = "run `npm install -g @anthropic-ai/claude-code`".to_owned();
                Some(Trouble { what, next })
            }
        };
        Ok((settings, trouble))
    }

    fn ended_badly(&self, status: ExitStatus) -> Trouble {
        let last = |name: &str| {
            let text = self.ground.read(name);
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(printable)
        };
        // Claude Code tells what failed on stdout, and what surprised it on stderr.
        let words = last("agent.out").or_else(|| last("agent.err")).unwrap_or_else(|| "it said nothing".to_owned());
        Trouble { what: format!("it ended with {status}: {words}"), next: self.read_its_words() }
    }

    fn read_its_words(&self) -> String {
        format!("read what it said: {}", self.ground.path("agent.out").display())
    }
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
