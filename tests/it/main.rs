//! Everything that is tested from outside: one binary, a module per feature.

mod config;
mod edge;
mod generated;
