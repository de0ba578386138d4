//! The circuit breaker of one target: whether it may be asked, and what its answers say of it.
//!
//! Pure: the moment is an argument, measured from any fixed start. Failures in a row, or a share of
//! failures among enough answers, open it, by the configuration's [`BreakerRules`]; then one request at a
//! time probes, and good answers close it. A rate limit is no failure of the target: it cools down
//! until the limit is over.

use std::collections::VecDeque;
use std::time::Duration;

use crate::config::BreakerRules;

/// How long a rate limit is taken to last where nobody says.
const LIMITED: Duration = Duration::from_secs(10);
/// The longest that a rate limit is believed to last.
const LIMITED_MOST: Duration = Duration::from_mins(10);

/// What is known of a target.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    /// By which it opens and closes.
    pub rules: BreakerRules,
    state: State,
    /// Rises whenever the state changes, so that an answer to an earlier request says nothing of now.
    age: u64,
    consecutive: u32,
    recent: VecDeque<(Duration, bool)>,
    /// How often it has opened since it was closed last.
    openings: u32,
    /// Whether it was to be asked sooner once since then.
    is_hurried: bool,
}

/// Whether a target may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// As usual.
    #[default]
    Closed,
    /// Not before this moment.
    Open { until: Duration },
    /// By one request at a time, until enough were answered well.
    HalfOpen { probing: bool, good: u32 },
    /// Not before this moment: it limits how much it is asked.
    Cooling { until: Duration },
}

/// A state as people are told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is asked as usual.
    Closed,
    /// It failed, and is not asked for this long.
    Open(Duration),
    /// It failed, and is asked again by one request at a time.
    HalfOpen,
    /// It limits how much it is asked, for this long.
    Cooling(Duration),
}

/// The right to ask a target once; what came of it goes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    age: u64,
    probe: bool,
}

/// What came of a request, as far as it says something of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It answered; that it did not like the request is an answer.
    Good,
    /// It could not be reached, failed, or broke off.
    Bad,
    /// It limits how much it is asked, for this long where it says so.
    Limited(Option<Duration>),
    /// The client went away, which says nothing.
    Unknown,
}

impl Standing {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open(_) => "open",
            Self::HalfOpen => "half-open",
            Self::Cooling(_) => "cooling",
        }
    }
}

impl Breaker {
    /// The same breaker, taken for well; answers to earlier requests say nothing of it.
    #[must_use]
    pub fn closed(&self) -> Self {
        Self { rules: self.rules, age: self.age + 1, ..Self::default() }
    }

    /// Whether the target would be let in, without asking for it.
    pub fn standing(&self, now: Duration) -> Standing {
        let left = |until: Duration| until.checked_sub(now).filter(|left| !left.is_zero());
        match self.state {
            State::Closed => Standing::Closed,
            State::HalfOpen { .. } => Standing::HalfOpen,
            State::Open { until } => left(until).map_or(Standing::HalfOpen, Standing::Open),
            State::Cooling { until } => left(until).map_or(Standing::Closed, Standing::Cooling),
        }
    }

    /// Lets a request through, or nothing while the target is to be left alone.
    pub fn admit(&mut self, now: Duration) -> Option<Ticket> {
        match self.state {
            State::Open { until } | State::Cooling { until } if now < until => return None,
            State::Open { .. } => self.become_state(State::HalfOpen { probing: false, good: 0 }),
            State::Cooling { .. } => self.become_state(State::Closed),
            State::Closed | State::HalfOpen { .. } => {}
        }
        match &mut self.state {
            State::HalfOpen { probing: true, .. } => None,
            State::HalfOpen { probing, .. } => {
                *probing = true;
                Some(Ticket { age: self.age, probe: true })
            }
            State::Closed | State::Open { .. } | State::Cooling { .. } => Some(Ticket { age: self.age, probe: false }),
        }
    }

    /// Lets a request through whatever the state: there is no other target that could take it.
    pub fn force(&mut self, now: Duration) -> Ticket {
        self.admit(now).unwrap_or(Ticket { age: self.age, probe: false })
    }

    /// Lets it be asked by one request at a time, sooner than it would be: there is a sign of life.
    ///
    /// Once until it has closed: where that request fails, signs of life say nothing of how it answers.
    pub fn hurry(&mut self, now: Duration) {
        if let State::Open { until } = self.state
            && now < until
            && !self.is_hurried
        {
            self.is_hurried = true;
            self.become_state(State::HalfOpen { probing: false, good: 0 });
        }
    }

    /// Leaves it alone as if it had failed too often; one that is left alone stays so for as long as it was to be.
    pub fn trip(&mut self, now: Duration, jitter: f64) {
        if self.standing(now) == Standing::Closed {
            self.open(now, jitter);
        }
    }

    /// Takes in what came of a request; `jitter` from 0 to 1 spreads the moments at which targets are asked again.
    pub fn settle(&mut self, ticket: Ticket, outcome: Outcome, now: Duration, jitter: f64) {
        if ticket.age != self.age {
            return;
        }
        if let (State::HalfOpen { probing, .. }, true) = (&mut self.state, ticket.probe) {
            *probing = false;
        }
        match outcome {
            Outcome::Unknown => {}
            Outcome::Good => self.good(now),
            Outcome::Bad => self.bad(now, jitter),
            Outcome::Limited(wait) => {
                let wait = wait.unwrap_or(LIMITED).min(LIMITED_MOST);
                self.become_state(State::Cooling { until: now + wait });
            }
        }
    }

    fn good(&mut self, now: Duration) {
        self.consecutive = 0;
        self.note(now, false);
        match &mut self.state {
            State::HalfOpen { good, .. } if *good + 1 < self.rules.close_after => *good += 1,
            // One that was asked for want of another, and answers, is well again.
            State::HalfOpen { .. } | State::Open { .. } | State::Cooling { .. } => {
                self.openings = 0;
                self.is_hurried = false;
                self.recent.clear();
                self.become_state(State::Closed);
            }
            State::Closed => {}
        }
    }

    fn bad(&mut self, now: Duration, jitter: f64) {
        self.consecutive += 1;
        self.note(now, true);
        let failed = self.recent.iter().filter(|(_, failed)| *failed).count();
        let BreakerRules { consecutive, min_requests, .. } = self.rules;
        let is_bad = self.consecutive >= consecutive || (self.recent.len() >= min_requests && self.is_share(failed));
        match self.state {
            State::Closed if !is_bad => {}
            // Asked for want of another; the wait goes on as it was.
            State::Open { .. } | State::Cooling { .. } => {}
            State::Closed | State::HalfOpen { .. } => self.open(now, jitter),
        }
    }

    fn open(&mut self, now: Duration, jitter: f64) {
        let BreakerRules { open, open_max, .. } = self.rules;
        let wait = open.saturating_mul(1 << self.openings.min(8)).min(open_max.max(open));
        self.openings += 1;
        self.consecutive = 0;
        // A fifth more or less.
        let wait = wait.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
        self.become_state(State::Open { until: now + wait });
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody answers 2^52 times within the window")]
    fn is_share(&self, failed: usize) -> bool {
        failed as f64 >= self.rules.failure_rate * self.recent.len() as f64
    }

    fn note(&mut self, now: Duration, failed: bool) {
        while self.recent.front().is_some_and(|(then, _)| now.saturating_sub(*then) > self.rules.window) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, failed));
    }

    fn become_state(&mut self, state: State) {
        self.state = state;
        self.age += 1;
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
