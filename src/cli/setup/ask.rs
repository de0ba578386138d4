//! The questions that only `mcr setup` asks in this way.

use std::fmt::Display;

use dialoguer::{Input, Select};

use crate::cli::question::{cannot, screen};
use crate::error::Failure;

/// Asks for one of several, and returns its place.
pub(super) fn choose<T: Display>(words: &str, items: &[T], default: usize) -> Result<usize, Failure> {
    Select::new().with_prompt(words).items(items).default(default).interact_on(&screen()).map_err(cannot)
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
