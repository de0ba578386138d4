//! Whether the record is what was written, and where it is not.
//!
//! Pure: over lines that somebody else has read. First each chain for itself, then whether what the checkpoints have
//! signed is there, then whether the checkpoints themselves are all there.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{self, Hash, Link, hex};
use super::checkpoint::{self, Checkpoint, Occasion};
use super::damage::{self, Damage, Expected};
use super::history::{History, words};
use super::tombstones::{self, Purged};

/// The part of a writer's chain that one month's file holds.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Whose.
    pub writer: String,
    /// `2026-11`.
    pub month: String,
    /// The file, as it is to be named.
    pub file: String,
    /// Its lines; nothing where one cannot be read or its hash is not its own.
    pub lines: Vec<Option<Link>>,
    /// Whether behind them stands a piece of a line, as a power cut leaves it.
    pub is_torn: bool,
}

impl Segment {
    /// Reads a file's text.
    pub fn read(writer: &str, month: &str, file: String, text: &[u8]) -> Self {
        let (lines, is_torn) = whole_lines(text, &|line| chain::link(writer, line));
        Self { writer: writer.to_owned(), month: month.to_owned(), file, lines, is_torn }
    }

    /// The first record of another month, and the index of its line: a writer puts none into this file.
    pub(super) fn stray(&self) -> Option<(usize, &Link)> {
        let mut links = self.lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.as_ref()?)));
        links.find(|(_, link)| link.month() != self.month)
    }
}

/// Reads the lines of a text; says whether a piece of one is behind them.
pub fn whole_lines<T>(text: &[u8], read: &dyn Fn(&str) -> Option<T>) -> (Vec<Option<T>>, bool) {
    let read = |line: &[u8]| std::str::from_utf8(line).ok().and_then(read);
    let (whole, rest) = text.split_at(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    let mut lines: Vec<Option<T>> = match whole.strip_suffix(b"\n") {
        Some(whole) => whole.split(|byte| *byte == b'\n').map(read).collect(),
        None => Vec::new(),
    };
    if rest.is_empty() {
        return (lines, false);
    }
    let last = read(rest);
    let is_torn = last.is_none();
    lines.extend(last.map(Some));
    (lines, is_torn)
}

/// All that there is to be verified.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// By writer and month.
    pub segments: Vec<Segment>,
    /// The file of checkpoints, as it is to be named.
    pub checkpoints_file: String,
    /// Its lines.
    pub checkpoints: Vec<Option<Checkpoint>>,
    /// Whether behind them stands a piece of a line.
    pub is_torn: bool,
    /// The file of the next key, as it is to be named.
    pub seal_file: String,
    /// The number of the next checkpoint and the key that signs it, where that is kept.
    pub seal: Option<(u64, Hash)>,
    /// Hashes of checkpoints, and fingerprints, that were kept elsewhere.
    pub anchors: Vec<Hash>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What was done.
    pub damage: Damage,
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// Whose chain; nothing for the chain of checkpoints.
    pub writer: Option<String>,
    /// The number of the first record that is not there as it was written.
    pub seq: Option<u64>,
    /// How it shows.
    pub why: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The first damage of each chain; those of the checkpoints last.
    pub damage: Vec<Found>,
    /// Records that are there.
    pub records: u64,
    /// Processes that wrote them.
    pub writers: usize,
    /// Checkpoints that are there.
    pub checkpoints: usize,
    /// Parts that were taken away in an orderly way.
    pub tombstones: usize,
    /// What these were, as their tombstones say.
    pub purged: Vec<Purged>,
    /// Files that end in a piece of a line.
    pub torn: Vec<String>,
    /// Records behind the last checkpoint of their writer.
    pub uncovered: u64,
    /// The time of the oldest record.
    pub since: Option<String>,
    /// The first key, in hexadecimal.
    pub fingerprint: Option<String>,
    /// The number, the time and the hash of the last checkpoint.
    pub last: Option<(u64, String, String)>,
}

/// Verifies it all.
pub fn verify(log: &Log) -> Report {
    let mut chains: BTreeMap<&str, Vec<&Segment>> = BTreeMap::new();
    for segment in &log.segments {
        chains.entry(&segment.writer).or_default().push(segment);
    }
    for segments in chains.values_mut() {
        segments.sort_by(|one, other| one.month.cmp(&other.month));
    }
    let mut marks: BTreeMap<&str, Vec<&Checkpoint>> = BTreeMap::new();
    for checkpoint in log.checkpoints.iter().flatten() {
        marks.entry(&checkpoint.mark.writer).or_default().push(checkpoint);
    }
    let known = log.checkpoints.iter().flatten();
    let mut report = Report {
        records: log.segments.iter().map(|segment| segment.lines.len() as u64).sum(),
        writers: chains.len(),
        checkpoints: log.checkpoints.len(),
        tombstones: known.clone().filter(|it| it.occasion == Occasion::Tombstone).count(),
        purged: tombstones::purged(known.clone()),
        torn: log.segments.iter().filter(|it| it.is_torn).map(|it| it.file.clone()).collect(),
        since: log.segments.iter().flat_map(|it| it.lines.iter().flatten()).map(|it| it.time.clone()).min(),
        fingerprint: known.clone().next().map(|first| hex(&first.key)),
        last: known.last().map(|last| (last.link.seq, last.link.time.clone(), hex(&last.link.hash))),
        ..Report::default()
    };
    if log.is_torn {
        report.torn.push(log.checkpoints_file.clone());
    }
    let writers: BTreeSet<&str> = chains.keys().chain(marks.keys()).copied().collect();
    for writer in writers {
        let history = History::new(writer, chains.get(writer).map_or(&[], Vec::as_slice));
        let marks = marks.get(writer).map_or(&[][..], Vec::as_slice);
        match history.damage(marks, &log.checkpoints_file) {
            Some(found) => report.damage.push(found),
            None => report.uncovered += history.uncovered(marks),
        }
    }
    report.damage.extend(of_checkpoints(log));
    report
}

/// What is wrong with the checkpoints themselves.
fn of_checkpoints(log: &Log) -> Option<Found> {
    let links: Vec<Option<Link>> = log.checkpoints.iter().map(|it| it.as_ref().map(|it| it.link.clone())).collect();
    let found = |at: usize, seq: u64, damage, why: String| {
        let file = log.checkpoints_file.clone();
        Some(Found { damage, file, line: at + 1, writer: None, seq: Some(seq), why })
    };
    let start = Expected { seq: 1, prev: checkpoint::genesis() };
    if let Some((at, damage)) = damage::first(&links, start, &|_, _| false) {
        return found(at, at as u64 + 1, damage, words(damage).to_owned());
    }
    let all: Vec<&Checkpoint> = log.checkpoints.iter().flatten().collect();
    if let Some(at) = all.windows(2).position(|pair| pair[0].next != pair[1].key) {
        let why = "its key is not the one that the checkpoint before has named".to_owned();
        return found(at + 1, all[at + 1].link.seq, Damage::Inserted, why);
    }
    let end = all.len() as u64 + 1;
    let goes_on = match (&log.seal, all.last()) {
        (None, None) => true,
        (Some((seq, _)), None) => *seq == 1,
        // The process ended between the line and the seed.
        (Some((seq, key)), Some(last)) if *seq == last.link.seq => *key == last.key,
        (Some((seq, key)), Some(last)) => *seq == end && *key == last.next,
        (None, Some(_)) => {
            let why = "the key of the next checkpoint is gone".to_owned();
            let gone =
                Found { damage: Damage::Removed, file: log.seal_file.clone(), line: 1, writer: None, seq: None, why };
            return Some(gone);
        }
    };
    if !goes_on {
        let why = match &log.seal {
            Some((seq, _)) => format!("the next key is that of checkpoint {seq}"),
            None => String::new(),
        };
        return found(all.len(), end, Damage::Truncated, why);
    }
    let is_there =
        |anchor: &Hash| all.iter().any(|it| it.link.hash == *anchor) || all.first().is_some_and(|it| it.key == *anchor);
    let lost = log.anchors.iter().find(|anchor| !is_there(anchor))?;
    found(all.len(), end, Damage::Truncated, format!("there is no checkpoint {}", hex(lost)))
}
