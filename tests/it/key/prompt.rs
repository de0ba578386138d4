//! The masked prompt, on a real pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::listed;
use crate::common::Sandbox;

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until what is typed does not show; nothing tells when that is, so it is looked at again and again.
fn hidden(terminal: impl AsFd, since: Instant) {
    while tcgetattr(&terminal).expect("modes").local_modes.contains(LocalModes::ECHO) {
        assert!(since.elapsed() < PATIENCE, "the echo stays on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the terminal shows next; nothing once the other end is closed.
fn more(terminal: &mut File, since: Instant) -> Option<String> {
    let mut bytes = [0; 1024];
    loop {
        match terminal.read(&mut bytes) {
            Ok(count @ 1..) => return Some(String::from_utf8_lossy(&bytes[..count]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(since.elapsed() < PATIENCE, "nothing more is shown");
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(_) | Err(_) => return None,
        }
    }
}

#[test]
fn a_key_that_is_typed_does_not_show() {
    let sandbox = Sandbox::new();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&terminal).expect("ours");
    unlockpt(&terminal).expect("ours");
    fcntl_setfl(&terminal, OFlags::RDWR | OFlags::NONBLOCK).expect("ours");
    let name = ptsname(&terminal, Vec::new()).expect("a name").into_string().expect("text");
    let end = || OpenOptions::new().read(true).write(true).open(&name).expect("the other end");
    let mut command = sandbox.command(["key", "set", "mistral", "--host", "api.eu.mistral.ai"]);
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary runs");
    // Its own copies would keep the terminal open.
    drop(command);
    let waited = Instant::now();
    hidden(&terminal, waited);
    let mut terminal = File::from(terminal);
    // The first is no key and is asked for again.
    terminal.write_all(b"sk typed\n").expect("typed");
    let mut seen = String::new();
    let mut answered = false;
    while let Some(text) = more(&mut terminal, waited) {
        seen += &text;
        if !answered && seen.contains("a key has no spaces") && seen.matches("for api.eu.mistral.ai").count() == 2 {
            answered = true;
            hidden(&terminal, waited);
            terminal.write_all(b"sk-typed\n").expect("typed");
        }
    }
    assert!(child.wait().expect("it ends").success(), "{seen}");
    assert!(seen.contains("Key `mistral`, for api.eu.mistral.ai: "), "{seen}");
    assert!(seen.contains("kept key, bound to api.eu.mistral.ai: mistral"), "{seen}");
    assert!(!seen.contains("typed"), "{seen}");
    assert_eq!(listed(&sandbox)["keys"][0]["name"], "mistral");
}
