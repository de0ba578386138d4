//! What a key is called in the store.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name.
const LONGEST: usize = 128;

/// A name of the store's: `mistral`, `preset/mistral-cloud/api_key`.
///
/// Small letters and digits, and `.`, `_`, `/` and `-` behind the first; at most 128 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyName(String);

impl KeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// Says what a name is made of; repeats the text, which must not be a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_part = |byte: u8| is_letter(byte) || matches!(byte, b'.' | b'_' | b'/' | b'-');
        let begins = text.bytes().next().is_some_and(is_letter);
        if begins && text.bytes().all(is_part) && text.len() <= LONGEST {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is no name of a key; it has up to {LONGEST} small letters, digits, `.`, `_`, `/` and `-`, \
             a letter or digit first"
        ))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for KeyName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<KeyName> for String {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_few_letters() {
        let longest = "a".repeat(LONGEST);
        for name in ["mistral", "9", "preset/mistral-cloud/api_key", "a.b", longest.as_str()] {
            assert_eq!(KeyName::parse(name).as_ref().map(KeyName::as_str), Ok(name));
        }
        let too_long = "a".repeat(LONGEST + 1);
        for name in ["", "Mistral", "-a", "/a", ".a", "a b", "a\n", "ä", "a$", too_long.as_str()] {
            let error = KeyName::parse(name).unwrap_err();
            assert!(error.starts_with(&format!("`{name}` is no name of a key; ")), "{error}");
        }
    }
}
