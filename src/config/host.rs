//! A host as keys are bound to it: a name or an address, without a port.

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// A host in the one form in which two of them are compared.
///
/// Ports are left out: whoever may listen on one port of a machine may listen on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

impl Host {
    /// Takes the host of a URL: letters in lower case, addresses in their shortest form, no brackets.
    pub fn of_url(host: &str) -> Self {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        Self(literal.parse::<IpAddr>().map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string()))
    }

    /// Reads what a person or a preset calls a host.
    ///
    /// # Errors
    /// Says what is wrong when the text is no name and no address, or holds more than that.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let host = Self::of_url(text);
        if host.0.parse::<IpAddr>().is_ok() || (!text.is_empty() && text.chars().all(is_part)) {
            return Ok(host);
        }
        Err(format!("`{text}` is no host; a host is a name or an address alone, such as `api.eu.mistral.ai`"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_has_one_form() {
        for (text, expect) in [
            ("API.Mistral.ai", "api.mistral.ai"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
        ] {
            assert_eq!(Host::parse(text).as_ref().map(Host::as_str), Ok(expect), "{text}");
            assert_eq!(Host::of_url(text).as_str(), expect, "{text}");
        }
    }

    #[test]
    fn what_is_more_than_a_host_is_refused() {
        for text in ["", "https://api.mistral.ai", "api.mistral.ai:443", "me@x.example", "a b", "*.mistral.ai", "x/y"] {
            let error = Host::parse(text).unwrap_err();
            assert!(error.starts_with(&format!("`{text}` is no host; ")), "{error}");
        }
    }
}
