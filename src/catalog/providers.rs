//! What follows from a provider's name alone: where it answers, and which variable usually holds its key.
//!
//! `providers.json` is the data, each entry with its date and source; where it is silent nobody guesses.

use std::sync::LazyLock;

use serde::Deserialize;

use super::is_within;

/// A provider that goes by a name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called; the first is the name of its own.
    pub names: Vec<String>,
    /// Where it answers; absent where that differs from customer to customer.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The domain that its hosts for models are in, and no host of a customer's, who might be anybody; absent for
    /// servers of one's own.
    #[serde(default)]
    pub domain: Option<String>,
    /// The variable that usually holds its key; absent where none is needed.
    #[serde(default)]
    pub key: Option<String>,
    /// The legal entity that operates it; absent for servers of one's own.
    #[serde(default)]
    pub entity: Option<String>,
    /// The country in which that is established, two letters.
    #[serde(default)]
    pub country: Option<String>,
    /// Where that stands, and its date.
    pub source: String,
}

impl Provider {
    /// Whether a host is one of the provider's.
    pub fn owns(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_in = |domain: &String| {
            host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with(['.']) || rest.is_empty())
        };
        self.domain.as_ref().is_some_and(is_in)
    }

    /// The country of its operator in words, where that is neither in the EEA nor Switzerland.
    pub fn abroad(&self) -> Option<&str> {
        let country = self.country.as_deref().filter(|country| !is_within(country, "eea") && *country != "CH")?;
        Some(if country == "US" { "the USA" } else { country })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Providers {
    #[expect(dead_code, reason = "for the reader of the data file")]
    as_of: String,
    providers: Vec<Provider>,
}

static PROVIDERS: LazyLock<Providers> = LazyLock::new(|| {
    serde_json::from_str(include_str!("providers.json")).expect("providers.json is checked by a test")
});

/// Finds a provider by one of its names, whatever its case.
pub fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.providers.iter().find(|provider| provider.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// Finds the provider whose host this is.
pub fn provider_of(host: &str) -> Option<&'static Provider> {
    PROVIDERS.providers.iter().find(|provider| provider.owns(host))
}

/// Finds the provider whose key a variable usually holds.
pub fn provider_of_key(variable: &str) -> Option<&'static Provider> {
    PROVIDERS.providers.iter().find(|provider| provider.key.as_deref() == Some(variable))
}

/// The names of all providers, as the data has them.
pub fn provider_names() -> impl Iterator<Item = &'static str> {
    PROVIDERS.providers.iter().flat_map(|provider| &provider.names).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_entry_has_its_date() {
        let mut names: Vec<&str> = provider_names().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(count >= 12 && names.len() == count, "{names:?}");
        for provider in &PROVIDERS.providers {
            assert!(provider.source.contains("2026-"), "{:?} has no date", provider.names);
            let host = provider.base_url.as_ref().and_then(|url| url.split("//").nth(1)?.split('/').next());
            let is_own = host.is_none_or(|host| provider.owns(host) || host.starts_with("localhost:"));
            assert!(is_own, "{:?} answers outside of its domain", provider.names);
            assert_eq!(provider.key.is_some(), provider.domain.is_some(), "{:?}", provider.names);
        }
    }

    #[test]
    fn a_host_that_anybody_can_have_at_a_provider_is_not_the_providers() {
        for host in [
            "vps-1.vps.ovh.net",
            "evil.s3.gra.io.cloud.ovh.net",
            "evil.runs.onstackit.cloud",
            "evil.object.storage.eu01.onstackit.cloud",
            "evil.postgresql.de-txl.ionos.com",
            "evil.ifr.fr-par.scaleway.com",
            "evil.infomaniak.com",
            "evil.nebius.com",
            "evil.openai.com",
        ] {
            assert_eq!(provider_of(host), None, "{host}");
        }
        for (host, name) in [
            ("oai.endpoints.kepler.ai.cloud.ovh.net", "ovhcloud"),
            ("api.openai-compat.model-serving.eu01.onstackit.cloud", "stackit"),
            ("eu.api.openai.com", "openai"),
            ("api.infomaniak.com", "infomaniak"),
        ] {
            assert_eq!(provider_of(host).map(|it| it.names[0].as_str()), Some(name), "{host}");
        }
    }

    #[test]
    fn a_host_is_its_providers_whatever_stands_before_the_domain() {
        let names = |host: &str| provider_of(host).map(|provider| provider.names[0].as_str());
        assert_eq!(names("API.eu.mistral.ai"), Some("mistral"));
        assert_eq!(names("mistral.ai"), Some("mistral"));
        assert_eq!((names("notmistral.ai"), names("mistral.ai.evil.test"), names("localhost")), (None, None, None));
    }
}
