//! A value that cannot print itself.

use secrecy::{ExposeSecret, SecretString};

/// A key or token; `Debug` shows that it is there, nothing shows what it is.
#[derive(Clone)]
pub struct Secret(SecretString);

/// A text that no header can carry; its words do not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// There is nothing.
    #[error("the key is empty")]
    Empty,
    /// A line end at the end of a variable is the usual case.
    #[error("a key has no spaces, line ends or other than ASCII characters")]
    Unprintable,
}

impl Secret {
    /// Takes a secret in.
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// Takes a key in, which must fit into a header.
    pub fn key(value: String) -> Result<Self, NotAKey> {
        let secret = Self::new(value);
        if secret.expose().is_empty() {
            return Err(NotAKey::Empty);
        }
        if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotAKey::Unprintable);
        }
        Ok(secret)
    }

    /// Hands the value out, to write it into a header and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::new("sk-123".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.expose(), "sk-123");
    }

    #[test]
    fn a_key_fits_into_a_header() {
        let check = |text: &str| Secret::key(text.to_owned()).map(drop);
        assert_eq!(check("sk-1!~"), Ok(()));
        assert_eq!(check(""), Err(NotAKey::Empty));
        for text in ["sk 1", "sk\n", "ключ", "\u{7f}"] {
            assert_eq!(check(text), Err(NotAKey::Unprintable), "{text:?}");
        }
    }
}
