//! Why there is no key.

use crate::error::{Exit, Failure};

/// A key that cannot be had: what is wrong, and what mends it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {mend}")]
pub struct KeyError {
    /// What it means for a command; [`Exit::Denied`] where the key is there and not to be had.
    pub exit: Exit,
    /// What is wrong.
    pub what: String,
    /// What to do, with the command to type.
    pub mend: String,
    /// The part of `what` that another program wrote: for the person, not for a log.
    pub quoted: String,
}

impl KeyError {
    /// Makes an error of mcr's own words.
    pub fn new(exit: Exit, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { exit, what: what.into(), mend: mend.into(), quoted: String::new() }
    }

    /// Whether the key is there and must not be used as asked.
    pub fn is_denied(&self) -> bool {
        self.exit == Exit::Denied
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::say(error.exit, error.what).hint(error.mend)
    }
}
