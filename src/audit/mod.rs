//! What left this machine, where it went, and what was not let go: a record that shows when it was changed.
//!
//! An [`Event`] says what happened. It names hosts, models and numbers; it holds nothing that anybody wrote, no path
//! and no name of a person.
//!
//! `chain` is the text of a record and what it hangs on, `checkpoint` what is signed of it; `damage` and `verify` find
//! what is not as it was written. These know no file. `writer` appends a process's records, `sealing` the
//! installation's checkpoints, `recorder` does both at the right time, and `store` reads what is there.

mod chain;
mod checkpoint;
mod cover;
mod damage;
mod event;
mod keyed;
#[cfg(test)]
mod mutation_tests;
mod purge;
mod recorder;
mod sealing;
mod store;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use chain::{Hash, Record, hex, unhex};
pub use checkpoint::{Checkpoint, Mark, Occasion};
pub use cover::{Whose, cover};
pub use damage::Damage;
pub use event::{AddressClass, Decision, Event, Kind};
pub use purge::{Buried, Kept, Purge, purge};
use recorder::Recorder;
pub use store::{Part, Reading, is_month, log, parts, read};
pub use verify::{Found, Report, verify};

/// The record's folder below the one for what outlives a run.
pub fn folder(state: &Path) -> PathBuf {
    state.join("audit")
}

/// Where events go; clones share one writer.
#[derive(Debug, Clone, Default)]
pub struct Audit(Option<Arc<Recorder>>);

impl Audit {
    /// Notes nothing: for what is not a person's, such as an imitation.
    pub fn off() -> Self {
        Self(None)
    }

    /// Notes in a folder, of which nothing is made before the first event.
    pub fn open(folder: PathBuf) -> Self {
        Self(Some(Arc::new(Recorder::new(folder))))
    }

    /// Whether anything is noted.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes an event; what cannot be written is told in the log, and as a gap once it can be written again.
    pub fn note(&self, event: Event) {
        if let Some(recorder) = &self.0 {
            recorder.note(event);
        }
    }

    /// Notes what is about to happen, or says why that cannot be noted, or something before it.
    ///
    /// # Errors
    /// Fails where the record cannot be written; whoever may do nothing without it does nothing.
    pub fn begin(&self, event: Event) -> std::io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |recorder| recorder.begin(event))
    }

    /// The digest that a session goes by; nothing where there is no record or no key for it.
    pub fn session(&self, id: &str) -> Option<String> {
        self.0.as_ref()?.keyed().map(|keyed| keyed.session(id))
    }

    /// The digest of a body.
    pub fn body(&self, bytes: &[u8]) -> Option<String> {
        self.0.as_ref()?.keyed().map(|keyed| keyed.body(bytes))
    }

    /// Makes a checkpoint of what was noted so far.
    ///
    /// # Errors
    /// Fails where it cannot be written, and with [`std::io::ErrorKind::WouldBlock`] while another makes one.
    pub fn seal(&self) -> std::io::Result<Option<Checkpoint>> {
        self.0.as_ref().map_or(Ok(None), |recorder| recorder.seal(Occasion::Seal))
    }

    /// Ends the writer's chain with a checkpoint; what is noted afterwards begins another. Waits for the disk.
    pub fn close(&self) {
        if let Some(recorder) = &self.0 {
            recorder.close();
        }
    }
}

/// A time as records have it.
pub fn moment(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
