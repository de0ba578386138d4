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
use crate::error::Failure;
use crate::imitation::client::session::session_with;
use crate::launch::find::{self, NotFound};
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

    /// Does the task; `proxies` are the variables that lead elsewhere than to mcr.
    pub(super) async fn run(
        &self,
        plan: &Plan,
        machine: &Machine,
        ground: &Ground,
        proxies: &[(&'static str, String)],
        patience: Duration,
    ) -> Ran {
        match self {
            Self::ClaudeCode(program) => {
                let fresh = Fresh { ground, proxies };
                let version = fresh.version(program).await.unwrap_or_else(|| "of unknown version".to_owned());
                let agent = format!("Claude Code {version}: {}", program.display());
                let (settings, trouble) = match fresh.task(plan, machine, patience).await {
                    Ok((settings, trouble)) => (settings, trouble),
                    Err(failure) => (Value::Null, Some(Trouble::of_failure(&failure))),
                };
                Ran { agent, settings, trouble }
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
                Ran { agent: format!("built-in client ({why})"), settings, trouble }
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
    proxies: &'a [(&'static str, String)],
}

impl Fresh<'_> {
    fn command(&self, program: &Path, out: &str) -> std::io::Result<Command> {
        let mut command = Command::new(program);
        command.env_clear();
        command.envs(INHERITED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.env("HOME", &self.ground.home).env("TMPDIR", &self.ground.temporary);
        command.envs(self.proxies.iter().map(|(name, value)| (name, value)));
        // Files in place of pipes: a process that the agent leaves behind cannot hold them up.
        let file = |end: &str| File::create(self.ground.path(&format!("{out}.{end}")));
        command.stdin(Stdio::null()).stdout(file("out")?).stderr(file("err")?);
        command.current_dir(&self.ground.work).kill_on_drop(true);
        Ok(command)
    }

    /// Asks Claude Code for its version; what answers otherwise has none.
    async fn version(&self, program: &Path) -> Option<String> {
        const PATIENCE: Duration = Duration::from_secs(20);
        let mut command = self.command(program, "version").ok()?;
        // A run has these from `launch`; to ask for a version no settings file is written.
        command.envs(environment::QUIET.iter().copied()).arg("--version");
        let mut child = command.spawn().ok()?;
        tokio::time::timeout(PATIENCE, child.wait()).await.ok()?.ok()?;
        let text = self.ground.read("version.out");
        let word = text.split_whitespace().next()?;
        word.starts_with(|first: char| first.is_ascii_digit()).then(|| printable(word))
    }

    async fn task(
        &self,
        plan: &Plan,
        machine: &Machine,
        patience: Duration,
    ) -> Result<(Value, Option<Trouble>), Failure> {
        let arguments = ["-p", &prompt(), "--allowedTools", "Write"].map(OsString::from);
        let agent = launch::prepare(plan, &arguments, machine)?;
        let told = agent.command();
        let settings = settings_in(&told.arguments);
        let start = || {
            let mut command = self.command(&told.program, "agent")?;
            // Ten, as usual, are minutes before a wrong key or a dead server is told.
            command.env("CLAUDE_CODE_MAX_RETRIES", "2");
            for (name, value) in &told.environment.set {
                command.env(name, value);
            }
            command.args(&told.arguments).spawn()
        };
        let mut child = match start() {
            Ok(child) => child,
            Err(error) => {
                let what = format!("it cannot be started: {error}");
                let next = "run `npm install -g @anthropic-ai/claude-code`".to_owned();
                return Ok((settings, Some(Trouble { what, next })));
            }
        };
        let trouble = match tokio::time::timeout(patience, child.wait()).await {
            Ok(Ok(status)) if status.success() => None,
            Ok(Ok(status)) => Some(self.ended_badly(status)),
            Ok(Err(error)) => Some(Trouble { what: error.to_string(), next: self.read_its_words() }),
            Err(_) => {
                let _ = child.kill().await;
                Some(Trouble::late(patience, self.ground))
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
