//! Claude Code on European and local models.
//!
//! One package: this library and a small binary. The library exists for tests,
//! fuzzing and this page; it promises no API.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod egress;
pub mod env;
pub mod error;
pub mod imitation;
pub mod launch;
pub mod observe;
pub mod paths;
pub mod proxy;
pub mod route;
pub mod translate;
pub mod ui;
pub mod upstream;
pub mod wire;
