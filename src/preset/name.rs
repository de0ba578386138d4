//! What a preset may be called: a folder's name on every system, and never one of mcr's commands.

use std::fmt;

/// The words that mcr's command line has, will have, or had in claude-code-router.
///
/// A preset of such a name could not be started: the command would be.
pub const COMMANDS: &[&str] = &[
    "activate",
    "audit",
    "breaker",
    "code",
    "completions",
    "config",
    "deactivate",
    "doctor",
    "egress",
    "env",
    "export",
    "help",
    "import",
    "install",
    "key",
    "logs",
    "mcr",
    "model",
    "models",
    "preset",
    "providers",
    "report",
    "restart",
    "serve",
    "service",
    "setup",
    "smoke",
    "start",
    "status",
    "statusline",
    "stop",
    "top",
    "ui",
    "usage",
    "use",
    "verify",
    "version",
];

/// Names that Windows keeps for devices, whatever stands behind a dot.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

const LONGEST: usize = 64;

/// A name that has been checked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Other characters than those of a folder's name.
    #[error(
        "`{0}` is no preset's name; it has up to {LONGEST} of `a-z`, `0-9`, `.`, `_` and `-`, and begins with a letter or digit"
    )]
    Form(String),
    /// A device on Windows, or a name that Windows would cut.
    #[error("`{0}` is a name that Windows keeps for itself")]
    Device(String),
    /// One of mcr's commands.
    #[error("`{0}` is a command of mcr's, so the preset could not be started")]
    Command(String),
}

impl Name {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !begins || text.len() > LONGEST || !text.chars().all(is_part) {
            return Err(NameError::Form(text.chars().take(LONGEST + 16).filter(|c| !c.is_control()).collect()));
        }
        if is_device(text) || text.ends_with('.') {
            return Err(NameError::Device(text.to_owned()));
        }
        if COMMANDS.contains(&text) {
            return Err(NameError::Command(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether Windows takes a file's name for a device: `con`, `com1.txt`, `LPT9`.
pub(super) fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let is_port = port.is_some_and(|digit| {
        let mut digits = digit.chars();
        digits.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && digits.next().is_none()
    });
    DEVICES.contains(&stem.as_str()) || is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_name_is_a_presets_name() {
        let longest = "a".repeat(64);
        for name in ["mistral-cloud", "a", "0", "my.preset_2", "con-artist", "common", "com10", longest.as_str()] {
            assert_eq!(Name::parse(name).map(|name| name.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_name_cannot_leave_its_folder_or_hide() {
        let long = "a".repeat(65);
        for name in ["", "..", ".hidden", "-x", "a/b", "a\\b", "A", "ä", "a b", "a:b", "a\0", long.as_str()] {
            assert!(matches!(Name::parse(name), Err(NameError::Form(_))), "{name}");
        }
    }

    #[test]
    fn windows_devices_are_refused_with_and_without_extension() {
        for name in ["con", "nul", "aux.json", "com1", "lpt9.x", "a."] {
            assert!(matches!(Name::parse(name), Err(NameError::Device(_))), "{name}");
        }
    }

    #[test]
    fn a_preset_named_like_a_command_is_refused_and_not_unreachable_as_in_ccr() {
        for name in COMMANDS {
            assert_eq!(Name::parse(name), Err(NameError::Command((*name).to_owned())));
        }
    }
}
