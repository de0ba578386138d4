//! `mcr key list`: what is in the store, but for the keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::config::{Form, Place};
use crate::config::KeyName;
use crate::error::{Exit, Failure};
use crate::keys::{Store, Stored};
use crate::ui;

use super::{Use, row, uses};

/// Prints a line for each key.
pub(super) fn run(form: Form, place: &Place<'_>) -> Result<(), Failure> {
    let keys = Store::open(place.paths).list()?;
    // Without a configuration nobody uses a key; with one that is broken nobody can know.
    let uses = uses(place).ok();
    let text = if form.json { as_json(&keys, uses.as_deref()) } else { as_lines(&keys, uses.as_deref()) };
    ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))?;
    if keys.is_empty() {
        ui::say("there are no keys in the store; set one with `mcr key set NAME --host HOST`");
    } else if uses.is_none() {
        ui::say("who uses them is not known without a good configuration; see `mcr config check`");
    }
    Ok(())
}

fn users<'u>(name: &KeyName, uses: &'u [Use]) -> Vec<&'u str> {
    uses.iter().filter(|used| used.name == *name).map(|used| used.user.as_str()).collect()
}

fn as_lines(keys: &BTreeMap<KeyName, Stored>, uses: Option<&[Use]>) -> String {
    let width = keys.keys().map(|name| name.as_str().len()).max().unwrap_or(0);
    keys.iter().fold(String::new(), |mut text, (name, stored)| {
        let owners = match uses.map(|uses| users(name, uses)) {
            None => String::new(),
            Some(list) if list.is_empty() => "  (unused)".to_owned(),
            Some(list) => format!("  ({})", row(&list)),
        };
        let _ = writeln!(text, "{:width$}  {}  {}{owners}", name.as_str(), stored.set, row(&stored.hosts));
        text
    })
}

fn as_json(keys: &BTreeMap<KeyName, Stored>, uses: Option<&[Use]>) -> String {
    let keys: Vec<Value> = keys
        .iter()
        .map(|(name, stored)| {
            json!({"name": name, "hosts": stored.hosts, "set": stored.set, "used_by": uses.map(|uses| users(name, uses))})
        })
        .collect();
    format!("{:#}\n", json!({"keys": keys}))
}
