//! The kinds of questions, and the one failure that they have.

use std::fmt::Display;

use dialoguer::{Confirm, Input, Select};

use crate::cli::question::{hidden, screen};
use crate::config::Secret;
use crate::error::{Exit, Failure};

/// Asks for one of several, and returns its place.
pub(super) fn choose<T: Display>(words: &str, items: &[T], default: usize) -> Result<usize, Failure> {
    Select::new().with_prompt(words).items(items).default(default).interact_on(&screen()).map_err(cannot)
}

/// Asks for a yes or a no.
pub(super) fn confirm(words: &str, default: bool) -> Result<bool, Failure> {
    Confirm::new().with_prompt(words).default(default).interact_on(&screen()).map_err(cannot)
}

/// Asks for a line that `check` takes.
pub(super) fn line(
    words: &str,
    default: Option<&str>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    let input = Input::<String>::new().with_prompt(words).validate_with(|text: &String| check(text.trim()));
    let input = match default {
        Some(default) => input.default(default.to_owned()),
        None => input,
    };
    input.interact_text().map(|text| text.trim().to_owned()).map_err(cannot)
}

/// Asks for a key, which does not show.
pub(super) fn key(words: &str) -> Result<Secret, Failure> {
    let check = |text: &str| Secret::key(text.to_owned()).map(drop).map_err(|error| error.to_string());
    hidden(words, check).map(Secret::new).map_err(|error| cannot(error.into()))
}

fn cannot(error: dialoguer::Error) -> Failure {
    Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot ask on this terminal"))
}
