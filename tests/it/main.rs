//! The one integration binary.

#[path = "../common/mod.rs"]
mod common;

mod cancel;
mod config;
mod errors;
mod fallback;
mod privacy;
mod reload;
mod streaming;
mod truth;
