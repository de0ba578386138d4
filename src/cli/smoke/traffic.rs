//! Whom the agent's runs asked for beside mcr, and whether anything went to its vendor.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Conversed, Enclosed, Ran};
use super::checks::Logged;
use super::listed;
use super::report::Check;
use crate::catalog::vendor_of;
use crate::egress::witness::{Asked, Seen};

/// How the agent was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// With `-p`.
    Print,
    /// By a person.
    Terminal,
}

impl Mode {
    /// Its name for machines.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Print => "print",
            Self::Terminal => "terminal",
        }
    }

    /// Its name within a sentence.
    fn words(self) -> &'static str {
        match self {
            Self::Print => "in print mode",
            Self::Terminal => "at a terminal",
        }
    }
}

/// A run of the agent's, during which the witness let nothing through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) mode: Mode,
    /// How often each `host:port` was asked for.
    pub(super) blocked: BTreeMap<String, u64>,
}

impl Run {
    fn new(mode: Mode, asked: BTreeMap<Asked, Seen>) -> Self {
        let mut blocked = BTreeMap::new();
        for ((host, port, _), seen) in asked {
            *blocked.entry(format!("{host}:{port}")).or_default() += seen.count;
        }
        Self { mode, blocked }
    }

    fn hosts(&self) -> BTreeSet<&str> {
        self.blocked.keys().filter_map(|name| Some(name.rsplit_once(':')?.0)).collect()
    }
}

/// The runs that there were, with what each of them asked its witness for.
pub(super) fn runs(ran: &Ran, print: BTreeMap<Asked, Seen>, terminal: BTreeMap<Asked, Seen>) -> Vec<Run> {
    let terminal = match ran.conversation {
        Conversed::Not | Conversed::NotBegun(_) => None,
        Conversed::Well | Conversed::Badly(_) => Some(Run::new(Mode::Terminal, terminal)),
    };
    let print = ran.has_begun.then(|| Run::new(Mode::Print, print));
    print.into_iter().chain(terminal).collect()
}

/// Neither the agent's other traffic nor mcr's own went to the agent's vendor or whom it sends telemetry to, as far as
/// the witnesses and the log can tell.
pub(super) fn nothing_to_anthropic(enclosed: &Enclosed, runs: &[Run], requests: &[Logged]) -> Check {
    const NAME: &str = "nothing went to Anthropic";
    let is_theirs = |host: &&str| vendor_of(host).is_some();
    let sent: BTreeSet<&str> = requests.iter().flat_map(|request| &request.hosts).map(String::as_str).collect();
    let went: BTreeSet<&str> = sent.iter().copied().filter(is_theirs).collect();
    if !went.is_empty() {
        let next = "name another provider in `Router`, see `mcr config path`";
        return Check::failed(NAME, format!("mcr spoke to: {}", listed(&went)), next);
    }
    if let Some(blocked) = by_mode(runs, is_theirs) {
        let next = "find out which plugin, hook or setting of the agent's asks for it; without one, report it";
        return Check::failed(NAME, format!("asked for, and blocked: {blocked}"), next);
    }
    if runs.is_empty() {
        return Check::failed(NAME, "the agent did not run", "see what the checks of the agent say");
    }
    let modes = runs.iter().map(|run| run.mode.words()).collect::<Vec<_>>().join(" and ");
    let asked = match by_mode(runs, |_| true) {
        None => format!("asked for no other host, {modes}"),
        Some(others) => format!("asked for others, in vain: {others}"),
    };
    let agents = match enclosed {
        Enclosed::BuiltIn => "the built-in client speaks to loopback only".to_owned(),
        Enclosed::Sealed => format!("the agent, with mcr as its only way out, {asked}"),
        Enclosed::Asked(why) => format!(
            "the agent {asked}; weaker than it could be, since a program that ignores its proxy is not seen: {why}"
        ),
    };
    let ours = if sent.is_empty() { "no one".to_owned() } else { listed(&sent) };
    Check::ok(NAME, format!("mcr spoke to {ours}; {agents}"))
}

/// The hosts that were asked for, each run for itself; none when there are none.
fn by_mode(runs: &[Run], which: impl Fn(&&str) -> bool) -> Option<String> {
    let of_run = |run: &Run| {
        let hosts: BTreeSet<&str> = run.hosts().into_iter().filter(&which).collect();
        (!hosts.is_empty()).then(|| format!("{}, {}", run.mode.words(), listed(&hosts)))
    };
    let all: Vec<String> = runs.iter().filter_map(of_run).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mode: Mode, names: &[&str]) -> Run {
        Run { mode, blocked: names.iter().map(|name| (format!("{name}:443"), 1)).collect() }
    }

    fn both(print: &[&str], terminal: &[&str]) -> [Run; 2] {
        [run(Mode::Print, print), run(Mode::Terminal, terminal)]
    }

    #[test]
    fn nobody_was_asked_for_in_either_run() {
        let check = nothing_to_anthropic(&Enclosed::Sealed, &both(&[], &[]), &[]);
        let detail = "mcr spoke to no one; the agent, with mcr as its only way out, asked for no other host, in print \
                      mode and at a terminal";
        assert_eq!(check, Check::ok("nothing went to Anthropic", detail));
    }

    #[test]
    fn other_hosts_are_named_and_do_no_harm() {
        let check = nothing_to_anthropic(&Enclosed::Sealed, &both(&[], &["packages.example"]), &[]);
        let detail = "mcr spoke to no one; the agent, with mcr as its only way out, asked for others, in vain: \
                      at a terminal, packages.example";
        assert_eq!(check, Check::ok("nothing went to Anthropic", detail));
    }

    #[test]
    fn the_vendors_hosts_were_asked_for_even_if_in_vain() {
        let runs = both(&["api.anthropic.com"], &["claude.ai", "downloads.claude.ai", "github.com"]);
        let check = nothing_to_anthropic(&Enclosed::Sealed, &runs, &[]);
        let detail = "asked for, and blocked: in print mode, api.anthropic.com; \
                      at a terminal, claude.ai, downloads.claude.ai";
        assert_eq!(check.detail, detail);
        assert!(check.next.is_some());
    }

    #[test]
    fn an_agent_that_was_not_sealed_in_makes_the_check_weaker_and_it_says_so() {
        let check = nothing_to_anthropic(&Enclosed::Asked("no namespaces".to_owned()), &both(&[], &[]), &[]);
        let end = "weaker than it could be, since a program that ignores its proxy is not seen: no namespaces";
        assert!(check.next.is_none() && check.detail.ends_with(end), "{check:?}");
    }

    #[test]
    fn a_provider_of_anthropics_counts_too() {
        let requests =
            [Logged { outcome: "ok".to_owned(), hosts: vec!["api.anthropic.com".to_owned(), "b.example".to_owned()] }];
        let check = nothing_to_anthropic(&Enclosed::BuiltIn, &both(&[], &[]), &requests);
        assert_eq!(check.next.as_deref(), Some("name another provider in `Router`, see `mcr config path`"));
    }

    #[test]
    fn only_a_run_that_began_proves_anything() {
        use super::super::agent::Trouble;
        let ran = |has_begun| Ran {
            agent: String::new(),
            settings: serde_json::Value::Null,
            trouble: None,
            has_begun,
            enclosed: Enclosed::Sealed,
            conversation: Conversed::NotBegun(Trouble::new("there is no terminal", "make one")),
        };
        let of = |has_begun| runs(&ran(has_begun), BTreeMap::new(), BTreeMap::new());
        assert_eq!(of(true), [run(Mode::Print, &[])]);
        let check = nothing_to_anthropic(&Enclosed::Sealed, &of(true), &[]);
        assert!(check.detail.ends_with("asked for no other host, in print mode"), "{check:?}");
        let check = nothing_to_anthropic(&Enclosed::Sealed, &of(false), &[]);
        assert!(check.next.is_some() && check.detail == "the agent did not run", "{check:?}");
    }

    #[test]
    fn connections_are_counted_for_each_host_and_port() {
        use crate::audit::Decision;
        let asked = |decision| (("claude.ai".to_owned(), 443, decision), Seen { count: 2, ..Seen::default() });
        let run = Run::new(Mode::Print, [asked(Decision::Denied), asked(Decision::Observed)].into());
        assert_eq!(run.blocked, BTreeMap::from([("claude.ai:443".to_owned(), 4)]));
        assert_eq!(run.hosts(), BTreeSet::from(["claude.ai"]));
    }
}
