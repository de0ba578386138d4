//! Row 45: whatever is done to a record of a thousand lines shows, with its kind and the first line that it was done to.

use serde_json::{Value, json};

use super::chain::{self, Hash, Link, genesis, hex};
use super::checkpoint::{self, Checkpoint, Mark, Occasion, Seed};
use super::damage::{Damage, Expected, first};
use super::event::{AddressClass, Decision, Event, Kind};
use super::verify::{Log, Report, Segment, verify};

const WRITER: &str = "5f1d0c9a7b3e2468";
const RECORDS: u64 = 1_000;
/// A checkpoint each.
const SPAN: u64 = 125;
/// Records of the first month.
const NOVEMBER: u64 = 400;

fn event(seq: u64) -> Event {
    let text = |what: &str| Some(format!("{what}-{seq}"));
    Event {
        kind: Kind::Request,
        session: text("session"),
        preset: text("preset"),
        model_asked: text("asked"),
        model_sent: text("sent"),
        target: text("target"),
        host: text("host"),
        port: Some(443),
        address: Some(AddressClass::Public),
        region: text("EU"),
        operator: text("operator"),
        route: text("default"),
        decision: Some(Decision::Allowed),
        reason: text("reason"),
        status: Some(200),
        attempts: Some(1),
        hosts_before: vec![format!("before-{seq}")],
        tokens_in: Some(seq),
        tokens_cached: Some(seq / 2),
        tokens_out: Some(7),
        cost: text("0.01"),
        bytes_out: Some(seq * 3),
        bytes_in: Some(seq * 2),
        duration_ms: Some(900),
        upstream_request: text("request"),
        config_hash: text("config"),
        catalogue_hash: text("catalogue"),
        body_digest: text("digest"),
        lost: Some(0),
        clock_back_ms: Some(0),
    }
}

/// Of two months, a file each, so that a place is a place in its file.
fn time(seq: u64) -> String {
    let month = if seq <= NOVEMBER { "11" } else { "12" };
    format!("2026-{month}-22T02:{:02}:{:02}.000000Z", seq / 60, seq % 60)
}

fn line(seq: u64, prev: &Hash) -> (String, Hash) {
    chain::line(WRITER, seq, &time(seq), seq * 1_000, prev, &event(seq))
}

fn read(line: &str) -> Option<Link> {
    chain::link(WRITER, line)
}

/// A whole record with its checkpoints, as it was written.
struct Written {
    lines: Vec<String>,
    links: Vec<Option<Link>>,
    checkpoints: Vec<Checkpoint>,
    next: (u64, Hash),
}

impl Written {
    fn new() -> Self {
        let mut texts = Vec::new();
        let (mut prev, mut before) = (genesis(WRITER), checkpoint::genesis());
        let (mut seed, mut checkpoints) = (Seed::new([7; 32]), Vec::new());
        for seq in 1..=RECORDS {
            let (text, hash) = line(seq, &prev);
            texts.push(text);
            prev = hash;
            if seq == 1 || seq % SPAN == 0 {
                let occasion = if seq == RECORDS { Occasion::Close } else { Occasion::Seal };
                let mark = Mark { writer: WRITER.to_owned(), part: None, at_seq: seq, head: hash, records: seq };
                let number = checkpoints.len() as u64 + 1;
                let (_, made) = checkpoint::line(&seed, number, &time(seq), &before, occasion, &mark, &time(seq));
                before = made.link.hash;
                checkpoints.push(made);
                seed = seed.next();
            }
        }
        let links = texts.iter().map(|text| read(text)).collect();
        let next = (checkpoints.len() as u64 + 1, seed.public());
        Self { lines: texts, links, checkpoints, next }
    }

    /// What is found where the chain is these links.
    fn first(links: &[Option<Link>]) -> Option<(usize, Damage)> {
        first(links, Expected { seq: 1, prev: genesis(WRITER) }, &|_, _| false)
    }

    fn log(&self, links: &[Option<Link>]) -> Log {
        let segment = |month: &str, lines: &[Option<Link>]| Segment {
            writer: WRITER.to_owned(),
            month: month.to_owned(),
            file: format!("{month}.jsonl"),
            lines: lines.to_vec(),
            is_torn: false,
        };
        let is_second = |link: &Option<Link>| link.as_ref().is_some_and(|link| link.time.starts_with("2026-12"));
        let (first, second) = links.split_at(links.iter().position(is_second).unwrap_or(links.len()));
        Log {
            segments: vec![segment("2026-12", second), segment("2026-11", first)],
            checkpoints_file: "checkpoints.jsonl".to_owned(),
            checkpoints: self.checkpoints.iter().cloned().map(Some).collect(),
            is_torn: false,
            seal_file: "seal.json".to_owned(),
            seal: Some(self.next),
            anchors: Vec::new(),
        }
    }

    /// The same with the checkpoints.
    fn found(&self, links: &[Option<Link>]) -> Option<(Damage, u64)> {
        let report: Report = verify(&self.log(links));
        report.damage.first().map(|found| (found.damage, found.seq.unwrap_or(0)))
    }

    /// Writes what comes from an index on anew, as whoever edits one and can reckon would.
    fn recomputed(&self, from: usize, change: impl Fn(&mut Value)) -> Vec<Option<Link>> {
        let mut links = self.links.clone();
        let mut prev = self.links[from].as_ref().unwrap().prev;
        for (at, link) in links.iter_mut().enumerate().skip(from) {
            let mut value: Value = serde_json::from_str(&self.lines[at]).unwrap();
            if at == from {
                change(&mut value);
            }
            *link = read(&rehashed(value, &prev));
            prev = link.as_ref().expect("it is whole in itself").hash;
        }
        links
    }
}

/// A line with the hash that it should have.
fn rehashed(mut value: Value, prev: &Hash) -> String {
    let fields = value.as_object_mut().unwrap();
    fields.remove("hash");
    fields.insert("prev".to_owned(), hex(prev).into());
    let hash = chain::chained(prev, &chain::canonical(fields));
    fields.insert("hash".to_owned(), hex(&hash).into());
    chain::canonical(fields)
}

/// Another value of the same kind.
fn other(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() == 64 => json!(format!("{}{}", &text[1..], &text[..1])),
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(number) => json!(number.as_u64().unwrap() + 1),
        Value::Array(_) => json!(["other"]),
        Value::Null | Value::Bool(_) | Value::Object(_) => unreachable!("no record has one"),
    }
}

#[test]
fn what_nobody_touched_is_whole() {
    let written = Written::new();
    assert_eq!(Written::first(&written.links), None);
    let report = verify(&written.log(&written.links));
    assert_eq!((report.damage, report.records, report.uncovered, report.checkpoints), (vec![], RECORDS, 0, 9));
}

#[test]
fn row_45_every_edit_of_every_field_of_every_record_is_found_there() {
    let written = Written::new();
    let mut links = written.links.clone();
    let mut edits = 0;
    for at in 0..links.len() {
        let value: Value = serde_json::from_str(&written.lines[at]).unwrap();
        let fields = value.as_object().unwrap();
        assert_eq!(fields.len(), 30 + 7, "every field has a value");
        for name in fields.keys() {
            let mut edited = value.clone();
            edited[name] = other(&fields[name]);
            let mut without = value.clone();
            without.as_object_mut().unwrap().remove(name);
            // A field more or less for each is enough for some of them.
            for changed in [Some(edited), (at % 50 == 0).then_some(without)].into_iter().flatten() {
                links[at] = read(&changed.to_string());
                assert_eq!(Written::first(&links), Some((at, Damage::Edited)), "{name} of {at}");
                edits += 1;
            }
        }
        links[at].clone_from(&written.links[at]);
    }
    assert!(edits > 37_000, "{edits}");
    links[500] = None;
    assert_eq!(written.found(&links), Some((Damage::Edited, 501)));
}

#[test]
fn row_45_an_edit_with_its_own_hash_is_found_there() {
    let written = Written::new();
    for at in 0..written.links.len() {
        let mut links = written.links.clone();
        let mut value: Value = serde_json::from_str(&written.lines[at]).unwrap();
        value["status"] = json!(500);
        links[at] = read(&rehashed(value, &written.links[at].as_ref().unwrap().prev));
        assert!(links[at].is_some());
        if at + 1 == links.len() {
            assert_eq!(written.found(&links).map(|found| found.0), Some(Damage::Edited));
        } else {
            assert_eq!(Written::first(&links), Some((at, Damage::Edited)), "{at}");
        }
    }
}

#[test]
fn row_45_an_edit_with_all_hashes_to_the_end_is_found_by_the_next_checkpoint() {
    let written = Written::new();
    for at in (0..written.links.len()).step_by(13) {
        let links = written.recomputed(at, |value| value["host"] = json!("elsewhere.example"));
        assert_eq!(Written::first(&links), None, "the chain alone does not tell");
        let seq = at as u64 + 1;
        // The record is behind the last checkpoint that still holds.
        let from = if seq == 1 { 1 } else { (seq - 1) / SPAN * SPAN + 1 };
        let from = if (2..=SPAN).contains(&seq) { 2 } else { from };
        assert_eq!(written.found(&links), Some((Damage::Edited, from)), "{seq}");
    }
}

#[test]
fn row_45_every_removal_is_found_there() {
    let written = Written::new();
    for at in 0..written.links.len() {
        let mut links = written.links.clone();
        links.remove(at);
        let expect = if at + 1 == written.links.len() { None } else { Some((at, Damage::Removed)) };
        assert_eq!(Written::first(&links), expect, "{at}");
    }
    for (from, to) in [(0, 5), (10, 600), (300, 301)] {
        let mut links = written.links.clone();
        links.drain(from..to);
        assert_eq!(written.found(&links), Some((Damage::Removed, from as u64 + 1)));
    }
}

#[test]
fn row_45_every_insertion_is_found_there() {
    let written = Written::new();
    let forged = |at: usize, seq: u64, prev: &Hash| {
        let (text, _) = chain::line(WRITER, seq, &time(at as u64), at as u64 * 1_000, prev, &Event::new(Kind::Deny));
        read(&text)
    };
    for at in 0..written.links.len() {
        let before = if at == 0 { genesis(WRITER) } else { written.links[at - 1].as_ref().unwrap().hash };
        let own = at as u64 + 1;
        let mut intruders = vec![
            ("a copy of the next", written.links[at].clone()),
            ("forged, in its place", forged(at, own, &before)),
            ("forged, on nothing", forged(at, own, &[9; 32])),
            ("forged, with a number of its own", forged(at, 5_000, &before)),
            ("no record", None),
        ];
        if at > 0 {
            intruders.push(("a copy of the one before", written.links[at - 1].clone()));
        }
        for (what, intruder) in intruders {
            let mut links = written.links.clone();
            links.insert(at, intruder);
            // Of two that are alike the second is the copy.
            // Which of two that hang on the same record is the odd one shows in what follows; behind the last nothing does.
            let is_open = at + 1 == written.links.len() && what == "forged, in its place";
            let expect = if what == "a copy of the next" || is_open { at + 1 } else { at };
            assert_eq!(Written::first(&links), Some((expect, Damage::Inserted)), "{what} at {at}");
        }
    }
    let last = written.links.last().unwrap().as_ref().unwrap().hash;
    let mut links = written.links.clone();
    links.push(forged(1_000, RECORDS + 1, &last));
    assert_eq!(Written::first(&links), None);
    assert_eq!(written.found(&links), Some((Damage::Inserted, RECORDS + 1)), "the writer has ended");
}

#[test]
fn row_45_every_swap_is_found_at_the_first_of_the_two() {
    let written = Written::new();
    let mut links = written.links.clone();
    for one in 0..written.links.len() {
        let others = [1, 2, 7, 64, 500].map(|far| one + far).into_iter().filter(|other| *other < written.links.len());
        for other in others {
            links.swap(one, other);
            assert_eq!(Written::first(&links), Some((one, Damage::Reordered)), "{one} and {other}");
            links.swap(one, other);
        }
    }
    for (from, to) in [(10, 700), (700, 10)] {
        let mut links = written.links.clone();
        let moved = links.remove(from);
        links.insert(to, moved);
        assert_eq!(Written::first(&links), Some((10, Damage::Reordered)));
    }
}

#[test]
fn row_45_every_truncation_is_found_behind_what_is_left() {
    let written = Written::new();
    for left in (1..written.links.len()).rev().step_by(7).chain([1, 2, 124, 125, 126, 999]) {
        let links = written.links[..left].to_vec();
        assert_eq!(Written::first(&links), None, "the chain alone does not tell");
        assert_eq!(written.found(&links), Some((Damage::Truncated, left as u64 + 1)));
    }
    assert_eq!(written.found(&[]), Some((Damage::Removed, 1)));
}

#[test]
fn row_45_a_record_in_another_months_file_is_found() {
    let written = Written::new();
    let found = |months: [&str; 2]| {
        let mut log = written.log(&written.links);
        for (segment, month) in log.segments.iter_mut().zip(months) {
            segment.month = month.to_owned();
        }
        verify(&log).damage.first().map(|found| (found.damage, found.file.clone(), found.line, found.seq))
    };
    let at = |file: &str, seq| Some((Damage::Reordered, file.to_owned(), 1, Some(seq)));
    assert_eq!(found(["2026-12", "2026-11"]), None);
    assert_eq!(found(["2026-12", "2024-01"]), at("2026-11.jsonl", 1));
    assert_eq!(found(["2024-01", "2026-11"]), at("2026-12.jsonl", NOVEMBER + 1));
    assert_eq!(found(["2027-01", "2026-11"]), at("2026-12.jsonl", NOVEMBER + 1));
    assert_eq!(found(["2026-11", "2026-12"]), at("2026-12.jsonl", NOVEMBER + 1), "each by the other's name");
    let mut log = written.log(&written.links);
    log.segments = vec![Segment { lines: written.links.clone(), ..log.segments[1].clone() }];
    let found = verify(&log).damage.first().map(|found| (found.line, found.seq));
    assert_eq!(found, Some((401, Some(NOVEMBER + 1))), "one behind the other");
}

#[test]
fn row_45_a_time_that_was_put_back_or_forth_is_found() {
    let written = Written::new();
    for at in 1..written.links.len() - 1 {
        if at % 11 != 0 {
            continue;
        }
        let links = written.recomputed(at, |value| value["time"] = json!("2026-11-22T01:00:00.000000Z"));
        assert_eq!(Written::first(&links), Some((at, Damage::Clock)));
        let links = written.recomputed(at, |value| value["time"] = json!("2026-12-22T09:00:00.000000Z"));
        assert_eq!(Written::first(&links), Some((at + 1, Damage::Clock)));
        let links = written.recomputed(at, |value| value["up_ms"] = json!(0));
        assert_eq!(Written::first(&links), Some((at, Damage::Clock)));
    }
}

#[test]
fn row_45_whatever_is_done_to_the_checkpoints_is_found() {
    let written = Written::new();
    let found = |change: &dyn Fn(&mut Log)| {
        let mut log = written.log(&written.links);
        change(&mut log);
        let report = verify(&log);
        report.damage.first().map(|found| (found.damage, found.file.clone(), found.line))
    };
    let at = |damage, line| Some((damage, "checkpoints.jsonl".to_owned(), line));
    for index in 0..8 {
        assert_eq!(found(&|log| log.checkpoints[index] = None), at(Damage::Edited, index + 1));
        assert_eq!(found(&|log| drop(log.checkpoints.remove(index))), at(Damage::Removed, index + 1));
        assert_eq!(found(&|log| log.checkpoints.swap(index, index + 1)), at(Damage::Reordered, index + 1));
        assert_eq!(found(&|log| log.checkpoints.truncate(index)), at(Damage::Truncated, index + 1));
        // By whoever has no key of the time.
        let forge = |log: &mut Log| {
            let old = log.checkpoints[index].clone().unwrap();
            let link = &old.link;
            let (_, made) =
                checkpoint::line(&Seed::new([8; 32]), link.seq, &link.time, &link.prev, old.occasion, &old.mark, "");
            log.checkpoints[index] = Some(Checkpoint { link: link.clone(), ..made });
        };
        let line = if index == 0 { 2 } else { index + 1 };
        assert_eq!(found(&forge), at(Damage::Inserted, line), "{index}");
    }
    let kept = written.checkpoints[4].link.hash;
    assert_eq!(found(&|log| log.anchors = vec![kept, written.checkpoints[0].key]), None);
    assert_eq!(found(&|log| log.anchors = vec![[3; 32]]), at(Damage::Truncated, 10));
    assert_eq!(found(&|log| log.seal = None), Some((Damage::Removed, "seal.json".to_owned(), 1)));
    // All of it gone: nothing here can tell, and an anchor can.
    let nothing = |log: &mut Log| {
        (log.segments, log.checkpoints, log.seal) = (Vec::new(), Vec::new(), None);
    };
    assert_eq!(found(&nothing), None);
    let anchored = |log: &mut Log| {
        nothing(log);
        log.anchors = vec![kept];
    };
    assert_eq!(found(&anchored), at(Damage::Truncated, 1));
}
