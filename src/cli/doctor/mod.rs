//! `mcr doctor`: what is wrong, how that is known, and the command that mends it.
//!
//! The local checks read files and ask nobody. The others ask each configured provider what costs no tokens;
//! `--offline` leaves them out. The exit code is the worst finding's: 0 for nothing worse than a note, 1 for a
//! warning, 2 for an error.

mod agent;
mod configured;
mod disk;
mod files;
mod finding;
mod fix;
mod head;
mod keys;
mod machine;
mod online;
mod program;
mod proof;
mod served;
mod settings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::args::Doctor;
use super::config::Place;
use super::doorway::Doorway;
use super::running;
use crate::config::{self, Config, Document};
use crate::egress::{self, Judged};
use crate::env;
use crate::error::{Exit, Failure};
use crate::launch::{Machine, service};
use crate::ui;
pub(super) use configured::routed;
use finding::{Finding, Severity};
use settings::Settings;

/// Prints the findings; the exit code is that of the worst.
pub fn run(options: &Doctor, place: &Place<'_>) -> Result<u8, Failure> {
    let mut findings = examine(options, place);
    if options.fix {
        let mended = fix::fix(&findings, place)?;
        ui::say(format_args!("mended {mended} findings"));
        if mended > 0 {
            findings = examine(options, place);
        }
    }
    ui::print(&if options.json { finding::as_json(&findings) } else { finding::table(&findings) })
        .map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(match finding::worst(&findings) {
        Severity::Ok | Severity::Note => 0,
        Severity::Warning => 1,
        Severity::Error => 2,
    })
}

/// Looks at everything: what cannot be looked at is a finding too, and hides no other.
fn examine(options: &Doctor, place: &Place<'_>) -> Vec<Finding> {
    let home = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    let read = read(place);
    let (config, document, complaint) = match read {
        Ok((config, document)) => (Some(config), document, None),
        Err(failure) => (None, None, Some(failure)),
    };
    let claude = config.as_ref().and_then(|config| config.claude_path.as_deref()?.to_str());
    let machine = Machine::of_process(claude, home.clone(), place.paths.runtime.clone());
    let mut findings = program::program(machine.places.path.as_deref());
    findings.extend(agent::installed(&machine));
    findings.extend(settings::settings(&settings_of(home.as_deref(), &machine)));
    let running = service::find(place.paths).unwrap_or_else(|failure| {
        findings.push(unusable("service", &failure));
        None
    });
    let is_served = running.is_some();
    findings.extend(agent::shell(&env::bytes, is_served));
    findings.extend(complaint.iter().map(|failure| unusable("configuration", failure)));
    let guard = config.as_ref().map(|config| Doorway::of(place).guard(config)).transpose();
    findings.extend(guard.as_ref().err().map(|failure| unusable("egress", failure)));
    let guard = guard.unwrap_or_default();
    let judged: Vec<Judged> =
        config.iter().zip(&guard).flat_map(|(config, guard)| egress::judged(config, guard)).collect();
    if let Some(config) = &config {
        if guard.is_some() {
            findings.push(proof::guard(config, place).unwrap_or_else(|failure| unusable("egress-guard", &failure)));
        }
        let today = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
        findings.extend(configured::configured(config, document.as_ref(), &judged, &today));
        let address = SocketAddr::new(config.host, config.port);
        findings.push(machine::port_of(address, is_served));
        findings.extend(machine::other_router(address));
    }
    let file = config::file(place.explicit, place.paths, place.environment);
    findings.extend(files::permissions(&file, place.paths));
    findings.push(proof::record(config.as_ref(), place));
    findings.push(disk::space(&place.paths.state));
    findings.extend(machine::limits());
    findings.extend(home.iter().flat_map(|home| machine::startup_files(home)));
    findings.extend(machine::proxies(place.environment, config.as_ref()));
    findings.extend(running.iter().flat_map(served::served));
    let keys = running::keys(place.paths);
    if let Some(config) = &config {
        let found = keys::of_service(config, &keys).transpose();
        findings.extend(found.map(|found| found.unwrap_or_else(|failure| unusable("key", &failure))));
    }
    if let Some(config) = config.as_ref().filter(|_| options.offline) {
        findings.extend(or_why_not("key", keys::of_providers(config, &judged, &keys)));
    }
    if let Some(config) = config.as_ref().filter(|_| !options.offline && guard.is_some()) {
        findings.extend(or_why_not("reachable", online::online(config, &judged, place)));
    }
    findings
}

/// Where Claude Code's settings are.
fn settings_of(home: Option<&Path>, machine: &Machine) -> Settings {
    let chosen = env::bytes(env::CLAUDE_CONFIG_DIR).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    Settings {
        state: chosen.as_deref().or(home).map(|folder| folder.join(".claude.json")),
        user: chosen.or_else(|| home.map(|home| home.join(".claude"))),
        project: std::path::absolute(".").unwrap_or_default(),
        managed: machine.managed.clone(),
    }
}

/// Reads the configuration and, for `--fix`, its document.
fn read(place: &Place<'_>) -> Result<(Config, Option<Document>), Failure> {
    let text = config::text(place.explicit, place.paths, place.environment)?;
    let document = Document::parse(&text.text, &text.origin.to_string()).ok();
    let config = config::examine(&text, place.environment).map_err(|problems| config::failure(&problems))?;
    Ok((config, document))
}

/// What a check found, or that it could not look.
fn or_why_not(id: &'static str, found: Result<Vec<Finding>, Failure>) -> Vec<Finding> {
    found.unwrap_or_else(|failure| vec![unusable(id, &failure)])
}

/// What mcr cannot use, a file as a rule.
fn unusable(id: &'static str, failure: &Failure) -> Finding {
    let words = format!("{:#}", failure.error);
    let first = words.lines().next().unwrap_or_default().to_owned();
    let mend = failure.hints.first().cloned().unwrap_or_else(|| "run `mcr config check`".to_owned());
    Finding::error(id, first, mend)
}
