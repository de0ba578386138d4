//! A request that a target has: what becomes of it says how the target fares.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::breaker::{Outcome, Ticket};
use super::health::{Health, Key};
use super::limits::Heard;
use crate::wire::error::ApiError;

/// A request that a target has, until the last byte of its answer; dropped without an outcome, its client went away.
#[derive(Debug)]
pub struct Pass {
    pub(super) health: Arc<Health>,
    pub(super) key: Key,
    pub(super) ticket: Ticket,
    /// The tokens that were paid for beforehand.
    pub(super) charged: u64,
    /// When it was let in.
    pub(super) entered: Duration,
    /// Whether the provider has counted it.
    pub(super) is_counted: bool,
    is_settled: bool,
}

/// How a request ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// What went wrong.
    pub(super) why: Option<String>,
    /// What it has used, where that is known; 0 where nothing was sent.
    pub(super) used: Used,
}

/// What a request has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    /// As many tokens.
    Tokens(u64),
    /// Nothing: it was not sent.
    Nothing,
    /// Nobody knows.
    Unknown,
}

impl Pass {
    pub(super) fn new(health: &Arc<Health>, key: Key, ticket: Ticket, charged: u64, entered: Duration) -> Self {
        Self { health: Arc::clone(health), key, ticket, charged, entered, is_counted: false, is_settled: false }
    }

    /// The head of the answer is there: what it tells of limits counts from here on.
    pub fn heard(&mut self, headers: &HeaderMap) {
        if let Some(heard) = Heard::read(|name| headers.get(name).and_then(|value| value.to_str().ok())) {
            self.health.heard(&self.key, &heard, self.charged);
            self.is_counted = true;
        }
    }

    /// The target began to answer after this long.
    pub fn began(&self, first_event: Duration) {
        self.health.measure(&self.key, first_event);
    }

    /// The target answered to the end, and counted this many tokens; 0 where it does not count.
    pub fn answered(mut self, tokens: u64) {
        let used = if tokens == 0 { Used::Unknown } else { Used::Tokens(tokens) };
        self.settle(Ended { outcome: Outcome::Good, why: None, used });
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
        let used = match error.status {
            _ if !sent => Used::Nothing,
            // A request that it does not like is one, and has used no tokens.
            400..=499 if outcome == Outcome::Good => Used::Tokens(0),
            _ => Used::Unknown,
        };
        self.settle(Ended { outcome, why: Some(error.unquoted().into_owned()), used });
    }

    fn settle(&mut self, ended: Ended) {
        self.is_settled = true;
        self.health.settle(self, ended);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle(Ended { outcome: Outcome::Unknown, why: None, used: Used::Unknown });
        }
    }
}
