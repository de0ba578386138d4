//! The integration tests, one binary with a module per feature.

mod config;
mod generated;
