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
        if is_number(text) && host.0.parse::<IpAddr>().is_err() {
            return Err(format!("`{text}` is an address in another spelling; write it as four numbers: `127.0.0.1`"));
        }
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

/// Whether resolvers take a host for an address: its last part is a number, `0x` and all.
fn is_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_hexadecimal = last.strip_prefix("0x").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_hexdigit()));
    is_hexadecimal || (!last.is_empty() && last.chars().all(|c| c.is_ascii_digit()))
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
    fn an_address_is_spelt_as_four_numbers() {
        for text in ["127.1", "2130706433", "0x7f.1", "0X7F000001", "1.2.3.4.5", "256.0.0.1", "0x", "127.0.0.1."] {
            let told = Host::parse(text);
            assert!(told.as_ref().is_err_and(|error| error.contains("in another spelling")), "{told:?}");
        }
        for text in ["127.0.0.1", "v1.example", "1.example", "0x1.example", "a1"] {
            assert!(Host::parse(text).is_ok(), "{text}");
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
