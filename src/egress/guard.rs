//! The guard: may this host be spoken to, and why.
//!
//! Decides and does nothing else: it knows no socket, no file and no clock. What nobody here knows may not be spoken to.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;
use http::uri::Scheme;

use super::address::classify;
use super::verdict::{Verdict, Why};
use crate::audit::{AddressClass, Decision};
use crate::catalog::{self, is_within};
use crate::config::{Allowance, By, EgressRules, Host, Mode, Narrowing, Network, is_local, sha256};

/// The word for loopback and private addresses, and for names that the user says are private.
pub(super) const LOCAL: &str = "local";
/// Who runs a model that an Ollama server of one's own passes on.
pub(super) const CLOUD: &str = "ollama-cloud";
const CLOUD_OPERATOR: &str = "Ollama Inc.";
const CLOUD_COUNTRY: &str = "US";
/// Hosts whose verdicts are kept; a configuration has a handful.
const MOST_KNOWN: usize = 512;

/// Decides which hosts may be spoken to; clones share what they have decided.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    policy: Arc<Policy>,
    known: Arc<RwLock<HashMap<Box<str>, Arc<Verdict>>>>,
}

/// All that a decision depends on.
#[derive(Debug, Default, PartialEq)]
struct Policy {
    rules: EgressRules,
    narrowings: Vec<Narrowing>,
    allowances: Vec<Allowance>,
    by_hand: bool,
}

/// What is known of a host.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    pub(super) host: Host,
    pub(super) is_local: bool,
    /// The provider's name, as a word of `allow` and `deny`.
    pub(super) provider: Option<&'static str>,
    pub(super) operator: Option<&'a str>,
    pub(super) country: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) allowance: Option<&'a Allowance>,
    /// The operator's country in the catalogue, where the user says another.
    listed: Option<&'static str>,
}

impl PartialEq for Guard {
    fn eq(&self, other: &Self) -> bool {
        self.policy == other.policy
    }
}

impl Guard {
    /// The user's rules, those that narrow them, and the hosts that the user vouches for.
    pub fn new(rules: EgressRules, narrowings: Vec<Narrowing>, allowances: Vec<Allowance>) -> Self {
        let policy = Policy { rules, narrowings, allowances, by_hand: false };
        Self { policy: Arc::new(policy), known: Arc::default() }
    }

    /// The same rules, with other hosts that the user vouches for.
    #[must_use]
    pub fn vouching(&self, allowances: Vec<Allowance>) -> Self {
        let Policy { rules, narrowings, allowances: _, by_hand } = &*self.policy;
        let (rules, narrowings) = (rules.clone(), narrowings.clone());
        Self { policy: Arc::new(Policy { rules, narrowings, allowances, by_hand: *by_hand }), known: Arc::default() }
    }

    /// The hosts that the user vouches for.
    pub fn allowances(&self) -> &[Allowance] {
        &self.policy.allowances
    }

    /// One name for all that its decisions rest on, besides the catalogue: SHA-256 in hexadecimal digits.
    pub fn hash(&self) -> String {
        sha256(format!("{:?}", self.policy).as_bytes())
    }

    /// For an address that a person has just typed, and where that leads on to: whatever is not denied.
    ///
    /// Typing it is the permission that `allow` would be, unless that is for this network alone. Nothing is sent there
    /// but the request for a file, so it does not matter in which region it is. Addresses are checked as ever.
    pub fn by_hand(rules: EgressRules, allowances: Vec<Allowance>) -> Self {
        let policy = Policy { rules, narrowings: Vec::new(), allowances, by_hand: true };
        Self { policy: Arc::new(policy), known: Arc::default() }
    }

    /// Decides on a host, as a URL has it.
    pub fn judge(&self, host: &str) -> Arc<Verdict> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(verdict) = known.get(host) {
            return Arc::clone(verdict);
        }
        drop(known);
        let verdict = Arc::new(self.decide(&self.facts(host)));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_KNOWN {
            known.insert(host.into(), Arc::clone(&verdict));
        }
        verdict
    }

    /// Decides on a model at a host: a server of one's own may pass it on to somebody else.
    pub fn judge_model(&self, host: &str, model: &str) -> Arc<Verdict> {
        let verdict = self.judge(host);
        if !is_passed_on(model) || verdict.network != Network::Private {
            return verdict;
        }
        let facts = self.facts(host);
        if !facts.is_local || verdict.decision == Decision::Denied {
            return verdict;
        }
        Arc::new(self.decide(&self.passed_on(facts)))
    }

    /// Decides on a model at an address: what everybody on the way can read may go into this network alone.
    pub fn judge_at(&self, uri: &Uri, model: &str) -> Arc<Verdict> {
        self.unless_legible(uri, self.judge_model(uri.host().unwrap_or_default(), model))
    }

    /// Decides on an address alone.
    pub fn judge_uri(&self, uri: &Uri) -> Arc<Verdict> {
        self.unless_legible(uri, self.judge(uri.host().unwrap_or_default()))
    }

    fn unless_legible(&self, uri: &Uri, verdict: Arc<Verdict>) -> Arc<Verdict> {
        let is_legible = uri.scheme() != Some(&Scheme::HTTPS) && verdict.network == Network::Public;
        if !is_legible || !verdict.lets_go() || self.policy.by_hand {
            return verdict;
        }
        let facts = self.facts(uri.host().unwrap_or_default());
        Arc::new(Verdict::new(&facts, Network::Public, Decision::Denied, &Why::Legible, &self.policy.rules))
    }

    /// Decides on what goes by a word: a host, or the models that a server of one's own passes on.
    pub fn judge_word(&self, word: &str) -> Arc<Verdict> {
        match passes_on(word) {
            Some(_) => Arc::new(self.decide(&self.passed_on(self.facts(word)))),
            None => self.judge(word),
        }
    }

    /// What is known of who runs a model that a server passes on.
    fn passed_on<'a>(&'a self, server: Facts<'a>) -> Facts<'a> {
        Facts {
            is_local: false,
            provider: Some(CLOUD),
            operator: Some(CLOUD_OPERATOR),
            country: Some(CLOUD_COUNTRY),
            region: None,
            allowance: self.policy.allowances.iter().find(|it| it.host.as_str() == CLOUD),
            ..server
        }
    }

    fn facts(&self, host: &str) -> Facts<'_> {
        let host = normal(host);
        let standing = catalog::standing(host.as_str());
        let allowance = self.policy.allowances.iter().find(|allowance| allowance.host == host);
        let is_private = allowance.is_some_and(|allowance| allowance.network == Network::Private);
        // A metadata service may have an address of a private network, and is nobody's own.
        let is_own = |address: IpAddr| classify(address) != AddressClass::Metadata;
        let is_local = (is_local(host.as_str()) && host.as_str().parse().map_or(true, is_own)) || is_private;
        let region = allowance.and_then(|it| it.region.as_deref()).or(standing.and_then(|it| it.region));
        Facts {
            is_local,
            provider: standing.map(|it| it.provider),
            operator: allowance.map(|it| &*it.operator).or(standing.map(|it| it.operator)),
            country: allowance.and_then(|it| it.country.as_deref()).or(standing.map(|it| it.country)),
            region: if is_local { Some(LOCAL) } else { region },
            allowance,
            listed: standing.map(|it| it.country),
            host,
        }
    }

    fn decide(&self, facts: &Facts<'_>) -> Verdict {
        let Policy { rules, narrowings, allowances: _, by_hand } = &*self.policy;
        let network = network(facts);
        if *by_hand {
            let why = typed(rules, facts);
            return Verdict::new(facts, network, decision(&why, rules.mode), &why, rules);
        }
        let own = own(rules, facts);
        let by_own = decision(&own, rules.mode);
        let narrowed = narrowings.iter().find_map(|narrowing| narrowed(narrowing, facts));
        match (by_own, narrowed) {
            (Decision::Allowed | Decision::Observed, Some(why)) => {
                Verdict::new(facts, network, Decision::Denied, &why, rules)
            }
            (_, _) => Verdict::new(facts, network, by_own, &own, rules),
        }
    }
}

/// What the host's name has to lead to: a model that is passed on is passed on by a server that is here all the same.
fn network(facts: &Facts<'_>) -> Network {
    let is_here = facts.is_local || facts.provider == Some(CLOUD);
    if is_here { Network::Private } else { Network::Public }
}

/// A host in the one form: a name may end with the root's dot.
pub(super) fn normal(host: &str) -> Host {
    Host::of_url(host.strip_suffix('.').unwrap_or(host))
}

/// Whether an Ollama server of one's own passes a model on instead of running it.
pub fn is_passed_on(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    model.ends_with(":cloud") || model.ends_with("-cloud")
}

/// Who operates what goes by this word, where the word is no host: models that a server of one's own passes on.
pub fn passes_on(word: &str) -> Option<&'static str> {
    (word == CLOUD).then_some(CLOUD_OPERATOR)
}

fn decision(why: &Why, mode: Mode) -> Decision {
    match (why.allows(), mode) {
        (true, _) => Decision::Allowed,
        (false, Mode::Enforce) => Decision::Denied,
        (false, Mode::Observe) => Decision::Observed,
    }
}

/// What the user's own rules say.
fn own(rules: &EgressRules, facts: &Facts<'_>) -> Why {
    if let Some(word) = denied_by(&rules.deny, facts) {
        return Why::Named(word.to_owned());
    }
    let allowed = rules.allow.iter().find(|word| means(word, facts));
    let why = match (allowed, facts.allowance) {
        (Some(word), _) => Why::Allowed(word.clone()),
        (None, Some(allowance)) if !is_local_alone(rules) => {
            Why::Vouched(allowance.since.clone(), allowance.reason.clone())
        }
        (None, _) if facts.operator.is_none() => Why::Unknown,
        (None, Some(_)) => Why::LocalAlone,
        (None, None) => Why::NotAllowed,
    };
    match &rules.region {
        Some(region) if why.allows() && !is_in(region, facts) => Why::Elsewhere(region.clone(), None),
        _ => why,
    }
}

/// What they say of an address that a person has typed.
fn typed(rules: &EgressRules, facts: &Facts<'_>) -> Why {
    match denied_by(&rules.deny, facts) {
        Some(word) => Why::Named(word.to_owned()),
        None if is_local_alone(rules) && !facts.is_local => Why::LocalAlone,
        None => Why::Typed,
    }
}

/// Who allows nothing but this network says so of every host at once.
fn is_local_alone(rules: &EgressRules) -> bool {
    rules.allow.iter().all(|word| word == LOCAL)
}

/// Why rules that narrow the user's do not let a host go, where they do not.
fn narrowed(narrowing: &Narrowing, facts: &Facts<'_>) -> Option<Why> {
    let by = narrowing.by;
    let is_denied = denied_by(&narrowing.deny, facts).is_some();
    let is_left_out = narrowing.allow.as_ref().is_some_and(|allow| !allow.iter().any(|word| means(word, facts)));
    match (by, is_denied || is_left_out, &narrowing.region) {
        (By::OfflineOnly, true, _) => Some(Why::Offline),
        (By::Preset, true, _) => Some(Why::Preset),
        (_, false, Some(region)) if !is_in(region, facts) => Some(Why::Elsewhere(region.clone(), Some(by))),
        (_, false, _) => None,
    }
}

fn denied_by<'r>(deny: &'r [String], facts: &Facts<'_>) -> Option<&'r str> {
    let by_catalogue = |word: &str| facts.listed.is_some_and(|country| is_country(word, country));
    deny.iter().map(String::as_str).find(|word| means(word, facts) || by_catalogue(word))
}

/// Whether a word of `allow` or `deny` means this host.
fn means(word: &str, facts: &Facts<'_>) -> bool {
    if word == LOCAL {
        return facts.is_local;
    }
    if facts.provider == Some(CLOUD) {
        return word == CLOUD || is_country(word, CLOUD_COUNTRY);
    }
    let is_provider = facts
        .provider
        .is_some_and(|name| name == word || catalog::known_provider(word).is_some_and(|it| it.name() == name));
    is_provider
        || normal(word) == facts.host
        || (!facts.is_local && facts.country.is_some_and(|country| is_country(word, country)))
}

/// Whether a word is a country, or several, and this one is among them; a provider's name may have two letters, too.
fn is_country(word: &str, country: &str) -> bool {
    is_within(country, word)
}

/// Whether a host promises to work in a region.
fn is_in(region: &str, facts: &Facts<'_>) -> bool {
    // Whoever asks for the EU may have the whole of the internal market.
    let word = if region == "eu" { "eea" } else { region };
    facts.is_local
        || facts.region.is_some_and(|place| {
            place.eq_ignore_ascii_case(region)
                || is_within(place, word)
                || (word == "eea" && place.eq_ignore_ascii_case("eu"))
        })
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
