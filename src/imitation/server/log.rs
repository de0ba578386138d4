//! What came in, what was wrong with it, and how the answer ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use serde_json::Value;
use tokio::sync::watch;

use crate::imitation::rules::Refusal;

/// One chat request.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The path, with its query.
    pub path: String,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body; `Null` when it was no JSON.
    pub body: Value,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// How the answer ended.
    pub end: End,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has not.
    Open,
    /// All of it went out.
    Complete,
    /// The script broke it off.
    Cut,
    /// The client left first.
    ClientGone,
}

impl Captured {
    /// Says whether the client left before the answer was complete.
    pub fn client_gone(&self) -> bool {
        self.end == End::ClientGone
    }

    /// Returns a header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Every request of an imitation.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: Arc<Mutex<Vec<Captured>>>,
    changed: watch::Sender<()>,
}

impl Log {
    /// Adds a request; whoever holds the entry says how it ended.
    pub(super) fn add(&self, captured: Captured) -> Entry {
        let index = {
            let mut entries = self.entries();
            entries.push(captured);
            entries.len() - 1
        };
        self.changed.send_replace(());
        Entry { log: self.clone(), index, ended: false }
    }

    pub(super) fn captured(&self) -> Vec<Captured> {
        self.entries().clone()
    }

    pub(super) async fn wait(&self, until: impl Fn(&[Captured]) -> bool) {
        // The sender lives in `self`, so the channel cannot close while waiting.
        let _ = self.changed.subscribe().wait_for(|()| until(&self.entries())).await;
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Captured>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request while it is being answered; dropped early, the client has gone.
#[derive(Debug)]
pub(super) struct Entry {
    log: Log,
    pub(super) index: usize,
    ended: bool,
}

impl Entry {
    pub(super) fn end(&mut self, end: End) {
        if self.ended {
            return;
        }
        self.ended = true;
        if let Some(captured) = self.log.entries().get_mut(self.index) {
            captured.end = end;
        }
        self.log.changed.send_replace(());
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end(End::ClientGone);
    }
}
