//! What follows from a provider's name alone: where it answers, and which variable usually holds its key.
//!
//! `providers.json` is the data, each entry with its date and source; where it is silent nobody guesses.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Host, host, hosts, is_within};

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
    /// Other hosts of its own, where they share no domain that is all its; a `*` stands for a part without dots.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether facts are all that is known: a configuration cannot have it by its name alone.
    #[serde(default)]
    pub only_known: bool,
    /// The variable that usually holds its key; absent where none is needed.
    #[serde(default)]
    pub key: Option<String>,
    /// Whether it is a server of one's own: on this machine or in its network.
    #[serde(default)]
    pub local: bool,
    /// The legal entity that operates it; absent for servers of one's own, and where nobody here knows.
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
        self.domain.as_ref().is_some_and(is_in) || self.hosts.iter().any(|pattern| is_like(&host, pattern))
    }

    /// The name of its own.
    pub fn name(&self) -> &str {
        &self.names[0]
    }

    /// Where it answers, each with what is known of the place: hosts that are known, and that of its base address.
    pub fn endpoints(&self) -> Vec<Endpoint<'_>> {
        let base = self.base_url.as_deref().and_then(|url| url.split("//").nth(1)?.split('/').next());
        let mut endpoints: Vec<Endpoint<'_>> =
            base.map(|address| Endpoint { address, host: host(address), local: self.local }).into_iter().collect();
        for host in hosts().filter(|host| self.owns(&host.host) && Some(&*host.host) != base) {
            endpoints.push(Endpoint { address: &host.host, host: Some(host), local: false });
        }
        if endpoints.is_empty() {
            let names = self.domain.iter().chain(&self.hosts);
            endpoints.extend(names.map(|address| Endpoint { address, host: None, local: false }));
        }
        endpoints
    }

    /// The country of its operator in words, where that is neither in the EEA nor Switzerland.
    pub fn abroad(&self) -> Option<&str> {
        let country = self.country.as_deref().filter(|country| !is_within(country, "eea") && *country != "CH")?;
        Some(if country == "US" { "the USA" } else { country })
    }
}

/// Where a provider answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Endpoint<'p> {
    /// The host, with a port for a server of one's own, or a pattern of hosts.
    pub address: &'p str,
    /// What is known of its place.
    pub host: Option<&'static Host>,
    /// Whether it is on this machine.
    pub local: bool,
}

impl Endpoint<'_> {
    /// Where it promises to work, in a word; absent where nobody here knows.
    pub fn region(&self) -> Option<&'static str> {
        if self.local { Some("local") } else { self.host.map(|host| &*host.region) }
    }
}

/// Whether a host has the form of a pattern.
fn is_like(host: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return host == pattern };
    let part = host.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    part.is_some_and(|part| !part.is_empty() && !part.contains('.'))
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

/// All providers, as the data has them.
pub fn providers() -> impl Iterator<Item = &'static Provider> {
    PROVIDERS.providers.iter()
}

/// Finds a provider that a configuration may have by its name alone, whatever the name's case.
pub fn provider(name: &str) -> Option<&'static Provider> {
    known_provider(name).filter(|provider| !provider.only_known)
}

/// Finds any provider that something is known of, whatever the name's case, and with spaces for hyphens.
pub fn known_provider(name: &str) -> Option<&'static Provider> {
    let name = name.trim().replace(' ', "-");
    providers().find(|provider| provider.names.iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

/// Finds the provider whose host this is.
pub fn provider_of(host: &str) -> Option<&'static Provider> {
    PROVIDERS.providers.iter().find(|provider| provider.owns(host))
}

/// Finds the provider whose key a variable usually holds.
pub fn provider_of_key(variable: &str) -> Option<&'static Provider> {
    PROVIDERS.providers.iter().find(|provider| provider.key.as_deref() == Some(variable))
}

/// The names of all providers that a configuration may have by name alone, as the data has them.
pub fn provider_names() -> impl Iterator<Item = &'static str> {
    providers().filter(|provider| !provider.only_known).flat_map(|provider| &provider.names).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_entry_has_its_date() {
        let mut names: Vec<&str> = providers().flat_map(|provider| &provider.names).map(String::as_str).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(count >= 12 && names.len() == count, "{names:?}");
        for provider in &PROVIDERS.providers {
            assert!(provider.source.contains("2026-"), "{:?} has no date", provider.names);
            let host = provider.base_url.as_ref().and_then(|url| url.split("//").nth(1)?.split('/').next());
            let is_here = host.is_some_and(|host| host.starts_with("localhost:"));
            assert!(!is_here || provider.local, "{:?} is on this machine", provider.names);
            let is_own = host.is_none_or(|host| provider.owns(host) || is_here);
            assert!(is_own, "{:?} answers outside of its domain", provider.names);
            let nobody = (&provider.domain, &provider.entity, &provider.country, &provider.key);
            assert!(!provider.local || nobody == (&None, &None, &None, &None), "{:?} is somebody's", provider.names);
            if provider.only_known {
                assert_eq!(provider.key, None, "{:?}", provider.names);
                continue;
            }
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
            "evil.ollama.com",
            "evil.s3.eu-central-1.amazonaws.com",
            "bedrock-runtime.evil.s3.amazonaws.com",
            "evil.storage.googleapis.com",
            "evil.com-aiplatform.googleapis.com",
            "-aiplatform.googleapis.com",
        ] {
            assert_eq!(provider_of(host), None, "{host}");
        }
        for (host, name) in [
            ("oai.endpoints.kepler.ai.cloud.ovh.net", "ovhcloud"),
            ("api.openai-compat.model-serving.eu01.onstackit.cloud", "stackit"),
            ("eu.api.openai.com", "openai"),
            ("api.infomaniak.com", "infomaniak"),
            ("api.anthropic.com", "anthropic"),
            ("aiplatform.googleapis.com", "google-vertex"),
            ("europe-west4-aiplatform.googleapis.com", "google-vertex"),
            ("aiplatform.eu.rep.googleapis.com", "google-vertex"),
            ("generativelanguage.googleapis.com", "google-gemini"),
            ("bedrock-runtime.eu-central-1.amazonaws.com", "aws-bedrock"),
            ("bedrock-mantle.us-east-1.api.aws", "aws-bedrock"),
            ("api.cohere.ai", "cohere"),
            ("api.aleph-alpha.com", "aleph-alpha"),
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
