//! What a shell reads: one statement for each change, every value quoted as that shell does it.
//!
//! Pure. Values are bytes: a variable that mcr restores may hold anything but NUL.

use std::ffi::OsStr;
use std::str::FromStr;

use super::activation::Change;

/// A shell that can be activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// bash, zsh, dash, ksh, busybox: `export` and single quotes.
    Posix,
    /// fish.
    Fish,
    /// nushell; its script is sourced, since it has no `eval`.
    Nu,
    /// PowerShell 7 and Windows PowerShell.
    Pwsh,
    /// elvish.
    Elvish,
}

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

impl Shell {
    /// The names to choose from.
    pub const NAMES: [&str; 7] = ["bash", "zsh", "fish", "nu", "pwsh", "elvish", "posix"];

    /// What a person types to take a script of `command` in.
    pub fn takes_in(self, command: &str) -> String {
        match self {
            Self::Posix => format!("eval \"$({command})\""),
            Self::Fish => format!("{command} | source"),
            Self::Nu => format!("{command} | save --force ~/.mcr.nu; source ~/.mcr.nu"),
            Self::Pwsh => format!("{command} | Out-String | Invoke-Expression"),
            Self::Elvish => format!("eval ({command} | slurp)"),
        }
    }

    /// Writes the changes as a script.
    pub fn script(self, changes: &[Change]) -> Vec<u8> {
        let mut script = Vec::new();
        for change in changes {
            match change {
                Change::Set(name, value) => self.set(name, value, &mut script),
                Change::Unset(name) => script.extend_from_slice(self.unset(name).as_bytes()),
            }
            script.push(b'\n');
        }
        script
    }

    fn set(self, name: &str, value: &OsStr, script: &mut Vec<u8>) {
        let before = match self {
            Self::Posix => format!("export {name}="),
            Self::Fish => format!("set -gx {name} "),
            Self::Nu | Self::Pwsh => format!("{} = ", self.variable(name)),
            Self::Elvish => format!("set-env {name} "),
        };
        script.extend_from_slice(before.as_bytes());
        self.quote(value.as_encoded_bytes(), script);
    }

    fn unset(self, name: &str) -> String {
        match self {
            Self::Posix => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
            Self::Nu => format!("hide-env --ignore-errors {name}"),
            Self::Pwsh => format!("Remove-Item -ErrorAction Ignore Env:{name}"),
            Self::Elvish => format!("unset-env {name}"),
        }
    }

    fn variable(self, name: &str) -> String {
        if self == Self::Nu { format!("$env.{name}") } else { format!("$env:{name}") }
    }

    /// Puts a value between quotes that nothing inside can end, and inside which nothing is expanded.
    fn quote(self, value: &[u8], script: &mut Vec<u8>) {
        if self == Self::Nu {
            return quote_raw(value, script);
        }
        script.push(b'\'');
        for &byte in value {
            match (self, byte) {
                (Self::Posix, b'\'') => script.extend_from_slice(br"'\''"),
                (Self::Fish, b'\'' | b'\\') => script.extend_from_slice(&[b'\\', byte]),
                (Self::Pwsh | Self::Elvish, b'\'') => script.extend_from_slice(b"''"),
                _ => script.push(byte),
            }
        }
        script.push(b'\'');
    }
}

/// `r#'…'#`, with one hash more than any run of them behind a quote inside.
fn quote_raw(value: &[u8], script: &mut Vec<u8>) {
    let runs = value.split(|&byte| byte == b'\'').skip(1);
    let longest = runs.map(|rest| rest.iter().take_while(|&&byte| byte == b'#').count()).max().unwrap_or(0);
    let hashes = vec![b'#'; longest + 1];
    for part in [b"r", &hashes[..], b"'", value, b"'", &hashes[..]] {
        script.extend_from_slice(part);
    }
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
        assert_eq!(script(Shell::Nu, value), "$env.A = r#'it's \\ $(x) #'#\nhide-env --ignore-errors B\n");
        assert_eq!(script(Shell::Pwsh, value), "$env:A = 'it''s \\ $(x) #'\nRemove-Item -ErrorAction Ignore Env:B\n");
        assert_eq!(script(Shell::Elvish, value), "set-env A 'it''s \\ $(x) #'\nunset-env B\n");
    }

    #[test]
    fn nushells_raw_string_outlasts_every_run_of_hashes() {
        assert!(script(Shell::Nu, "a'##b'#").starts_with("$env.A = r###'a'##b'#'###\n"));
        assert!(script(Shell::Nu, "###").starts_with("$env.A = r#'###'#\n"));
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
