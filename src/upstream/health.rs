//! How the targets fare: a breaker, a queue and limits for each, for as long as the process runs.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::breaker::{Breaker, Outcome, Standing, Ticket};
use super::gate::Waiting;
use super::latency::Latency;
use super::limits::{Heard, Left, Rates};
use super::pass::{Ended, Pass, Used};
use super::queue::Queue;
use super::refused::Refused;
use super::retry::{self, Budget};
use super::watch::{Watched, Way};
use crate::config::{Attempts, Target};
use crate::egress::Egress;
use crate::wire::error::{ApiError, ErrorKind};

/// How much a new measure counts in the mean of how long requests take.
const WEIGHT: f64 = 0.2;

/// What is known of all targets that were asked.
#[derive(Debug)]
pub struct Health {
    began: Instant,
    all: Mutex<All>,
    /// Keys that are not sent again.
    pub(super) refused: Refused,
    /// Told when somebody may be to be probed.
    pub(super) probing: Notify,
}

/// Presets may call different servers by one name, so the host belongs to it.
pub(super) type Key = (String, String);

/// Everything behind the lock.
#[derive(Debug, Default)]
pub(super) struct All {
    pub(super) known: BTreeMap<Key, Known>,
    pub(super) watched: Watched,
}

/// What is known of a target.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) breaker: Breaker,
    budget: Budget,
    latency: Latency,
    pub(super) queue: Queue<Waiting>,
    /// Requests that it may have at a time.
    pub(super) most: u32,
    pub(super) rates: Rates,
    /// How long requests take, lately, in seconds.
    pub(super) held: f64,
    /// When an answer was good last.
    pub(super) good: Option<Duration>,
    /// How it is spoken to.
    pub(super) way: Option<Way>,
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
    /// Requests that it may have.
    pub most: u32,
    /// Requests that wait for it.
    pub waiting: usize,
    /// What is left of requests, and of tokens, within this minute.
    pub left: (Option<Left>, Option<Left>),
    /// How soon it begins to answer, lately.
    pub first_event: Option<Duration>,
    /// The last failure, and when it was; absent where there was none since it was well.
    pub failure: Option<(Timestamp, String)>,
    /// Since when its key is refused, and what mends that.
    pub refused: Option<(Timestamp, String)>,
}

impl Default for Health {
    fn default() -> Self {
        Self { began: Instant::now(), all: Mutex::default(), refused: Refused::default(), probing: Notify::new() }
    }
}

impl Health {
    /// Says for how long a target is to be left alone; nothing where it may be asked.
    ///
    /// The answer is an error in the client's terms, with the time to wait.
    pub fn shut(&self, target: &Target) -> Option<ApiError> {
        let all = self.lock();
        let known = all.known.get(&key(target))?;
        left_alone(target, known.breaker.standing(self.now()))
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
        let mut all = self.lock();
        all.entry(&key(target)).budget.withdraw(self.now()).then_some(wait)
    }

    /// What a target is chosen by where the soonest is wanted, less is better.
    pub fn load(&self, target: &Target) -> f64 {
        let pending = |known: &Known| known.queue.in_flight() + u32::try_from(known.queue.len()).unwrap_or(u32::MAX);
        self.lock().known.get(&key(target)).map_or(0.0, |known| known.latency.load(pending(known)))
    }

    /// All targets that were asked.
    pub fn list(&self) -> Vec<Told> {
        let now = self.now();
        let told = |((host, target), known): (&Key, &Known)| Told {
            target: target.clone(),
            host: host.clone(),
            standing: known.breaker.standing(now),
            in_flight: known.queue.in_flight(),
            most: known.most,
            waiting: known.queue.len(),
            left: known.rates.left(now),
            first_event: known.latency.mean().map(Duration::from_secs_f64),
            failure: known.failure.clone(),
            refused: self.refused.told(target),
        };
        self.lock().known.iter().map(told).collect()
    }

    /// Takes a target, or all of them, for well again, and its key for good; returns how many there were.
    pub fn reset(&self, target: Option<&str>) -> usize {
        self.refused.clear(target);
        let mut all = self.lock();
        let of_name = all.known.iter_mut().filter(|((_, name), _)| target.is_none_or(|target| target == name));
        let reset = |(_, known): (&Key, &mut Known)| {
            (known.breaker, known.failure) = (known.breaker.closed(), None);
            known.wake();
        };
        of_name.map(reset).count()
    }

    /// Takes in what an answer's headers tell of limits.
    pub(super) fn heard(&self, key: &Key, heard: &Heard, charged: u64) {
        let now = self.now();
        let mut all = self.lock();
        let Some(known) = all.known.get_mut(key) else { return };
        known.rates.hear(heard, charged, now);
        known.rates.counted(charged);
        known.serve(now);
        known.wake();
    }

    pub(super) fn measure(&self, key: &Key, first_event: Duration) {
        let now = self.now();
        if let Some(known) = self.lock().known.get_mut(key) {
            known.latency.measure(first_event, now);
        }
    }

    pub(super) fn settle(&self, pass: &Pass, ended: Ended) {
        let now = self.now();
        let mut all = self.lock();
        let Some(known) = all.known.get_mut(&pass.key) else { return };
        let before = known.breaker.standing(now);
        known.breaker.settle(pass.ticket, ended.outcome, now, jitter());
        let after = known.breaker.standing(now);
        match ended.outcome {
            Outcome::Good => {
                known.good = Some(now);
                if after == Standing::Closed {
                    known.failure = None;
                }
            }
            Outcome::Bad | Outcome::Limited(_) => known.failure = ended.why.map(|why| (Timestamp::now(), why)),
            Outcome::Unknown => {}
        }
        known.end(pass, ended.used, now);
        if std::mem::discriminant(&before) != std::mem::discriminant(&after) {
            // Those that wait may have another target to go to.
            known.wake();
            self.changed(&pass.key, before, after);
        }
    }

    pub(super) fn changed(&self, key: &Key, before: Standing, after: Standing) {
        tracing::info!(target = %key.1, host = %key.0, before = before.as_str(), after = after.as_str(), "target changed");
        self.probing.notify_one();
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// What is known of a target; from now on something, even if it is nothing.
    pub(super) fn entry(&mut self, key: &Key) -> &mut Known {
        self.known.entry(key.clone()).or_default()
    }
}

impl Known {
    /// Takes over how the target is configured by now.
    pub(super) fn configure(&mut self, target: &Target, egress: &Egress) {
        let limits = &target.provider.capacity;
        self.breaker.rules = target.provider.breaker;
        self.most = limits.max_concurrency;
        self.rates.configure(limits.requests_per_minute, limits.tokens_per_minute);
        if self.way.as_ref().is_none_or(|way| !Arc::ptr_eq(&way.provider, &target.provider)) {
            self.way = Some(Way { provider: Arc::clone(&target.provider), egress: egress.clone() });
        }
    }

    /// A request is on its way.
    ///
    /// # Errors
    /// Fails where the target is to be left alone and another may take the request; one that failed is asked by one
    /// request at a time until it is well again.
    pub(super) fn ask(
        &mut self,
        target: &Target,
        attempt: Attempt,
        entry: Entry,
        now: Duration,
    ) -> Result<Ticket, ApiError> {
        let ticket = match entry {
            Entry::Anyway => self.breaker.force(now),
            Entry::IfWell => self
                .breaker
                .admit(now)
                .ok_or_else(|| left_alone(target, self.breaker.standing(now)).unwrap_or_else(|| probed(target)))?,
        };
        if attempt == Attempt::First {
            self.budget.deposit();
        }
        Ok(ticket)
    }

    /// A request has come to its end, which makes room for another.
    fn end(&mut self, pass: &Pass, used: Used, now: Duration) {
        self.queue.end();
        let held = now.saturating_sub(pass.entered).as_secs_f64();
        self.held += (held - self.held) * if self.held == 0.0 { 1.0 } else { WEIGHT };
        if !pass.is_counted {
            self.rates.counted(pass.charged);
        }
        match used {
            Used::Tokens(tokens) => self.rates.settle(pass.charged, tokens, now),
            Used::Nothing => self.rates.refund(pass.charged, now),
            Used::Unknown => {}
        }
        self.serve(now);
    }
}

/// Says that a target is to be left alone, and for how long.
pub(super) fn left_alone(target: &Target, standing: Standing) -> Option<ApiError> {
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
pub(super) fn jitter() -> f64 {
    f64::from(u16::try_from(RandomState::new().hash_one(0) & 0xffff).unwrap_or_default()) / f64::from(u16::MAX)
}
