//! `mcr key set`: takes a key in, from a masked prompt or from stdin, never from the command line.

use std::io::{self, IsTerminal as _, Read as _};

use crate::audit::Kind;
use crate::cli::args::KeySet;
use crate::cli::config::Place;
use crate::cli::question::key;
use crate::cli::recording;
use crate::config::{Host, KeyName, Secret};
use crate::error::{Exit, Failure};
use crate::keys::Store;
use crate::ui;

use super::{row, uses};

/// Bytes of stdin that are read; no key is longer.
const LONGEST: u64 = 64 * 1024;

/// Keeps the key and says for which hosts.
pub(super) fn run(options: &KeySet, place: &Place<'_>) -> Result<(), Failure> {
    let store = Store::open(place.paths);
    let hosts = hosts(options, &store, place)?;
    let key = if options.from_stdin { from_stdin()? } else { from_terminal(&options.name, &hosts)? };
    let what = format!("stored, for {}", row(&hosts));
    recording::changing(Kind::Key, &what, place, || Ok(store.set(&options.name, &key, &hosts)?))?;
    ui::say(format_args!("kept key, bound to {}: {}", row(&hosts), options.name));
    Ok(())
}

/// The hosts that are named; else those the key has; else those of the configuration's providers that use it.
fn hosts(options: &KeySet, store: &Store, place: &Place<'_>) -> Result<Vec<Host>, Failure> {
    let name = &options.name;
    if !options.hosts.is_empty() {
        return Ok(options.hosts.clone());
    }
    if let Some(stored) = store.get(name)?.filter(|stored| !stored.hosts.is_empty()) {
        return Ok(stored.hosts);
    }
    // A configuration with errors names no host; what they are is for `mcr config check` to say.
    let uses = uses(place).unwrap_or_default();
    let hosts: Vec<Host> = uses.into_iter().filter(|used| used.name == *name).map(|used| used.host).collect();
    if hosts.is_empty() {
        let what =
            format!("no host is named that key `{name}` may be sent to, and no provider of the configuration uses it");
        return Err(Failure::say(Exit::Usage, what)
            .hint(format!("name the host: `mcr key set {name} --host api.eu.mistral.ai`"))
            .hint(format!("or write `\"api_key\": \"store:{name}\"` into the configuration first")));
    }
    Ok(hosts)
}

fn from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    io::stdin()
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot read the key from stdin")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Secret::key(line.to_owned()).map_err(|error| {
        Failure::new(Exit::Data, anyhow::Error::new(error).context("there is no key on stdin"))
            .hint("give the key alone, on one line")
    })
}

fn from_terminal(name: &KeyName, hosts: &[Host]) -> Result<Secret, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::say(Exit::Usage, format!("there is no terminal to ask for key `{name}` on")).hint(
            format!("pass `--from-stdin` and the key on stdin: `pass show x | mcr key set {name} --from-stdin`"),
        ));
    }
    key(&format!("Key `{name}`, for {}", row(hosts)))
}
