//! How hosts differ in what a request may say: data, for every dialect whose difference is one of these.
//!
//! `dialects.json` is the data, each entry with its source. A dialect that is not in it has
//! no quirks.

use std::sync::LazyLock;

use serde::Deserialize;

/// What a dialect wants otherwise than the common subset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Quirks {
    /// Whether the longest answer is called `max_completion_tokens`, and `max_tokens` is refused.
    #[serde(default)]
    pub max_completion_tokens: bool,
    /// Whether `response_format` is refused.
    #[serde(default)]
    pub no_response_format: bool,
    /// The longest answer in tokens where the client names none, since the server would take a few words for one.
    #[serde(default)]
    pub max_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    dialect: String,
    /// Hosts of this domain, and below it, speak so.
    domain: String,
    #[serde(flatten)]
    quirks: Quirks,
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the data file"))]
    source: String,
}

#[derive(Debug, Deserialize)]
struct Dialects {
    #[expect(dead_code, reason = "for the reader of the data file")]
    as_of: String,
    dialects: Vec<Entry>,
}

static DIALECTS: LazyLock<Dialects> =
    LazyLock::new(|| serde_json::from_str(include_str!("dialects.json")).expect("dialects.json is checked by a test"));

static NONE: Quirks = Quirks { max_completion_tokens: false, no_response_format: false, max_tokens: None };

/// Returns the quirks of a dialect, by its word in the configuration.
pub fn quirks(dialect: &str) -> &'static Quirks {
    DIALECTS.dialects.iter().find(|entry| entry.dialect == dialect).map_or(&NONE, |entry| &entry.quirks)
}

/// Returns the dialect of a host that belongs to a known service, whatever its case.
pub fn dialect_of(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    let is_of = |domain: &str| host.strip_suffix(domain).is_some_and(|left| left.is_empty() || left.ends_with('.'));
    DIALECTS.dialects.iter().find(|entry| is_of(&entry.domain)).map(|entry| entry.dialect.as_str())
}

/// The words of all dialects that the data file names.
#[cfg(test)]
pub(crate) fn known_dialects() -> impl Iterator<Item = &'static str> {
    DIALECTS.dialects.iter().map(|entry| entry.dialect.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_stands_once_and_says_where_it_is_from() {
        let mut words: Vec<&str> = known_dialects().collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert!(count >= 3 && words.len() == count, "{words:?}");
        assert!(DIALECTS.dialects.iter().all(|entry| !entry.source.is_empty()));
    }

    #[test]
    fn a_host_is_of_a_domain_or_below_it() {
        for (host, dialect) in [
            ("openai.inference.de-txl.ionos.com", Some("ionos")),
            ("API.Infomaniak.com", Some("infomaniak")),
            ("mistral.ai", Some("mistral")),
            ("notionos.com", None),
            ("ionos.com.example", None),
        ] {
            assert_eq!(dialect_of(host), dialect, "{host}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_quirks() {
        assert_eq!(quirks("openai"), &Quirks::default());
        assert_eq!(quirks("mistral"), &Quirks::default());
        assert_eq!(quirks("ionos").max_tokens, Some(4096));
    }
}
