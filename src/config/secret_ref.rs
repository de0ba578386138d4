//! What `api_key` and `APIKEY` may be: a key, or where one is.
//!
//! | written | the key is |
//! |---|---|
//! | `env:NAME` | in an environment variable |
//! | `file:PATH` | in a file; a relative path is seen from the configuration's folder, `~/` from the home folder |
//! | `cmd:pass show mistral` | the first line that a program prints; words are split as a shell would, and no shell is run |
//! | `store:NAME` | in mcr's own store, bound to hosts (`mcr key set NAME`) |
//! | anything else | the text itself |
//!
//! What is written in the configuration decides, before variables are put in: the value of
//! a variable is a key, whatever it looks like, and cannot make mcr run a program.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{KeyName, NotAKey, Secret};

/// A key, or where one is.
#[derive(Debug, Clone)]
pub enum SecretRef {
    /// The key itself.
    Value(Secret),
    /// It is looked for when it is needed.
    Elsewhere(Reference),
}

/// Where a key is. Shown as the configuration writes it, without the variables' values.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    place: Place,
    written: Arc<str>,
}

/// The kinds of places; not for printing, since variables may have gone in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// An environment variable.
    Variable(String),
    /// A file.
    File(PathBuf),
    /// A file below the home folder.
    HomeFile(PathBuf),
    /// A program and its arguments, run in the configuration's folder.
    Command {
        /// The program first.
        words: Vec<String>,
        /// The configuration's folder; empty for the current one.
        folder: PathBuf,
    },
    /// A key of the store's.
    Stored(KeyName),
}

impl SecretRef {
    /// Reads a text that holds no variables, such as an answer to a question; relative paths are seen from `folder`.
    ///
    /// # Errors
    /// Says what is wrong in words that do not repeat a key.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        Self::interpolated(text, text, folder)
    }

    /// Reads `text`, which is `written` with the variables put in.
    pub(super) fn interpolated(written: &str, text: &str, folder: &Path) -> Result<Self, String> {
        let Some(kind) = KINDS.iter().find(|kind| written.starts_with(kind.prefix)) else {
            return Secret::key(text.to_owned()).map(Self::Value).map_err(|error: NotAKey| error.to_string());
        };
        // No dollar stands in the prefix, so it is the same in both.
        let place = text.strip_prefix(kind.prefix).and_then(|rest| (kind.read)(rest, folder));
        match place {
            Some(place) => Ok(Self::Elsewhere(Reference { place, written: written.into() })),
            None => Err(format!("`{written}` is no reference to a key: {}", kind.form)),
        }
    }
}

impl Reference {
    /// The place.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

struct Kind {
    prefix: &'static str,
    /// What stands behind the prefix.
    form: &'static str,
    read: fn(&str, &Path) -> Option<Place>,
}

const KINDS: [Kind; 4] = [
    Kind { prefix: "env:", form: "behind `env:` stands the name of a variable", read: variable },
    Kind {
        prefix: "file:",
        form: "behind `file:` stands a path, relative, absolute, or with `~/` in front",
        read: file,
    },
    Kind {
        prefix: "cmd:",
        form: "behind `cmd:` stand a program and its arguments, with quotes in pairs",
        read: command,
    },
    Kind {
        prefix: "store:",
        form: "behind `store:` stands a name: up to 128 small letters, digits, `.`, `_`, `/` and `-`",
        read: stored,
    },
];

fn variable(name: &str, _: &Path) -> Option<Place> {
    let is_part = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let is_name = name.bytes().all(is_part) && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    is_name.then(|| Place::Variable(name.to_owned()))
}

fn file(path: &str, folder: &Path) -> Option<Place> {
    match path.strip_prefix('~') {
        None if path.is_empty() || path.contains('\0') => None,
        None => Some(Place::File(folder.join(path))),
        Some(rest) => {
            let inside = rest.strip_prefix('/')?.trim_start_matches('/');
            (!inside.is_empty() && !inside.contains('\0')).then(|| Place::HomeFile(inside.into()))
        }
    }
}

fn command(line: &str, folder: &Path) -> Option<Place> {
    let words = shell_words::split(line).ok()?;
    let is_program = words.first().is_some_and(|program| !program.is_empty());
    let is_clean = !words.iter().any(|word| word.contains('\0'));
    (is_program && is_clean).then(|| Place::Command { words, folder: folder.to_owned() })
}

fn stored(name: &str, _: &Path) -> Option<Place> {
    KeyName::parse(name).ok().map(Place::Stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        match SecretRef::parse(text, Path::new("/etc/mcr")) {
            Ok(SecretRef::Elsewhere(reference)) if reference.to_string() == text => reference.place,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn words(text: &str) -> Vec<String> {
        match place(text) {
            Place::Command { words, folder } if folder == Path::new("/etc/mcr") => words,
            _ => panic!("{text} is no command"),
        }
    }

    #[test]
    fn a_text_without_a_prefix_is_the_key() {
        for text in ["sk-1", "ollama", "Env:X", "environment:X", "a:b"] {
            let Ok(SecretRef::Value(secret)) = SecretRef::parse(text, Path::new("")) else { panic!("{text}") };
            assert_eq!(secret.expose(), text);
        }
    }

    #[test]
    fn each_prefix_names_a_place() {
        assert!(place("env:MISTRAL_API_KEY") == Place::Variable("MISTRAL_API_KEY".to_owned()));
        assert!(place("file:keys/mistral") == Place::File("/etc/mcr/keys/mistral".into()));
        assert!(place("file:/run/secrets/mistral") == Place::File("/run/secrets/mistral".into()));
        assert!(place("file:~/.keys/mistral") == Place::HomeFile(".keys/mistral".into()));
        assert!(place("store:preset/a/b") == Place::Stored(KeyName::parse("preset/a/b").unwrap()));
    }

    #[test]
    fn words_are_split_as_a_shell_would_and_nothing_else_is_done() {
        assert_eq!(words("cmd:pass show mistral"), ["pass", "show", "mistral"]);
        assert_eq!(
            words(r#"cmd:op read "op://My Vault/k" 'it''s' a\ b"#),
            ["op", "read", "op://My Vault/k", "its", "a b"]
        );
        assert_eq!(words("cmd:echo a;b | c > d `e` *"), ["echo", "a;b", "|", "c", ">", "d", "`e`", "*"]);
    }

    #[test]
    fn what_a_variable_holds_is_never_a_reference() {
        let key = SecretRef::interpolated("$KEY", "cmd:touch", Path::new(""));
        assert!(matches!(key, Ok(SecretRef::Value(secret)) if secret.expose() == "cmd:touch"));
    }

    #[test]
    fn a_reference_is_shown_without_what_its_variables_hold() {
        let key = SecretRef::interpolated("cmd:vault $TOKEN", "cmd:vault sk-1", Path::new("")).unwrap();
        assert_eq!(format!("{key:?}"), "Elsewhere(cmd:vault $TOKEN)");
        let error = SecretRef::interpolated("env:$KEY", "env:sk-1", Path::new("")).unwrap_err();
        assert_eq!(error, "`env:$KEY` is no reference to a key: behind `env:` stands the name of a variable");
    }

    #[test]
    fn half_a_reference_is_refused() {
        for text in [
            "env:",
            "env:A B",
            "env:1A",
            "env:A-B",
            "file:",
            "file:~",
            "file:~/",
            "file:~other/key",
            "cmd:",
            "cmd:  ",
            "cmd:''",
            "cmd:echo 'a",
            "store:",
            "store:Mistral",
            "store:/a",
        ] {
            let error = SecretRef::parse(text, Path::new("")).unwrap_err();
            assert!(error.starts_with(&format!("`{text}` is no reference to a key: behind `")), "{error}");
        }
    }

    #[test]
    fn a_key_that_is_none_is_not_repeated() {
        assert_eq!(SecretRef::parse("", Path::new("")).unwrap_err(), "the key is empty");
        let error = SecretRef::parse("sk 1", Path::new("")).unwrap_err();
        assert_eq!(error, "a key has no spaces, line ends or other than ASCII characters");
    }
}
