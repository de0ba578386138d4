//! Who is to be probed, and what that says of the targets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::breaker::Standing;
use super::health::{All, Health, Key, Known, jitter, key};
use super::health_probe::{Probe, Sign, Verdict, is_idle};
use crate::config::{Provider, Target};
use crate::egress::Egress;

/// How a provider is spoken to.
#[derive(Debug, Clone)]
pub struct Way {
    /// The provider as it was configured when it was asked last.
    pub provider: Arc<Provider>,
    /// The door out of that configuration.
    pub egress: Egress,
}

/// A provider at a host: its models share the probes.
pub type Group = (String, String);

/// The probes of everybody that is to be probed.
#[derive(Debug, Default)]
pub(super) struct Watched {
    probes: BTreeMap<Group, Probe>,
    /// When somebody asked for anything last.
    pub(super) last_request: Option<Duration>,
}

/// What is to be done now, and when to look again.
#[derive(Debug, Default)]
pub struct Due {
    /// Probes to send, each of which is noted as under way.
    pub probes: Vec<(Group, Way)>,
    /// How long until the next is due; absent where somebody must ask first.
    pub next: Option<Duration>,
}

impl Health {
    /// Gets to know a target that nobody has asked yet.
    pub fn know(&self, target: &Target, egress: &Egress) {
        self.lock().entry(&key(target)).configure(target, egress);
    }

    /// Says which probes are due.
    pub fn due(&self) -> Due {
        let now = self.now();
        self.lock().due(now)
    }

    /// Whether a provider has refused its key, which is not sent to it in vain.
    pub fn is_refused(&self, provider: &Arc<Provider>) -> bool {
        self.refused.is_key_of(provider)
    }

    /// Waits until there may be other probes to send.
    pub async fn probing(&self) {
        self.probing.notified().await;
    }

    /// Takes in what a probe came to.
    pub fn probed(&self, group: &Group, way: &Way, sign: Sign) {
        let now = self.now();
        let mut all = self.lock();
        let All { known, watched } = &mut *all;
        let Some(probe) = watched.probes.get_mut(group) else { return };
        let verdict = probe.ended(sign, &way.provider.health_probe, now, jitter());
        tracing::debug!(provider = %group.1, host = %group.0, ?sign, "probed");
        for (key, known) in known.iter_mut().filter(|(key, known)| known.group(key).as_ref() == Some(group)) {
            let before = known.breaker.standing(now);
            match verdict {
                Some(Verdict::Well) => known.breaker.hurry(now),
                // Answers beat probes.
                Some(Verdict::Ill(since)) if known.good.is_none_or(|good| good < since) => {
                    known.breaker.trip(now, jitter());
                }
                Some(Verdict::Ill(_)) | None => {}
            }
            let after = known.breaker.standing(now);
            if std::mem::discriminant(&before) != std::mem::discriminant(&after) {
                self.changed(key, before, after);
            }
        }
    }
}

impl All {
    /// Notes a request, and says whether the probes should hear of it.
    pub(super) fn asked(&mut self, key: &Key, now: Duration) -> bool {
        self.watched.last_request = Some(now);
        self.known.get(key).is_some_and(|known| known.is_probed(now))
    }

    fn due(&mut self, now: Duration) -> Due {
        let Self { known, watched } = self;
        if is_idle(watched.last_request, now) {
            // What was seen before says nothing of the time after.
            watched.probes.retain(|_, probe| probe.is_running());
            return Due::default();
        }
        let probed = known.iter().filter(|(_, known)| known.is_probed(now));
        let ways: BTreeMap<Group, &Way> =
            probed.filter_map(|(key, known)| Some((known.group(key)?, known.way.as_ref()?))).collect();
        watched.probes.retain(|group, probe| probe.is_running() || ways.contains_key(group));
        let mut due = Due::default();
        for (group, way) in ways {
            let probe = watched.probes.entry(group.clone()).or_default();
            match probe.due(&way.provider.health_probe, now, jitter()) {
                Some(at) if at <= now => {
                    probe.begin();
                    due.probes.push((group, way.clone()));
                }
                Some(at) => {
                    let span = at.saturating_sub(now);
                    due.next = Some(due.next.map_or(span, |next| next.min(span)));
                }
                None => {}
            }
        }
        due
    }
}

impl Known {
    /// Whether it is probed: it failed, or the owner wants it.
    fn is_probed(&self, now: Duration) -> bool {
        let is_wanted = self.way.as_ref().is_some_and(|way| way.provider.health_probe.enabled);
        is_wanted || matches!(self.breaker.standing(now), Standing::Open(_) | Standing::HalfOpen)
    }

    fn group(&self, key: &Key) -> Option<Group> {
        Some((key.0.clone(), self.way.as_ref()?.provider.name.clone()))
    }
}
