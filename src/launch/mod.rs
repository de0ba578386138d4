//! Starts Claude Code so that every request goes to the embedded proxy.

pub mod arguments;
pub mod environment;
pub mod find;
pub mod managed;
pub mod settings;
pub mod settings_file;

pub use environment::{Models, Plan};
