//! How the targets fare: a breaker for each, for as long as the process runs.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::breaker::{Breaker, Outcome, Standing, Ticket};
use super::latency::Latency;
use super::retry::{self, Budget};
use crate::config::{Attempts, Target};
use crate::wire::error::{ApiError, ErrorKind};

/// The breakers of all targets that were asked.
#[derive(Debug)]
pub struct Health {
    began: Instant,
    known: Mutex<BTreeMap<Key, Known>>,
}

/// Presets may call different servers by one name, so the host belongs to it.
pub(super) type Key = (String, String);

#[derive(Debug, Default)]
struct Known {
    breaker: Breaker,
    budget: Budget,
    latency: Latency,
    in_flight: u32,
    /// The last failure, and when it was.
    failure: Option<(Timestamp, String)>,
}

/// Whether a target is asked for the first time with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is.
    First,
    /// It failed before.
    Again,
}

/// Whether a target is asked that is to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is not: another may take the request.
    IfWell,
    /// It is, for want of another.
    Anyway,
}

/// A target as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `provider,model`.
    pub target: String,
    /// The host that is spoken to.
    pub host: String,
    /// Whether it is asked.
    pub standing: Standing,
    /// Requests that it has now.
    pub in_flight: u32,
    /// How soon it begins to answer, lately.
    pub first_event: Option<Duration>,
    /// The last failure, and when it was; absent where there was none since it was well.
    pub failure: Option<(Timestamp, String)>,
}

/// A request that a target has; dropped without an outcome, its client went away.
#[derive(Debug)]
pub struct Pass {
    health: Arc<Health>,
    key: Key,
    ticket: Ticket,
    is_settled: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self { began: Instant::now(), known: Mutex::default() }
    }
}

impl Health {
    /// Says for how long a target is to be left alone; nothing where it may be asked.
    ///
    /// The answer is an error in the client's terms, with the time to wait.
    pub fn shut(&self, target: &Target) -> Option<ApiError> {
        let known = self.lock();
        let known = known.get(&key(target))?;
        left_alone(target, known.breaker.standing(self.now()))
    }

    /// Notes that a target is asked.
    ///
    /// # Errors
    /// Fails where it is to be left alone and another may take the request; one that failed is asked by one
    /// request at a time until it is well again.
    pub fn enter(self: &Arc<Self>, target: &Target, attempt: Attempt, entry: Entry) -> Result<Pass, ApiError> {
        let key = key(target);
        let now = self.now();
        let mut known = self.lock();
        let of_target = known.entry(key.clone()).or_default();
        of_target.breaker.rules = target.provider.breaker;
        let ticket = match entry {
            Entry::Anyway => of_target.breaker.force(now),
            Entry::IfWell => of_target
                .breaker
                .admit(now)
                .ok_or_else(|| left_alone(target, of_target.breaker.standing(now)).unwrap_or_else(|| probed(target)))?,
        };
        of_target.in_flight += 1;
        if attempt == Attempt::First {
            of_target.budget.deposit();
        }
        drop(known);
        Ok(Pass { health: Arc::clone(self), key, ticket, is_settled: false })
    }

    /// Says how long to wait before a request is sent again to a target that failed; nothing where it is not.
    ///
    /// The budget is the target's: everybody who asks it draws on it.
    pub fn again(
        &self,
        target: &Target,
        error: &ApiError,
        attempts: u32,
        most: Attempts,
        elapsed: Duration,
    ) -> Option<Duration> {
        let wait = retry::wait(error, attempts, most, elapsed, jitter())?;
        let mut known = self.lock();
        let known = known.entry(key(target)).or_default();
        known.budget.withdraw(self.now()).then_some(wait)
    }

    /// What a target is chosen by where the soonest is wanted, less is better.
    pub fn load(&self, target: &Target) -> f64 {
        self.lock().get(&key(target)).map_or(0.0, |known| known.latency.load(known.in_flight))
    }

    /// All targets that were asked.
    pub fn list(&self) -> Vec<Told> {
        let now = self.now();
        let told = |((host, target), known): (&Key, &Known)| Told {
            target: target.clone(),
            host: host.clone(),
            standing: known.breaker.standing(now),
            in_flight: known.in_flight,
            first_event: known.latency.mean().map(Duration::from_secs_f64),
            failure: known.failure.clone(),
        };
        self.lock().iter().map(told).collect()
    }

    /// Takes a target, or all of them, for well again; returns how many there were.
    pub fn reset(&self, target: Option<&str>) -> usize {
        let mut known = self.lock();
        let of_name = known.iter_mut().filter(|((_, name), _)| target.is_none_or(|target| target == name));
        of_name.map(|(_, known)| (known.breaker, known.failure) = (known.breaker.closed(), None)).count()
    }

    fn settle(&self, key: &Key, ticket: Ticket, outcome: Outcome, why: Option<String>) {
        let now = self.now();
        let mut known = self.lock();
        let Some(known) = known.get_mut(key) else { return };
        known.in_flight = known.in_flight.saturating_sub(1);
        let before = known.breaker.standing(now);
        known.breaker.settle(ticket, outcome, now, jitter());
        let after = known.breaker.standing(now);
        match outcome {
            Outcome::Good if after == Standing::Closed => known.failure = None,
            Outcome::Bad | Outcome::Limited(_) => known.failure = why.map(|why| (Timestamp::now(), why)),
            Outcome::Good | Outcome::Unknown => {}
        }
        if std::mem::discriminant(&before) != std::mem::discriminant(&after) {
            tracing::info!(target = %key.1, host = %key.0, before = before.as_str(), after = after.as_str(), "target changed");
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The target began to answer after this long.
    pub fn began(&self, first_event: Duration) {
        let now = self.health.now();
        if let Some(known) = self.health.lock().get_mut(&self.key) {
            known.latency.measure(first_event, now);
        }
    }

    /// The target answered to the end.
    pub fn answered(mut self) {
        self.settle(Outcome::Good, None);
    }

    /// The target did not answer, or broke off; `sent` is false where nothing of the request left this machine.
    pub fn failed(mut self, error: &ApiError, sent: bool) {
        let outcome = match error.status {
            429 => Outcome::Limited(error.retry_after.map(Duration::from_secs)),
            408 | 500.. => Outcome::Bad,
            // A key that is not there says nothing of the target; a request that it does not like is an answer.
            _ if sent => Outcome::Good,
            _ => Outcome::Unknown,
        };
        self.settle(outcome, Some(error.unquoted().into_owned()));
    }

    fn settle(&mut self, outcome: Outcome, why: Option<String>) {
        self.is_settled = true;
        self.health.settle(&self.key, self.ticket, outcome, why);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle(Outcome::Unknown, None);
        }
    }
}

/// Says that a target is to be left alone, and for how long.
fn left_alone(target: &Target, standing: Standing) -> Option<ApiError> {
    let (status, kind, wait, why) = match standing {
        Standing::Closed | Standing::HalfOpen => return None,
        Standing::Open(wait) => (529, ErrorKind::OverloadedError, wait, "failed repeatedly"),
        Standing::Cooling(wait) => (429, ErrorKind::RateLimitError, wait, "limits how much it is asked"),
    };
    let Target { provider, model, .. } = target;
    let seconds = wait.as_secs() + 1;
    let what = format!("{}: model `{model}` {why} and is left alone for {seconds} s", provider.name);
    Some(ApiError::new(status, kind, what).after(Some(seconds)))
}

/// Says that another request is finding out how a target fares.
fn probed(target: &Target) -> ApiError {
    let Target { provider, model, .. } = target;
    let what = format!("{}: model `{model}` failed repeatedly and is being tried by another request", provider.name);
    ApiError::new(529, ErrorKind::OverloadedError, what).after(Some(1))
}

pub(super) fn key(target: &Target) -> Key {
    let host = target
        .provider
        .connection
        .as_ref()
        .map_or("", |connection| connection.endpoint.authority().map_or("", http::uri::Authority::as_str));
    (host.to_owned(), target.name())
}

/// A number from 0 to 1 that nobody has to be unable to guess.
fn jitter() -> f64 {
    f64::from(u16::try_from(RandomState::new().hash_one(0) & 0xffff).unwrap_or_default()) / f64::from(u16::MAX)
}
