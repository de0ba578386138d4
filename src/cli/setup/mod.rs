//! `mcr setup`: a configuration from a few answers, for whoever has none yet.

mod ask;
mod cloud;
mod local;
mod text;

use super::args::{Setup, Smoke};
use super::config::{Place, refuse_link};
use super::moment::stamp;
use super::question::confirm;
use super::recording;
use super::smoke;
use crate::audit::Kind;
use crate::config;
use crate::error::{Exit, Failure};
use crate::keys::Store;
use crate::paths;
use crate::preset::Presets;
use crate::ui;
use ask::choose;
use cloud::Cloud;
use local::Local;

/// Where the models are to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Cloud,
    Machine,
    Both,
}

const PLACES: [(Where, &str); 3] = [
    (Where::Cloud, "at Mistral's EU endpoint (api.eu.mistral.ai)"),
    (Where::Machine, "on this machine (Ollama, LM Studio, llama.cpp, vLLM)"),
    (Where::Both, "both: Mistral's EU endpoint, and this machine for background work"),
];

/// Asks, shows, writes, and lets it be tried.
pub fn run(_: &Setup, place: &Place<'_>) -> Result<u8, Failure> {
    let file = config::file(place.explicit, place.paths, place.environment);
    if !ui::is_interactive() {
        return Err(Failure::say(Exit::Usage, "the questions of `mcr setup` need a terminal")
            .hint("run `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration")
            .hint("or `mcr preset install mistral-ollama --yes --set model=...` to use a model of this machine")
            .hint(format!("or write a configuration: {}", file.display())));
    }
    write(place)?;
    if confirm("Try it now? One small task is done with these models, and the provider bills it", true)? {
        return smoke::run(&Smoke { offline: false, json: false }, place);
    }
    ui::say("run `mcr code` to begin");
    Ok(0)
}

/// Whether there is nothing at all to run with: no configuration, no key, no preset.
pub(super) fn is_first_run(place: &Place<'_>) -> bool {
    config::is_missing(place.explicit, place.paths, place.environment)
        && Presets::open(place.paths).names().is_ok_and(|names| names.is_empty())
}

/// Asks for a configuration and writes it; what was there before stays beside it.
pub(super) fn write(place: &Place<'_>) -> Result<(), Failure> {
    let file = config::file(place.explicit, place.paths, place.environment);
    refuse_link(&file)?;
    let words: Vec<&str> = PLACES.iter().map(|(_, words)| *words).collect();
    let (chosen, _) = PLACES[choose("Where should the models run?", &words, 0)?];
    let cloud = match chosen {
        Where::Cloud | Where::Both => Some(Cloud::ask(place)?),
        Where::Machine => None,
    };
    let local = match chosen {
        Where::Machine | Where::Both => Some(Local::ask(place)?),
        Where::Cloud => None,
    };
    let text = text::configuration(cloud.as_ref(), local.as_ref());
    ui::say(format_args!("\n{text}"));
    let question = if file.exists() {
        format!("Put this in the place of {}? A copy of what is there is kept", file.display())
    } else {
        format!("Write this to {}?", file.display())
    };
    if !confirm(&question, true)? {
        return Err(Failure::say(Exit::Failed, "nothing was written").hint("run `mcr setup` to begin anew"));
    }
    if let Some((name, secret)) = cloud.as_ref().and_then(Cloud::typed) {
        let what = format!("stored, for {}", cloud::host());
        let store = || Ok(Store::open(place.paths).set(name, secret, &[cloud::host()])?);
        recording::changing(Kind::Key, &what, place, store)?;
        ui::say(format_args!("kept key, bound to {}: {name}", cloud::host()));
    }
    let cannot =
        |error| Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot write the configuration"));
    if file.exists() {
        let copy = paths::back_up(&file, &format!("before-setup.{}", stamp())).map_err(cannot)?;
        ui::say(format_args!("kept a copy: {}", copy.display()));
    }
    paths::write_atomic(&file, text.as_bytes()).map_err(cannot)?;
    ui::say(format_args!("wrote {}", file.display()));
    Ok(())
}
