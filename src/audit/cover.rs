//! Signs what other processes have written and not signed themselves: those that were killed, and on demand those that
//! live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::checkpoint::{self, Checkpoint, Mark, Occasion};
use super::history::of_writer;
use super::sealing::{CHECKPOINTS, Sealing};
use super::store::{Part, bytes, parts, segment};
use super::verify::{Segment, whole_lines};
use crate::paths;

/// Whose chains are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those that nobody continues.
    Ended,
    /// Those of living processes, too.
    Everybody,
}

/// What is looked at of a checkpoint before anything is known of it.
#[derive(Deserialize)]
struct Glance<'a> {
    writer: &'a str,
    kind: Occasion,
}

/// Makes a checkpoint of every chain that has records behind its last one; damaged chains are left as they are.
///
/// # Errors
/// Fails where a file cannot be read or signed for.
pub fn cover(folder: &Path, whose: Whose) -> io::Result<Vec<Checkpoint>> {
    sign(folder, whose, parts(folder)?)
}

/// The same for files that were listed before.
fn sign(folder: &Path, whose: Whose, listed: Vec<Part>) -> io::Result<Vec<Checkpoint>> {
    let text = bytes(&folder.join(CHECKPOINTS))?;
    let (mut lines, mut closed) = (BTreeMap::<&str, Vec<&[u8]>>::new(), BTreeSet::new());
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(Glance { writer, kind }) = serde_json::from_slice(line) else { continue };
        lines.entry(writer).or_default().push(line);
        if kind == Occasion::Close {
            closed.insert(writer);
        }
    }
    let mut held = BTreeMap::new();
    for (writer, parts) in by_writer(listed) {
        if !closed.contains(&*writer) {
            held.insert(writer, (hold(&parts)?, parts));
        }
    }
    // A writer holds the file of its month before it lets the one before go: whoever lives and holds none of those that
    // were listed has made another by now.
    let mut due = Vec::new();
    for (writer, parts) in by_writer(parts(folder)?) {
        let Some((files, listed)) = held.remove(&writer) else { continue };
        // Otherwise let go at once, for whoever lives may wait for one.
        let (files, occasion) = match files.filter(|_| listed == parts) {
            Some(files) => (files, Occasion::Close),
            None if whose == Whose::Everybody => (open(&parts)?, Occasion::Seal),
            None => continue,
        };
        let own = lines.get(&*writer).map(|lines| lines.join(&b'\n')).unwrap_or_default();
        let marks: Vec<Checkpoint> = whole_lines(&own, &checkpoint::read).0.into_iter().flatten().collect();
        let segments = parts.iter().map(segment).collect::<io::Result<Vec<Segment>>>()?;
        if of_writer(&writer, &segments, &marks).is_some() {
            tracing::error!(writer, "the audit record is damaged; run `mcr audit verify`");
            continue;
        }
        let Some(end) = segments.iter().flat_map(|it| it.lines.iter().flatten()).next_back() else { continue };
        let covered = marks.iter().map(|it| it.mark.at_seq).max().unwrap_or(0);
        if occasion == Occasion::Seal && end.seq <= covered {
            continue;
        }
        files.iter().try_for_each(File::sync_data)?;
        let mark = Mark { writer, part: None, at_seq: end.seq, head: end.hash, records: end.seq };
        due.push((files, occasion, mark, end.time.clone()));
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let sealing = Sealing::new(folder.to_owned());
    let mut held = sealing.hold()?;
    due.iter().map(|(_, occasion, mark, time)| held.append(*occasion, mark, time)).collect()
}

fn by_writer(parts: Vec<Part>) -> BTreeMap<String, Vec<Part>> {
    let mut writers = BTreeMap::<String, Vec<Part>>::new();
    for part in parts {
        writers.entry(part.writer.clone()).or_default().push(part);
    }
    writers
}

fn open(parts: &[Part]) -> io::Result<Vec<File>> {
    parts.iter().map(|part| paths::open_private(&part.path)).collect()
}

/// Holds all files of a writer, so that nobody is it; nothing where another holds one, or nothing is written yet.
fn hold(parts: &[Part]) -> io::Result<Option<Vec<File>>> {
    let files = open(parts)?;
    let mut length = 0;
    for file in &files {
        match file.try_lock() {
            Ok(()) => length += file.metadata()?.len(),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok((length > 0).then_some(files))
}

#[cfg(test)]
mod tests {
    use super::super::event::{Event, Kind};
    use super::super::store;
    use super::super::verify::verify;
    use super::super::writer::Writer;
    use super::*;

    fn note(writer: &mut Writer, time: &str) {
        writer.append(Event::new(Kind::Request), time.parse().unwrap()).unwrap();
    }

    fn told(made: &[Checkpoint]) -> Vec<(Occasion, u64)> {
        made.iter().map(|it| (it.occasion, it.mark.at_seq)).collect()
    }

    #[test]
    fn a_writer_that_goes_on_in_another_month_meanwhile_has_not_ended() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        let mut writer = Writer::new(&folder).unwrap();
        note(&mut writer, "2024-01-31T23:59:59Z");
        let listed = parts(&folder).unwrap();
        note(&mut writer, "2024-02-01T00:00:00Z");
        // Synced and sealed; the file of January is let go.
        drop(writer.mark());
        assert_eq!(told(&sign(&folder, Whose::Ended, listed.clone()).unwrap()), []);
        assert_eq!(told(&sign(&folder, Whose::Everybody, listed.clone()).unwrap()), [(Occasion::Seal, 2)]);
        note(&mut writer, "2024-03-01T00:00:00Z");
        assert_eq!(told(&cover(&folder, Whose::Everybody).unwrap()), [(Occasion::Seal, 3)]);
        // The file of February is not let go yet.
        drop(writer);
        assert_eq!(told(&cover(&folder, Whose::Ended).unwrap()), [(Occasion::Close, 3)]);
        let report = verify(&store::log(&folder, &[]).unwrap());
        assert_eq!((report.damage, report.records, report.uncovered), (vec![], 3, 0));
    }

    #[test]
    fn a_writer_that_has_written_nothing_yet_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        let mut writer = Writer::new(&folder).unwrap();
        note(&mut writer, "2024-01-31T23:59:59Z");
        let part = parts(&folder).unwrap().remove(0);
        std::fs::write(part.path.with_file_name("0123456789abcdef.jsonl"), "").unwrap();
        assert_eq!(told(&cover(&folder, Whose::Ended).unwrap()), []);
        assert_eq!(told(&cover(&folder, Whose::Everybody).unwrap()), [(Occasion::Seal, 1)]);
    }
}
