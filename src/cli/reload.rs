//! How a running proxy gets to another configuration, and to the door out that it asks for.

use std::path::{Path, PathBuf};

use super::config::Place;
use super::doorway::Doorway;
use crate::config::{
    self, Budgets, Config, Environment, Look, Narrowing, Position, Problem, Reading, Severity, Source, Span, StartOnly,
    unseen,
};
use crate::env;
use crate::error::Failure;
use crate::paths::Paths;
use crate::preset::{Name, Presets, Ready, manifest};
use crate::proxy::Reload;

/// Reads the configuration anew from where it was read first, or from where it would have been.
pub(super) fn reload(place: &Place<'_>, start_only: &'static [StartOnly]) -> Reload {
    let file = config::file(place.explicit, place.paths, place.environment);
    let doorway = Doorway::of(place);
    let allowances = doorway.allowances.clone();
    let beside = vec![allowances.clone()];
    let read = Box::new(move |file: &Path| {
        let look = Look::at(&allowances);
        let mut reading = config::read_again(file, &env::process);
        reading.looks.push(look);
        reading
    });
    let open = doorway.reopen();
    Reload { file, beside, read, open, allowances: Box::new(move || doorway.allowances()), start_only }
}

/// A preset that can be run, and how it is read anew.
pub(super) fn of_preset(
    name: &Name,
    explicit: Option<&Path>,
    paths: &Paths,
    environment: Environment<'_>,
) -> Result<(Ready, Reload), Failure> {
    let ready_now = ready(name, explicit, paths, environment)?;
    let file = Presets::open(paths).folder(name).join(manifest::FILE);
    let doorway = Doorway::of(&Place { explicit, paths, environment });
    let allowances = doorway.allowances.clone();
    let machine = config::file(explicit, paths, environment);
    let (name, explicit, paths) = (name.clone(), explicit.map(PathBuf::from), paths.clone());
    let beside = vec![machine.clone(), allowances.clone()];
    let read = move |file: &Path| {
        let looks = vec![Look::at(file), Look::at(&machine), Look::at(&allowances)];
        let ready = ready(&name, explicit.as_deref(), &paths, &env::process);
        Reading { config: ready.map(|ready| ready.config), looks }
    };
    let (read, open) = (Box::new(read), doorway.reopen());
    let allowances = Box::new(move || doorway.allowances());
    Ok((ready_now, Reload { file, beside, read, open, allowances, start_only: StartOnly::AGENT }))
}

/// Lets nothing leave this machine and its network, whatever is read anew.
pub(super) fn offline(mut reload: Reload) -> Reload {
    let read = reload.read;
    reload.read = Box::new(move |file| {
        let mut reading = read(file);
        if let Ok(config) = &mut reading.config {
            config.narrowings.push(Narrowing::offline());
        }
        reading
    });
    reload
}

/// Reads a preset, and what this machine's configuration says of the machine.
fn ready(name: &Name, explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> Result<Ready, Failure> {
    let mut ready = Presets::open(paths).get(name)?.ready(environment)?;
    // What a preset says of prices is the word of whoever made it.
    ready.config.budgets = Budgets { strict: true, ..(*ready.config.budgets).clone() }.into();
    under_machine(&mut ready.config, &Place { explicit, paths, environment })?;
    Ok(ready)
}

/// Puts a preset's configuration under what this machine's says of the machine.
pub(super) fn under_machine(config: &mut Config, place: &Place<'_>) -> Result<(), Failure> {
    let says_allow = config.settings.iter().any(|it| it.path == "Egress.allow" && it.source != Source::Default);
    let of_preset = Narrowing::of_preset(&std::mem::take(&mut config.egress), says_allow);
    config.narrowings.push(of_preset);
    // Without a file there is nothing that it could say; a broken one may name the proxy to go through.
    if config::file(place.explicit, place.paths, place.environment).exists() {
        inherit(config, config::load(place.explicit, place.paths, place.environment)?);
    }
    Ok(())
}

/// The way out, who may be spoken to, the log, the audit record, the agent and the budgets are the machine's,
/// whichever preset runs.
fn inherit(config: &mut Config, machine: Config) {
    for (span, budget) in machine.budgets.iter() {
        let unseen = unseen(budget, &config.targets, true);
        config.warnings.extend(unseen.into_iter().map(|what| warning(&machine, span, what)));
    }
    let mut budgets = (*config.budgets).clone();
    budgets.inherit((*machine.budgets).clone(), &config.targets);
    config.budgets = budgets.into();
    config.proxy_url = machine.proxy_url;
    config.egress = machine.egress;
    config.audit = machine.audit;
    config.claude_path = machine.claude_path;
    config.log = machine.log;
    config.log_level = machine.log_level;
}

/// Names the limit in the machine's configuration that something is odd about under a preset.
fn warning(machine: &Config, span: Span, what: String) -> Problem {
    let path = format!("Budget.{}", span.as_str());
    let limit = format!("{path}.limit");
    let written = machine.settings.iter().find(|setting| setting.path == limit);
    let position = match written.map(|setting| &setting.source) {
        Some(Source::Written { position, .. } | Source::Unset { position, .. }) => *position,
        Some(Source::Default | Source::Inferred(_) | Source::Catalogue(_)) | None => Position { line: 1, column: 1 },
    };
    let file = machine.origin.to_string().into();
    Problem { severity: Severity::Warning, file, position, path, what, suggestion: None }
}
