//! One writer's chain: whether it stands where it was written, hangs together, and is what its checkpoints have signed.

use super::chain::{self, Link};
use super::checkpoint::{self, Checkpoint, Occasion};
use super::damage::{self, Damage, Expected};
use super::verify::{Found, Segment};

/// The first damage of one writer's chain, given its parts by month and its checkpoints.
pub(super) fn of_writer(writer: &str, segments: &[Segment], marks: &[Checkpoint]) -> Option<Found> {
    let (segments, marks): (Vec<_>, Vec<_>) = (segments.iter().collect(), marks.iter().collect());
    History::new(writer, &segments).damage(&marks, "")
}

/// One writer's lines, from however many files.
pub(super) struct History<'a> {
    writer: &'a str,
    segments: &'a [&'a Segment],
    lines: Vec<Option<Link>>,
}

impl<'a> History<'a> {
    pub(super) fn new(writer: &'a str, segments: &'a [&'a Segment]) -> Self {
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

    /// Finds a record in the file of another month, where whoever asks for a time, or takes a month away, has it wrong.
    fn stray(&self) -> Option<Found> {
        self.segments.iter().find_map(|segment| {
            let (at, link) = segment.stray()?;
            let why = format!("it was written in {}, and stands among the records of {}", link.month(), segment.month);
            let (file, writer) = (segment.file.clone(), Some(self.writer.to_owned()));
            Some(Found { damage: Damage::Reordered, file, line: at + 1, writer, seq: Some(link.seq), why })
        })
    }

    /// The first damage, given the checkpoints that were made of it.
    pub(super) fn damage(&self, marks: &[&Checkpoint], checkpoints_file: &str) -> Option<Found> {
        self.stray().or_else(|| self.broken(marks, checkpoints_file))
    }

    fn broken(&self, marks: &[&Checkpoint], checkpoints_file: &str) -> Option<Found> {
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

    pub(super) fn uncovered(&self, marks: &[&Checkpoint]) -> u64 {
        let covered = marks.iter().map(|it| it.mark.at_seq).max().unwrap_or(0);
        self.lines.iter().flatten().filter(|link| link.seq > covered).count() as u64
    }
}

fn line_of(checkpoint: &Checkpoint) -> usize {
    usize::try_from(checkpoint.link.seq).unwrap_or(0)
}

/// How each kind shows.
pub(super) fn words(damage: Damage) -> &'static str {
    match damage {
        Damage::Edited => "its text does not have the hash that it was written with",
        Damage::Inserted => "the chain goes past it",
        Damage::Removed => "what it hangs on is gone",
        Damage::Reordered => "the chain has it elsewhere",
        Damage::Truncated => "the end is gone",
        Damage::Clock => "its time is before that of the record before",
    }
}
