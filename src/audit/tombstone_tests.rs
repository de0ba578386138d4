//! Row 46: what a tombstone stands for may be gone and nothing else, and what no purge signs is found.

use super::chain::{self, Link, genesis};
use super::checkpoint::{self, Checkpoint, Mark, Occasion, Seed};
use super::damage::Damage;
use super::event::{Event, Kind};
use super::history::of_writer;
use super::tombstones::{Purged, purged};
use super::verify::Segment;

const WRITER: &str = "5f1d0c9a7b3e2468";
const MONTHS: [&str; 3] = ["2026-09", "2026-10", "2026-11"];
const PURGED: &str = "2026-12-01T00:00:00.000000Z";

/// A service that ran for three months and left three records in each.
struct Service {
    segments: Vec<Segment>,
    checkpoints: Vec<Checkpoint>,
}

impl Service {
    fn new() -> Self {
        let (mut segments, mut prev) = (Vec::new(), genesis(WRITER));
        for (at, month) in (0..).zip(MONTHS) {
            let mut text = String::new();
            for seq in 3 * at + 1..=3 * at + 3 {
                let time = format!("{month}-20T00:00:0{seq}.000000Z");
                let (line, hash) = chain::line(WRITER, seq, &time, seq, &prev, &Event::new(Kind::Request));
                text = text + &line + "\n";
                prev = hash;
            }
            segments.push(Segment::read(WRITER, month, format!("{month}.jsonl"), text.as_bytes()));
        }
        let mut service = Self { segments, checkpoints: Vec::new() };
        for (occasion, seq) in [(Occasion::Open, 1), (Occasion::Seal, 5), (Occasion::Seal, 7), (Occasion::Close, 9)] {
            let (mark, time) = (service.mark(None, seq), service.link(seq).time.clone());
            service.sign(occasion, &mark, &time);
        }
        service
    }

    fn link(&self, seq: u64) -> &Link {
        let mut links = self.segments.iter().flat_map(|segment| segment.lines.iter().flatten());
        links.find(|link| link.seq == seq).unwrap()
    }

    fn mark(&self, part: Option<(String, u64)>, at_seq: u64) -> Mark {
        let records = at_seq + 1 - part.as_ref().map_or(1, |(_, first)| *first);
        Mark { writer: WRITER.to_owned(), part, at_seq, head: self.link(at_seq).hash, records }
    }

    fn sign(&mut self, occasion: Occasion, mark: &Mark, time: &str) {
        let number = self.checkpoints.len() as u64 + 1;
        let link = self.segments.iter().flat_map(|it| it.lines.iter().flatten()).find(|link| link.seq == mark.at_seq);
        let written = link.map_or("", |link| &link.time);
        // What it hangs on is for the chain of checkpoints.
        self.checkpoints.push(checkpoint::line(&Seed::new([7; 32]), number, time, &[0; 32], occasion, mark, written).1);
    }

    fn bury(&mut self, month: usize) -> Mark {
        let (first, last) = (3 * month as u64 + 1, 3 * month as u64 + 3);
        let mark = self.mark(Some((MONTHS[month].to_owned(), first)), last);
        self.sign(Occasion::Tombstone, &mark, PURGED);
        mark
    }

    /// What is found where the files of these months are gone.
    fn without(&self, gone: &[usize]) -> Option<(Damage, Option<u64>, String)> {
        let mut segments = self.segments.clone();
        segments.retain(|segment| !gone.iter().any(|month| MONTHS[*month] == segment.month));
        of_writer(WRITER, &segments, &self.checkpoints).map(|found| (found.damage, found.seq, found.why))
    }
}

#[test]
fn row_46_whichever_month_is_purged_the_rest_holds_and_nothing_else_may_be_gone() {
    for buried in [vec![], vec![0], vec![1], vec![2], vec![0, 1], vec![1, 2], vec![0, 2], vec![2, 1, 0]] {
        let mut service = Service::new();
        for month in &buried {
            service.bury(*month);
        }
        assert_eq!(service.without(&buried), None, "{buried:?}");
        assert_eq!(service.without(&[]), None, "{buried:?} were signed for and not yet taken away");
        for month in (0..3).filter(|month| !buried.contains(month)) {
            let gone = [&buried[..], &[month]].concat();
            let (damage, seq, why) = service.without(&gone).expect("damage");
            let expect = if month == 2 && gone.len() < 3 { Damage::Truncated } else { Damage::Removed };
            assert_eq!((damage, seq), (expect, Some(3 * month as u64 + 1)), "{gone:?}: {why}");
        }
    }
}

#[test]
fn row_46_behind_a_month_that_was_purged_an_edit_shows_as_elsewhere() {
    let mut service = Service::new();
    service.bury(1);
    let mut forged = Service::new();
    forged.bury(1);
    let prev = service.link(8).hash;
    let time = service.link(9).time.clone();
    let (line, _) = chain::line(WRITER, 9, &time, 9, &prev, &Event::new(Kind::Deny));
    forged.segments[2].lines[2] = chain::link(WRITER, &line);
    let found = forged.without(&[1]).map(|(damage, seq, _)| (damage, seq));
    assert_eq!(found, Some((Damage::Edited, Some(8))), "record 7 was signed before");
    forged.segments[2].lines[2] = None;
    assert_eq!(forged.without(&[1]).map(|(damage, seq, _)| (damage, seq)), Some((Damage::Edited, Some(9))));
}

#[test]
fn what_was_purged_is_told_by_month_and_minute() {
    let mut service = Service::new();
    service.bury(0);
    let other = Mark { writer: "another".to_owned(), ..service.mark(Some((MONTHS[0].to_owned(), 1)), 2) };
    service.sign(Occasion::Tombstone, &other, "2026-12-01T00:00:00.300000Z");
    service.bury(1);
    service.sign(Occasion::Tombstone, &other, "2026-12-02T00:00:00.000000Z");
    let told = |month: usize, time: &str, writers, records| {
        let (month, time) = (MONTHS[month].to_owned(), time.to_owned());
        Purged { month, time, writers, records }
    };
    let expect = [told(0, PURGED, 2, 5), told(1, PURGED, 1, 3), told(0, "2026-12-02T00:00:00.000000Z", 1, 2)];
    assert_eq!(purged(service.checkpoints.iter()), expect);
}

#[test]
fn row_46_a_tombstone_that_no_purge_makes_is_found() {
    let found = |change: &dyn Fn(&mut Mark), time: &str, gone: &[usize]| {
        let mut service = Service::new();
        let mut mark = service.mark(Some((MONTHS[1].to_owned(), 4)), 6);
        change(&mut mark);
        service.sign(Occasion::Tombstone, &mark, time);
        service.without(gone).map(|(damage, seq, why)| format!("{} {}: {why}", damage.as_str(), seq.unwrap_or(0)))
    };
    let month = |month: &str, first| Some((month.to_owned(), first));
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(found(&|_| {}, PURGED, &[1]), None);
    let over = "inserted 5: it takes records of 2026-10 away, which was not over at 2026-10-31T23:59:59.999999Z";
    assert_eq!(found(&|_| {}, "2026-10-31T23:59:59.999999Z", &[1]), says(over));
    assert_eq!(found(&|_| {}, "2026-11-01T00:00:00.000000Z", &[1]), None);
    let fit = "inserted 5: its numbers do not fit one another";
    assert_eq!(found(&|mark| mark.records = 4, PURGED, &[1]), says(fit));
    assert_eq!(found(&|mark| (mark.part, mark.records) = (month("2026-10", 7), 0), PURGED, &[]), says(fit));
    assert_eq!(found(&|mark| mark.at_seq = u64::MAX, PURGED, &[]), says(fit));
    let before = "inserted 5: it takes records of 2026-09 away behind record 3, which is of 2026-09";
    assert_eq!(found(&|mark| mark.part = month("2026-09", 4), PURGED, &[1]), says(before));
    let behind = "inserted 5: it takes records of 2026-11 away before record 7, which is of 2026-11";
    assert_eq!(found(&|mark| mark.part = month("2026-11", 4), PURGED, &[1]), says(behind));
    let half = |mark: &mut Mark| (mark.part, mark.records) = (month("2026-10", 5), 2);
    assert_eq!(
        found(&half, PURGED, &[]),
        says("inserted 5: it takes records of 2026-10 away behind record 4, which is of 2026-10")
    );
    assert_eq!(found(&|mark| mark.head = [9; 32], PURGED, &[]), says("inserted 5: record 6 is not what it says"));
    assert_eq!(found(&|mark| mark.head = [9; 32], PURGED, &[1]), says("removed 4: what it hangs on is gone"));
}

#[test]
fn row_46_what_is_taken_away_as_of_an_older_month_is_found_by_what_was_signed_of_it() {
    // Some of a month's records, all of them, and all that there are.
    for (last, gone) in [(2, vec![]), (3, vec![0]), (9, vec![0, 1, 2])] {
        let mut service = Service::new();
        let mark = service.mark(Some(("2024-01".to_owned(), 1)), last);
        service.sign(Occasion::Tombstone, &mark, PURGED);
        service.segments[0].lines.drain(..2);
        let why = "checkpoint 1 has signed record 1 of 2026-09".to_owned();
        assert_eq!(service.without(&gone), Some((Damage::Inserted, Some(5), why)), "to {last}");
    }
}

#[test]
fn row_46_a_tombstone_contradicts_no_checkpoint_and_no_other_tombstone() {
    let found = |change: &dyn Fn(&mut Service, Mark)| {
        let mut service = Service::new();
        let mark = service.bury(2);
        change(&mut service, mark);
        service.without(&[0, 1, 2]).map(|(damage, seq, why)| format!("{} {}: {why}", damage.as_str(), seq.unwrap_or(0)))
    };
    let whole = |service: &mut Service| {
        service.bury(0);
        service.bury(1);
    };
    let says = |text: &str| Some(text.to_owned());
    assert_eq!(found(&|service, _| whole(service)), None);
    let twice = |service: &mut Service, mark: Mark| {
        whole(service);
        service.sign(Occasion::Tombstone, &mark, PURGED);
    };
    assert_eq!(found(&twice), None, "two purges at once sign the same");
    let again = |service: &mut Service, mark: Mark| {
        whole(service);
        service.sign(Occasion::Tombstone, &Mark { head: [9; 32], ..mark }, PURGED);
    };
    assert_eq!(found(&again), says("inserted 8: checkpoint 5 has taken some of its records away"));
    let head = |service: &mut Service, mark: Mark| {
        service.checkpoints.pop();
        whole(service);
        service.sign(Occasion::Tombstone, &Mark { head: [9; 32], ..mark }, PURGED);
    };
    assert_eq!(found(&head), says("inserted 7: checkpoint 4 has signed another record 9"));
    let order = |service: &mut Service, mark: Mark| {
        service.checkpoints.pop();
        whole(service);
        service.sign(Occasion::Tombstone, &Mark { part: Some(("2026-09".to_owned(), 7)), ..mark }, PURGED);
    };
    assert_eq!(found(&order), says("inserted 7: it takes records of 2026-09 away behind those of 2026-10"));
    let longer = |service: &mut Service, mark: Mark| {
        service.checkpoints.pop();
        whole(service);
        service.sign(Occasion::Tombstone, &Mark { at_seq: 10, records: 4, ..mark }, PURGED);
    };
    assert_eq!(found(&longer), says("inserted 7: the writer had ended with record 9, as checkpoint 4 has signed"));
    assert_eq!(
        found(&|service, _| drop(service.bury(1))),
        says("removed 1: it is gone, and no tombstone stands for it")
    );
}
