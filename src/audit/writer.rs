//! One process's chain: it appends, and a line that could not be written whole is taken away again.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::chain::{self, Hash, genesis, hex};
use super::checkpoint::Mark;
use super::event::Event;
use super::sealing::random;
use super::{milliseconds, moment};
use crate::paths;

/// Appends to files of its own, a month each.
#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    id: String,
    began: Instant,
    /// The last record's number, hash and time.
    seq: u64,
    head: Hash,
    time: Timestamp,
    /// What the clock said when the last record was written.
    clock: Timestamp,
    open: Option<Open>,
}

/// The file of the month that is written.
#[derive(Debug)]
struct Open {
    month: String,
    file: Arc<File>,
    /// Bytes of whole lines.
    length: u64,
}

/// Why a record is not there.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The chain can go on.
    Yet(io::Error),
    /// Half a line could not be taken away: the chain ends with it, and another must begin.
    EverAgain(io::Error),
}

impl Writer {
    /// Begins a chain; makes nothing before its first record.
    ///
    /// # Errors
    /// Fails where the system has no random bytes.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let id = hex(&random()?[..8]);
        let head = genesis(&id);
        let (began, time) = (Instant::now(), Timestamp::MIN);
        Ok(Self { folder: folder.to_owned(), id, began, seq: 0, head, time, clock: time, open: None })
    }

    /// Appends an event; a clock that was put back does not put the record back, and shows in it.
    pub(super) fn append(&mut self, mut event: Event, now: Timestamp) -> Result<(), NotWritten> {
        if now < self.clock {
            event.clock_back_ms = Some(milliseconds(self.clock.duration_since(now).unsigned_abs()));
        }
        let time = now.max(self.time);
        let (seq, up) = (self.seq + 1, milliseconds(self.began.elapsed()));
        let text = moment(time);
        let (mut line, hash) = chain::line(&self.id, seq, &text, up, &self.head, &event);
        line.push('\n');
        let open = self.file(&text[..7]).map_err(NotWritten::Yet)?;
        if let Err(error) = (&*open.file).write_all(line.as_bytes()) {
            return Err(match open.file.set_len(open.length) {
                Ok(()) => NotWritten::Yet(error),
                Err(_) => NotWritten::EverAgain(error),
            });
        }
        open.length += line.len() as u64;
        (self.seq, self.head, self.time, self.clock) = (seq, hash, time, now);
        Ok(())
    }

    fn file(&mut self, month: &str) -> io::Result<&mut Open> {
        if self.open.as_ref().is_none_or(|open| open.month != month) {
            // First the one above: the month's folder may not lie behind a link.
            paths::private_dir(&self.folder)?;
            let folder = self.folder.join(month);
            paths::private_dir(&folder)?;
            let file = paths::append_private(&folder.join(format!("{}.jsonl", self.id)))?;
            // Whoever holds it lives, and its month is not taken away.
            file.lock()?;
            let length = file.metadata()?.len();
            if let Some(before) = self.open.take() {
                before.file.sync_data()?;
            }
            self.open = Some(Open { month: month.to_owned(), file: Arc::new(file), length });
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("there is no file"))
    }

    /// How far it is, when its last record was written, and the file to sync first; nothing before the first record.
    pub(super) fn mark(&self) -> Option<(Mark, String, Arc<File>)> {
        let open = self.open.as_ref().filter(|_| self.seq > 0)?;
        let mark = Mark { writer: self.id.clone(), part: None, at_seq: self.seq, head: self.head, records: self.seq };
        Some((mark, moment(self.time), Arc::clone(&open.file)))
    }
}
