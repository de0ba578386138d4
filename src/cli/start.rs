//! `mcr start --foreground`: the proxy on its configured port, until it is told to stop.

use std::fs;
use std::path::Path;

use tokio::signal::unix::SignalKind;

use super::args::{Own, Start};
use super::config::Place;
use super::running::{Running, Settings, bind, block_on, open_log, reload};
use crate::config::{Config, Secret, load};
use crate::error::{Exit, Failure};
use crate::launch::signals::Ignored;
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
    let token = token(&config, place.paths)?;
    block_on(async {
        let ignored = Ignored::of_process();
        let listen_for = |kind| ignored.listen(kind).map_err(|error| Failure::new(Exit::Software, error));
        let mut interrupt = listen_for(SignalKind::interrupt())?;
        let mut terminate = listen_for(SignalKind::terminate())?;
        let listener = bind(config.host, options.port.unwrap_or(config.port))?;
        let (address, url) = (listener.address(), listener.url());
        let running = Running::start(Settings {
            config,
            listener,
            token,
            trace_bodies: options.trace_bodies.as_deref().or(own.trace_bodies.as_deref()),
            reload: reload(place),
            environment: place.environment,
        })?;
        running.warm();
        let ready = format!("{{\"ok\":{{\"port\":{}}}}}\n", address.port());
        ui::print(&ready).map_err(|error| Failure::new(Exit::Io, error))?;
        ui::say(format_args!("listening on {url}"));
        tokio::select! {
            () = interrupt.recv() => {}
            () = terminate.recv() => {}
        }
        ui::say("stopping: answers in progress get two minutes; a second signal ends them");
        let usage = std::sync::Arc::clone(&running.usage);
        tokio::select! {
            () = running.stop() => {}
            () = interrupt.recv() => {}
            () = terminate.recv() => {}
        }
        ui::say(usage.summary_line());
        Ok(0)
    })
}

/// The configured `APIKEY`, else this installation's own token, made on first use.
fn token(config: &Config, places: &Paths) -> Result<Secret, Failure> {
    if let Some(token) = &config.apikey {
        return Ok(token.clone());
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
