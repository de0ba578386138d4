//! What the record holds of a period, summed up by host.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{AddressClass, Decision, Event, Kind};
use crate::catalog;

/// Who spoke to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// mcr, for the agent's requests to a model.
    Mcr,
    /// The agent itself, or a command that it ran.
    Agent,
}

impl Who {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mcr => "mcr",
            Self::Agent => "agent",
        }
    }
}

/// What is known of one host and one who spoke to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traffic {
    /// Who operates it, as it was known at the time.
    pub operators: BTreeSet<String>,
    /// Where it promised to work, as it was known at the time.
    pub regions: BTreeSet<String>,
    /// What kinds of address were connected to.
    pub addresses: BTreeSet<AddressClass>,
    /// Models that were asked for there, and how often.
    pub models: BTreeMap<String, u64>,
    /// Requests or connections that went.
    pub went: u64,
    /// Questions without a prompt that were heard: whether somebody is there, which models there are.
    pub asked: u64,
    /// Those of them that went against the rules, which were only observed.
    pub observed: u64,
    /// Those that did not go.
    pub denied: u64,
    /// Why, for those.
    pub reasons: BTreeSet<String>,
    /// Bytes sent and received.
    pub bytes: (u64, u64),
    /// Tokens sent and received.
    pub tokens: (u64, u64),
    /// The first and the last time, as RFC 3339 has it.
    pub span: Option<(String, String)>,
}

impl Traffic {
    /// How often something was said to the host, with a prompt or without.
    pub fn spoke(&self) -> u64 {
        self.went + self.asked
    }
}

/// What became of an attempt to speak to a host.
#[derive(Debug, Clone, Copy)]
enum Came {
    /// A request or a connection went.
    Went,
    /// A question without a prompt was heard.
    Asked,
    /// It was kept.
    Denied,
}

/// A period, summed up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// By who spoke, and the host.
    pub traffic: BTreeMap<(Who, String), Traffic>,
    /// Events in the period.
    pub events: u64,
    /// Events that could not be written, as the record itself says.
    pub lost: u64,
    /// The sessions that asked for something.
    pub sessions: BTreeSet<String>,
    /// Hashes of the configurations that were in force.
    pub configurations: BTreeSet<String>,
    /// What was changed of the rules, in words, with its time.
    pub policy: Vec<(String, String)>,
    /// Requests that failed.
    pub failed: u64,
}

impl Observed {
    /// Sums events up; `time` is RFC 3339.
    pub fn of<'e>(events: impl IntoIterator<Item = (&'e str, &'e Event)>) -> Self {
        let mut observed = Self::default();
        for (time, event) in events {
            observed.take(time, event);
        }
        observed
    }

    /// Hosts that were spoken to, be it with a question without a prompt, by who spoke to them.
    pub fn spoken_to(&self) -> impl Iterator<Item = (Who, &str, &Traffic)> {
        self.rows().filter(|(.., traffic)| traffic.spoke() > 0)
    }

    /// Hosts that requests or connections went to, by who spoke to them.
    pub fn reached(&self) -> impl Iterator<Item = (Who, &str, &Traffic)> {
        self.rows().filter(|(.., traffic)| traffic.went > 0)
    }

    /// Hosts that something was kept from.
    pub fn denied(&self) -> impl Iterator<Item = (Who, &str, &Traffic)> {
        self.rows().filter(|(.., traffic)| traffic.denied > 0)
    }

    fn rows(&self) -> impl Iterator<Item = (Who, &str, &Traffic)> {
        self.traffic.iter().map(|((who, host), traffic)| (*who, host.as_str(), traffic))
    }

    fn take(&mut self, time: &str, event: &Event) {
        self.events += 1;
        self.lost += event.lost.unwrap_or(0);
        self.configurations.extend(event.config_hash.clone());
        match event.kind {
            Kind::Request => {
                self.sessions.extend(event.session.clone());
                self.failed += u64::from(event.status.is_some_and(|status| status >= 400));
                self.request(time, event);
            }
            // No prompt; the host learns that somebody is there, and which key. Where none answered, nobody did.
            Kind::Probe if event.status.is_none() && event.address.is_none() => {}
            Kind::Probe => self.traffic_of(Who::Mcr, time, event, Came::Asked),
            Kind::Deny => self.traffic_of(Who::Mcr, time, event, Came::Denied),
            Kind::Connect => {
                let is_denied = event.decision == Some(Decision::Denied);
                self.traffic_of(Who::Agent, time, event, if is_denied { Came::Denied } else { Came::Went });
            }
            Kind::Policy => {
                let words = [event.host.as_deref(), event.reason.as_deref()];
                let words = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
                self.policy.push((time.to_owned(), words));
            }
            Kind::Start
            | Kind::Stop
            | Kind::Begin
            | Kind::Config
            | Kind::Key
            | Kind::Preset
            | Kind::Gap
            | Kind::Purge => {}
        }
    }

    /// A request counts for the host that answered it, and for those that had it before.
    fn request(&mut self, time: &str, event: &Event) {
        for host in &event.hosts_before {
            let before = Event { host: Some(host.clone()), decision: event.decision, ..Event::new(Kind::Request) };
            self.traffic_of(Who::Mcr, time, &before, Came::Went);
        }
        // Where nobody was reached, nothing went; what the guard kept has an event of its own.
        if event.decision != Some(Decision::Denied) && event.bytes_out != Some(0) {
            self.traffic_of(Who::Mcr, time, event, Came::Went);
        }
    }

    fn traffic_of(&mut self, who: Who, time: &str, event: &Event, came: Came) {
        let Some(host) = event.host.as_ref().filter(|host| !host.is_empty()) else { return };
        let traffic = self.traffic.entry((who, host.to_ascii_lowercase())).or_default();
        // Of a model that a server hands on, the record names who gets it, and not whose the server is.
        let elsewhere = event.model_sent.as_deref().and_then(catalog::runs_elsewhere).map(|it| it.operator);
        traffic.operators.extend(event.operator.clone().filter(|operator| elsewhere != Some(operator)));
        traffic.regions.extend(event.region.clone());
        traffic.addresses.extend(event.address);
        traffic.span = Some(match traffic.span.take() {
            Some((first, last)) => (first.min(time.to_owned()), last.max(time.to_owned())),
            None => (time.to_owned(), time.to_owned()),
        });
        match came {
            Came::Went => traffic.went += 1,
            Came::Asked => traffic.asked += 1,
            Came::Denied => {
                traffic.denied += 1;
                traffic.reasons.extend(event.reason.clone());
                return;
            }
        }
        traffic.observed += u64::from(event.decision == Some(Decision::Observed));
        if let Some(model) = &event.model_sent {
            *traffic.models.entry(model.clone()).or_default() += 1;
        }
        traffic.bytes.0 += event.bytes_out.unwrap_or(0);
        traffic.bytes.1 += event.bytes_in.unwrap_or(0);
        traffic.tokens.0 += event.tokens_in.unwrap_or(0);
        traffic.tokens.1 += event.tokens_out.unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, host: &str, decision: Decision) -> Event {
        Event { host: Some(host.to_owned()), decision: Some(decision), bytes_out: Some(10), ..Event::new(kind) }
    }

    #[test]
    fn what_went_and_what_was_kept_are_counted_apart_and_by_who_spoke() {
        let events = [
            ("2026-11-22T10:00:00Z", event(Kind::Request, "api.eu.mistral.ai", Decision::Allowed)),
            ("2026-11-22T09:00:00Z", event(Kind::Request, "API.eu.mistral.ai", Decision::Observed)),
            ("2026-11-22T11:00:00Z", event(Kind::Connect, "api.anthropic.com", Decision::Denied)),
            ("2026-11-22T11:00:00Z", event(Kind::Connect, "github.com", Decision::Allowed)),
            ("2026-11-22T11:00:00Z", event(Kind::Deny, "api.openai.com", Decision::Denied)),
            ("2026-11-22T11:00:00Z", Event { lost: Some(2), ..Event::new(Kind::Gap) }),
        ];
        let observed = Observed::of(events.iter().map(|(time, event)| (*time, event)));
        let reached: Vec<_> = observed.reached().map(|(who, host, traffic)| (who, host, traffic.went)).collect();
        assert_eq!(reached, [(Who::Mcr, "api.eu.mistral.ai", 2), (Who::Agent, "github.com", 1)]);
        let denied: Vec<_> = observed.denied().map(|(who, host, traffic)| (who, host, traffic.denied)).collect();
        assert_eq!(denied, [(Who::Mcr, "api.openai.com", 1), (Who::Agent, "api.anthropic.com", 1)]);
        let eu = &observed.traffic[&(Who::Mcr, "api.eu.mistral.ai".to_owned())];
        assert_eq!((eu.observed, eu.bytes.0), (1, 20));
        let span = eu.span.as_ref().map(|(first, last)| (first.as_str(), last.as_str()));
        assert_eq!(span, Some(("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z")));
        assert_eq!((observed.events, observed.lost), (6, 2));
    }

    #[test]
    fn a_host_that_was_not_reached_was_not_spoken_to() {
        let unreached = Event { bytes_out: Some(0), ..event(Kind::Request, "a.example", Decision::Allowed) };
        let denied = Event { bytes_out: Some(0), ..event(Kind::Request, "b.example", Decision::Denied) };
        let kept = event(Kind::Deny, "b.example", Decision::Denied);
        let observed = Observed::of([&unreached, &denied, &kept].map(|event| ("2026-11-22T10:00:00Z", event)));
        assert_eq!(observed.reached().count(), 0);
        let denied: Vec<_> = observed.denied().map(|(_, host, traffic)| (host, traffic.denied)).collect();
        assert_eq!(denied, [("b.example", 1)]);
    }

    #[test]
    fn a_question_without_a_prompt_is_no_request_and_nothing_where_nobody_heard_it() {
        let unheard = event(Kind::Probe, "a.example", Decision::Allowed);
        let heard = Event { status: Some(401), ..event(Kind::Probe, "b.example", Decision::Allowed) };
        let given_up =
            Event { address: Some(AddressClass::Public), ..event(Kind::Probe, "c.example", Decision::Observed) };
        let observed = Observed::of([&unheard, &heard, &given_up].map(|event| ("2026-11-22T10:00:00Z", event)));
        let spoken: Vec<_> =
            observed.spoken_to().map(|(who, host, it)| (who, host, it.went, it.asked, it.observed)).collect();
        assert_eq!(spoken, [(Who::Mcr, "b.example", 0, 1, 0), (Who::Mcr, "c.example", 0, 1, 1)]);
        assert_eq!((observed.reached().count(), observed.denied().count()), (0, 0));
    }

    #[test]
    fn a_host_that_had_a_request_before_another_answered_is_reached_too() {
        let mut answered = event(Kind::Request, "b.example", Decision::Allowed);
        answered.hosts_before = vec!["a.example".to_owned()];
        let observed = Observed::of([("2026-11-22T10:00:00Z", &answered)]);
        let hosts: Vec<_> = observed.reached().map(|(_, host, _)| host).collect();
        assert_eq!(hosts, ["a.example", "b.example"]);
    }
}
