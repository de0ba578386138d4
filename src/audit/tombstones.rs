//! What stands for the months of a writer that were taken away, and whether a purge has made it.
//!
//! Pure. A tombstone is signed with the key that is there when it is made; whoever has that key has signed it as well as
//! `mcr audit purge` does. What no purge does shows all the same: it takes away whole files of months that are over, and
//! what it says of them is what the checkpoints before have said.

use std::collections::BTreeSet;

use super::chain::Link;
use super::checkpoint::{Checkpoint, Mark, Occasion};
use super::damage::Expected;

/// What one purge has taken away of a month, as its tombstones say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// `2026-11`.
    pub month: String,
    /// When the first of them was signed.
    pub time: String,
    /// How many writers' files went.
    pub writers: usize,
    /// Records in them.
    pub records: u64,
}

/// What was taken away, a month at a time; what was signed in the same minute is one purge.
pub(super) fn purged<'a>(checkpoints: impl Iterator<Item = &'a Checkpoint>) -> Vec<Purged> {
    let all: Vec<Tombstone<'_>> = checkpoints.filter_map(Tombstone::new).collect();
    let minute = |it: &Tombstone<'_>| it.checkpoint.link.time.get(..16).map(str::to_owned);
    let groups = all.chunk_by(|one, other| one.month == other.month && minute(one) == minute(other));
    let sum = |group: &[Tombstone<'_>]| Purged {
        month: group[0].month.to_owned(),
        time: group[0].checkpoint.link.time.clone(),
        writers: group.iter().map(|it| &it.mark.writer).collect::<BTreeSet<_>>().len(),
        records: group.iter().map(|it| it.mark.records).fold(0, u64::saturating_add),
    };
    groups.map(sum).collect()
}

/// One writer's tombstones, by what they stand for.
pub(super) struct Tombstones<'a>(Vec<Tombstone<'a>>);

struct Tombstone<'a> {
    checkpoint: &'a Checkpoint,
    month: &'a str,
    first: u64,
    mark: &'a Mark,
}

impl<'a> Tombstones<'a> {
    /// Finds them among a writer's checkpoints; of those that say the same, as two purges at once make them, one is left.
    pub(super) fn among(checkpoints: &[&'a Checkpoint]) -> Self {
        let mut all: Vec<Tombstone<'_>> = checkpoints.iter().filter_map(|it| Tombstone::new(it)).collect();
        all.sort_by_key(|it| (it.first, it.mark.at_seq, it.checkpoint.link.seq));
        all.dedup_by(|one, other| one.mark == other.mark);
        Self(all)
    }

    /// The first number from one on that none stands for, of those before an end.
    pub(super) fn behind(&self, seq: u64, end: u64) -> u64 {
        let before = self.0.iter().filter(|it| it.mark.at_seq < end);
        before.fold(seq, |seq, it| if it.first == seq { it.mark.at_seq + 1 } else { seq })
    }

    /// Whether they stand for all that lacks between what was expected and a record.
    pub(super) fn bridge(&self, expected: Expected, link: &Link) -> bool {
        let last = self.0.iter().find(|it| it.mark.at_seq.checked_add(1) == Some(link.seq));
        last.is_some_and(|last| last.mark.head == link.prev) && self.behind(expected.seq, link.seq) == link.seq
    }

    /// Whether one stands for a record.
    pub(super) fn hold(&self, seq: u64) -> bool {
        self.0.iter().any(|it| (it.first..=it.mark.at_seq).contains(&seq))
    }

    /// The first record that is gone and that none stands for, before one that has a tombstone; and this.
    pub(super) fn gap(&self, links: &[&Link]) -> Option<(&'a Checkpoint, u64)> {
        let mut end = 0;
        for it in &self.0 {
            let before = it.first.saturating_sub(1);
            if before > end && at(links, before).is_none() {
                let there = links.iter().map(|link| link.seq).take_while(|seq| *seq < it.first).last();
                return Some((it.checkpoint, end.max(there.unwrap_or(0)) + 1));
            }
            end = it.mark.at_seq;
        }
        None
    }

    /// The first that no purge makes, and why, given the records that are there, by their number.
    pub(super) fn forged(&self, links: &[&Link], checkpoints: &[&Checkpoint]) -> Option<(&'a Checkpoint, String)> {
        let before = [None].into_iter().chain(self.0.iter().map(Some));
        self.0.iter().zip(before).find_map(|(it, before)| {
            let why = it
                .in_itself()
                .or_else(|| it.behind(before?))
                .or_else(|| it.among_records(links))
                .or_else(|| checkpoints.iter().find_map(|checkpoint| it.against(checkpoint)))?;
            Some((it.checkpoint, why))
        })
    }
}

impl<'a> Tombstone<'a> {
    fn new(checkpoint: &'a Checkpoint) -> Option<Self> {
        let mark = &checkpoint.mark;
        let (month, first) = mark.part.as_ref()?;
        Some(Self { checkpoint, month, first: *first, mark })
    }

    /// Whether it can be true.
    fn in_itself(&self) -> Option<String> {
        let Self { checkpoint, month, first, mark } = *self;
        if month >= checkpoint.link.month() {
            return Some(format!("it takes records of {month} away, which was not over at {}", checkpoint.link.time));
        }
        let count = mark.at_seq.checked_sub(first).map(|others| others.saturating_add(1));
        (first == 0 || count != Some(mark.records)).then(|| "its numbers do not fit one another".to_owned())
    }

    /// Whether it goes with the one before.
    fn behind(&self, before: &Self) -> Option<String> {
        if self.first <= before.mark.at_seq {
            return Some(format!("checkpoint {} has taken some of its records away", before.checkpoint.link.seq));
        }
        let is_behind = self.month > before.month;
        (!is_behind).then(|| format!("it takes records of {} away behind those of {}", self.month, before.month))
    }

    /// Whether it goes with the records around, and with its own where they are not yet taken away.
    fn among_records(&self, links: &[&Link]) -> Option<String> {
        let Self { month, first, mark, .. } = *self;
        let around = |link: &Link, where_| {
            format!("it takes records of {month} away {where_} record {}, which is of {}", link.seq, link.month())
        };
        if let Some(link) = at(links, first - 1).filter(|link| link.month() >= month) {
            return Some(around(link, "behind"));
        }
        if let Some(link) = at(links, mark.at_seq.saturating_add(1)).filter(|link| link.month() <= month) {
            return Some(around(link, "before"));
        }
        let last = at(links, mark.at_seq).filter(|link| link.hash != mark.head || link.month() != month)?;
        Some(format!("record {} is not what it says", last.seq))
    }

    /// Whether it goes with another checkpoint.
    fn against(&self, other: &Checkpoint) -> Option<String> {
        let (seq, at_seq) = (other.link.seq, other.mark.at_seq);
        if other.occasion == Occasion::Tombstone {
            return None;
        }
        if at_seq == self.mark.at_seq && other.mark.head != self.mark.head {
            return Some(format!("checkpoint {seq} has signed another record {at_seq}"));
        }
        let is_its = (self.first..=self.mark.at_seq).contains(&at_seq);
        if let Some(month) = other.month().filter(|month| is_its && *month != self.month) {
            return Some(format!("checkpoint {seq} has signed record {at_seq} of {month}"));
        }
        let had_ended = other.occasion == Occasion::Close && at_seq < self.mark.at_seq;
        had_ended.then(|| format!("the writer had ended with record {at_seq}, as checkpoint {seq} has signed"))
    }
}

/// The record of a number.
pub(super) fn at<'a>(links: &[&'a Link], seq: u64) -> Option<&'a Link> {
    links.binary_search_by_key(&seq, |link| link.seq).ok().map(|at| links[at])
}
