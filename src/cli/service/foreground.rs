//! The service itself: the proxy on its configured port, until it is told to stop.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

use super::background::Wanted;
use super::port::holder;
use crate::audit::Audit;
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::cli::recording;
use crate::cli::reload::{of_preset, offline, reload};
use crate::cli::running::{Running, Settings, block_on, keys, ledger, open_log, raise_file_limit};
use crate::config::{Config, Narrowing, Secret, StartOnly};
use crate::env;
use crate::error::{Exit, Failure};
use crate::keys::{KeyError, Resolver};
use crate::launch::service::{self, Facts, Held, Record};
use crate::launch::signals::Ignored;
use crate::observe::ledger::Ledger;
use crate::paths::{self, Paths};
use crate::preset::{Name, Presets};
use crate::proxy::auth::new_token;
use crate::proxy::server::{BindError, Listener};
use crate::proxy::{Service, Shelf, Snapshot, Source, Stop};
use crate::ui;

/// Serves until it is told to stop, by a signal or by `mcr stop`; `detached` from the terminal it was started at.
pub(super) fn run(wanted: &Wanted, detached: bool, place: &Place<'_>) -> Result<u8, Failure> {
    if detached {
        leave_the_terminal()?;
    }
    let mut config = super::configuration(place.explicit, place)?;
    config.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
    let mut reload = reload(place, StartOnly::SERVICE);
    if wanted.offline_only {
        config.narrowings.push(Narrowing::offline());
        reload = offline(reload);
    }
    let opened = Doorway::of(place).checked(&config)?;
    // Whoever started a detached one keeps others from starting a second.
    let starting = if detached { None } else { Some(super::starting(place.paths)?) };
    let held = Held::take(place.paths)?.ok_or_else(|| runs_already(place.paths))?;
    let log = open_log(&config, place.paths, false)?;
    let keys = keys(place.paths);
    raise_file_limit();
    let audit = recording::begin(&config, None, place.paths)?;
    opened.note(&audit);
    let egress = opened.told(false).noting(audit.clone());
    let ended = block_on(async {
        let (token, file) = token(&config, &keys, place.paths).await?;
        let ignored = Ignored::of_process();
        let listen_for = |kind| ignored.listen(kind).map_err(|error| Failure::new(Exit::Software, error));
        let mut interrupt = listen_for(SignalKind::interrupt())?;
        let mut terminate = listen_for(SignalKind::terminate())?;
        let listener = bind(&config, wanted.port)?;
        let (address, url) = (listener.address(), listener.url());
        let (stop, mut stopped) = mpsc::channel(1);
        let service = Service {
            shelf: Shelf::new(presets(place, wanted.offline_only, &audit)),
            url: url.clone(),
            log: Box::new(move || log.path().map(Path::to_owned)),
            started: Timestamp::now(),
            stop,
        };
        let noted = config.log.then(|| Ledger::new(ledger(place.paths)));
        let running = Running::start(Settings {
            config,
            listener,
            token: token.clone(),
            keys,
            trace_bodies: wanted.trace_bodies.as_deref(),
            ledger: noted,
            reload: Some(reload),
            egress,
            audit: audit.clone(),
            preset: None,
            service: Some(service),
        })?;
        running.warm();
        let facts = Facts {
            pid: std::process::id(),
            config: wanted.config.clone(),
            port: wanted.port.map(|_| address.port()),
            offline_only: wanted.offline_only,
            trace_bodies: wanted.trace_bodies.clone(),
            supervisor: (place.environment)(env::MCR_SUPERVISOR),
            stopping: false,
        };
        let mut record = Record { url: url.clone(), token, facts };
        held.publish(&record)?;
        drop(starting);
        ui::say(format_args!("listening on {url}"));
        if let Some(file) = file {
            ui::say(format_args!("token: {}", file.display()));
        }
        tracing::info!(%url, "service started");
        let ready = format!("{{\"ok\":{{\"port\":{}}}}}\n", address.port());
        ui::print(&ready).map_err(|error| Failure::new(Exit::Io, error))?;
        let how = tokio::select! {
            () = interrupt.recv() => Stop::Finish,
            () = terminate.recv() => Stop::Finish,
            how = stopped.recv() => how.unwrap_or(Stop::Finish),
        };
        let usage = Arc::clone(&running.usage);
        tracing::info!("service stopping");
        if how == Stop::Finish {
            record.facts.stopping = true;
            // It ends all the same; only who asks meanwhile is not told why.
            let _ = held.publish(&record);
            ui::say("stopping: answers in progress get two minutes; a second signal ends them");
            tokio::select! {
                () = running.stop() => {}
                () = interrupt.recv() => {}
                () = terminate.recv() => {}
            }
        }
        ui::say(usage.summary_line());
        Ok(0)
    });
    recording::end(&audit);
    ended
}

/// Gets a session of its own, so that neither the terminal's end nor a `^C` in it reaches the service.
#[cfg(unix)]
fn leave_the_terminal() -> Result<(), Failure> {
    match rustix::process::setsid() {
        // Whoever leads a group of processes has a session of its own already, or was put into a group by hand.
        Ok(_) | Err(rustix::io::Errno::PERM) => Ok(()),
        Err(error) => Err(Failure::new(Exit::Software, error)),
    }
}

#[cfg(not(unix))]
fn leave_the_terminal() -> Result<(), Failure> {
    Ok(())
}

/// Takes the port, or says who has it.
fn bind(config: &Config, port: Option<u16>) -> Result<Listener, Failure> {
    Listener::bind(config.host, port.unwrap_or(config.port)).map_err(|error| {
        let hint = error.hint();
        let holder = match &error {
            BindError::InUse(address) => holder(*address),
            BindError::NotLoopback(_) | BindError::Other { .. } => None,
        };
        let failure = Failure::new(Exit::CannotCreate, error);
        let Some(holder) = holder else { return failure.hint(hint) };
        let by = format!("`{}` listens there (process {})", holder.command, holder.pid);
        let failure = Failure { error: anyhow::anyhow!("{by}").context(failure.error.to_string()), ..failure };
        if holder.command.contains("claude-code-router") || holder.command.ends_with("ccr") {
            return failure.hint("run `ccr stop`").hint(hint);
        }
        if holder.command.ends_with("mcr start") {
            // The lock that would tell is in another folder.
            let own =
                "it may be a service of yours: run `mcr stop` with the `XDG_RUNTIME_DIR` and `MCR_HOME` of its start";
            return failure.hint(format!("{own}, or `kill {}`", holder.pid)).hint(hint);
        }
        failure.hint(hint)
    })
}

/// The presets of this installation, as `mcr <preset>` reads them.
fn presets(place: &Place<'_>, is_offline: bool, audit: &Audit) -> Source {
    let audit = audit.clone();
    let installed = Presets::open(place.paths);
    let (names, has) = (installed.clone(), installed);
    let (explicit, paths) = (place.explicit.map(PathBuf::from), place.paths.clone());
    Source {
        names: Box::new(move || names.names().unwrap_or_default().iter().map(ToString::to_string).collect()),
        has: Box::new(move |name| Name::parse(name).is_ok_and(|name| has.has(&name))),
        open: Box::new(move |name| {
            let name = Name::parse(name).map_err(|error| Failure::new(Exit::Usage, error))?;
            let (mut ready, mut reload) = of_preset(&name, explicit.as_deref(), &paths, &env::process)?;
            if is_offline {
                ready.config.narrowings.push(Narrowing::offline());
                reload = offline(reload);
            }
            let audit = audit.of_preset(Some(name.as_str().into()));
            let egress = (reload.open)(&ready.config)?.noting(audit);
            Ok((Snapshot::new(ready.config, egress), reload))
        }),
    }
}

/// Says that there is a service.
fn runs_already(places: &Paths) -> Failure {
    let failure = match service::find(places) {
        Ok(Some(running)) => Failure::say(Exit::CannotCreate, format!("the service runs already: {}", running.url)),
        Ok(None) | Err(_) => Failure::say(Exit::CannotCreate, "the service runs already, and is starting or stopping"),
    };
    failure.hint("run `mcr status` to look at it, or `mcr stop` to end it")
}

/// The configured `APIKEY`, else this installation's own token, made on first use, and the file it is kept in.
///
/// A key of the store's serves as token only when it is bound to the address that is listened on: clients are
/// given it, and a provider's key is not for them.
async fn token(config: &Config, keys: &Resolver, places: &Paths) -> Result<(Secret, Option<PathBuf>), Failure> {
    if let Some(token) = &config.apikey {
        let token = keys.resolve(token, &config.host.to_string()).await;
        let token = token.map_err(|error| KeyError { what: format!("no `APIKEY`: {}", error.what), ..error })?;
        return Ok((token.clone(), None));
    }
    let file = places.state.join("token");
    let token = match paths::read_private(&file) {
        Ok(text) if text.trim().is_empty() => {
            let what = format!("the service's token is empty: {}", file.display());
            return Err(Failure::say(Exit::Data, what)
                .hint(format!("run `rm {}`; the next start makes another", file.display())));
        }
        Ok(text) => Secret::new(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => make_token(&file)?,
        Err(error) => {
            // Clients know this token, so another is made only where the owner asks for one.
            let exit = paths::exit(&error, Exit::Io);
            return Err(Failure::new(exit, anyhow::Error::new(error).context("cannot use the service's token"))
                .hint(format!("run `rm {}`; the next start makes another, or set `APIKEY`", file.display())));
        }
    };
    Ok((token, Some(file)))
}

fn make_token(file: &Path) -> Result<Secret, Failure> {
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    paths::write_atomic(file, token.expose().as_bytes()).map_err(|error| {
        let exit = paths::exit(&error, Exit::CannotCreate);
        Failure::new(exit, anyhow::Error::new(error).context("cannot keep the service's token"))
            .hint(format!("run `ls -ld {}` to see what is in the way, or set `APIKEY`", file.display()))
    })?;
    Ok(token)
}
