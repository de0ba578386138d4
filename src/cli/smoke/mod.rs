//! `mcr smoke`: the guide's ninth section, run by a machine.
//!
//! A proxy as in `mcr code`, an agent, one small task, and a table of what was
//! seen. With `--offline` an imitation of Mistral inside this binary answers;
//! nothing of the user's is then read, and no packet leaves the machine. Without,
//! the user's configuration counts and the real provider answers. Either way the
//! agent has a home and a folder of its own, and the log is written there. Claude Code is run twice: in print mode for
//! the task, and at a pseudo-terminal, where it is asked for one word.
//!
//! What "nothing went to Anthropic" can see: hosts that mcr itself spoke to, by
//! its log, and hosts that the agent asked the witness for, which lets nothing
//! through. The agent is sealed in, so there is no other way; where the kernel does
//! not allow that, a program that ignores its proxy variables is not seen, and the
//! check says so.

mod agent;
mod checks;
mod conversation;
mod fresh;
mod ground;
mod report;
mod terminal;
mod traffic;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::signal::unix::SignalKind;

use super::args::Smoke;
use super::code;
use super::config::Place;
use super::doorway::Doorway;
use super::recording;
use super::reload::reload;
use super::running::{Running, Settings, bind, block_on, keys};
use super::witnessing::Stand;
use crate::audit::Audit;
use crate::catalog::BUILT_IN_CONFIG;
use crate::config::{self, Config, Origin, Scenario, StartOnly};
use crate::egress::witness::Policy;
use crate::egress::{Egress, Options};
use crate::env::MISTRAL_API_KEY;
use crate::error::{Exit, Failure};
use crate::imitation::{Brain, Imitation};
use crate::launch::signals::Ignored;
use crate::launch::{Machine, Plan, find, managed};
use crate::observe::log::{self, Log};
use crate::proxy::Reload;
use crate::proxy::auth::new_token;
use crate::ui;
use agent::{Agent, Company};
use ground::Ground;
use report::Report;

/// What the task is to make.
const FILE: &str = "hello.txt";
/// What shall stand in it.
const TEXT: &str = "Hello from Mistral";

/// Runs the checks, prints them and returns 0 when all hold, else 1.
pub fn run(smoke: &Smoke, place: &Place<'_>) -> Result<u8, Failure> {
    let ground = Ground::make().map_err(no_ground)?;
    let options =
        log::Options { folder: ground.logs.clone(), level: log::Level::default(), enabled: true, stderr: false };
    let log = log::init(&options).map_err(no_ground)?;
    let report = block_on(async {
        let interrupt = Ignored::of_process().listen(SignalKind::interrupt());
        let mut interrupt = interrupt.map_err(|error| Failure::new(Exit::Software, error))?;
        tokio::select! {
            report = checked(smoke, place, &ground, &log) => report.map(Some),
            // The agent ends with the terminal's own signal, with its handle or its group; the folder goes too.
            () = interrupt.recv() => Ok(None),
        }
    })?;
    let Some(report) = report else { return Ok(INTERRUPTED) };
    ui::print(&if smoke.json { report.json() } else { report.table() })
        .map_err(|error| Failure::new(Exit::Io, error))?;
    if report.is_ok() {
        return Ok(0);
    }
    ui::say(format_args!("kept the log, the bodies and the agent's words: {}", ground.keep().display()));
    Ok(Exit::Failed as u8)
}

/// What shells make of SIGINT.
const INTERRUPTED: u8 = 130;

fn no_ground(error: std::io::Error) -> Failure {
    Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot make a folder for the task"))
        .hint("set `TMPDIR` to a folder that can be written to")
}

async fn checked(smoke: &Smoke, place: &Place<'_>, ground: &Ground, log: &Log) -> Result<Report, Failure> {
    let upstream = if smoke.offline { Upstream::imitated(ground).await? } else { Upstream::configured(place)? };
    let Upstream { config, imitation, reload, egress, patience } = upstream;
    let hosts = hosts(&config)?;
    let machine = machine(&config, ground);
    let agent = Agent::find(&machine);
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    let listener = bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)?;
    // One for each run, so that it is known which of them asked.
    let stands = (Stand::take()?, Stand::take()?);
    let port = listener.address().port();
    let ports = ([port, stands.0.port()], [port, stands.1.port()]);
    let at_terminal = Plan { witness: Some(stands.1.url()), ..code::plan(&config, &token, listener.url()) };
    let plan = Plan { non_interactive: true, witness: Some(stands.0.url()), ..at_terminal.clone() };
    let witness = |stand: Stand, door| stand.serve(Policy::Nothing, door, Audit::off());
    let in_print = witness(stands.0, egress_of_nothing()?);
    let in_terminal = witness(stands.1, egress_of_nothing()?);
    // What goes to a provider is on record, and what goes to the imitation is nobody's.
    let audit = match imitation {
        Some(_) => Audit::off(),
        None => recording::begin(&config, None, place.paths)?,
    };
    let running = Running::start(Settings {
        config,
        listener,
        token,
        keys: keys(place.paths),
        trace_bodies: Some(&ground.bodies),
        ledger: None,
        audit: audit.clone(),
        preset: None,
        reload,
        egress: egress.noting(audit.clone()),
        service: None,
    })?;
    running.warm();
    ui::say(match &imitation {
        Some(_) => "upstream: the imitation of Mistral in this binary".to_owned(),
        None => format!("upstream: {}", listed(&hosts)),
    });
    ui::say(match &agent {
        Agent::ClaudeCode(program) => format!("agent: Claude Code: {}", program.display()),
        Agent::BuiltIn(why) => format!("agent: built-in client, because {why}"),
    });

    let proxy_up = checks::proxy_up(&plan).await;
    let print = Company { plan: &plan, running: &running, witnessed: &in_print, ports: ports.0 };
    let terminal = Company { plan: &at_terminal, running: &running, witnessed: &in_terminal, ports: ports.1 };
    let ran = agent.run(&machine, ground, print, terminal, patience).await;
    let runs = traffic::runs(&ran, in_print.end().await, in_terminal.end().await);
    // Every request is in the log by then.
    let _ = tokio::time::timeout(Duration::from_secs(5), running.stop()).await;
    recording::end(&audit);

    let log = log.path().unwrap_or(&ground.logs);
    let requests = checks::logged(&ground::text(log));
    let mut checks = vec![
        proxy_up,
        checks::status_line(&plan, &ran.settings, ground),
        checks::agent(&agent, &ran, smoke.offline),
        checks::task(ground),
    ];
    checks.extend(checks::conversation(&ran, ground));
    checks.push(checks::log_shows_host(&requests, &hosts, log));
    checks.push(traffic::nothing_to_anthropic(&ran.enclosed, &runs, &requests));
    checks.extend(imitation.as_ref().map(checks::nothing_refused));
    Ok(Report { agent: ran.agent, checks, runs })
}

/// A door that nobody goes through.
fn egress_of_nothing() -> Result<Egress, Failure> {
    Egress::new(&Options::default()).map_err(|error| Failure::new(Exit::Software, error))
}

/// Who answers, and how long that may take.
struct Upstream {
    config: Config,
    imitation: Option<Imitation>,
    reload: Option<Reload>,
    /// The door out.
    egress: Egress,
    patience: Duration,
}

impl Upstream {
    async fn imitated(ground: &Ground) -> Result<Self, Failure> {
        let brain = Brain::for_task(&ground.work);
        let imitation = Imitation::start(move |body, _| brain.answer(body))
            .await
            .map_err(|error| Failure::new(Exit::CannotCreate, error))?;
        let url = imitation.url();
        let config = offline_config(&url)?;
        let patience = Duration::from_mins(1);
        // Whatever is set and allowed here, the imitation is on this machine.
        let egress = Egress::new(&Options::default()).map_err(|error| Failure::new(Exit::Software, error))?;
        Ok(Self { config, imitation: Some(imitation), reload: None, egress, patience })
    }

    fn configured(place: &Place<'_>) -> Result<Self, Failure> {
        let config = config::load(place.explicit, place.paths, place.environment)?;
        config.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
        let patience = Duration::from_mins(5);
        let reload = Some(reload(place, StartOnly::AGENT));
        let egress = Doorway::of(place).checked(&config)?.told(false);
        Ok(Self { config, imitation: None, reload, egress, patience })
    }
}

/// The built-in configuration, with its provider at the imitation's address.
fn offline_config(url: &str) -> Result<Config, Failure> {
    let mut document: Value = json5::from_str(BUILT_IN_CONFIG).map_err(|error| Failure::new(Exit::Software, error))?;
    document["Providers"][0]["api_base_url"] = json!(url);
    let environment = |name: &str| (name == MISTRAL_API_KEY).then(|| "imitation".to_owned());
    let mut config = config::read(&document.to_string(), "built-in configuration", &environment)
        .map_err(|problems| config::failure(&problems))?;
    config.origin = Origin::BuiltIn;
    Ok(config)
}

/// The hosts that the routes lead to.
fn hosts(config: &Config) -> Result<BTreeSet<String>, Failure> {
    let targets = Scenario::ALL.into_iter().filter_map(|scenario| config.routes.get(scenario));
    let connections = targets.map(|target| target.provider.connection.as_ref());
    connections
        .map(|connection| match connection {
            Ok(connection) => Ok(connection.host().to_owned()),
            Err(unset) => Err(Failure::new(Exit::Config, unset.clone()).hint("or run `mcr smoke --offline`")),
        })
        .collect()
}

/// Names in a row.
fn listed<T: AsRef<str>>(names: &BTreeSet<T>) -> String {
    names.iter().map(T::as_ref).collect::<Vec<_>>().join(", ")
}

/// Where things lie, without the user's own exceptions from proxies.
fn machine(config: &Config, ground: &Ground) -> Machine {
    let home: Option<PathBuf> = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    Machine {
        places: find::Places::of_process(config.claude_path.as_deref().and_then(Path::to_str), home),
        runtime: ground.runtime.clone(),
        managed: managed::folder(),
        no_proxy: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offline_configuration_is_the_built_in_one_at_another_address() {
        let config = offline_config("http://127.0.0.1:9/v1/chat/completions").map_err(|it| it.to_string()).unwrap();
        let key = |_: &str| Some("imitation".to_owned());
        let built_in = config::read(BUILT_IN_CONFIG, "", &key).unwrap();
        let names = |config: &Config| config.targets.iter().map(|target| target.name()).collect::<Vec<_>>();
        assert_eq!(names(&config), names(&built_in));
        assert_eq!(hosts(&config).ok(), Some(BTreeSet::from(["127.0.0.1".to_owned()])));
        assert_eq!(config.routes.default.provider.dialect, built_in.routes.default.provider.dialect);
        assert!(config.warnings.is_empty() && config.status_line.enabled);
    }
}
