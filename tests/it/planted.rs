//! Row 15: a link, or somebody else's folder, where mcr keeps what it writes. It is refused, and nothing is written there.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use crate::code::with_agent;

const START: [&str; 5] = ["start", "--config", "config.json", "--port", "0"];
const FOREGROUND: [&str; 6] = ["start", "--foreground", "--config", "config.json", "--port", "0"];
const CODE: [&str; 3] = ["code", "-p", "hi"];

/// Where it is put, seen from mcr's home, and the commands that would write there.
const PLACES: [(&str, &[&[&str]]); 7] = [
    ("run", &[&START, &FOREGROUND, &CODE]),
    ("logs", &[&START, &FOREGROUND, &CODE]),
    ("run/service.starting", &[&START, &FOREGROUND]),
    ("run/service.lock", &[&START, &FOREGROUND]),
    ("run/service.json", &[&START, &FOREGROUND]),
    ("logs/service.stderr", &[&START]),
    ("state/token", &[&START, &FOREGROUND]),
];

#[test]
fn row_15_no_link_is_followed_wherever_something_is_written() {
    for (place, commands) in PLACES {
        for (command, leads_nowhere) in commands.iter().flat_map(|command| [(command, false), (command, true)]) {
            let sandbox = with_agent("exit 0");
            let (path, elsewhere) = (sandbox.home().join(place), sandbox.folder().join("elsewhere"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let precious = elsewhere.join("precious");
            let to = if place.contains('/') { &precious } else { &elsewhere };
            if !leads_nowhere {
                fs::create_dir(&elsewhere).unwrap();
                fs::write(&precious, "precious words").unwrap();
            }
            symlink(to, &path).unwrap();
            let picture = sandbox.mcr(*command);
            assert!(picture.starts_with("exit code: 77\n"), "{place}, {command:?}: {picture}");
            assert!(picture.contains("it is a symbolic link; name what it points to"), "{place}: {picture}");
            assert!(picture.contains("\nhint: "), "{place}, {command:?}: {picture}");
            assert!(!sandbox.folder().join("argv").exists(), "{place}: the agent ran all the same");
            if leads_nowhere {
                assert!(!elsewhere.exists(), "{place}, {command:?}");
            } else {
                assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1, "{place}, {command:?}");
                assert_eq!(fs::read_to_string(precious).unwrap(), "precious words", "{place}, {command:?}");
            }
        }
    }
}

#[test]
fn row_15_no_folder_of_somebody_elses_is_written_to() {
    for (place, commands) in PLACES.into_iter().filter(|(place, _)| !place.contains('/')) {
        for command in commands {
            let sandbox = with_agent("exit 0");
            let path = sandbox.home().join(place);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
            // Only root can give a folder away; in CI the tests run as root.
            if chown(&path, Some(1), None).is_err() {
                assert!(std::env::var_os("CI").is_none(), "nobody can give a folder away");
                return;
            }
            let picture = sandbox.mcr(*command);
            assert!(picture.starts_with("exit code: 77\n"), "{place}, {command:?}: {picture}");
            assert!(picture.contains("it belongs to another user"), "{place}: {picture}");
            assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "{place}, {command:?}");
        }
    }
}

#[test]
fn row_15_a_link_in_the_locks_place_is_a_finding_of_the_doctors_beside_the_others() {
    let sandbox = with_agent("exit 0");
    let (path, precious) = (sandbox.home().join("run/service.lock"), sandbox.folder().join("precious"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&precious, "precious words").unwrap();
    symlink(&precious, &path).unwrap();
    let picture = sandbox.mcr(["--config", "config.json", "doctor", "--offline"]);
    assert!(picture.starts_with("exit code: 2\n"), "{picture}");
    let told = |start: &str| picture.lines().any(|line| line.starts_with(start));
    assert!(told("error    service "), "{picture}");
    assert!(picture.contains("it is a symbolic link; name what it points to"), "{picture}");
    assert!(picture.contains(" disk "), "the checks after it are missing: {picture}");
    assert_eq!(fs::read_to_string(precious).unwrap(), "precious words");
}
