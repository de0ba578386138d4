//! Signs what other processes have written and not signed themselves: those that were killed, and on demand those that
//! live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::TryLockError;
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
    let text = bytes(&folder.join(CHECKPOINTS))?;
    let (mut lines, mut closed) = (BTreeMap::<&str, Vec<&[u8]>>::new(), BTreeSet::new());
    for line in text.split(|byte| *byte == b'\n') {
        let Ok(Glance { writer, kind }) = serde_json::from_slice(line) else { continue };
        lines.entry(writer).or_default().push(line);
        if kind == Occasion::Close {
            closed.insert(writer);
        }
    }
    let mut writers = BTreeMap::<String, Vec<Part>>::new();
    for part in parts(folder)?.into_iter().filter(|part| !closed.contains(&*part.writer)) {
        writers.entry(part.writer.clone()).or_default().push(part);
    }
    let mut due = Vec::new();
    for (writer, parts) in writers {
        let Some(last) = parts.last() else { continue };
        let file = paths::open_private(&last.path)?;
        let occasion = match file.try_lock() {
            Ok(()) => Occasion::Close,
            Err(TryLockError::WouldBlock) if whose == Whose::Everybody => Occasion::Seal,
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error),
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
        file.sync_data()?;
        let mark = Mark { writer, part: None, at_seq: end.seq, head: end.hash, records: end.seq };
        due.push((file, occasion, mark, end.time.clone()));
    }
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let sealing = Sealing::new(folder.to_owned());
    let mut held = sealing.hold()?;
    due.iter().map(|(_, occasion, mark, time)| held.append(*occasion, mark, time)).collect()
}
