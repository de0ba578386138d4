//! One writer's chain: whether it stands where it was written, hangs together, and is what its checkpoints have signed.

use super::chain::{self, Link};
use super::checkpoint::{Checkpoint, Occasion};
use super::damage::{self, Damage, Expected};
use super::tombstones::{self, Tombstones};
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
    pub(super) fn damage(&self, checkpoints: &[&Checkpoint], checkpoints_file: &str) -> Option<Found> {
        let tombstones = Tombstones::among(checkpoints);
        self.stray().or_else(|| self.broken(&tombstones)).or_else(|| {
            // The chain hangs together: each line can be read, and their numbers rise.
            let links: Vec<&Link> = self.lines.iter().flatten().collect();
            self.buried(&links, &tombstones, checkpoints, checkpoints_file)
                .or_else(|| self.against(&links, &tombstones, checkpoints, checkpoints_file))
        })
    }

    /// Finds what does not hang on the record before, nor on one that was taken away in an orderly way.
    fn broken(&self, tombstones: &Tombstones<'_>) -> Option<Found> {
        let start = Expected { seq: 1, prev: chain::genesis(self.writer) };
        let (at, damage) = damage::first(&self.lines, start, &|expected, link| tombstones.bridge(expected, link))?;
        Some(self.found(at, self.number(at, damage, tombstones), damage, words(damage).to_owned()))
    }

    /// Finds what was taken away in no orderly way.
    fn buried(&self, links: &[&Link], tombs: &Tombstones<'_>, all: &[&Checkpoint], file: &str) -> Option<Found> {
        let found = |checkpoint: &Checkpoint, damage, writer, seq, why| Found {
            damage,
            file: file.to_owned(),
            line: line_of(checkpoint),
            writer,
            seq: Some(seq),
            why,
        };
        if let Some((checkpoint, why)) = tombs.forged(links, all) {
            return Some(found(checkpoint, Damage::Inserted, None, checkpoint.link.seq, why));
        }
        let (checkpoint, seq) = tombs.gap(links)?;
        let why = "it is gone, and no tombstone stands for it".to_owned();
        Some(found(checkpoint, Damage::Removed, Some(self.writer.to_owned()), seq, why))
    }

    /// Compares a chain that hangs together with what was signed of it.
    fn against(&self, links: &[&Link], tombs: &Tombstones<'_>, all: &[&Checkpoint], file: &str) -> Option<Found> {
        let mut signed = 0;
        for checkpoint in all.iter().filter(|it| it.occasion != Occasion::Tombstone) {
            let (mark, number) = (&checkpoint.mark, checkpoint.link.seq);
            let behind = links.partition_point(|link| link.seq <= mark.at_seq);
            match tombstones::at(links, mark.at_seq) {
                None if tombs.hold(mark.at_seq) => {}
                None => return Some(self.lacking(links, tombs, checkpoint, file)),
                Some(link) if link.hash != mark.head => {
                    let from = links.partition_point(|link| link.seq <= signed).min(behind - 1);
                    let seq = links[from].seq;
                    let why = format!(
                        "one of the records {seq} to {} is not what checkpoint {number} has signed",
                        mark.at_seq
                    );
                    return Some(self.found(from, seq, Damage::Edited, why));
                }
                Some(link) if link.time > checkpoint.link.time => {
                    let why = format!("it is later than checkpoint {number}, which has signed it");
                    return Some(self.found(behind - 1, link.seq, Damage::Clock, why));
                }
                Some(_) => {}
            }
            if let Some(link) = links.get(behind).filter(|_| checkpoint.occasion == Occasion::Close) {
                let why = format!("the writer had ended, as checkpoint {number} has signed");
                return Some(self.found(behind, link.seq, Damage::Inserted, why));
            }
            signed = signed.max(mark.at_seq);
        }
        None
    }

    /// What a checkpoint has signed, and is not there.
    fn lacking(&self, links: &[&Link], tombs: &Tombstones<'_>, checkpoint: &Checkpoint, file: &str) -> Found {
        let (number, mark) = (checkpoint.link.seq, &checkpoint.mark);
        let seq = tombs.behind(links.last().map_or(1, |link| link.seq.saturating_add(1)), u64::MAX);
        if links.is_empty() {
            let why = format!("checkpoint {number} has signed {} of its records", mark.records);
            let found = self.found(0, seq, Damage::Removed, why);
            return Found { file: file.to_owned(), line: line_of(checkpoint), ..found };
        }
        let why = format!("checkpoint {number} has signed records up to {}", mark.at_seq);
        self.found(links.len(), seq, Damage::Truncated, why)
    }

    /// The number of the record that is not there as it was written.
    fn number(&self, at: usize, damage: Damage, tombstones: &Tombstones<'_>) -> u64 {
        let line = self.lines[at].as_ref();
        let before = self.lines[..at].iter().rev().position(Option::is_some);
        let expected = before.map_or(1, |back| {
            self.lines[at - 1 - back].as_ref().map_or(1, |link| link.seq.saturating_add(1 + back as u64))
        });
        match damage {
            // Behind what was taken away, unless that does not fit.
            Damage::Removed => {
                let behind = line.map_or(expected, |link| tombstones.behind(expected, link.seq));
                if line.is_some_and(|link| link.seq == behind) { expected } else { behind }
            }
            Damage::Edited | Damage::Truncated | Damage::Clock => expected,
            Damage::Inserted | Damage::Reordered => line.map_or(expected, |link| link.seq),
        }
    }

    /// Records behind the last checkpoint.
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
