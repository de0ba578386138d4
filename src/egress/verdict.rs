//! What the guard decides of a host, and the words for it.

use std::fmt::Write as _;

use super::address::{self, classify};
use super::guard::{CLOUD, Facts};
use crate::audit::{AddressClass, Decision, Event, Kind};
use crate::catalog;
use crate::config::{By, EgressRules, Network};

/// What was decided of a host, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The host, in the one form that hosts are compared in.
    pub host: String,
    /// Who operates it, as far as the user or the catalogue knows.
    pub operator: Option<String>,
    /// The operator's country, two letters.
    pub country: Option<String>,
    /// Where the host promises to work; `local` for this machine and its network.
    pub region: Option<String>,
    /// What its name has to lead to.
    pub network: Network,
    /// What was decided.
    pub decision: Decision,
    /// Why, in words that follow the host's name.
    pub why: String,
    /// What would mend it, a command or a step each; nothing where it may go.
    pub mend: Vec<String>,
}

/// Why a host may be spoken to, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// By this word of `Egress.allow`.
    Allowed(String),
    /// The user vouches for it: since when, and why.
    Vouched(String, String),
    /// A person typed it.
    Typed,
    /// This word of `Egress.deny` means it.
    Named(String),
    /// Nobody here knows whose it is.
    Unknown,
    /// It is known, and no word of `Egress.allow` means it.
    NotAllowed,
    /// The user vouches for it, and allows nothing but this network.
    LocalAlone,
    /// It does not promise to work in this region, which the user or somebody else asks for.
    Elsewhere(String, Option<By>),
    /// The preset in use does not let it go.
    Preset,
    /// `--offline-only` does not.
    Offline,
    /// Its address is `http`, and it is not in this machine's network.
    Legible,
}

impl Why {
    pub(super) fn allows(&self) -> bool {
        match self {
            Self::Allowed(_) | Self::Vouched(..) | Self::Typed => true,
            Self::Named(_)
            | Self::Unknown
            | Self::NotAllowed
            | Self::LocalAlone
            | Self::Elsewhere(..)
            | Self::Preset
            | Self::Offline
            | Self::Legible => false,
        }
    }
}

impl Verdict {
    pub(super) fn new(facts: &Facts<'_>, network: Network, decision: Decision, why: &Why, rules: &EgressRules) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            host: facts.host.to_string(),
            operator: owned(facts.operator),
            country: owned(facts.country),
            region: owned(facts.region),
            network,
            decision,
            mend: if why.allows() { Vec::new() } else { mend(why, facts) },
            why: words(why, facts, rules),
        }
    }

    /// Whether it may go, be it under observation.
    pub fn lets_go(&self) -> bool {
        match self.decision {
            Decision::Allowed | Decision::Observed => true,
            Decision::Denied => false,
        }
    }

    /// All of it in one line, without the host: why it does not go, and what would mend that.
    pub fn refusal(&self) -> String {
        let mut text = format!("the egress guard does not let this go: {}", self.why);
        if !self.mend.is_empty() {
            let _ = write!(text, "; {}", self.mend.join(", or "));
        }
        text
    }

    /// The command that would let it go, where there is one.
    pub fn command(&self) -> Option<&str> {
        self.mend.iter().find_map(|mend| mend.strip_prefix("run `")?.strip_suffix('`'))
    }

    /// What the record says of it; `target` is the provider as configured.
    pub fn event(&self, target: Option<&str>) -> Event {
        Event {
            host: Some(self.host.clone()),
            operator: self.operator.clone(),
            region: self.region.clone(),
            decision: Some(self.decision),
            reason: Some(self.why.clone()),
            target: target.map(str::to_owned),
            ..Event::new(Kind::Deny)
        }
    }
}

/// Who operates a host, and how that is known.
fn whose(facts: &Facts<'_>) -> String {
    let operator = facts.operator.unwrap_or("nobody knows whom");
    let country = facts.country.map_or_else(String::new, |country| format!("{country}; "));
    let source = match facts.allowance {
        // The catalogue may know a country that the user has not named.
        Some(allowance) if allowance.country.is_none() && facts.country.is_some() => {
            format!("operator: your own word, country: catalogue of {}", catalog::facts_as_of())
        }
        Some(_) => "your own word".to_owned(),
        None => format!("catalogue of {}", catalog::facts_as_of()),
    };
    if facts.provider == Some(CLOUD) {
        return format!("the server passes this model on to {operator} ({country}{source})");
    }
    format!("it is operated by {operator} ({country}{source})")
}

fn words(why: &Why, facts: &Facts<'_>, rules: &EgressRules) -> String {
    match why {
        Why::Allowed(_) if facts.is_local => "it is this machine, or in its network".to_owned(),
        Why::Allowed(word) => format!("{}, and `{word}` is allowed", whose(facts)),
        Why::Vouched(since, reason) if since.is_empty() => format!("you allow it: {reason}"),
        Why::Vouched(since, reason) => format!("you have allowed it since {since}: {reason}"),
        Why::Typed => "you typed its address".to_owned(),
        Why::Named(word) => format!("`{word}` of `Egress.deny` means it"),
        Why::Unknown => match nobodys(facts) {
            Some(class) => format!("it is {}, which nobody may vouch for", address::words(class)),
            None => "nobody here knows who operates it".to_owned(),
        },
        Why::NotAllowed if facts.is_local => format!("it is local, and `Egress.allow` is {}", rules.allow.join(", ")),
        Why::NotAllowed => format!("{}, and `Egress.allow` is {}", whose(facts), rules.allow.join(", ")),
        Why::LocalAlone => "`Egress.allow` is `local` alone, which holds for hosts that you allow, too".to_owned(),
        Why::Elsewhere(region, by) => {
            let place = match facts.region {
                Some("global") => "it promises no place".to_owned(),
                Some(place) => format!("it promises to work in {place}"),
                None => "it is not known where it works".to_owned(),
            };
            let whose = match by {
                Some(By::Preset) => "the preset's `Egress.region`",
                Some(By::OfflineOnly) | None => "`Egress.region`",
            };
            format!("{place}, and {whose} is {region}")
        }
        Why::Preset => "the preset's own `Egress` does not allow it".to_owned(),
        Why::Legible => {
            "`http` sends key and code readable for everyone, and goes into your own network alone".to_owned()
        }
        Why::Offline => "`--offline-only` lets nothing leave this machine and its network".to_owned(),
    }
}

/// What would let the host go, the likeliest first.
fn mend(why: &Why, facts: &Facts<'_>) -> Vec<String> {
    let host = &facts.host;
    match why {
        Why::Allowed(_) | Why::Vouched(..) | Why::Typed => Vec::new(),
        Why::Named(word) => vec![format!("take `{word}` out of `Egress.deny`")],
        Why::Unknown if nobodys(facts).is_some() => Vec::new(),
        Why::Unknown => {
            let private = if is_inner(facts) { " --private" } else { "" };
            vec![format!("run `mcr egress allow {host} --operator NAME --reason TEXT{private}`")]
        }
        Why::NotAllowed if facts.is_local => vec!["add `local` to `Egress.allow`".to_owned()],
        Why::NotAllowed => {
            let name = facts.provider.map_or_else(|| host.to_string(), str::to_owned);
            let named = if name == CLOUD { CLOUD.to_owned() } else { host.to_string() };
            vec![format!("run `mcr egress allow {named} --reason TEXT`"), format!("add `{name}` to `Egress.allow`")]
        }
        Why::LocalAlone => vec![format!("add `{host}` to `Egress.allow`")],
        Why::Elsewhere(_, None) => match eu_endpoint(host.as_str()) {
            Some(_) => vec!["run `mcr egress use-eu`".to_owned(), "leave `Egress.region` out".to_owned()],
            None => vec!["leave `Egress.region` out".to_owned()],
        },
        Why::Elsewhere(_, Some(_)) | Why::Preset => {
            vec!["change `Egress` in the preset's manifest, or use another preset".to_owned()]
        }
        Why::Legible => vec![
            "write `https` in its address".to_owned(),
            format!("where it is yours, run `mcr egress allow {host} --operator NAME --reason TEXT --private`"),
        ],
        Why::Offline => vec!["leave `--offline-only` out".to_owned()],
    }
}

/// What kind of address a host is, where it is one that nobody may vouch for.
fn nobodys(facts: &Facts<'_>) -> Option<AddressClass> {
    let class = classify(facts.host.as_str().parse().ok()?);
    let is_nobodys = match class {
        AddressClass::Metadata | AddressClass::LinkLocal | AddressClass::Unusable | AddressClass::Proxied => true,
        AddressClass::Loopback | AddressClass::Private | AddressClass::Cgnat | AddressClass::Public => false,
    };
    is_nobodys.then_some(class)
}

/// Whether a host is an address that is none of the Internet.
fn is_inner(facts: &Facts<'_>) -> bool {
    facts.host.as_str().parse().is_ok_and(|address| classify(address) != AddressClass::Public)
}

/// The host of the same provider that promises the EU, where this one promises no place.
pub fn eu_endpoint(host: &str) -> Option<&'static str> {
    let standing = catalog::standing(host).filter(|it| it.region == Some("global"))?;
    let url = catalog::provider(standing.provider)?.base_url.as_deref()?;
    let other = url.split("//").nth(1)?.split('/').next()?;
    catalog::host(other).is_some_and(|host| host.region == "EU").then_some(other)
}
