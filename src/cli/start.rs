//! `mcr start --foreground`: the proxy on its configured port, until it is told to stop.

use std::fs;
use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use super::args::{Own, Start};
use super::config::Place;
use super::running::{Running, Settings, keys, open_log, reload, runtime};
use crate::config::{Config, Secret, load};
use crate::error::{Exit, Failure};
use crate::keys::{KeyError, Resolver};
use crate::paths::{self, Paths};
use crate::proxy::auth::new_token;
use crate::ui;

/// Serves until SIGINT or SIGTERM.
pub fn run(own: &Own, options: &Start, place: &Place<'_>) -> Result<u8, Failure> {
    if !options.foreground {
        return Err(Failure::say(Exit::Usage, "there is no background service yet")
            .hint("run `mcr start --foreground`, or `mcr code` which needs no service"));
    }
    let config = load(place.explicit, place.paths, place.environment)?;
    config.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
    open_log(&config, place.paths, false)?;
    let keys = keys(place.paths);
    runtime()?.block_on(async {
        let token = token(&config, &keys, place.paths).await?;
        let mut interrupt = listen_for(SignalKind::interrupt())?;
        let mut terminate = listen_for(SignalKind::terminate())?;
        let running = Running::start(Settings {
            host: config.host,
            port: options.port.unwrap_or(config.port),
            config,
            token,
            keys,
            trace_bodies: options.trace_bodies.as_deref().or(own.trace_bodies.as_deref()),
            reload: reload(place),
            environment: place.environment,
        })?;
        let ready = format!("{{\"ok\":{{\"port\":{}}}}}\n", running.address.port());
        ui::print(&ready).map_err(|error| Failure::new(Exit::Io, error))?;
        ui::say(format_args!("listening on {}", running.url()));
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        ui::say("stopping: answers in progress get two minutes; a second signal ends them");
        let usage = std::sync::Arc::clone(&running.usage);
        tokio::select! {
            () = running.stop() => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        ui::say(usage.summary_line());
        Ok(0)
    })
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(Exit::Software, error))
}

/// The configured `APIKEY`, else this installation's own token, made on first use.
///
/// A key of the store's serves as token only when it is bound to the address that is listened on: clients are
/// given it, and a provider's key is not for them.
async fn token(config: &Config, keys: &Resolver, places: &Paths) -> Result<Secret, Failure> {
    if let Some(token) = &config.apikey {
        let token = keys.resolve(token, &config.host.to_string()).await;
        return Ok(token.map_err(|error| KeyError { what: format!("no `APIKEY`: {}", error.what), ..error })?.clone());
    }
    let file = places.state.join("token");
    match fs::read_to_string(&file) {
        Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim().to_owned())),
        _ => make_token(&file),
    }
}

fn make_token(file: &Path) -> Result<Secret, Failure> {
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    paths::write_atomic(file, token.expose().as_bytes()).map_err(|error| {
        Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot keep the service's token"))
    })?;
    Ok(token)
}
