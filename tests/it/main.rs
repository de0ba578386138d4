//! Everything that is tested from outside: one binary, a module per feature.

#![expect(clippy::disallowed_methods, reason = "tests play the clients and the servers at both ends")]

#[path = "../common/mod.rs"]
mod common;

mod cancel;
mod config;
mod edge;
mod errors;
mod fallback;
mod generated;
mod launch;
mod reload;
mod streaming;
mod truth;
