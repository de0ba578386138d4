//! What a shell reads: one statement for each change, every value quoted as that shell does it.
//!
//! Pure. Values are bytes: a variable that mcr restores may hold anything but NUL. Nushell evaluates
//! no text, so it gets a record to load; a file to source would be one more place with a token in it.

use std::fmt;
use std::str::FromStr;

use super::activation::Change;

/// A shell that can be activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// bash, zsh, dash, ksh, busybox: `export` and single quotes.
    Posix,
    /// fish.
    Fish,
    /// nushell: `{"set": {…}, "unset": […]}`.
    Nu,
    /// PowerShell 7 and Windows PowerShell.
    Pwsh,
    /// elvish.
    Elvish,
}

/// PowerShell takes each of these for `'`, so each is doubled as that one is:
/// <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
const CURLED: [&str; 4] = ["\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"];

/// A word that names no shell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shell that can be activated")]
pub struct UnknownShell(String);

impl FromStr for Shell {
    type Err = UnknownShell;

    /// Reads a shell's name, or the name of its executable.
    fn from_str(name: &str) -> Result<Self, UnknownShell> {
        // A login shell's name begins with a dash.
        match name.trim_start_matches('-').trim_end_matches(".exe") {
            "posix" | "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh" | "mksh" | "busybox" => Ok(Self::Posix),
            "fish" => Ok(Self::Fish),
            "nu" | "nushell" => Ok(Self::Nu),
            "pwsh" | "powershell" => Ok(Self::Pwsh),
            "elvish" => Ok(Self::Elvish),
            _ => Err(UnknownShell(name.to_owned())),
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Posix => "posix",
            Self::Fish => "fish",
            Self::Nu => "nu",
            Self::Pwsh => "pwsh",
            Self::Elvish => "elvish",
        })
    }
}

impl Shell {
    /// The names to choose from.
    pub const NAMES: [&str; 7] = ["bash", "zsh", "fish", "nu", "pwsh", "elvish", "posix"];

    /// What a person types to take a script of `command` in.
    pub fn takes_in(self, command: &str) -> String {
        match self {
            Self::Posix => format!("eval \"$({command})\""),
            Self::Fish => format!("{command} | source"),
            Self::Nu => format!(
                "let mcr = ({command} | from json); $mcr.set | load-env; hide-env --ignore-errors ...$mcr.unset"
            ),
            Self::Pwsh => format!("{command} | Out-String | Invoke-Expression"),
            Self::Elvish => format!("eval ({command} | slurp)"),
        }
    }

    /// Writes the changes for the shell to take in.
    pub fn script(self, changes: &[Change]) -> Vec<u8> {
        match self {
            Self::Nu => record(changes).into_bytes(),
            Self::Posix | Self::Fish | Self::Pwsh | Self::Elvish => {
                let mut script = Vec::new();
                for change in changes {
                    self.statement(change, &mut script);
                }
                script
            }
        }
    }

    fn statement(self, change: &Change, script: &mut Vec<u8>) {
        let (before, value) = match (self, change) {
            (Self::Posix | Self::Nu, Change::Set(name, value)) => (format!("export {name}="), Some(value)),
            (Self::Fish, Change::Set(name, value)) => (format!("set -gx {name} "), Some(value)),
            (Self::Pwsh, Change::Set(name, value)) => (format!("$env:{name} = "), Some(value)),
            (Self::Elvish, Change::Set(name, value)) => (format!("set-env {name} "), Some(value)),
            (Self::Posix | Self::Nu, Change::Unset(name)) => (format!("unset {name}"), None),
            (Self::Fish, Change::Unset(name)) => (format!("set -e {name}"), None),
            (Self::Pwsh, Change::Unset(name)) => (format!("Remove-Item -ErrorAction Ignore Env:{name}"), None),
            (Self::Elvish, Change::Unset(name)) => (format!("unset-env {name}"), None),
        };
        script.extend_from_slice(before.as_bytes());
        if let Some(value) = value {
            self.quote(value.as_encoded_bytes(), script);
        }
        script.push(b'\n');
    }

    /// Puts a value between quotes that nothing inside can end, and inside which nothing is expanded.
    fn quote(self, value: &[u8], script: &mut Vec<u8>) {
        script.push(b'\'');
        for &byte in value {
            match (self, byte) {
                (Self::Posix | Self::Nu, b'\'') => script.extend_from_slice(br"'\''"),
                (Self::Fish, b'\'' | b'\\') => script.extend_from_slice(&[b'\\', byte]),
                (Self::Pwsh | Self::Elvish, b'\'') => script.extend_from_slice(b"''"),
                _ => script.push(byte),
            }
            if self == Self::Pwsh
                && let Some(curled) = CURLED.into_iter().find(|curled| script.ends_with(curled.as_bytes()))
            {
                script.extend_from_slice(curled.as_bytes());
            }
        }
        script.push(b'\'');
    }
}

/// The changes as JSON; nushell's own values are text, so what is not becomes the replacement character.
fn record(changes: &[Change]) -> String {
    let mut set = serde_json::Map::new();
    let mut unset = Vec::new();
    for change in changes {
        match change {
            Change::Set(name, value) => drop(set.insert(name.clone(), value.to_string_lossy().into())),
            Change::Unset(name) => unset.push(name.as_str()),
        }
    }
    // Names are the same there whatever their case, so taking `no_proxy` away would take `NO_PROXY` too.
    unset.retain(|name| !set.keys().any(|kept| kept.eq_ignore_ascii_case(name)));
    format!("{}\n", serde_json::json!({ "set": set, "unset": unset }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(shell: Shell, value: &str) -> String {
        let changes = [Change::Set("A".to_owned(), value.into()), Change::Unset("B".to_owned())];
        String::from_utf8(shell.script(&changes)).unwrap()
    }

    #[test]
    fn each_shell_has_its_own_quotes() {
        let value = r"it's \ $(x) #";
        assert_eq!(script(Shell::Posix, value), "export A='it'\\''s \\ $(x) #'\nunset B\n");
        assert_eq!(script(Shell::Fish, value), "set -gx A 'it\\'s \\\\ $(x) #'\nset -e B\n");
        assert_eq!(script(Shell::Nu, value), format!("{}\n", serde_json::json!({"set": {"A": value}, "unset": ["B"]})));
        assert_eq!(script(Shell::Pwsh, value), "$env:A = 'it''s \\ $(x) #'\nRemove-Item -ErrorAction Ignore Env:B\n");
        assert_eq!(script(Shell::Elvish, value), "set-env A 'it''s \\ $(x) #'\nunset-env B\n");
    }

    #[test]
    fn a_quote_of_typography_ends_nothing_in_powershell() {
        for quote in ["\u{2018}", "\u{2019}", "\u{201a}", "\u{201b}"] {
            let script = script(Shell::Pwsh, &format!("a{quote}; calc; {quote}\u{201c}"));
            let quoted = format!("$env:A = 'a{quote}{quote}; calc; {quote}{quote}\u{201c}'\n");
            assert!(script.starts_with(&quoted), "{script}");
        }
    }

    #[test]
    fn nushell_is_not_told_to_take_away_what_it_has_under_another_case() {
        let changes = [Change::Set("NO_PROXY".to_owned(), "x".into()), Change::Unset("no_proxy".to_owned())];
        let record = String::from_utf8(Shell::Nu.script(&changes)).unwrap();
        assert_eq!(record, format!("{}\n", serde_json::json!({"set": {"NO_PROXY": "x"}, "unset": []})));
    }

    #[test]
    fn a_shell_is_known_by_its_name_and_by_its_executable() {
        for name in Shell::NAMES {
            name.parse::<Shell>().unwrap();
        }
        assert_eq!("-zsh".parse(), Ok(Shell::Posix));
        assert_eq!("powershell.exe".parse(), Ok(Shell::Pwsh));
        assert_eq!("cmd".parse::<Shell>().unwrap_err().to_string(), "`cmd` is no shell that can be activated");
    }
}
