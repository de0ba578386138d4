//! A text that a person writes in an editor of theirs.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context as _, anyhow};

use crate::cli::config::Place;
use crate::env;
use crate::error::{Exit, Failure};

/// Opens an editor with a text in it, and returns what is there when it has ended, without the line ends behind it.
///
/// # Errors
/// Fails when there is no editor, or when it says that it failed: then nothing was meant.
pub(super) fn edit(text: &str, place: &Place<'_>) -> Result<String, Failure> {
    let named = [env::VISUAL, env::EDITOR].into_iter().filter_map(|name| (place.environment)(name));
    let line = named.into_iter().find(|line| !line.trim().is_empty()).unwrap_or_else(|| "vi".to_owned());
    let told = |error: anyhow::Error| {
        Failure::new(Exit::Io, error).hint("set `EDITOR` to an editor that runs in this terminal")
    };
    written(&line, text).map_err(told)
}

fn written(line: &str, text: &str) -> anyhow::Result<String> {
    let words = shell_words::split(line).with_context(|| format!("the editor cannot be told from `{line}`"))?;
    let (program, arguments) = words.split_first().ok_or_else(|| anyhow!("the editor has no name"))?;
    let mut file = tempfile::Builder::new().prefix("mcr-").suffix(".txt").tempfile().context("cannot make a file")?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).context("cannot write the text to edit")?;
    let status = Command::new(program).args(arguments).arg(file.path()).status();
    let status = status.with_context(|| format!("the editor cannot be started: {program}"))?;
    if !status.success() {
        return Err(anyhow!("the editor failed, so its text does not count ({status}): {program}"));
    }
    // By its path: many editors put a new file in the place of the old.
    let text = fs::read_to_string(file.path()).context("cannot read the text that was written")?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
