//! `mcr start --foreground`: the proxy on its configured port, until it is told to stop.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tokio::signal::unix::SignalKind;

use super::args::{Own, Start};
use super::config::Place;
use super::reload::reload;
use super::running::{Running, Settings, bind, block_on, keys, open_log, raise_file_limit};
use crate::config::{Config, Secret, StartOnly, load};
use crate::error::{Exit, Failure};
use crate::keys::{KeyError, Resolver};
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
    let keys = keys(place.paths);
    raise_file_limit();
    block_on(async {
        let (token, file) = token(&config, &keys, place.paths).await?;
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
            keys,
            trace_bodies: options.trace_bodies.as_deref().or(own.trace_bodies.as_deref()),
            reload: Some(reload(place, StartOnly::SERVICE)),
            environment: place.environment,
        })?;
        running.warm();
        let ready = format!("{{\"ok\":{{\"port\":{}}}}}\n", address.port());
        ui::print(&ready).map_err(|error| Failure::new(Exit::Io, error))?;
        ui::say(format_args!("listening on {url}"));
        if let Some(file) = file {
            ui::say(format_args!("token: {}", file.display()));
        }
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
            return Err(Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot use the service's token"))
                .hint(format!("run `rm {}`; the next start makes another, or set `APIKEY`", file.display())));
        }
    };
    Ok((token, Some(file)))
}

fn make_token(file: &Path) -> Result<Secret, Failure> {
    let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
    paths::write_atomic(file, token.expose().as_bytes()).map_err(|error| {
        Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot keep the service's token"))
    })?;
    Ok(token)
}
