//! A terminal with a program at it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::{PATIENCE, Sandbox};

/// A command at a terminal, and what it has shown so far.
pub struct Terminal {
    child: Child,
    master: File,
    read: Receiver<Vec<u8>>,
    shown: String,
    seen: usize,
}

impl Terminal {
    /// mcr itself; its data goes nowhere.
    pub fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self::new(sandbox.command(arguments), Some(Stdio::null()))
    }

    /// mcr itself, which has all of the terminal.
    pub fn start_whole(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        Self::run(sandbox.command(arguments))
    }

    /// Another program, all of which is shown.
    pub fn run(command: Command) -> Self {
        Self::new(command, None)
    }

    fn new(mut command: Command, stdout: Option<Stdio>) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("ours");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("text");
        let slave = OpenOptions::new().read(true).write(true).open(name).expect("the other end");
        let end = || Stdio::from(slave.try_clone().expect("another handle"));
        command.env("TERM", "xterm").stdin(end()).stdout(stdout.unwrap_or_else(end)).stderr(end());
        let child = command.spawn().expect("the program runs");
        let master = File::from(master);
        let mut reader = master.try_clone().expect("another handle");
        let (send, read) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            // The read fails once nobody holds the other end.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master, read, shown: String::new(), seen: 0 }
    }

    /// Waits until these words are shown, behind those that were waited for before.
    pub fn wait_for(&mut self, words: &str) {
        while !self.shown[self.seen..].contains(words) {
            let Ok(bytes) = self.read.recv_timeout(PATIENCE) else {
                let _ = self.child.kill();
                panic!("`{words}` does not come, but:\n{}", self.shown);
            };
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        self.seen += self.shown[self.seen..].find(words).expect("it is there") + words.len();
    }

    /// Types once the command is waiting for it, which it does without echo.
    ///
    /// Nothing tells when that is, so it is looked at again and again.
    pub fn type_in(&mut self, keys: &str) {
        let since = Instant::now();
        while tcgetattr(&self.master).expect("modes").local_modes.contains(LocalModes::ECHO) {
            assert!(since.elapsed() < PATIENCE, "the echo stays on:\n{}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
        self.master.write_all(keys.as_bytes()).expect("it is read");
    }

    /// All that was shown so far.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Waits for the end; returns the exit code and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("a status").code();
        (code, std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
