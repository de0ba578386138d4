//! What left this machine, where it went, and what was not let go: a record that shows when it was changed.
//!
//! An [`Event`] says what happened. It names hosts, models and numbers; it holds nothing that anybody wrote, no path
//! and no name of a person.
//!
//! `chain` is the text of a record and what it hangs on, `checkpoint` what is signed of it; `damage`, `history`,
//! `tombstones` and `verify` find what is not as it was written. These know no file. `writer` appends a process's
//! records, `sealing` the installation's checkpoints, `recorder` does both at the right time, and `store` reads what is
//! there.

mod chain;
mod checkpoint;
mod cover;
mod damage;
mod event;
mod history;
mod keyed;
#[cfg(test)]
mod mutation_tests;
mod purge;
mod recorder;
mod sealing;
mod store;
#[cfg(test)]
mod tombstone_tests;
mod tombstones;
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
pub use purge::{Buried, Kept, Purge, Refusal, purge};
use recorder::Recorder;
pub use store::{Part, Reading, is_month, log, parts, read};
pub use tombstones::Purged;
pub use verify::{Found, Report, verify};

/// The record's folder below the one for what outlives a run.
pub fn folder(state: &Path) -> PathBuf {
    state.join("audit")
}

/// Where events go; clones share one writer.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    recorder: Option<Arc<Recorder>>,
    preset: Option<Arc<str>>,
}

impl Audit {
    /// Notes nothing: for what is not a person's, such as an imitation.
    pub fn off() -> Self {
        Self::default()
    }

    /// Notes in a folder, of which nothing is made before the first event.
    pub fn open(folder: PathBuf) -> Self {
        Self { recorder: Some(Arc::new(Recorder::new(folder))), preset: None }
    }

    /// The same writer, for a preset: events that name none get this one.
    #[must_use]
    pub fn of_preset(&self, preset: Option<Arc<str>>) -> Self {
        Self { recorder: self.recorder.clone(), preset }
    }

    fn with_preset(&self, mut event: Event) -> Event {
        event.preset = event.preset.or_else(|| self.preset.as_deref().map(str::to_owned));
        event
    }

    /// Whether anything is noted.
    pub fn is_on(&self) -> bool {
        self.recorder.is_some()
    }

    /// Notes an event; what cannot be written is told in the log, and as a gap once it can be written again.
    pub fn note(&self, event: Event) {
        if let Some(recorder) = &self.recorder {
            recorder.note(self.with_preset(event));
        }
    }

    /// Notes what is about to happen, or says why that cannot be noted, or something before it.
    ///
    /// # Errors
    /// Fails where the record cannot be written; whoever may do nothing without it does nothing.
    pub fn begin(&self, event: Event) -> std::io::Result<()> {
        self.recorder.as_ref().map_or(Ok(()), |recorder| recorder.begin(self.with_preset(event)))
    }

    /// The digest that a session goes by; nothing where there is no record or no key for it.
    pub fn session(&self, id: &str) -> Option<String> {
        self.recorder.as_ref()?.keyed().map(|keyed| keyed.session(id))
    }

    /// The digest of a body.
    pub fn body(&self, bytes: &[u8]) -> Option<String> {
        self.recorder.as_ref()?.keyed().map(|keyed| keyed.body(bytes))
    }

    /// Makes a checkpoint of what was noted so far.
    ///
    /// # Errors
    /// Fails where it cannot be written, and with [`std::io::ErrorKind::WouldBlock`] while another makes one.
    pub fn seal(&self) -> std::io::Result<Option<Checkpoint>> {
        self.recorder.as_ref().map_or(Ok(None), |recorder| recorder.seal(Occasion::Seal))
    }

    /// Ends the writer's chain with a checkpoint; what is noted afterwards begins another. Waits for the disk.
    pub fn close(&self) {
        if let Some(recorder) = &self.recorder {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_for_a_preset_names_it_unless_it_names_another() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path().to_owned());
        let of = audit.of_preset(Some("local".into()));
        audit.note(Event::new(Kind::Config));
        of.note(Event::new(Kind::Connect));
        of.begin(Event { preset: Some("other".to_owned()), ..Event::new(Kind::Probe) }).unwrap();
        audit.close();
        let records = read(folder.path(), None).unwrap().records.into_iter();
        let presets: Vec<_> = records.map(|record| record.event.preset).collect();
        assert_eq!(presets, [None, Some("local".to_owned()), Some("other".to_owned())]);
    }
}
