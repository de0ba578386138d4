//! What the agent asked for: counted here, noted in the audit log, summed up for the person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::audit::{AddressClass, Audit, Decision, Event, Kind};

/// More hosts than that are counted as one.
const MOST_HOSTS: usize = 1_000;
/// Hosts that a line of the summary names.
const MOST_NAMED: usize = 8;

/// A host that was asked for, and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Connections that were asked for.
    pub count: u64,
    /// Those of them that were let go and led nowhere: no such name, nobody there.
    pub failed: u64,
    /// Bytes from the agent.
    pub bytes_out: u64,
    /// Bytes to the agent.
    pub bytes_in: u64,
}

/// The host, its port, and the decision.
pub type Asked = (String, u16, Decision);

/// Everything that was asked for.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<Asked, Seen>>);

impl Tally {
    pub(super) fn seen(&self) -> BTreeMap<Asked, Seen> {
        self.lock().clone()
    }

    fn change(&self, asked: &Asked, change: impl FnOnce(&mut Seen)) {
        let mut hosts = self.lock();
        if hosts.len() < MOST_HOSTS || hosts.contains_key(asked) {
            change(hosts.entry(asked.clone()).or_default());
        } else {
            change(hosts.entry(("(others)".to_owned(), 0, asked.2)).or_default());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Asked, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says in a line what was asked for; nothing when there was nothing.
pub fn summary(seen: &BTreeMap<Asked, Seen>) -> Option<String> {
    let mut hosts: Vec<&str> = seen.keys().map(|(host, ..)| host.as_str()).collect();
    hosts.dedup();
    let plural = if hosts.len() == 1 { "" } else { "s" };
    let mut line = match hosts.len() {
        0 => return None,
        count => format!("agent: asked for {count} host{plural} besides mcr"),
    };
    let of = |decision: Decision| seen.iter().filter(move |((.., decided), _)| *decided == decision);
    let reached = |(asked, seen): (&Asked, &Seen)| (name(asked), seen.count.saturating_sub(seen.failed));
    for (words, group) in [
        ("blocked", of(Decision::Denied).map(reached).collect::<Vec<_>>()),
        ("let through, though of the vendor", of(Decision::Observed).map(reached).collect()),
        ("let through", of(Decision::Allowed).map(reached).collect()),
        ("not reached", seen.iter().map(|(asked, seen)| (name(asked), seen.failed)).collect()),
    ] {
        let group: Vec<_> = group.into_iter().filter(|(_, count)| *count > 0).collect();
        if group.is_empty() {
            continue;
        }
        let named: Vec<String> =
            group.iter().take(MOST_NAMED).map(|(host, count)| format!("{host} ({count})")).collect();
        let _ = write!(line, "; {words}: {}", named.join(", "));
        if group.len() > MOST_NAMED {
            let _ = write!(line, " and {} more", group.len() - MOST_NAMED);
        }
    }
    Some(line)
}

/// A host without the ports that go without saying.
fn name((host, port, _): &Asked) -> String {
    match port {
        0 | 80 | 443 => host.clone(),
        port if host.contains(':') => format!("[{host}]:{port}"),
        port => format!("{host}:{port}"),
    }
}

/// Bytes that passed, counted while they pass.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) out: AtomicU64,
    pub(super) back: AtomicU64,
}

impl Counts {
    pub(super) fn total(&self) -> u64 {
        self.out.load(Ordering::Relaxed) + self.back.load(Ordering::Relaxed)
    }
}

/// One connection, noted when this value goes.
#[derive(Debug)]
pub(super) struct Record {
    tally: Arc<Tally>,
    audit: Audit,
    asked: Asked,
    began: Instant,
    reason: Option<String>,
    address: Option<AddressClass>,
    failed: bool,
    pub(super) counts: Arc<Counts>,
}

impl Record {
    /// Begins with what is decided by name.
    pub(super) fn begin(tally: &Arc<Tally>, audit: &Audit, host: String, port: u16, decision: Decision) -> Self {
        let (tally, audit) = (Arc::clone(tally), audit.clone());
        let asked = (host, port, decision);
        tally.change(&asked, |seen| seen.count += 1);
        let (reason, address, failed, counts) = (None, None, false, Arc::default());
        Self { tally, audit, asked, began: Instant::now(), reason, address, failed, counts }
    }

    /// Writes that it is about to go, where that must be on record before.
    ///
    /// # Errors
    /// Fails where it cannot be written; then nothing may go.
    pub(super) fn ahead(&self) -> io::Result<()> {
        let (host, port, decision) = self.asked.clone();
        self.audit.begin(Event {
            host: Some(host),
            port: Some(port),
            decision: Some(decision),
            route: Some("agent".to_owned()),
            ..Event::new(Kind::Begin)
        })
    }

    /// Takes the decision back: an address was found that nothing may go to.
    pub(super) fn deny(&mut self, reason: &str) {
        self.tally.change(&self.asked, |seen| seen.count = seen.count.saturating_sub(1));
        self.tally.lock().retain(|_, seen| seen.count > 0);
        self.asked.2 = Decision::Denied;
        self.tally.change(&self.asked, |seen| seen.count += 1);
        self.because(reason);
    }

    /// Says why it was decided so.
    pub(super) fn because(&mut self, reason: &str) {
        self.reason = Some(reason.to_owned());
    }

    /// Says what kind of address it is.
    pub(super) fn at(&mut self, address: AddressClass) {
        self.address = Some(address);
    }

    /// Says that it was let go and led nowhere.
    pub(super) fn fail(&mut self, reason: &str) {
        self.failed = true;
        self.because(reason);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (out, back) = (self.counts.out.load(Ordering::Relaxed), self.counts.back.load(Ordering::Relaxed));
        self.tally.change(&self.asked, |seen| {
            seen.failed += u64::from(self.failed);
            seen.bytes_out += out;
            seen.bytes_in += back;
        });
        let (host, port, decision) = self.asked.clone();
        self.audit.note(Event {
            host: Some(host),
            port: Some(port),
            decision: Some(decision),
            reason: self.reason.take(),
            address: self.address,
            bytes_out: Some(out),
            bytes_in: Some(back),
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).ok(),
            ..Event::new(Kind::Connect)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rows: &[(&str, u16, Decision, u64, u64)]) -> BTreeMap<Asked, Seen> {
        let row = |(host, port, decision, count, failed): &(&str, u16, Decision, u64, u64)| {
            let seen = Seen { count: *count, failed: *failed, ..Seen::default() };
            (((*host).to_owned(), *port, *decision), seen)
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn the_summary_says_who_was_blocked_and_who_was_not() {
        let seen = seen(&[
            ("api.anthropic.com", 443, Decision::Denied, 2, 0),
            ("claude.ai", 443, Decision::Observed, 1, 0),
            ("github.com", 22, Decision::Allowed, 1, 0),
            ("github.com", 443, Decision::Allowed, 3, 0),
            ("nowhere.example", 443, Decision::Allowed, 1, 1),
        ]);
        let line = "agent: asked for 4 hosts besides mcr; blocked: api.anthropic.com (2); \
                    let through, though of the vendor: claude.ai (1); \
                    let through: github.com:22 (1), github.com (3); not reached: nowhere.example (1)";
        assert_eq!(summary(&seen).as_deref(), Some(line));
    }

    #[test]
    fn a_long_list_is_cut_and_an_empty_one_is_nothing() {
        let names: Vec<String> = (0..10).map(|number| format!("h{number}.example")).collect();
        let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 443, Decision::Denied, 1, 0)).collect();
        let line = summary(&seen(&rows)).unwrap();
        assert!(line.starts_with("agent: asked for 10 hosts besides mcr; blocked: h0.example (1), "), "{line}");
        assert!(line.ends_with("h7.example (1) and 2 more"), "{line}");
        assert_eq!(summary(&BTreeMap::new()), None);
    }

    #[test]
    fn more_hosts_than_anybody_reads_take_no_more_memory() {
        let tally = Arc::<Tally>::default();
        for number in 0..2 * MOST_HOSTS {
            drop(Record::begin(&tally, &Audit::off(), format!("h{number}"), 443, Decision::Allowed));
        }
        let seen = tally.seen();
        assert_eq!(seen.len(), MOST_HOSTS + 1);
        assert_eq!(seen.values().map(|seen| seen.count).sum::<u64>(), 2 * MOST_HOSTS as u64);
    }
}
