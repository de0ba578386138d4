//! Takes whole months of the record away, and leaves what they were, signed.

use std::fs::{self, TryLockError};
use std::io;
use std::path::Path;

use super::chain::{Hash, genesis};
use super::checkpoint::{Mark, Occasion};
use super::damage::{self, Expected};
use super::sealing::Sealing;
use super::store::{Part, checkpoints, parts, segment};
use super::verify::Segment;
use crate::paths;

/// A file that is to be taken away, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// Its month.
    pub month: String,
    /// Who wrote it.
    pub writer: String,
    /// Records in it.
    pub records: u64,
}

/// A month that stays, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The month.
    pub month: String,
    /// Why.
    pub why: String,
}

/// What became of the months before one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purge {
    /// What was taken away, or would be.
    pub buried: Vec<Buried>,
    /// What stays.
    pub kept: Vec<Kept>,
}

/// Why a month cannot be taken away, nor said to stay.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its folder holds a record of another month, which nobody has asked to take away.
    #[error(
        "record {seq} of writer {writer} was written in {month}, and its folder is not of that month: {file}:{line}"
    )]
    Stray {
        /// The record's number.
        seq: u64,
        /// Whose it is.
        writer: String,
        /// The month that it was written in.
        month: String,
        /// Its file.
        file: String,
        /// Its line, from 1.
        line: usize,
    },
    /// A file cannot be read, signed for or taken away.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes away what was written before a month, `2026-11`; `current` and what follows it stays. With `dry` nothing is.
///
/// # Errors
/// Fails where a file cannot be read, signed for or taken away, and where a month's folder holds a record of another;
/// what was signed for is taken away at the next call.
pub fn purge(folder: &Path, before: &str, current: &str, dry: bool) -> Result<Purge, Refusal> {
    let mut purge = Purge::default();
    let all = parts(folder)?;
    let mut months: Vec<&str> = all.iter().map(|part| &*part.month).filter(|month| *month < before).collect();
    months.dedup();
    for month in months {
        let of_month: Vec<&Part> = all.iter().filter(|part| part.month == month).collect();
        match month_of(&all, &of_month, current)? {
            Err(why) => purge.kept.push(Kept { month: month.to_owned(), why }),
            Ok(segments) => {
                for (part, segment) in of_month.iter().zip(&segments) {
                    let (month, writer) = (month.to_owned(), part.writer.clone());
                    purge.buried.push(Buried { month, writer, records: segment.lines.len() as u64 });
                    if !dry {
                        bury(folder, part, segment)?;
                    }
                }
                if !dry {
                    // Something that is not mcr's may lie in it.
                    let _ = fs::remove_dir(folder.join(month));
                }
            }
        }
    }
    Ok(purge)
}

/// Reads a month that can be taken away, or says why it cannot.
fn month_of(all: &[Part], parts: &[&Part], current: &str) -> Result<Result<Vec<Segment>, String>, Refusal> {
    let mut segments = Vec::new();
    for part in parts {
        if &*part.month >= current {
            return Ok(Err("it is not over".to_owned()));
        }
        let file = paths::open_private(&part.path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Ok(Err(format!("writer {} still writes to it", part.writer)));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let segment = segment(part)?;
        if let Some((at, link)) = segment.stray() {
            let (month, file) = (link.month().to_owned(), segment.file.clone());
            return Err(Refusal::Stray { seq: link.seq, writer: part.writer.clone(), month, file, line: at + 1 });
        }
        let first = segment.lines.iter().flatten().next();
        // Where the part begins is not known here; that it hangs together in itself is.
        let start = first.map_or(Expected { seq: 1, prev: genesis(&part.writer) }, |first| Expected {
            seq: first.seq,
            prev: first.prev,
        });
        let is_before = |other: &&Part| other.writer == part.writer && other.month < part.month;
        let lacks_beginning =
            start.seq == 1 && start.prev != genesis(&part.writer) && !all.iter().any(|it| is_before(&it));
        if lacks_beginning || damage::first(&segment.lines, start, &|_, _| false).is_some() {
            let why = format!("what writer {} wrote is damaged; run `mcr audit verify`", part.writer);
            return Ok(Err(why));
        }
        segments.push(segment);
    }
    Ok(Ok(segments))
}

fn bury(folder: &Path, part: &Part, segment: &Segment) -> io::Result<()> {
    let ends = segment.lines.first().zip(segment.lines.last());
    if let Some((Some(first), Some(last))) = ends {
        let mark = Mark {
            writer: part.writer.clone(),
            part: Some((part.month.clone(), first.seq)),
            at_seq: last.seq,
            head: last.hash,
            records: segment.lines.len() as u64,
        };
        if !is_buried(folder, &mark)? {
            Sealing::new(folder.to_owned()).seal(Occasion::Tombstone, &mark, &last.time)?;
        }
    }
    fs::remove_file(&part.path)
}

/// Whether it was signed for before, by a process that ended before it took the file away.
fn is_buried(folder: &Path, mark: &Mark) -> io::Result<bool> {
    let head: Hash = mark.head;
    Ok(checkpoints(folder)?.0.iter().flatten().any(|it| it.occasion == Occasion::Tombstone && it.mark.head == head))
}

#[cfg(test)]
mod tests {
    use super::super::event::{Event, Kind};
    use super::super::store;
    use super::super::verify::verify;
    use super::super::writer::Writer;
    use super::*;

    #[test]
    fn a_month_between_two_that_stay_is_taken_away_and_the_rest_holds() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        let (mut service, mut idle) = (Writer::new(&folder).unwrap(), Writer::new(&folder).unwrap());
        idle.append(Event::new(Kind::Start), "2024-01-20T00:00:00Z".parse().unwrap()).unwrap();
        for time in ["2024-01-20T00:00:00Z", "2024-02-20T00:00:00Z", "2024-03-20T00:00:00Z"] {
            for _ in 0..3 {
                service.append(Event::new(Kind::Request), time.parse().unwrap()).unwrap();
            }
            let (mark, written, _) = service.mark().unwrap();
            Sealing::new(folder.clone()).seal(Occasion::Seal, &mark, &written).unwrap();
        }
        let purged = purge(&folder, "2024-03", "2024-04", false).unwrap();
        let gone: Vec<(&str, u64)> = purged.buried.iter().map(|it| (&*it.month, it.records)).collect();
        let kept: Vec<&str> = purged.kept.iter().map(|it| &*it.month).collect();
        assert_eq!((gone, kept), (vec![("2024-02", 3)], vec!["2024-01"]));
        let report = verify(&store::log(&folder, &[]).unwrap());
        assert_eq!((report.damage, report.records, report.tombstones), (vec![], 7, 1));
    }
}
