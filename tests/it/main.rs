//! Everything that is tested from outside: one binary, a module per feature.

#![expect(clippy::disallowed_methods, reason = "tests play the clients and the servers at both ends")]

mod config;
mod edge;
mod generated;
mod launch;
