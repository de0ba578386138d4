//! `mcr report egress`: where traffic went, what was kept from going, and whether the guard still holds.

use std::collections::BTreeSet;

use super::basis::{self, Basis};
use super::diagram::{Diagram, Party, Way};
use super::document::{Document, Section, Table, counted};
use super::host::whose;
use super::observed::{Observed, Traffic, Who};
use super::supplier::{self, Supplier, UNKNOWN};
use crate::catalog::{Field, Overlay};

/// What an attempt at the agent's vendor came to.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfTest {
    /// The host that was tried.
    pub host: String,
    /// Whether the guard denied it.
    pub denied: bool,
    /// The guard's words.
    pub words: String,
}

/// Tells what was observed.
pub fn egress(observed: &Observed, own: &Overlay, basis: &Basis, tests: &[SelfTest]) -> Document {
    let mut sections = vec![summary(observed), reached(observed, own), denied(observed)];
    if !observed.traffic.is_empty() {
        sections.push(Section::new("flow", "Who sent what to whom").diagram(flow(observed, own)));
    }
    if !observed.policy.is_empty() {
        let lines = observed.policy.iter().map(|(time, words)| format!("{time}: {words}"));
        sections.push(Section::new("changes", "Changes of what may go").list(lines));
    }
    let whose: Vec<Supplier> = observed.spoken_to().map(|(_, host, traffic)| whose(host, traffic, own)).collect();
    sections.push(supplier::of_fields(&whose, &[Field::Operator, Field::Establishment]));
    sections.push(self_test(tests));
    sections.extend([basis.section(), basis::limits(), basis::not_advice()]);
    Document { kind: "egress", title: "Where traffic went".to_owned(), about: basis.about(true), sections }
}

fn summary(observed: &Observed) -> Section {
    let sum = |count: fn(&Traffic) -> u64| observed.traffic.values().map(count).sum::<u64>();
    let hosts: BTreeSet<&str> = observed.spoken_to().map(|(_, host, _)| host).collect();
    let own = observed.reached().filter(|(who, ..)| *who == Who::Agent);
    let connections: u64 = own.map(|(.., traffic)| traffic.went).sum();
    let were =
        |number: u64, one: &str| format!("{} {}", counted(number, one), if number == 1 { "was" } else { "were" });
    let times = counted(sum(Traffic::spoke), "time");
    let spoken = format!("{} spoken to, {times}", were(hosts.len() as u64, "host"));
    let section = Section::new("summary", "In short").list([
        match sum(|traffic| traffic.asked) {
            0 => spoken,
            asked => format!("{spoken}, {asked} of them with a question without a prompt"),
        },
        format!("{} denied", were(sum(|traffic| traffic.denied), "attempt")),
        format!("{} of the agent asked a model", counted(observed.sessions.len() as u64, "session")),
        format!(
            "{} the agent's own, or of one of its commands; the record has no session for them",
            were(connections, "connection")
        ),
    ]);
    let against = sum(|traffic| traffic.observed);
    let section = if against == 0 {
        section
    } else {
        section
            .gap(format!("{} went against the rules, since `Egress.mode` was `observe`", counted(against, "request")))
    };
    if observed.lost == 0 {
        return section;
    }
    section.gap(format!("{} could not be written, as the record itself says", counted(observed.lost, "event")))
}

fn reached(observed: &Observed, own: &Overlay) -> Section {
    let mut table = Table::new(&[
        ("host", "Host"),
        ("by", "Spoken to by"),
        ("operator", "Operator"),
        ("established", "Established in"),
        ("region", "Promised place"),
        ("address", "Address"),
        ("times", "Requests or connections"),
        ("questions", "Questions without a prompt"),
        ("sent_bytes", "Bytes sent"),
        ("received_bytes", "Bytes received"),
        ("tokens", "Tokens sent / received"),
        ("models", "Models"),
        ("first", "First"),
        ("last", "Last"),
    ]);
    let mut gaps = BTreeSet::new();
    for (who, host, traffic) in observed.spoken_to() {
        let whose = whose(host, traffic, own);
        let (operator, country) = (whose.operator(), country(&whose));
        if whose.is_unnamed() {
            gaps.insert(format!("who operates {host}; {}", whose.place_of_own(Field::Operator)));
        }
        let (first, last) = traffic.span.clone().unwrap_or_default();
        let (sent, received) = traffic.tokens;
        table.push([
            host,
            who.as_str(),
            operator.as_deref().unwrap_or(UNKNOWN),
            country.as_deref().unwrap_or(UNKNOWN),
            whose.region.as_deref().unwrap_or(UNKNOWN),
            &addresses(traffic),
            &traffic.went.to_string(),
            &traffic.asked.to_string(),
            &traffic.bytes.0.to_string(),
            &traffic.bytes.1.to_string(),
            &if who == Who::Mcr { format!("{sent} / {received}") } else { "-".to_owned() },
            &joined(&traffic.models.keys().cloned().collect()),
            &first,
            &last,
        ]);
    }
    let section = Section::new("reached", "Hosts that were spoken to").table(table, "None in this period.");
    gaps.into_iter().fold(section, Section::gap)
}

fn denied(observed: &Observed) -> Section {
    let mut table = Table::new(&[("host", "Host"), ("by", "Asked for by"), ("times", "Times"), ("why", "Why not")]);
    for (who, host, traffic) in observed.denied() {
        table.push([host, who.as_str(), &traffic.denied.to_string(), &joined(&traffic.reasons)]);
    }
    Section::new("denied", "Attempts that were denied").table(table, "None in this period.")
}

fn self_test(tests: &[SelfTest]) -> Section {
    let mut table = Table::new(&[("host", "Attempt at"), ("outcome", "Outcome"), ("words", "The guard's words")]);
    let mut gaps = Vec::new();
    for SelfTest { host, denied, words } in tests {
        table.push([host.as_str(), if *denied { "denied" } else { "NOT DENIED" }, words]);
        if !denied {
            gaps.push(format!("the guard lets {host} go, as it is configured now"));
        }
    }
    let section =
        Section::new("self-test", "Self-test of the guard, made with this report").table(table, "It was not made.");
    gaps.into_iter().fold(section, Section::gap)
}

fn country(whose: &Supplier) -> Option<String> {
    whose.values(Field::Establishment).or_else(|| whose.is_local.then(|| "-".to_owned()))
}

fn addresses(traffic: &Traffic) -> String {
    let word = |address: &crate::audit::AddressClass| {
        serde_json::to_value(address).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let words: BTreeSet<String> = traffic.addresses.iter().map(word).collect();
    if words.is_empty() { "not noted".to_owned() } else { joined(&words) }
}

fn joined(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "-".to_owned() } else { set.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}

/// The agent and mcr on this machine, what they spoke to, and what they were kept from.
pub(super) fn flow(observed: &Observed, own: &Overlay) -> Diagram {
    let party = |id: &str, name: &str, detail: &str, is_denied| Party {
        id: id.to_owned(),
        name: name.to_owned(),
        detail: detail.to_owned(),
        is_denied,
    };
    let mut outside: Vec<Party> = Vec::new();
    let mut ways = vec![Way { from: "agent".into(), to: "mcr".into(), words: String::new(), is_denied: false }];
    for ((who, host), traffic) in &observed.traffic {
        let whose = whose(host, traffic, own);
        let detail = [whose.operator(), whose.region].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let is_denied = traffic.spoke() == 0;
        match outside.iter_mut().find(|party| party.id == *host) {
            Some(party) => party.is_denied &= is_denied,
            None => outside.push(party(host, host, &detail, is_denied)),
        }
        if traffic.spoke() > 0 {
            ways.push(Way { from: "mcr".into(), to: host.clone(), words: amount(*who, traffic), is_denied: false });
        }
        if traffic.denied > 0 {
            let words = format!("{} denied ({})", traffic.denied, who.as_str());
            ways.push(Way { from: "mcr".into(), to: host.clone(), words, is_denied: true });
        }
    }
    Diagram {
        columns: vec![
            ("This machine".to_owned(), vec![party("agent", "Claude Code", "and what it runs", false)]),
            ("mcr".to_owned(), vec![party("mcr", "mcr", "guard and record", false)]),
            ("Hosts".to_owned(), outside),
        ],
        ways,
    }
}

fn amount(who: Who, traffic: &Traffic) -> String {
    let went = match who {
        Who::Mcr => counted(traffic.went, "request"),
        Who::Agent => format!("{} of the agent", counted(traffic.went, "connection")),
    };
    let asked = match traffic.asked {
        0 => String::new(),
        asked => format!("{} without a prompt", counted(asked, "question")),
    };
    let went = if traffic.went == 0 { String::new() } else { went };
    let said = [went, asked].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
    format!("{said}, {} sent", size(traffic.bytes.0))
}

/// Bytes in the unit that leaves the fewest digits.
#[expect(clippy::cast_precision_loss, reason = "a picture shows no more than four digits")]
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1_000.0;
    let mut at = 0;
    while amount >= 999.5 && at + 1 < units.len() {
        amount /= 1_000.0;
        at += 1;
    }
    format!("{amount:.1} {}", units[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AddressClass, Decision, Event, Kind};

    fn observed() -> Observed {
        let request = Event {
            host: Some("api.eu.mistral.ai".to_owned()),
            decision: Some(Decision::Allowed),
            model_sent: Some("m".to_owned()),
            address: Some(AddressClass::Public),
            bytes_out: Some(1_500),
            bytes_in: Some(99),
            session: Some("s".to_owned()),
            ..Event::new(Kind::Request)
        };
        let local =
            Event { host: Some("127.0.0.1".to_owned()), address: Some(AddressClass::Loopback), ..request.clone() };
        let denied = Event {
            host: Some("api.anthropic.com".to_owned()),
            decision: Some(Decision::Denied),
            reason: Some("the agent's vendor".to_owned()),
            ..Event::new(Kind::Connect)
        };
        let unknown = Event { host: Some("llm.example".to_owned()), ..request.clone() };
        Observed::of([request, local, denied, unknown].iter().map(|event| ("2026-11-22T10:00:00Z", event)))
    }

    fn report() -> Document {
        let test = SelfTest { host: "api.anthropic.com".to_owned(), denied: true, words: "not allowed".to_owned() };
        let basis = Basis { made: "2026-11-22T12:00:00Z".to_owned(), ..Basis::default() };
        egress(&observed(), &Overlay::default(), &basis, &[test])
    }

    fn rows<'d>(document: &'d Document, id: &str) -> &'d [Vec<String>] {
        let section = document.sections.iter().find(|section| section.id == id).expect("a section");
        section
            .blocks
            .iter()
            .find_map(|block| match block {
                super::super::document::Block::Table(table) => Some(&table.rows[..]),
                _ => None,
            })
            .expect("a table")
    }

    #[test]
    fn every_host_has_its_operator_and_place_or_is_a_gap() {
        let document = report();
        let told: Vec<[&str; 5]> = rows(&document, "reached")
            .iter()
            .map(|row| [&row[0], &row[2], &row[3], &row[4], &row[8]].map(String::as_str))
            .collect();
        assert_eq!(told[0], ["127.0.0.1", "on this machine", "-", "local", "1500"]);
        assert_eq!((told[1][0], told[1][2], told[1][3]), ("api.eu.mistral.ai", "FR", "EU"));
        assert_eq!(told[2], ["llm.example", "not known", "not known", "not known", "1500"]);
        assert!(document.gaps().any(|gap| gap.starts_with("who operates llm.example")));
    }

    #[test]
    fn what_was_denied_is_told_with_its_reason_and_the_guard_is_tried() {
        let document = report();
        assert_eq!(rows(&document, "denied"), [["api.anthropic.com", "agent", "1", "the agent's vendor"]]);
        assert_eq!(rows(&document, "self-test")[0][1], "denied");
    }

    #[test]
    fn a_guard_that_lets_the_vendor_go_is_a_gap() {
        let test = SelfTest { host: "api.anthropic.com".to_owned(), denied: false, words: String::new() };
        let document = egress(&Observed::default(), &Overlay::default(), &Basis::default(), &[test]);
        assert!(document.gaps().any(|gap| gap == "the guard lets api.anthropic.com go, as it is configured now"));
    }

    #[test]
    fn the_picture_has_every_host_once() {
        let diagram = flow(&observed(), &Overlay::default());
        let hosts: Vec<&str> = diagram.columns[2].1.iter().map(|party| party.id.as_str()).collect();
        assert_eq!(hosts, ["127.0.0.1", "api.eu.mistral.ai", "llm.example", "api.anthropic.com"]);
        assert!(diagram.ways.iter().any(|way| way.to == "api.anthropic.com" && way.is_denied));
    }

    #[test]
    fn an_amount_has_its_unit() {
        assert_eq!([0, 999, 1_000, 1_234_567, 999_999].map(size), ["0 B", "999 B", "1.0 kB", "1.2 MB", "1.0 MB"]);
    }
}
