//! The one integration binary.

#[path = "../common/mod.rs"]
mod common;

mod cancel;
mod config;
mod streaming;
mod truth;
