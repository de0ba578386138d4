//! Whom mcr speaks to, and whom not: the guard from outside.

mod commands;
#[cfg(target_os = "linux")]
mod names;
mod start;
mod threats;
