//! Whether the record is what was written, and where it is not.
//!
//! Pure: over lines that somebody else has read. First each chain for itself, then whether what the checkpoints have
//! signed is there, then whether the checkpoints themselves are all there.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{self, Hash, Link, hex};
use super::checkpoint::{self, Checkpoint, Occasion};
use super::damage::{self, Damage, Expected};

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
        let chain = Chain::new(writer, chains.get(writer).map_or(&[], Vec::as_slice));
        let marks = marks.get(writer).map_or(&[][..], Vec::as_slice);
        match chain.damage(marks, &log.checkpoints_file) {
            Some(found) => report.damage.push(found),
            None => report.uncovered += chain.uncovered(marks),
        }
    }
    report.damage.extend(of_checkpoints(log));
    report
}

/// The first damage of one writer's chain, given its parts by month and its checkpoints.
pub(super) fn of_writer(writer: &str, segments: &[Segment], marks: &[Checkpoint]) -> Option<Found> {
    let (segments, marks): (Vec<_>, Vec<_>) = (segments.iter().collect(), marks.iter().collect());
    Chain::new(writer, &segments).damage(&marks, "")
}

/// One writer's lines, from however many files.
struct Chain<'a> {
    writer: &'a str,
    segments: &'a [&'a Segment],
    lines: Vec<Option<Link>>,
}

impl<'a> Chain<'a> {
    fn new(writer: &'a str, segments: &'a [&'a Segment]) -> Self {
        Self { writer, segments, lines: segments.iter().flat_map(|segment| segment.lines.iter().cloned()).collect() }
    }

    /// The file and the line in it of an index; behind the last, the line that would come.
    fn place(&self, mut at: usize) -> Option<(String, usize)> {
        let last = self.segments.last()?;
        for segment in self.segments {
            if at < segment.lines.len() {
                return Some((segment.file.clone(), at + 1));
            }
            at -= segment.lines.len();
        }
        Some((last.file.clone(), last.lines.len() + 1))
    }

    fn found(&self, at: usize, seq: u64, damage: Damage, why: String) -> Found {
        let (file, line) = self.place(at).unwrap_or_default();
        Found { damage, file, line, writer: Some(self.writer.to_owned()), seq: Some(seq), why }
    }

    fn damage(&self, marks: &[&Checkpoint], checkpoints_file: &str) -> Option<Found> {
        let tombs: Vec<_> = marks.iter().filter(|it| it.occasion == Occasion::Tombstone).map(|it| &it.mark).collect();
        let start = Expected { seq: 1, prev: chain::genesis(self.writer) };
        // A part is bridged by as many tombstones as it was taken away in.
        let skips = |expected: Expected, link: &Link| {
            let mut seq = expected.seq;
            while let Some(tomb) = tombs.iter().find(|tomb| tomb.part.as_ref().is_some_and(|(_, first)| *first == seq))
            {
                seq = tomb.at_seq + 1;
                if seq == link.seq {
                    return tomb.head == link.prev;
                }
            }
            false
        };
        if let Some((at, damage)) = damage::first(&self.lines, start, &skips) {
            return Some(self.found(at, self.number(at, damage), damage, words(damage).to_owned()));
        }
        self.against(marks, &tombs, checkpoints_file)
    }

    /// Compares a chain that hangs together with what was signed of it.
    fn against(&self, marks: &[&Checkpoint], tombs: &[&checkpoint::Mark], checkpoints_file: &str) -> Option<Found> {
        let first = self.lines.iter().flatten().map(|link| link.seq).next();
        let buried = tombs.iter().map(|tomb| tomb.at_seq).max().unwrap_or(0);
        let is_absent = |seq: u64| first.map_or(seq <= buried, |first| seq < first);
        let mut signed = 0;
        for checkpoint in marks.iter().filter(|it| it.occasion != Occasion::Tombstone) {
            let mark = &checkpoint.mark;
            if is_absent(mark.at_seq) {
                continue;
            }
            let Some(at) = first.and_then(|first| usize::try_from(mark.at_seq.checked_sub(first)?).ok()) else {
                let why = format!("checkpoint {} has signed {} of its records", checkpoint.link.seq, mark.records);
                let found = self.found(0, 1, Damage::Removed, why);
                return Some(Found { file: checkpoints_file.to_owned(), line: line_of(checkpoint), ..found });
            };
            let Some(Some(link)) = self.lines.get(at) else {
                let seq = self.lines.iter().flatten().last().map_or(1, |link| link.seq + 1);
                let why = format!("checkpoint {} has signed records up to {}", checkpoint.link.seq, mark.at_seq);
                return Some(self.found(self.lines.len(), seq, Damage::Truncated, why));
            };
            if link.hash != mark.head {
                let from = at
                    .saturating_sub(usize::try_from(mark.at_seq.saturating_sub(signed)).unwrap_or(0).saturating_sub(1));
                let seq = self.lines.get(from).and_then(Option::as_ref).map_or(mark.at_seq, |link| link.seq);
                let why = format!(
                    "one of the records {seq} to {} is not what checkpoint {} has signed",
                    mark.at_seq, checkpoint.link.seq
                );
                return Some(self.found(from, seq, Damage::Edited, why));
            }
            if link.time > checkpoint.link.time {
                let why = format!("it is later than checkpoint {}, which has signed it", checkpoint.link.seq);
                return Some(self.found(at, link.seq, Damage::Clock, why));
            }
            if checkpoint.occasion == Occasion::Close
                && let Some(Some(behind)) = self.lines.get(at + 1)
            {
                let why = format!("the writer had ended, as checkpoint {} has signed", checkpoint.link.seq);
                return Some(self.found(at + 1, behind.seq, Damage::Inserted, why));
            }
            signed = signed.max(mark.at_seq);
        }
        None
    }

    /// The number of the record that is not there as it was written.
    fn number(&self, at: usize, damage: Damage) -> u64 {
        let before = self.lines[..at].iter().rev().position(Option::is_some);
        let expected =
            before.map_or(1, |back| self.lines[at - 1 - back].as_ref().map_or(1, |link| link.seq + 1 + back as u64));
        match damage {
            Damage::Edited | Damage::Removed | Damage::Truncated | Damage::Clock => expected,
            Damage::Inserted | Damage::Reordered => self.lines[at].as_ref().map_or(expected, |link| link.seq),
        }
    }

    fn uncovered(&self, marks: &[&Checkpoint]) -> u64 {
        let covered = marks.iter().map(|it| it.mark.at_seq).max().unwrap_or(0);
        self.lines.iter().flatten().filter(|link| link.seq > covered).count() as u64
    }
}

fn line_of(checkpoint: &Checkpoint) -> usize {
    usize::try_from(checkpoint.link.seq).unwrap_or(0)
}

/// How each kind shows.
fn words(damage: Damage) -> &'static str {
    match damage {
        Damage::Edited => "its text does not have the hash that it was written with",
        Damage::Inserted => "the chain goes past it",
        Damage::Removed => "what it hangs on is gone",
        Damage::Reordered => "the chain has it elsewhere",
        Damage::Truncated => "the end is gone",
        Damage::Clock => "its time is before that of the record before",
    }
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
