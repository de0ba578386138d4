//! `--fix`: what can be mended without losing anything.

use std::path::Path;

use serde_json::Value;

use super::finding::{Finding, Fix};
use crate::cli::config::Place;
use crate::cli::model::file::File;
use crate::config::{self, Document, path, path::Step};
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
    file.write_and_tell(&once(text, edits)?, place)
}

/// Takes out of lists what the edits made stand there more than once: two models may have one successor.
fn once(mut text: String, edits: &[(String, Value)]) -> Result<String, Failure> {
    // From the last on, so that the places before stay what they are.
    let mut lists: Vec<String> = edits.iter().filter_map(|(path, _)| list_of(path)).collect();
    lists.sort();
    lists.dedup();
    for list in lists {
        let document = Document::parse(&text, "").map_err(|problems| config::failure(&problems))?;
        let Some(items) = at(&document.value, &list).and_then(Value::as_array) else { continue };
        let words: Vec<Option<String>> = items.iter().map(|item| item.as_str().map(spaceless)).collect();
        for (index, word) in words.iter().enumerate().rev() {
            let place = path::index(&list, index);
            let is_made =
                |word: &String| edits.iter().any(|(_, value)| value.as_str().map(spaceless).as_ref() == Some(word));
            if word.as_ref().is_some_and(is_made) && words.iter().take(index).any(|other| other == word) {
                text = File::without(&text, &place)?;
                ui::say(format_args!("{place}: taken out, since it stands there already"));
            }
        }
    }
    Ok(text)
}

/// The list that a path leads into, if its last step does.
fn list_of(path: &str) -> Option<String> {
    let mut steps = path::steps(path)?;
    match steps.pop()? {
        Step::Index(_) => Some(steps.iter().fold(String::new(), |parent, step| step.below(&parent))),
        Step::Key(_) => None,
    }
}

/// What stands at a path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path::steps(path)?.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

/// The name of a model or a target in one form.
fn spaceless(name: &str) -> String {
    name.split(',').map(str::trim).collect::<Vec<_>>().join(",")
}
