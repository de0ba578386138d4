//! `mcr smoke`

use super::args::Smoke;
use super::config::Place;
use crate::error::{Exit, Failure};

/// smoke
pub fn run(_smoke: &Smoke, _place: &Place<'_>) -> Result<u8, Failure> {
    Err(Failure::say(Exit::Software, "not yet"))
}
