//! Starts Claude Code so that every request goes to the embedded proxy.
//!
//! [`prepare`] decides and writes the settings file, [`Agent::run`] starts the
//! process and stays until it ends. What cannot be routed is refused.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::paths;

pub mod activation;
pub mod arguments;
pub mod child;
pub mod environment;
pub mod find;
pub mod managed;
pub mod seal;
pub mod service;
pub mod session;
pub mod settings;
pub mod settings_file;
pub mod shell;
#[cfg(unix)]
pub mod signals;
pub mod version;

pub use environment::{Models, Own, Plan};

use arguments::{Arguments, Purpose, Unroutable};
use seal::Seal;
use settings_file::SettingsFile;

/// An agent that is ready to run; its settings file goes when this value does.
#[derive(Debug)]
pub struct Agent {
    command: child::Command,
    settings: Option<SettingsFile>,
    purpose: Purpose,
}

/// Where things lie on this machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Where to look for Claude Code.
    pub places: find::Places,
    /// Takes the settings file; made with mode 0700.
    pub runtime: PathBuf,
    /// The administrator's settings: [`managed::folder`].
    pub managed: PathBuf,
    /// The user's `NO_PROXY` and `no_proxy`.
    pub no_proxy: Vec<String>,
}

impl Machine {
    /// Looks at this process's environment.
    pub fn of_process(configured: Option<&str>, home: Option<PathBuf>, runtime: PathBuf) -> Self {
        Self {
            places: find::Places::of_process(configured, home),
            runtime,
            managed: managed::folder(),
            no_proxy: ["NO_PROXY", "no_proxy"].into_iter().filter_map(|name| std::env::var(name).ok()).collect(),
        }
    }
}

/// Makes an agent ready: finds it, checks that it can be routed, writes its settings.
pub fn prepare(plan: &Plan, user: &[OsString], machine: &Machine) -> Result<Agent, Failure> {
    let arguments = arguments::take_apart(user);
    if let Purpose::Unroutable(reason) = arguments.purpose {
        return Err(refuse(reason));
    }
    let program = find::find(&machine.places).map_err(not_found)?;
    let no_proxy: Vec<&str> = machine.no_proxy.iter().map(String::as_str).collect();
    let environment = environment::environment(plan, &no_proxy);
    let (environment, settings) = match arguments.purpose {
        // What is there to look after would not be shown.
        Purpose::Background => (environment.without(&[environment::NO_AGENT_VIEW]), None),
        // Asked for in so many words; no part of a conversation goes with it.
        Purpose::Update => (environment.without(&["DISABLE_AUTOUPDATER", environment::NO_UPDATES]), None),
        Purpose::Routed | Purpose::Errand | Purpose::Unroutable(_) => {
            refuse_other_routes(&arguments, &machine.managed)?;
            let user = arguments.settings.iter().map(|value| read(value)).collect::<Result<Vec<_>, _>>()?;
            // The user's own come after the preset's, and so over them.
            let preset = Some(Value::Object(plan.own.settings.clone())).filter(|_| !plan.own.settings.is_empty());
            let user: Vec<Value> = preset.into_iter().chain(user.into_iter().flatten()).collect();
            let settings = settings::settings(plan, &environment, &user).map_err(|error| {
                Failure::new(
                    Exit::Data,
                    anyhow::Error::from(error).context("cannot use the settings given with `--settings`"),
                )
                .hint("Claude Code ignores settings in which one field is wrong, and mcr's routing would go with them")
            })?;
            let file = settings_file::write(&machine.runtime, &settings).map_err(no_settings_file)?;
            (environment, Some(file))
        }
    };
    let stdin = if plan.non_interactive { child::Stdin::Closed } else { child::Stdin::Inherited };
    let path = settings.as_ref().map(|file| file.path().as_os_str());
    let command = child::Command { program, arguments: arguments.with_settings(path), environment, stdin };
    Ok(Agent { command, settings, purpose: arguments.purpose })
}

impl Agent {
    /// Whether it was asked in so many words to update itself, which its vendor's hosts are needed for.
    pub fn updates(&self) -> bool {
        self.purpose == Purpose::Update
    }

    /// Whether it will ask a model.
    pub fn asks_models(&self) -> bool {
        self.purpose == Purpose::Routed
    }

    /// What will be started.
    pub fn command(&self) -> &child::Command {
        &self.command
    }

    /// Runs it inside, where mcr's ports are the only way out.
    pub fn seal(mut self, seal: &Seal) -> Self {
        self.command = seal.wrap(&self.command);
        self
    }

    /// Runs the agent to its end, removes its settings file and returns its exit code.
    pub async fn run(self) -> Result<u8, Failure> {
        let end = child::run(&self.command).await;
        drop(self.settings);
        end.map_err(|error| not_started(&self.command.program, error))
    }
}

/// Reads a `--settings` of the user's as Claude Code does: JSON in place, else a file.
fn read(value: &OsStr) -> Result<Option<Value>, Failure> {
    if value.is_empty() {
        return Ok(None);
    }
    let inline = value.to_str().filter(|text| text.trim_start().starts_with('{'));
    let malformed = match inline.map(serde_json::from_str) {
        Some(Ok(settings)) => return Ok(Some(settings)),
        Some(Err(error)) => Some(error),
        None => None,
    };
    let text = std::fs::read_to_string(value).map_err(|error| {
        if let Some(malformed) = malformed {
            let what = "the settings given with `--settings` are neither JSON nor the name of a file";
            return Failure::new(Exit::Data, anyhow::Error::from(malformed).context(what));
        }
        let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
        let what = format!("cannot read the settings given with `--settings`: {}", value.display());
        Failure::new(exit, anyhow::Error::from(error).context(what))
    })?;
    let settings = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let what = format!("the settings given with `--settings` are not JSON: {}", value.display());
        Failure::new(Exit::Data, anyhow::Error::from(error).context(what))
    })?;
    Ok(Some(settings))
}

fn refuse_other_routes(arguments: &Arguments, managed: &Path) -> Result<(), Failure> {
    for value in &arguments.managed {
        let settings = read(value)?.unwrap_or_default();
        if let Some(setting) = managed::other_route(&settings) {
            let what = format!("`--managed-settings` would take requests past mcr: {setting}");
            return Err(Failure::say(Exit::Denied, what).hint(format!("leave `{setting}` out")));
        }
    }
    for file in managed::files(managed) {
        if let Some(setting) = managed::other_route_of(&file) {
            let what =
                format!("the administrator's settings choose another route with `{setting}`: {}", file.display());
            return Err(Failure::say(Exit::Denied, what).hint("ask your administrator, or run `claude` without mcr"));
        }
    }
    Ok(())
}

fn refuse(reason: Unroutable) -> Failure {
    let failure = Failure::new(Exit::Denied, reason);
    match reason {
        Unroutable::Background(_) => failure.hint("run `mcr code` in a terminal of its own, or `mcr code -p` with `&`"),
        Unroutable::Remote(_) => failure.hint("run `claude` without mcr if that is what you want"),
    }
}

fn not_found(error: find::NotFound) -> Failure {
    const INSTALL: &str = "run `npm install -g @anthropic-ai/claude-code`";
    const SET: &str = "set `CLAUDE_PATH` in the configuration or the environment to an executable";
    match error {
        find::NotFound::NotInstalled => Failure::new(Exit::NotFound, error).hint(INSTALL).hint(SET),
        find::NotFound::Named { .. } => Failure::new(Exit::NotFound, error).hint(SET).hint(INSTALL),
        find::NotFound::NotExecutable { ref path } => {
            let hint = format!("run `chmod +x {}`", path.display());
            Failure::new(Exit::NotExecutable, error).hint(hint).hint(SET)
        }
    }
}

/// The file was there a moment ago; an interpreter or an architecture may be missing.
fn not_started(program: &Path, error: io::Error) -> Failure {
    let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::NotExecutable };
    let what = format!("cannot start Claude Code: {}", program.display());
    Failure::new(exit, anyhow::Error::from(error).context(what)).hint("run `npm install -g @anthropic-ai/claude-code`")
}

fn no_settings_file(error: io::Error) -> Failure {
    let exit = paths::exit(&error, Exit::CannotCreate);
    Failure::new(exit, anyhow::Error::from(error).context("cannot write the agent's settings"))
        .hint("set `MCR_HOME` to a folder of your own, which need not be there yet")
}
