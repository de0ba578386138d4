//! The one integration binary.

#[path = "../common/mod.rs"]
mod common;

mod cancel;
mod cli;
mod clocks;
mod config;
mod door;
mod errors;
mod fallback;
mod privacy;
mod reload;
mod streaming;
mod tokens;
mod truth;
mod way_out;
