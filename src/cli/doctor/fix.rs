//! `--fix`: what can be mended without losing anything.

use std::path::Path;

use serde_json::Value;

use super::finding::{Finding, Fix};
use crate::cli::config::Place;
use crate::cli::model::file::File;
use crate::error::{Exit, Failure};
use crate::{paths, ui};

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
fn change(edits: &[(String, Value)], place: &Place<'_>) -> Result<(), Failure> {
    let file = File::read(place)?;
    let mut text = file.text().to_owned();
    for (path, value) in edits {
        text = File::edited(&text, path, value)?;
        ui::say(format_args!("{path}: {value}"));
    }
    file.write_and_tell(&text, place)
}
