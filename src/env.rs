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
/// What starts the service again when it ends, as the unit says that `mcr service install` writes.
pub const MCR_SUPERVISOR: &str = "MCR_SUPERVISOR";
/// Names the activation of a shell; set by `mcr activate`.
pub const MCR_ACTIVE: &str = "MCR_ACTIVE";
/// What the activation of a shell replaced; set by `mcr activate`, read by `mcr deactivate`.
pub const MCR_SAVED: &str = "MCR_SAVED";

/// Where the agent finds its proxy, and with it `mcr statusline`.
pub const ANTHROPIC_BASE_URL: &str = "ANTHROPIC_BASE_URL";
/// What the agent shows there.
pub const ANTHROPIC_AUTH_TOKEN: &str = "ANTHROPIC_AUTH_TOKEN";
/// Without colours, when it is anything but empty: <https://no-color.org>.
pub const NO_COLOR: &str = "NO_COLOR";
/// The kind of terminal; `dumb` and `unknown` get neither colours nor icons.
pub const TERM: &str = "TERM";
/// The terminal's width; the status line keeps within it.
pub const COLUMNS: &str = "COLUMNS";
/// claude-code-router's switch for a status line without icons, `true`.
pub const USE_SIMPLE_ICONS: &str = "USE_SIMPLE_ICONS";

/// The editor for texts; [`EDITOR`] comes after it.
pub const VISUAL: &str = "VISUAL";
/// The editor for texts; `vi` comes after it.
pub const EDITOR: &str = "EDITOR";
/// The shell that a person logs in with.
pub const SHELL: &str = "SHELL";
/// The folder of Claude Code's own settings, in place of `~/.claude`.
pub const CLAUDE_CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";

/// Reads a variable of this process, whatever it holds.
pub fn bytes(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Reads a variable of this process; one that is not UTF-8 counts as unset.
///
/// Everything else takes the environment as an argument.
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
