//! `mcr code`: a proxy on a free port, and Claude Code as its only client.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use super::args::Own;
use super::config::Place;
use super::doorway::Doorway;
use super::recording;
use super::reload::{offline, reload};
use super::running::{Running, Settings, bind, block_on, keys, ledger, open_log};
use super::sealing;
use super::setup;
use super::witnessing::{self, Stand};
use crate::config::{
    Action, Budget, Budgets, Config, Cost, Narrowing, Origin, Said, Secret, Source, StartOnly, Target, load, unseen,
};
use crate::egress::witness;
use crate::error::{Exit, Failure};
use crate::launch::seal::Seal;
use crate::launch::{self, Machine, Models, Plan};
use crate::observe::ledger::Ledger;
use crate::proxy::auth::new_token;
use crate::proxy::{Read, Reload};
use crate::route::{self, BACKGROUND_ID, DEFAULT_ID};
use crate::ui;

/// What Claude Code is run with.
pub(super) struct Session {
    /// The configuration.
    pub(super) config: Config,
    /// What a preset changes of the agent.
    pub(super) own: launch::Own,
    /// Reads the configuration anew.
    pub(super) reload: Reload,
    /// The preset that it is, where it is one.
    pub(super) preset: Option<Arc<str>>,
}

/// Runs Claude Code and returns its exit code.
pub fn run(own: &Own, arguments: &[OsString], place: &Place<'_>) -> Result<u8, Failure> {
    if setup::is_first_run(place) && ui::is_interactive() {
        ui::say("there is no configuration yet; a few questions make one (Ctrl-C stops)");
        setup::write(place)?;
    }
    let config = load(place.explicit, place.paths, place.environment)?;
    let session =
        Session { config, own: launch::Own::default(), reload: reload(place, StartOnly::AGENT), preset: None };
    run_session(own, arguments, session, place)
}

/// Runs Claude Code with a configuration that has been read.
pub(super) fn run_session(
    own: &Own,
    arguments: &[OsString],
    session: Session,
    place: &Place<'_>,
) -> Result<u8, Failure> {
    let Session { mut config, own: of_preset, mut reload, preset } = session;
    if own.offline_only {
        config.narrowings.push(Narrowing::offline());
        reload = offline(reload);
    }
    if let Some(limit) = own.max_cost {
        reload.read = with_limit(reload.read, limit);
        let unseen = set_limit(&mut config, limit)?;
        if !own.quiet {
            for what in unseen {
                ui::say(format_args!("warning: `--max-cost`: {what}"));
            }
        }
    }
    if !own.quiet {
        config.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
    }
    let opened = Doorway::of(place).checked(&config)?;
    let log = open_log(&config, place.paths, false)?;
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    let audit = recording::begin(&config, preset.as_ref(), place.paths)?;
    opened.note(&audit);
    let egress = opened.told(own.quiet).noting(audit.clone());
    let ended = block_on(async {
        let machine = Machine::of_process(
            config.claude_path.as_deref().and_then(std::path::Path::to_str),
            directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned()),
            place.paths.runtime.clone(),
        );
        let listener = bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)?;
        let stand = Stand::take()?;
        let witness = Some(stand.url());
        let plan = Plan { own: of_preset, witness, ..plan(&config, &token, listener.url()) };
        let agent = launch::prepare(&plan, arguments, &machine)?;
        let ports = [listener.address().port(), stand.port()];
        let seal = own.sealed.then(|| Seal::prepare(&machine.runtime, &ports)).transpose()?;
        let policy = witnessing::policy(&config, agent.updates());
        let witnessed = stand.serve(policy, egress.clone(), audit.clone());
        let noted = config.log.then(|| Ledger::new(ledger(place.paths)));
        let running = Running::start(Settings {
            config,
            listener,
            token,
            keys: keys(place.paths),
            trace_bodies: own.trace_bodies.as_deref(),
            ledger: noted,
            reload: Some(reload),
            egress,
            audit: audit.clone(),
            preset,
            service: None,
        })?;
        if agent.asks_models() {
            running.warm();
        }
        let code = match seal {
            None => agent.run().await?,
            Some(seal) => sealing::run(agent.seal(&seal).run(), seal, &running, &witnessed).await??,
        };
        let usage = std::sync::Arc::clone(&running.usage);
        // The only client is gone: what it left open is of use to nobody.
        drop(running);
        let seen = witnessed.end().await;
        if !own.quiet {
            ui::say(usage.summary_line());
            if let Some(line) = witness::summary(&seen) {
                ui::say(line);
            }
            if let Some(path) = log.path().filter(|_| code != 0) {
                ui::say(format_args!("log: {}", path.display()));
            }
        }
        Ok(code)
    });
    recording::end(&audit);
    ended
}

/// Sets what this run may cost, over what is configured; returns what the limit does not see.
///
/// # Errors
/// Fails where it would see nothing at all.
fn set_limit(config: &mut Config, limit: Cost) -> Result<Vec<String>, Failure> {
    let budget = Budget { limit, action: Action::Block, said: Said::Typed };
    let strict = config.budgets.strict;
    let unseen = unseen(&budget, &config.targets, strict);
    let code = limit.currency.as_str();
    if !config.targets.iter().any(|target| target.is_seen(strict, limit.currency)) {
        let what = format!("`--max-cost` cannot be kept: no configured model has a known price in {code}");
        return Err(Failure::say(Exit::Usage, what)
            .hint(format!("set `pricing: {{prompt, completion, currency: \"{code}\"}}` of a provider")));
    }
    config.budgets = Budgets { session: Some(budget), ..(*config.budgets).clone() }.into();
    Ok(unseen)
}

/// Keeps the limit when the configuration is read anew.
fn with_limit(read: Read, limit: Cost) -> Read {
    Box::new(move |file| {
        let mut reading = read(file);
        reading.config = reading.config.and_then(|mut config| set_limit(&mut config, limit).map(|_| config));
        reading
    })
}

/// Decides what the agent is told; `base_url` is where the proxy listens.
pub(super) fn plan(config: &Config, token: &Secret, base_url: String) -> Plan {
    let routes = &config.routes;
    let main = &routes.default;
    let small = routes.background.as_ref().unwrap_or(main);
    // A prompt too long for the default route goes to one that holds it, so the largest window counts.
    let window = route::largest_window(config);
    let label = |target: &Target| format!("{} ({})", target.model, target.provider.name);
    Plan {
        base_url,
        token: token.clone(),
        witness: None,
        models: Models {
            main: DEFAULT_ID.to_owned(),
            small: BACKGROUND_ID.to_owned(),
            label: label(main),
            small_label: label(small),
            window,
            auto_compact: window,
            max_output: None,
            behaves_as: None,
        },
        api_timeout: config.api_timeout,
        non_interactive: config.non_interactive,
        status_line: config.status_line.enabled.then(|| status_line_command(&config.origin)).flatten(),
        secrets: secrets(config),
        own: launch::Own::default(),
    }
}

/// The command that draws the status line: this very executable with this very configuration, quoted for the shell
/// that Claude Code uses.
fn status_line_command(origin: &Origin) -> Option<String> {
    let quoted = |path: &Path| Some(format!("'{}'", path.to_str()?.replace('\'', r"'\''")));
    let program = quoted(&std::env::current_exe().ok()?)?;
    let config = match origin {
        Origin::File(path) => format!(" --config {}", quoted(&std::path::absolute(path).ok()?)?),
        Origin::BuiltIn => String::new(),
    };
    Some(format!("{program}{config} statusline"))
}

/// The variables from which the providers' keys and the service's token came.
fn secrets(config: &Config) -> Vec<String> {
    let is_key = |path: &str| path.ends_with("api_key") || path.ends_with("secret_key_ref.env") || path == "APIKEY";
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
