//! Row 44, and several processes at once: a child that does nothing but write.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mcr::audit::{Audit, Event, Kind, Report, log, verify};

/// Tells this test binary, called anew, that it is the child.
const FOLDER: &str = "MCR_TEST_AUDIT_FOLDER";
/// How many records it writes; without it, as many as it can.
const COUNT: &str = "MCR_TEST_AUDIT_COUNT";
/// Tells it to end its chain, with a checkpoint, after every record.
const CLOSES: &str = "MCR_TEST_AUDIT_CLOSES";

/// Writes records for as long as it lives, where it is called as a child; a byte each goes to stderr.
#[test]
fn a_child_that_writes() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let count = std::env::var(COUNT).ok().and_then(|count| count.parse::<u64>().ok()).unwrap_or(u64::MAX);
    let audit = Audit::open(folder.into());
    let closes = std::env::var_os(CLOSES).is_some();
    for number in 0..count {
        audit.begin(Event { tokens_in: Some(number), ..Event::new(Kind::Request) }).expect("a record");
        if closes {
            audit.close();
        }
        eprint!(".");
    }
    audit.close();
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", "audit::killed::a_child_that_writes", "--nocapture"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn child(folder: &Path, count: Option<u64>) -> Child {
    let mut command = command(folder);
    if let Some(count) = count {
        command.env(COUNT, count.to_string());
    }
    command.spawn().expect("a child")
}

fn verified(folder: &Path) -> Report {
    verify(&log(folder, &[]).expect("a record"))
}

#[test]
fn row_44_two_hundred_writers_that_are_killed_leave_a_record_that_holds() {
    let mut torn = 0;
    for round in 0..10 {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("audit");
        for kill in 0..20_usize {
            let mut child = child(&folder, None);
            let mut heard = vec![0; 1 + (kill * 7 + round * 3) % 40];
            child.stderr.take().expect("stderr").read_exact(&mut heard).expect("records");
            child.kill().expect("a kill");
            child.wait().expect("an end");
            let report = verified(&folder);
            assert_eq!(report.damage, [], "round {round}, kill {kill}");
            assert!(report.torn.len() <= torn + kill + 1 && report.records >= heard.len() as u64, "{report:?}");
        }
        torn = 0;
        // Whoever comes next signs for those who could not.
        let audit = Audit::open(folder.clone());
        audit.note(Event::new(Kind::Start));
        audit.close();
        let report = verified(&folder);
        assert_eq!((report.damage, report.uncovered, report.writers), (vec![], 0, 21));
    }
}

#[test]
fn row_44_writers_that_are_killed_among_their_checkpoints_leave_a_record_that_holds() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("audit");
    for kill in 0..60_usize {
        let length = || std::fs::metadata(folder.join("checkpoints.jsonl")).map_or(0, |metadata| metadata.len());
        let before = length();
        let mut child = command(&folder).env(CLOSES, "yes").spawn().expect("a child");
        // The line is there, and the seed that has signed it is replaced while this turns.
        while length() == before {
            assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
        }
        for _ in 0..kill % 6 * 5_000 {
            std::hint::spin_loop();
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        assert_eq!(verified(&folder).damage, [], "kill {kill}");
    }
    let left = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let seeds: Vec<String> = left.filter(|name| name.contains("seal.json.")).collect();
    assert!(seeds.len() <= 1, "{seeds:?}");
    let audit = Audit::open(folder.clone());
    audit.note(Event::new(Kind::Start));
    audit.close();
    assert_eq!((verified(&folder).damage, verified(&folder).uncovered), (vec![], 0));
    let left = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.contains("seal.json.")).count(), 0);
}

#[test]
fn several_processes_write_at_once_and_each_record_is_there_and_signed() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("audit");
    let children: Vec<Child> = (0..4).map(|_| child(&folder, Some(1_500))).collect();
    for child in children {
        assert!(child.wait_with_output().expect("an end").status.success());
    }
    let report = verified(&folder);
    assert_eq!((report.damage, report.records, report.writers, report.uncovered), (vec![], 6_000, 4, 0));
    // Each when it opens, after a thousand, and when it closes; one that waited for a second leaves it to the next.
    assert!((4..=12).contains(&report.checkpoints), "{}", report.checkpoints);
}
