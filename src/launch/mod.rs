//! Starts Claude Code so that every request goes to the embedded proxy.

pub mod arguments;
pub mod environment;
pub mod settings;

pub use environment::{Models, Plan};
