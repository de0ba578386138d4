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
    /// Files of months before, whose last lines may not be on the disk yet.
    unsynced: Vec<Open>,
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
        Ok(Self {
            folder: folder.to_owned(),
            id,
            began,
            seq: 0,
            head,
            time,
            clock: time,
            open: None,
            unsynced: Vec::new(),
        })
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

    /// The file of a month; the one before is held until it is synced and sealed, so that one is held at any time.
    fn file(&mut self, month: &str) -> io::Result<&mut Open> {
        if self.open.as_ref().is_none_or(|open| open.month != month) {
            // Held already where a month's first record could not be written and the clock was put back.
            let open = match self.unsynced.iter().position(|before| before.month == month) {
                Some(at) => self.unsynced.swap_remove(at),
                None => self.made(month)?,
            };
            self.unsynced.extend(self.open.replace(open));
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("there is no file"))
    }

    fn made(&self, month: &str) -> io::Result<Open> {
        // First the one above: the month's folder may not lie behind a link.
        paths::private_dir(&self.folder)?;
        let folder = self.folder.join(month);
        paths::private_dir(&folder)?;
        let file = paths::append_private(&folder.join(format!("{}.jsonl", self.id)))?;
        // Whoever holds it lives, and its month is not taken away.
        file.lock()?;
        let length = file.metadata()?.len();
        Ok(Open { month: month.to_owned(), file: Arc::new(file), length })
    }

    /// How far it is, when its last record was written, and the files to sync first; nothing before the first record.
    pub(super) fn mark(&mut self) -> Option<(Mark, String, Vec<Arc<File>>)> {
        let open = self.open.as_ref().filter(|_| self.seq > 0)?;
        let mark = Mark { writer: self.id.clone(), part: None, at_seq: self.seq, head: self.head, records: self.seq };
        let mut files: Vec<Arc<File>> = self.unsynced.drain(..).map(|before| before.file).collect();
        files.push(Arc::clone(&open.file));
        Some((mark, moment(self.time), files))
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::Kind;
    use super::super::store;
    use super::super::verify::verify;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_chain_goes_on_in_the_next_months_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        let mut writer = Writer::new(&folder).unwrap();
        for time in ["2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"] {
            writer.append(Event::new(Kind::Request), at(time)).unwrap();
        }
        let months: Vec<String> = store::parts(&folder).unwrap().into_iter().map(|part| part.month).collect();
        assert_eq!(months, ["2026-10", "2026-11", "2026-12"]);
        let report = verify(&store::log(&folder, &[]).unwrap());
        assert_eq!((report.damage, report.records, report.writers), (vec![], 3, 1));
        assert_eq!(writer.mark().map(|(mark, time, files)| (mark.at_seq, time, files.len())).unwrap().0, 3);
    }

    #[test]
    fn a_month_that_is_gone_back_to_is_the_same_file() {
        let home = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(home.path()).unwrap();
        writer.append(Event::new(Kind::Request), at("2024-01-31T23:59:59Z")).unwrap();
        let length = writer.open.as_ref().map(|open| open.length);
        // As where the first record of a month could not be written, and the clock was put back.
        writer.file("2024-02").unwrap();
        assert_eq!(writer.file("2024-01").ok().map(|open| open.length), length);
        writer.append(Event::new(Kind::Request), at("2024-01-31T23:59:59Z")).unwrap();
        assert_eq!(verify(&store::log(home.path(), &[]).unwrap()).damage, []);
        let files = |writer: &mut Writer| writer.mark().map(|(_, _, files)| files.len());
        assert_eq!((files(&mut writer), files(&mut writer)), (Some(2), Some(1)));
    }

    #[test]
    fn a_clock_that_was_put_back_shows_and_no_time_is_before_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(home.path()).unwrap();
        for time in ["2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T09:00:01Z", "2026-11-22T10:00:01Z"] {
            writer.append(Event::new(Kind::Request), at(time)).unwrap();
        }
        let read = store::read(home.path(), None).unwrap().records;
        let told: Vec<(&str, Option<u64>)> = read.iter().map(|it| (&it.time[11..19], it.event.clock_back_ms)).collect();
        let expect = [("10:00:00", None), ("10:00:00", Some(3_600_000)), ("10:00:00", None), ("10:00:01", None)];
        assert_eq!(told, expect);
        assert_eq!(verify(&store::log(home.path(), &[]).unwrap()).damage, []);
    }
}
