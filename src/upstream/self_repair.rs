//! What a target was found not to take, left out of what it is sent from then on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::Unanswered;
use super::health::{Key, key};
use crate::config::Target;
use crate::translate::{Forbidden, without};

/// The fields that targets do not take, for as long as the process runs.
#[derive(Debug, Default)]
pub struct SelfRepair {
    /// Whether there are any, which is nearly never so.
    any: AtomicBool,
    known: Mutex<BTreeMap<Key, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    fields: Arc<[Forbidden]>,
    requests: u64,
}

impl SelfRepair {
    /// Leaves out what the target is known not to take.
    pub fn apply(&self, target: &Target, body: Bytes) -> Bytes {
        if !self.any.load(Relaxed) {
            return body;
        }
        let key = key(target);
        let Some(fields) = self.lock().get(&key).map(|known| Arc::clone(&known.fields)) else { return body };
        // Nobody waits while a large request is read.
        let Some(less) = without(&body, &fields) else { return body };
        if let Some(known) = self.lock().get_mut(&key) {
            known.requests += 1;
        }
        Bytes::from(less)
    }

    /// Remembers what a target has said it does not take, where a request without it fared better: it was answered,
    /// or refused for another field.
    pub fn learn(&self, target: &Target, fields: &[Forbidden], without_them: Result<(), &Unanswered>) {
        let is_better = without_them.map_or_else(
            |unanswered| !unanswered.forbidden.is_empty() && !unanswered.forbidden.iter().any(|it| fields.contains(it)),
            |()| true,
        );
        if !is_better {
            return;
        }
        let mut known = self.lock();
        let known = known.entry(key(target)).or_default();
        known.requests += 1;
        let new: Vec<&Forbidden> = fields.iter().filter(|field| !known.fields.contains(field)).collect();
        if new.is_empty() {
            return;
        }
        let names: Vec<String> = new.iter().map(ToString::to_string).collect();
        tracing::warn!(target = %target.name(), fields = names.join(" "), "left out from now on: the target does not take it");
        known.fields = known.fields.iter().chain(new).cloned().collect();
        self.any.store(true, Relaxed);
    }

    /// What is left out for a target by its host and name, and of how many requests so far.
    pub fn told(&self, host: &str, target: &str) -> Option<(Vec<String>, u64)> {
        let known = self.lock();
        let known = known.get(&(host.to_owned(), target.to_owned()))?;
        Some((known.fields.iter().map(ToString::to_string).collect(), known.requests))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
