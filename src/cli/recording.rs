//! The record of what left this machine, as commands and what they run write it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::config::Place;
use crate::audit::{self, Audit, Event, Kind};
use crate::catalog;
use crate::config::{AuditRules, Config, load};
use crate::error::{Exit, Failure};
use crate::paths::{self, Paths};
use crate::preset::Name;
use crate::ui;

/// Opens the record as the configuration asks for it.
pub(super) fn open(rules: &AuditRules, paths: &Paths) -> Audit {
    if rules.enabled { Audit::open(audit::folder(&paths.state)) } else { Audit::off() }
}

/// Opens it for something that runs for long, and writes that it begins.
///
/// # Errors
/// Fails where it is required and cannot be written.
pub(super) fn begin(config: &Config, preset: Option<&Arc<str>>, paths: &Paths) -> Result<Audit, Failure> {
    let audit = open(&config.audit, paths).of_preset(preset.cloned());
    let event = Event {
        config_hash: Some(config.hash()),
        catalogue_hash: Some(catalog::hash().to_owned()),
        ..Event::new(Kind::Start)
    };
    if !config.audit.required {
        audit.note(event);
        return Ok(audit);
    }
    audit.begin(event).map_err(|error| required(error, paths))?;
    Ok(audit)
}

/// Writes that it ended, and waits until that is sealed.
pub(super) fn end(audit: &Audit) {
    if audit.is_on() {
        audit.note(Event::new(Kind::Stop));
        audit.close();
    }
}

/// Changes something about a preset, which is on record before it is done.
///
/// # Errors
/// As [`changing`].
pub(super) fn changing_preset<T>(
    what: &str,
    name: &Name,
    place: &Place<'_>,
    change: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (preset, reason) = (Some(name.to_string()), Some(what.to_owned()));
    recorded(Event { preset, reason, ..Event::new(Kind::Preset) }, place, change)
}

/// Changes something, which is on record before it is done, and again where it was not.
///
/// # Errors
/// Fails as the change does, and before it where the record is required and cannot be written.
pub(super) fn changing<T>(
    kind: Kind,
    what: &str,
    place: &Place<'_>,
    change: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    recorded(Event { reason: Some(what.to_owned()), ..Event::new(kind) }, place, change)
}

fn recorded<T>(event: Event, place: &Place<'_>, change: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let rules = rules(place);
    let audit = open(&rules, place.paths);
    if let Err(error) = audit.begin(event.clone()) {
        if rules.required {
            return Err(required(error, place.paths));
        }
        ui::say(format_args!("warning: this is not on the audit record: {error}"));
    }
    let done = change();
    if done.is_err() {
        let reason = event.reason.as_ref().map(|what| format!("failed, and perhaps done in part: {what}"));
        audit.note(Event { reason, ..event });
    }
    audit.close();
    done
}

/// Writes what a command has done, with the words for it.
pub(super) fn note(kind: Kind, what: &str, place: &Place<'_>) {
    let audit = open(&rules(place), place.paths);
    if let Err(error) = audit.begin(Event { reason: Some(what.to_owned()), ..Event::new(kind) }) {
        ui::say(format_args!("warning: this is not on the audit record: {error}"));
    }
    audit.close();
}

/// What the configuration says of the record.
///
/// One that is broken or not there says nothing of it, and the usual is to keep one.
pub(super) fn rules(place: &Place<'_>) -> AuditRules {
    load(place.explicit, place.paths, place.environment).map_or_else(|_| AuditRules::default(), |it| it.audit)
}

/// Says what keeps a required record from being written, and what mends it.
fn required(error: io::Error, paths: &Paths) -> Failure {
    let hint = mend(&audit::folder(&paths.state), &error);
    unwritten(error).hint(hint).hint("or set `Audit.required` to false to go on without a record")
}

/// Says why the record cannot be written; 77 where the place for it is somebody else's.
pub(super) fn unwritten(error: io::Error) -> Failure {
    let exit = paths::exit(&error, Exit::Io);
    Failure::new(exit, anyhow::Error::new(error).context("the audit record cannot be written"))
}

/// The step that mends it.
pub(super) fn mend(folder: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room, or run `mcr audit purge`".to_owned()
        }
        _ => format!("run `ls -ld {}` to see whose it is, and take away what is not mcr's", folder.display()),
    }
}
