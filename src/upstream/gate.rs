//! The way to a target: at once, after others, or not at all.
//!
//! Whoever waits is woken when it is its turn, and tries again by itself when a rate limit has come back. One that goes
//! away, however that happens, leaves its place at once.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::health::{All, Attempt, Entry, Health, Key, Known, key, left_alone};
use super::limits::{Limited, Wait};
use super::pass::Pass;
use super::queue::Rank;
use crate::config::Target;
use crate::egress::Egress;
use crate::wire::error::{ApiError, ErrorKind};

/// The least that a client is told to wait after it has waited here: one that comes back sooner finds no other state.
///
/// It is also more than is waited between two attempts, so that the same target is not waited for again.
const LEAST: u64 = 10;
/// Claude Code gives up on more.
const MOST: u64 = 60;

/// Who wants a place.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The session, which takes turns with others; empty where there is none.
    pub session: &'a str,
    /// How urgent it is.
    pub rank: Rank,
    /// The prompt's tokens.
    pub tokens: u64,
    /// Whether the target was asked before.
    pub attempt: Attempt,
    /// Whether it is asked though it is to be left alone.
    pub entry: Entry,
    /// The door that it will go through, and probes of the target with it.
    pub egress: &'a Egress,
}

/// Why a target is not asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It is to be left alone, and another may take the request.
    LeftAlone(ApiError),
    /// It has no place for the request, or there is no key for it: to ask once more would end the same way.
    TurnedAway(ApiError),
}

/// One that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    tokens: u64,
    /// Told when it is served, or should look again.
    wake: Arc<Notify>,
}

/// A place in the queue; dropped, it is left.
struct Place<'h> {
    health: &'h Arc<Health>,
    key: Key,
    id: u64,
    tokens: u64,
    wake: Arc<Notify>,
    is_over: bool,
}

impl Health {
    /// Waits until a target may be asked, and notes that it is.
    ///
    /// # Errors
    /// Fails with an error in the client's terms where the target is to be left alone, and where too many wait or the
    /// request has waited for too long: 529 where the target is full, 429 where a rate limit is to come back, with the
    /// time until then.
    pub async fn enter(self: &Arc<Self>, target: &Target, asking: Asking<'_>) -> Result<Pass, NotAdmitted> {
        let key = key(target);
        let limits = &target.provider.capacity;
        let place = {
            let now = self.now();
            let mut all = self.lock();
            let known = all.entry(&key);
            known.configure(target, asking.egress);
            known.serve(now);
            if known.queue.is_empty() && known.has_room() && known.rates.wait(asking.tokens, &[], now).is_none() {
                let ticket = known.ask(target, asking.attempt, asking.entry, now).map_err(NotAdmitted::LeftAlone)?;
                known.rates.charge(asking.tokens, now);
                known.queue.enter();
                self.note(all, &key, now);
                return Ok(Pass::new(self, key, ticket, asking.tokens, now));
            }
            known.shut(target, asking.entry, now)?;
            let in_front: Vec<u64> = known.queue.waiting().map(|(_, waiting)| waiting.tokens).collect();
            if in_front.len() >= limits.queue as usize {
                return Err(NotAdmitted::TurnedAway(full(target, known)));
            }
            if let Some(wait) = known.rates.wait(asking.tokens, &in_front, now)
                && wait.span > limits.queue_timeout
            {
                return Err(NotAdmitted::TurnedAway(limited(target, asking.tokens, &wait)));
            }
            let wake = Arc::new(Notify::new());
            let waiting = Waiting { tokens: asking.tokens, wake: Arc::clone(&wake) };
            let id = known.queue.join(asking.session, asking.rank, waiting);
            Place { health: self, key, id, tokens: asking.tokens, wake, is_over: false }
        };
        tracing::debug!(target = %target.name(), "waiting for a place");
        place.wait(target, asking).await
    }

    /// Notes that a target is asked.
    fn note(&self, mut all: MutexGuard<'_, All>, key: &Key, now: Duration) {
        let is_probed = all.asked(key, now);
        drop(all);
        if is_probed {
            self.probing.notify_one();
        }
    }
}

impl Place<'_> {
    async fn wait(mut self, target: &Target, asking: Asking<'_>) -> Result<Pass, NotAdmitted> {
        let deadline = Instant::now() + target.provider.capacity.queue_timeout;
        let mut look = Instant::now();
        loop {
            let _ = timeout_at(look.min(deadline), self.wake.notified()).await;
            let (health, now) = (self.health, self.health.now());
            let mut all = health.lock();
            let known = all.entry(&self.key);
            known.serve(now);
            if !known.queue.is_waiting(self.id) {
                let ticket = known.ask(target, asking.attempt, asking.entry, now);
                // What is refused gives its place back when it is dropped, behind the lock.
                let ticket = match ticket {
                    Ok(ticket) => ticket,
                    Err(error) => {
                        drop(all);
                        return Err(NotAdmitted::LeftAlone(error));
                    }
                };
                self.is_over = true;
                health.note(all, &self.key, now);
                return Ok(Pass::new(health, self.key.clone(), ticket, self.tokens, now));
            }
            let refused = match known.shut(target, asking.entry, now) {
                Ok(()) if Instant::now() < deadline => None,
                Ok(()) => Some(NotAdmitted::TurnedAway(overdue(target, known, self.id, asking.tokens, now))),
                Err(refused) => Some(refused),
            };
            look = known.next_chance(now).map_or(deadline, |span| Instant::now() + span);
            drop(all);
            if let Some(refused) = refused {
                return Err(refused);
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let now = self.health.now();
        let mut all = self.health.lock();
        let known = all.entry(&self.key);
        if !known.queue.leave(self.id) {
            // It was served in the same moment.
            known.queue.end();
            known.rates.refund(self.tokens, now);
            known.rates.counted(self.tokens);
        }
        known.serve(now);
    }
}

impl Known {
    /// Fails where a target is to be left alone, and another may take the request.
    fn shut(&self, target: &Target, entry: Entry, now: Duration) -> Result<(), NotAdmitted> {
        let error = left_alone(target, self.breaker.standing(now)).filter(|_| entry == Entry::IfWell);
        error.map_or(Ok(()), |error| Err(NotAdmitted::LeftAlone(error)))
    }

    fn has_room(&self) -> bool {
        self.queue.in_flight() < self.most
    }

    /// Serves all of those that wait and may be by now.
    pub(super) fn serve(&mut self, now: Duration) {
        while self.has_room()
            && let Some(tokens) = self.queue.peek().map(|waiting| waiting.tokens)
            && self.rates.wait(tokens, &[], now).is_none()
            && let Some((_, waiting)) = self.queue.serve()
        {
            self.rates.charge(tokens, now);
            waiting.wake.notify_one();
        }
    }

    /// Lets all that wait look again: the limits are others.
    pub(super) fn wake(&self) {
        self.queue.waiting().for_each(|(_, waiting)| waiting.wake.notify_one());
    }

    /// When the one in front may be served though no answer ends until then.
    fn next_chance(&self, now: Duration) -> Option<Duration> {
        let tokens = self.queue.peek().filter(|_| self.has_room())?.tokens;
        self.rates.wait(tokens, &[], now).map(|wait| wait.span + Duration::from_millis(1))
    }

    /// How long it takes, about, until so many more have had their turn.
    fn turns(&self, in_front: usize) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
        let seconds = self.held * (in_front + 1) as f64 / f64::from(self.most.max(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float casts saturate")]
        let seconds = seconds.ceil() as u64;
        seconds.clamp(LEAST, MOST)
    }
}

fn full(target: &Target, known: &Known) -> ApiError {
    let (name, model) = (&target.provider.name, &target.model);
    let waiting = known.queue.len();
    let what = format!(
        "{name}: model `{model}` has {} of {} requests in flight and {waiting} waiting, as many as may; raise \
         `limits.queue` or `limits.max_concurrency` of provider `{name}`",
        known.queue.in_flight(),
        known.most,
    );
    ApiError::new(529, ErrorKind::OverloadedError, what).after(Some(known.turns(waiting)))
}

fn limited(target: &Target, tokens: u64, wait: &Wait) -> ApiError {
    let (name, model, seconds) = (&target.provider.name, &target.model, seconds(wait.span));
    let unit = match wait.limited {
        Limited::Requests => "requests",
        Limited::Tokens => "tokens",
    };
    let limit = wait.limit.map_or_else(|| format!("no more {unit}"), |limit| format!("{limit} {unit} a minute"));
    let this = match wait.limited {
        Limited::Requests => "this one has its turn".to_owned(),
        Limited::Tokens => format!("this prompt of {tokens} has its turn"),
    };
    let whose = match (wait.is_own, wait.limited) {
        (true, Limited::Requests) => format!("raise `limits.requests_per_minute` of provider `{name}`"),
        (true, Limited::Tokens) => format!("raise `limits.tokens_per_minute` of provider `{name}`"),
        (false, _) => "a larger plan takes more".to_owned(),
    };
    let what = format!("{name}: model `{model}` takes {limit}, and {this} in {seconds} s; {whose}");
    ApiError::new(429, ErrorKind::RateLimitError, what).after(Some(seconds))
}

/// Says why one has waited in vain.
fn overdue(target: &Target, known: &Known, id: u64, tokens: u64, now: Duration) -> ApiError {
    let in_front: Vec<u64> = known.queue.in_front(id).map(|waiting| waiting.tokens).collect();
    if known.has_room()
        && let Some(wait) = known.rates.wait(tokens, &in_front, now)
    {
        return limited(target, tokens, &wait);
    }
    let (name, model) = (&target.provider.name, &target.model);
    let what = format!(
        "{name}: model `{model}` has {} of {} requests in flight, and {} in front of this one after {} s; raise \
         `limits.max_concurrency` of provider `{name}`",
        known.queue.in_flight(),
        known.most,
        in_front.len(),
        target.provider.capacity.queue_timeout.as_secs_f64(),
    );
    ApiError::new(529, ErrorKind::OverloadedError, what).after(Some(known.turns(in_front.len())))
}

fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
