//! Who does the task: the installed Claude Code, else the client inside this binary.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::fresh::Fresh;
use super::ground::Ground;
use super::{FILE, TEXT};
use crate::cli::running::Running;
use crate::cli::witnessing::Witnessed;
use crate::error::Failure;
use crate::imitation::client::session::session_with;
use crate::launch::find::{self, NotFound};
use crate::launch::{Machine, Plan, environment, settings};

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
    /// Whether it ran at all, be it badly.
    pub(super) has_begun: bool,
    /// Whether there was no other way to the network than mcr's.
    pub(super) enclosed: Enclosed,
    /// What became of a conversation.
    pub(super) conversation: Conversed,
}

/// What became of a conversation at a terminal.
#[derive(Debug)]
pub(super) enum Conversed {
    /// There was none: the built-in client has no use for a terminal.
    Not,
    /// The answer was shown.
    Well,
    /// It was not, or not to the end.
    Badly(Trouble),
    /// The agent did not run: no terminal, no seal, no program.
    NotBegun(Trouble),
}

/// What became of a run of Claude Code's.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It did what it was asked for.
    Well,
    /// It ran, and did not.
    Badly(Trouble),
    /// It did not run.
    NotBegun(Trouble),
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

/// What a run of the agent is told, and the proxy and the witness that it has.
#[derive(Clone, Copy)]
pub(super) struct Company<'a> {
    pub(super) plan: &'a Plan,
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
    /// What was on the screen, if there was one.
    pub(super) screen: Vec<String>,
}

/// How long an answer is waited for that is not expected.
const HOPELESS: Duration = Duration::from_secs(20);

impl Agent {
    /// Looks for Claude Code.
    pub(super) fn find(machine: &Machine) -> Self {
        match find::find(&machine.places) {
            Ok(program) => Self::ClaudeCode(program),
            Err(why) => Self::BuiltIn(why),
        }
    }

    /// Does the task in `print`, and answers a person in `terminal`; sealed in where that can be.
    pub(super) async fn run(
        &self,
        machine: &Machine,
        ground: &Ground,
        print: Company<'_>,
        terminal: Company<'_>,
        patience: Duration,
    ) -> Ran {
        match self {
            Self::ClaudeCode(program) => {
                let mut fresh = Fresh { ground, machine, enclosed: Enclosed::Sealed };
                let mut version = fresh.version(program, print).await;
                if let Err(failure) = &version {
                    fresh.enclosed = Enclosed::Asked(format!("{:#}", failure.error));
                    version = fresh.version(program, print).await;
                }
                let version = version.ok().flatten().unwrap_or_else(|| "of unknown version".to_owned());
                let agent = format!("Claude Code {version}: {}", program.display());
                let (settings, has_begun, trouble) = match fresh.task(print, patience).await {
                    Ok((settings, Outcome::Well)) => (settings, true, None),
                    Ok((settings, Outcome::Badly(trouble))) => (settings, true, Some(trouble)),
                    Ok((settings, Outcome::NotBegun(trouble))) => (settings, false, Some(trouble)),
                    Err(failure) => (Value::Null, false, Some(Trouble::of_failure(&failure))),
                };
                // Who could not do the task will hardly answer; whom it asks for at a terminal is seen all the same.
                let patience = if trouble.is_some() { patience.min(HOPELESS) } else { patience };
                let conversation = match fresh.talk(terminal, patience).await {
                    Ok(Outcome::Well) => Conversed::Well,
                    Ok(Outcome::Badly(trouble)) => Conversed::Badly(trouble),
                    Ok(Outcome::NotBegun(trouble)) => Conversed::NotBegun(trouble),
                    Err(failure) => Conversed::NotBegun(Trouble::of_failure(&failure)),
                };
                Ran { agent, settings, trouble, has_begun, enclosed: fresh.enclosed, conversation }
            }
            Self::BuiltIn(why) => {
                let plan = print.plan;
                let told = environment::environment(plan, &[]);
                let settings = settings::settings(plan, &told, &[]).unwrap_or_default();
                let (model, token) = (&plan.models.main, plan.token.expose());
                let prompt = prompt();
                let session = session_with(&plan.base_url, token, &ground.work, model, &prompt);
                let trouble = match tokio::time::timeout(patience, session).await {
                    Ok(Ok(_)) => None,
                    Ok(Err(error)) => {
                        let what = format!("{:#}", anyhow::Error::new(error));
                        Some(Trouble::new(what, format!("read what the proxy did: {}", ground.logs.display())))
                    }
                    Err(_) => Some(Trouble::late(patience, ground)),
                };
                let agent = format!("built-in client ({why})");
                Ran {
                    agent,
                    settings,
                    trouble,
                    has_begun: true,
                    enclosed: Enclosed::BuiltIn,
                    conversation: Conversed::Not,
                }
            }
        }
    }
}

impl Trouble {
    pub(super) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into(), screen: Vec::new() }
    }

    fn of_failure(failure: &Failure) -> Self {
        let hints =
            if failure.hints.is_empty() { "run `mcr code -p hello`".to_owned() } else { failure.hints.join("; or ") };
        Self::new(format!("{:#}", failure.error), hints)
    }

    pub(super) fn late(patience: Duration, ground: &Ground) -> Self {
        let what = format!("the task was not done within {} s", patience.as_secs());
        Self::new(what, format!("read what the proxy waited for: {}", ground.logs.display()))
    }
}

/// The guide's task, word for word.
pub(super) fn prompt() -> String {
    format!("Create a file called {FILE} with the text \"{TEXT}\"")
}
