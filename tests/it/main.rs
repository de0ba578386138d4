//! Everything that is tested from outside: one binary, a module per feature.

#![expect(clippy::disallowed_methods, reason = "tests play the clients and the servers at both ends")]

#[path = "../common/mod.rs"]
mod common;

mod activate;
mod audit;
mod budget;
mod cancel;
mod ccr;
mod cli;
mod clocks;
mod code;
mod completions;
mod config;
mod doctor;
mod door;
mod edge;
mod egress;
mod errors;
mod fallback;
mod generated;
mod import;
mod keeptrusts;
mod key;
mod launch;
mod layers;
mod limits;
mod model;
mod models;
mod openai;
mod outages;
mod planted;
mod preset;
mod privacy;
mod probes;
mod providers;
mod reload;
mod report;
mod retry;
mod routes;
mod sealed;
mod self_repair;
mod service;
mod session;
mod setup;
mod smoke;
mod status_line;
mod streaming;
mod threats;
mod tokens;
mod truth;
mod usage;
mod way_out;
mod witness;
mod words;
