//! Every environment variable mcr reads or sets, one documented name each.
//!
//! What is set for the agent stands in `launch::environment`.

/// The folder below which everything of mcr's lies: configuration, presets, state, logs, runtime files.
pub const MCR_HOME: &str = "MCR_HOME";
/// Names another configuration file; `--config` beats it.
pub const MCR_CONFIG: &str = "MCR_CONFIG";
/// Mistral's API key; alone it is enough for the built-in configuration.
pub const MISTRAL_API_KEY: &str = "MISTRAL_API_KEY";
/// The Claude Code executable; the configuration's `CLAUDE_PATH` beats it.
pub const CLAUDE_PATH: &str = "CLAUDE_PATH";

/// Reads a variable of this process; one that is not UTF-8 counts as unset.
///
/// Everything else takes the environment as an argument.
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
