//! Strings that borrow from the body when they hold no escapes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// A string of the body, borrowed where it can be.
///
/// A newtype because serde borrows a `Cow` in a field of its own and not inside
/// an `Option` or a `Vec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// JSON that is written as a string holding that JSON, as chat completions want tool arguments.
#[derive(Debug, Clone)]
pub enum RawText<'a> {
    /// JSON as it stood in the request.
    Raw(&'a RawValue),
    /// JSON made here.
    Owned(String),
}

impl RawText<'_> {
    /// The JSON text.
    pub fn get(&self) -> &str {
        match self {
            Self::Raw(raw) => raw.get(),
            Self::Owned(text) => text,
        }
    }
}

impl Serialize for RawText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.get())
    }
}
