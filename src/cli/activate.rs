//! `mcr activate` and `mcr deactivate`: a shell in which `claude` speaks to the service.
//!
//! It runs in every new shell, so it asks nobody: the service is found by its lock and its
//! record. Only the script goes to stdout, since a shell evaluates it.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::args::{Activate, Deactivate};
use super::code::plan;
use super::config::Place;
use super::reload::of_preset;
use super::service::start;
use crate::config::{Environment, load, named};
use crate::env;
use crate::error::{Exit, Failure};
use crate::launch::activation::{activate, deactivate, is_active, original};
use crate::launch::environment::environment;
use crate::launch::shell::Shell;
use crate::launch::{Own, Plan, managed, service};
use crate::preset::Name;
use crate::proxy::PRESET;
use crate::ui;

/// Prints what makes `claude` in this shell speak to the service, starting the service if need be.
pub fn run(options: &Activate, place: &Place<'_>) -> Result<u8, Failure> {
    let shell = options.shell.unwrap_or_else(|| calling_shell(place.environment));
    if std::io::stdout().is_terminal() {
        return Err(for_a_shell(shell, options));
    }
    let preset = options.preset.as_deref().map(Name::parse).transpose();
    let preset = preset.map_err(|error| Failure::new(Exit::Usage, error).hint("run `mcr preset list`"))?;
    // What the agent is told follows from the configuration, and that is the one which the service has.
    let served = service::find(place.paths)?.and_then(|running| running.facts.config);
    let file = named(place.explicit, place.environment).or(served);
    let place = &Place { explicit: file.as_deref(), ..*place };
    let (config, own, below) = match &preset {
        Some(name) => {
            let (ready, _) = of_preset(name, place.explicit, place.paths, place.environment)?;
            let own = Own { environment: ready.settings.environment, settings: ready.settings.rest };
            (ready.config, own, format!("{PRESET}{name}"))
        }
        None => (load(place.explicit, place.paths, place.environment)?, Own::default(), String::new()),
    };
    let running = match start::running(place)? {
        ControlFlow::Continue(running) => running,
        ControlFlow::Break(code) => return Ok(code),
    };
    let plan = Plan {
        // What a person's shell has stays there: keys for other programs, colours, a terminal.
        non_interactive: false,
        secrets: Vec::new(),
        own,
        ..plan(&config, &running.token, format!("{}{below}", running.url))
    };
    let name = preset.as_ref().map_or("default", Name::as_str);
    if !plan.own.settings.is_empty() {
        let keys: Vec<&str> = plan.own.settings.keys().map(String::as_str).collect();
        ui::say(format_args!("mcr: only `mcr {name}` can give Claude Code these settings: {}", keys.join(", ")));
    }
    warn_of_settings(place.environment);
    let text = |name| original(name, &env::bytes).and_then(|value| value.into_string().ok()).unwrap_or_default();
    let wanted = environment(&plan, &[&text("NO_PROXY"), &text("no_proxy")]);
    let name = format!("{name}:{}", &config.hash()[..12]);
    write(&shell.script(&activate(&wanted, &name, &env::bytes)))
}

/// Prints what brings the shell back to where it was before.
pub fn undo(options: &Deactivate, place: &Place<'_>) -> Result<u8, Failure> {
    let shell = options.shell.unwrap_or_else(|| calling_shell(place.environment));
    let command = format!("mcr deactivate {shell}");
    if std::io::stdout().is_terminal() {
        return Err(Failure::say(Exit::Usage, "a shell must take this in, and stdout is a terminal")
            .hint(format!("run `{}`", shell.takes_in(&command))));
    }
    if !is_active(&env::bytes) {
        ui::say("mcr: nothing is activated in this shell");
    }
    write(&shell.script(&deactivate(&env::bytes)))
}

fn write(script: &[u8]) -> Result<u8, Failure> {
    ui::print_bytes(script).map(|()| 0).map_err(|error| Failure::new(Exit::Io, error))
}

/// Says how a shell takes the script in; on a screen it would show the service's token.
fn for_a_shell(shell: Shell, options: &Activate) -> Failure {
    let preset = options.preset.as_ref().map(|name| format!(" --preset {name}")).unwrap_or_default();
    let line = shell.takes_in(&format!("mcr activate {shell}{preset}"));
    Failure::say(Exit::Usage, "the script holds the service's token, and stdout is a terminal")
        .hint(format!("run `{line}`"))
        .hint("put the same line into the shell's start file to have it in every shell")
}

/// The shell that runs this command, else the one that the person logs in with; most read what is POSIX.
fn calling_shell(environment: Environment<'_>) -> Shell {
    let login = || {
        let path = PathBuf::from(environment(env::SHELL)?);
        path.file_name()?.to_str()?.parse().ok()
    };
    parent().and_then(|name| name.parse().ok()).or_else(login).unwrap_or(Shell::Posix)
}

#[cfg(target_os = "linux")]
fn parent() -> Option<String> {
    let pid = rustix::process::getppid()?;
    let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).ok()?;
    Some(name.trim_end().to_owned())
}

#[cfg(not(target_os = "linux"))]
fn parent() -> Option<String> {
    None
}

/// Names the settings files that would take `claude` elsewhere: they beat the environment.
fn warn_of_settings(environment: Environment<'_>) {
    let home = environment(env::CLAUDE_CONFIG_DIR).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| directories::BaseDirs::new().map(|folders| folders.home_dir().join(".claude")));
    let mine = home.map(|folder| folder.join("settings.json"));
    let here = [".claude/settings.json", ".claude/settings.local.json"].map(PathBuf::from);
    let administrators = managed::files(&managed::folder());
    for file in administrators.iter().chain(&mine).chain(&here) {
        let Some(setting) = managed::other_route_of(file) else { continue };
        ui::say(format_args!(
            "mcr: warning: `{setting}` in {} beats this activation in some versions of Claude Code; remove it, or use \
             `mcr code`, which no setting beats",
            file.display()
        ));
    }
}
