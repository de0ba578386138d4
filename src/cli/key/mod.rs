//! `mcr key`: keys in mcr's own store, and whether the providers take them.

mod list;
mod set;
mod test;

use std::fmt::Write as _;

use super::args::KeyCommand;
use super::config::Place;
use super::recording;
use crate::audit::Kind;
use crate::config::{Config, Host, KeyName, Place as KeyPlace, SecretRef, load};
use crate::error::{Exit, Failure};
use crate::keys::Store;
use crate::ui;
pub(super) use test::chosen;

/// Runs one of the commands; the number is the exit code.
pub fn run(command: &KeyCommand, place: &Place<'_>) -> Result<u8, Failure> {
    match command {
        KeyCommand::Set(options) => set::run(options, place).map(|()| 0),
        KeyCommand::List(form) => list::run(*form, place).map(|()| 0),
        KeyCommand::Rm { name } => remove(name, place).map(|()| 0),
        KeyCommand::Test(options) => test::run(options, place),
    }
}

fn remove(name: &KeyName, place: &Place<'_>) -> Result<(), Failure> {
    let store = Store::open(place.paths);
    if store.get(name)?.is_none() {
        return Err(Failure::say(Exit::NoInput, format!("there is no key `{name}` in the store"))
            .hint("run `mcr key list` to see which there are"));
    }
    recording::changing(Kind::Key, "removed", place, || Ok(store.remove(name)?))?;
    ui::say(format_args!("removed key {name}"));
    for used in uses(place).unwrap_or_default().iter().filter(|used| used.name == *name) {
        ui::say(format_args!("warning: {} is without a key now", used.user));
    }
    Ok(())
}

/// Where the configuration names a stored key.
struct Use {
    name: KeyName,
    /// `provider mistral`, or `APIKEY`.
    user: String,
    host: Host,
}

/// Every place of the configuration that names a stored key.
fn uses(place: &Place<'_>) -> Result<Vec<Use>, Failure> {
    let config = load(place.explicit, place.paths, place.environment)?;
    Ok(uses_of(&config))
}

fn uses_of(config: &Config) -> Vec<Use> {
    let providers = config.providers.iter().filter_map(|provider| {
        let connection = provider.connection.as_ref().ok()?;
        let user = format!("provider {}", provider.name);
        Some(Use { name: stored(connection.key.as_ref()?)?, user, host: Host::of_url(connection.host()) })
    });
    let token = config.apikey.as_ref().and_then(stored);
    let token = token.map(|name| Use { name, user: "APIKEY".to_owned(), host: Host::of_url(&config.host.to_string()) });
    providers.chain(token).collect()
}

fn stored(key: &SecretRef) -> Option<KeyName> {
    match key {
        SecretRef::Value(_) => None,
        SecretRef::Elsewhere(reference) => match reference.place() {
            KeyPlace::Stored(name) => Some(name.clone()),
            KeyPlace::Variable(_) | KeyPlace::File(_) | KeyPlace::HomeFile(_) | KeyPlace::Command { .. } => None,
        },
    }
}

/// Hosts, or whatever else, in a row.
fn row<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().enumerate().fold(String::new(), |mut row, (i, item)| {
        let _ = write!(row, "{}{item}", if i == 0 { "" } else { ", " });
        row
    })
}
