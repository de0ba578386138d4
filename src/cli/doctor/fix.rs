//! `--fix`: what can be mended without losing anything.

use std::path::Path;

use super::finding::{Finding, Fix};
use crate::cli::config::{Place, refuse_link};
use crate::cli::moment;
use crate::config::{self, Origin, Text, edit};
use crate::error::{Exit, Failure};
use crate::{paths, ui};

/// How many copies of the configuration stay.
const COPIES: usize = 3;

/// Mends what can be mended, and tells each change and where the copy is; returns how many findings were mended.
pub(super) fn fix(findings: &[Finding], place: &Place<'_>) -> Result<usize, Failure> {
    let mut mended = 0;
    let mut edits = Vec::new();
    for finding in findings {
        match &finding.fix {
            Some(Fix::Close(path)) => {
                close(path)?;
                ui::say(format_args!("closed to others: {}", path.display()));
                mended += 1;
            }
            Some(Fix::Configuration(some)) => {
                edits.extend(some.iter().cloned());
                mended += 1;
            }
            None => {}
        }
    }
    if !edits.is_empty() {
        change(&edits, place)?;
    }
    Ok(mended)
}

fn close(path: &Path) -> Result<(), Failure> {
    let closed = if path.is_dir() { paths::private_dir(path) } else { paths::open_private(path).map(drop) };
    closed.map_err(|error| Failure::new(Exit::CannotCreate, error))
}

/// Writes the configuration with other values, once that is known to be one; the file before is kept.
fn change(edits: &[(String, serde_json::Value)], place: &Place<'_>) -> Result<(), Failure> {
    let text = config::text(place.explicit, place.paths, place.environment)?;
    let file = config::file(place.explicit, place.paths, place.environment);
    if text.origin == Origin::BuiltIn {
        return Err(Failure::say(Exit::Config, "the built-in configuration cannot be changed").hint("run `mcr setup`"));
    }
    let mut new = text.text;
    for (path, value) in edits {
        new = edit::set(&new, path, value).map_err(|error| {
            Failure::new(Exit::Config, anyhow::Error::new(error).context("cannot change the configuration"))
                .hint("run `mcr config check`")
        })?;
        ui::say(format_args!("{path}: {value}"));
    }
    let changed = Text { origin: Origin::File(file.clone()), text: new };
    config::examine(&changed, place.environment).map_err(|problems| {
        let failure = config::failure(&problems);
        Failure::new(Exit::Data, failure.error.context("nothing has been written: it would be no configuration"))
    })?;
    refuse_link(&file)?;
    let write = || {
        let copy = paths::back_up(&file, &moment::stamp())?;
        paths::write_atomic(&file, changed.text.as_bytes())?;
        Ok(copy)
    };
    let copy = write().map_err(|error: std::io::Error| {
        Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot change the configuration"))
    })?;
    ui::say(format_args!("the file before is kept: {}", copy.display()));
    if let Err(error) = paths::keep_newest(&file, COPIES) {
        ui::say(format_args!("warning: old copies stay: {error}"));
    }
    Ok(())
}
