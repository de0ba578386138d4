//! What a target was found not to take, left out of what it is sent from then on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

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
    fields: Vec<Forbidden>,
    requests: u64,
}

impl SelfRepair {
    /// Leaves out what the target is known not to take.
    pub fn apply(&self, target: &Target, body: Bytes) -> Bytes {
        if !self.any.load(Relaxed) {
            return body;
        }
        let mut known = self.lock();
        let Some(known) = known.get_mut(&key(target)) else { return body };
        let Some(less) = without(&body, &known.fields) else { return body };
        known.requests += 1;
        Bytes::from(less)
    }

    /// Remembers what a target has said it does not take; false where there is nothing new.
    pub fn learn(&self, target: &Target, fields: &[Forbidden]) -> bool {
        if fields.is_empty() {
            return false;
        }
        let mut known = self.lock();
        let known = known.entry(key(target)).or_default();
        let new: Vec<&Forbidden> = fields.iter().filter(|field| !known.fields.contains(field)).collect();
        let names: Vec<String> = new.iter().map(ToString::to_string).collect();
        if names.is_empty() {
            return false;
        }
        tracing::warn!(target = %target.name(), fields = names.join(" "), "left out from now on: the target does not take it");
        known.fields.extend(new.into_iter().cloned());
        self.any.store(true, Relaxed);
        true
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
