//! What the agent's own traffic may reach, by name and by address. Pure.

use std::net::IpAddr;

use crate::audit::AddressClass;
use crate::catalog;
use crate::config::{AgentTraffic, EgressRules, is_local, is_this_machine};
use crate::egress::address::unwrapped;

/// What the agent's own traffic may reach.
#[derive(Debug, Clone)]
pub enum Policy {
    /// What is configured.
    Configured(EgressRules),
    /// Addresses of a private network, by the address itself: a name would have to be asked for outside.
    Local,
    /// Nothing: what it asks for is all that is of interest.
    Nothing,
}

/// What is decided of a host; the texts say why, of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// It goes, and a stricter setting would not let it.
    Observed(String),
    Denied(String),
}

impl Policy {
    /// Judges a host by its name: in lower case, without brackets and the last dot. `may_mcr` says whether mcr itself may
    /// speak to it.
    pub(super) fn judge(&self, host: &str, may_mcr: impl Fn() -> bool) -> Verdict {
        if is_this_machine(host) {
            return Verdict::Denied("it is this machine, which needs no proxy".to_owned());
        }
        let rules = match self {
            Self::Configured(rules) => rules,
            Self::Local if is_local(host) => return Verdict::Allowed,
            Self::Local => return Verdict::Denied(OFFLINE.to_owned()),
            Self::Nothing => return Verdict::Denied("nothing may be reached here".to_owned()),
        };
        let vendor = catalog::vendor_of(host);
        match (rules.agent, vendor) {
            (AgentTraffic::Observe, Some(who)) => Verdict::Observed(format!("it is {who}'s")),
            (AgentTraffic::BlockVendor, Some(who)) => Verdict::Denied(blocked(who)),
            (AgentTraffic::Strict, _) if is_listed(host, &rules.agent_allow) => Verdict::Allowed,
            (AgentTraffic::Strict, Some(who)) => Verdict::Denied(format!("it is {who}'s, and {STRICT}")),
            (AgentTraffic::Strict, None) if may_mcr() => Verdict::Allowed,
            (AgentTraffic::Strict, None) => Verdict::Denied(STRICT.to_owned()),
            (AgentTraffic::Observe | AgentTraffic::BlockVendor, None) => Verdict::Allowed,
        }
    }

    /// Judges an address that a host has, or the reason against it.
    pub(super) fn objects(&self, host: &str, address: IpAddr, class: AddressClass) -> Result<(), String> {
        let rules = match self {
            Self::Configured(rules) => rules,
            Self::Local if class == AddressClass::Private => return Ok(()),
            Self::Local => return Err(OFFLINE.to_owned()),
            Self::Nothing => return Err("nothing may be reached here".to_owned()),
        };
        match class {
            AddressClass::Loopback => Err("its address is this machine's".to_owned()),
            AddressClass::LinkLocal => Err("its address is of the same link only".to_owned()),
            AddressClass::Metadata => Err("its address is a cloud's metadata service".to_owned()),
            AddressClass::Unusable => Err("its address is none that may be connected to".to_owned()),
            AddressClass::Private | AddressClass::Cgnat
                if rules.agent == AgentTraffic::Strict && !is_listed(host, &rules.agent_allow) =>
            {
                Err(format!("its address is of a private network, and {STRICT}"))
            }
            AddressClass::Public if rules.agent == AgentTraffic::BlockVendor => {
                catalog::vendor_of_address(unwrapped(address)).map_or(Ok(()), |who| Err(blocked(who)))
            }
            AddressClass::Private | AddressClass::Cgnat | AddressClass::Public | AddressClass::Proxied => Ok(()),
        }
    }
}

const STRICT: &str = "`Egress.agent` is `strict` and neither `Egress.allow` nor `Egress.agent_allow` lets it go";

const OFFLINE: &str = "`--offline-only` lets nothing leave this machine and its network";

fn blocked(who: &str) -> String {
    format!("it is {who}'s, and `Egress.agent` is `block-vendor`")
}

/// Whether a host is on a list: by its name, or below a domain that begins with a dot.
fn is_listed(host: &str, list: &[String]) -> bool {
    list.iter().any(|entry| match entry.strip_prefix('.') {
        Some(domain) => host == domain || host.ends_with(entry.as_str()),
        None => host == entry,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(agent: AgentTraffic, agent_allow: &[&str]) -> Policy {
        let agent_allow = agent_allow.iter().map(|host| (*host).to_owned()).collect();
        Policy::Configured(EgressRules { agent, agent_allow, ..EgressRules::default() })
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Allowed => "allowed",
            Verdict::Observed(_) => "observed",
            Verdict::Denied(_) => "denied",
        }
    }

    #[test]
    fn each_setting_has_its_word_of_each_kind_of_host() {
        let hosts = ["api.anthropic.com", "github.com", "localhost", "127.0.0.1"];
        let words = |policy: &Policy| hosts.map(|host| word(&policy.judge(host, || false)));
        assert_eq!(words(&policy(AgentTraffic::Observe, &[])), ["observed", "allowed", "denied", "denied"]);
        assert_eq!(words(&policy(AgentTraffic::BlockVendor, &[])), ["denied", "allowed", "denied", "denied"]);
        assert_eq!(words(&policy(AgentTraffic::Strict, &[])), ["denied", "denied", "denied", "denied"]);
        assert_eq!(words(&policy(AgentTraffic::Strict, &["github.com"])), ["denied", "allowed", "denied", "denied"]);
        assert_eq!(words(&Policy::Nothing), ["denied"; 4]);
        // What mcr itself may speak to, the agent may in `strict`: but not the vendor, and not this machine.
        let strict = policy(AgentTraffic::Strict, &[]);
        let too = hosts.map(|host| word(&strict.judge(host, || true)));
        assert_eq!(too, ["denied", "allowed", "denied", "denied"]);
    }

    #[test]
    fn nothing_leaves_the_network_where_that_was_asked_for() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let words = ["api.anthropic.com", "github.com", "localhost", "10.0.0.7"]
            .map(|host| word(&Policy::Local.judge(host, || false)));
        assert_eq!(words, ["denied", "denied", "denied", "allowed"]);
        for class in [AddressClass::Public, AddressClass::Cgnat, AddressClass::Proxied, AddressClass::Metadata] {
            assert!(Policy::Local.objects("10.0.0.7", address, class).is_err(), "{class:?}");
        }
        assert_eq!(Policy::Local.objects("10.0.0.7", address, AddressClass::Private), Ok(()));
    }

    #[test]
    fn a_domain_with_a_dot_holds_what_is_below_it_and_a_host_holds_itself() {
        let policy = policy(AgentTraffic::Strict, &[".crates.io", "github.com"]);
        for host in ["crates.io", "index.crates.io", "github.com"] {
            assert_eq!(policy.judge(host, || false), Verdict::Allowed, "{host}");
        }
        for host in ["notcrates.io", "gist.github.com", "crates.io.example"] {
            assert_eq!(word(&policy.judge(host, || false)), "denied", "{host}");
        }
    }

    #[test]
    fn no_setting_leads_to_this_machine_its_link_or_a_clouds_metadata() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        for agent in [AgentTraffic::Observe, AgentTraffic::BlockVendor, AgentTraffic::Strict] {
            for class in
                [AddressClass::Loopback, AddressClass::LinkLocal, AddressClass::Metadata, AddressClass::Unusable]
            {
                assert!(
                    policy(agent, &["h.example"]).objects("h.example", address, class).is_err(),
                    "{agent:?} {class:?}"
                );
            }
            assert_eq!(policy(agent, &["h.example"]).objects("h.example", address, AddressClass::Private), Ok(()));
        }
        let strict = policy(AgentTraffic::Strict, &[]);
        assert!(strict.objects("h.example", address, AddressClass::Private).is_err());
    }

    #[test]
    fn a_name_of_no_ones_that_leads_to_the_vendors_network_is_blocked() {
        let policy = policy(AgentTraffic::BlockVendor, &[]);
        let address = "160.79.104.10".parse().unwrap();
        let reason = "it is Anthropic's, and `Egress.agent` is `block-vendor`";
        assert_eq!(policy.objects("x.example", address, AddressClass::Public), Err(reason.to_owned()));
        // The same by way of a network that translates addresses.
        let translated = "64:ff9b::a04f:680a".parse().unwrap();
        assert_eq!(policy.objects("x.example", translated, AddressClass::Public), Err(reason.to_owned()));
    }
}
