//! `mcr code`: a proxy on a free port, and Claude Code as its only client.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};

use super::args::Own;
use super::config::Place;
use super::running::{Running, Settings, keys, open_log, reload, runtime};
use crate::config::{Config, Scenario, Secret, Source, load};
use crate::error::{Exit, Failure};
use crate::launch::{self, Machine, Models, Plan};
use crate::proxy::Load;
use crate::proxy::auth::new_token;
use crate::ui;

/// What Claude Code is run with.
pub(super) struct Session {
    /// The configuration.
    pub(super) config: Config,
    /// What a preset changes of the agent.
    pub(super) own: launch::Own,
    /// Reads the configuration anew.
    pub(super) reload: Load,
}

/// Runs Claude Code and returns its exit code.
pub fn run(own: &Own, arguments: &[OsString], place: &Place<'_>) -> Result<u8, Failure> {
    let config = load(place.explicit, place.paths, place.environment)?;
    let session = Session { config, own: launch::Own::default(), reload: reload(place) };
    run_session(own, arguments, session, place)
}

/// Runs Claude Code with a configuration that has been read.
pub(super) fn run_session(
    own: &Own,
    arguments: &[OsString],
    session: Session,
    place: &Place<'_>,
) -> Result<u8, Failure> {
    let Session { config, own: of_preset, reload } = session;
    if !own.quiet {
        config.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
    }
    let log = open_log(&config, place.paths, false)?;
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    runtime()?.block_on(async {
        let machine = Machine::of_process(
            config.claude_path.as_deref().and_then(std::path::Path::to_str),
            directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned()),
            place.paths.runtime.clone(),
        );
        let mut plan = plan(&config, &token);
        plan.own = of_preset;
        let running = Running::start(Settings {
            config,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            token,
            keys: keys(place.paths),
            trace_bodies: own.trace_bodies.as_deref(),
            reload,
            environment: place.environment,
        })?;
        plan.base_url = running.url();
        let agent = launch::prepare(&plan, arguments, &machine)?;
        let code = agent.run().await?;
        let usage = std::sync::Arc::clone(&running.usage);
        // The only client is gone: what it left open is of use to nobody.
        drop(running);
        if !own.quiet {
            ui::say(usage.summary_line());
            if let Some(path) = log.path.filter(|_| code != 0) {
                ui::say(format_args!("log: {}", path.display()));
            }
        }
        Ok(code)
    })
}

/// Decides what the agent is told.
pub(super) fn plan(config: &Config, token: &Secret) -> Plan {
    let routes = &config.routes;
    let main = &routes.default;
    let small = routes.background.as_ref().unwrap_or(main);
    let windows =
        Scenario::ALL.into_iter().filter_map(|scenario| routes.get(scenario)).map(|target| target.facts.window);
    // A prompt too long for the default route goes to one that holds it, so the largest window counts.
    let window = windows.max().unwrap_or(main.facts.window);
    let label = |target: &crate::config::Target| format!("{} ({})", target.model, target.provider.name);
    Plan {
        base_url: String::new(),
        token: token.clone(),
        models: Models {
            main: main.model.clone(),
            small: small.model.clone(),
            label: label(main),
            small_label: label(small),
            window,
            auto_compact: window,
            max_output: None,
            behaves_as: None,
        },
        api_timeout: config.api_timeout,
        non_interactive: config.non_interactive,
        status_line: config.status_line.then(status_line_command).flatten(),
        secrets: secrets(config),
        own: launch::Own::default(),
    }
}

/// The command that draws the status line: this very executable, quoted for the shell that Claude Code uses.
fn status_line_command() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let program = program.to_str()?;
    Some(format!("'{}' statusline", program.replace('\'', r"'\''")))
}

/// The variables from which the providers' keys and the service's token came.
fn secrets(config: &Config) -> Vec<String> {
    let is_key = |path: &str| path.ends_with("api_key") || path == "APIKEY";
    let keys = config.settings.iter().filter(|setting| is_key(&setting.path));
    let mut variables: Vec<String> = keys
        .flat_map(|setting| match &setting.source {
            Source::Written { variables, .. } => variables.clone(),
            _ => Vec::new(),
        })
        .collect();
    variables.sort();
    variables.dedup();
    variables
}
