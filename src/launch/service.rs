//! The background service as it is found: the lock that it holds, and the record that it leaves.
//!
//! Who holds the lock is alive, whatever stands in the record; a crash lets go of it. No
//! process is looked up by its number, and none is ended by it.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::error::{Exit, Failure};
use crate::paths::{self, Paths};

/// Held for as long as the service lives.
const LOCK: &str = "service.lock";
/// Held by whoever starts one, until it serves or has failed.
const STARTING: &str = "service.starting";
/// Where the service leaves what is needed to speak to it.
const RECORD: &str = "service.json";
const ELSEWHERE: &str = "set `XDG_RUNTIME_DIR` or `MCR_HOME` to a folder of your own";

/// What is needed to speak to the service; private, since the token stands in it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The base URL for clients.
    pub url: String,
    /// What clients must show.
    pub token: Secret,
    /// How it was started.
    pub facts: Facts,
}

/// How a service was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Its process, for people to look at.
    pub pid: u32,
    /// The configuration that was named at the start; absent where the usual one is used.
    pub config: Option<PathBuf>,
    /// The port that was named at the start, over the configured one.
    pub port: Option<u16>,
    /// Whether it was started to let nothing leave this machine and its network.
    pub offline_only: bool,
    /// Where it writes bodies, when that was asked for at the start.
    pub trace_bodies: Option<PathBuf>,
    /// What starts it again when it ends: `systemd` or `launchd`.
    pub supervisor: Option<String>,
    /// Whether it takes no new requests and only finishes what it has.
    pub stopping: bool,
}

/// The record as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    url: String,
    token: String,
    #[serde(flatten)]
    facts: Facts,
}

/// The right to be the service; given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: File,
    record: PathBuf,
}

impl Held {
    /// Takes the right; nothing when another process has it.
    ///
    /// # Errors
    /// Fails when the runtime folder cannot be made or has no locks.
    pub fn take(paths: &Paths) -> Result<Option<Self>, Failure> {
        let lock = open(paths, LOCK)?;
        // A look holds the lock for a moment too, shared, and must not pass for a service.
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(Self { _lock: lock, record: paths.runtime.join(RECORD) })),
                Err(TryLockError::Error(error)) => return Err(no_lock(paths, error)),
                Err(TryLockError::WouldBlock) => {}
            }
            match lock.try_lock_shared() {
                Ok(()) => lock.unlock().map_err(|error| no_lock(paths, error))?,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(no_lock(paths, error)),
            }
            std::thread::yield_now();
        }
    }

    /// Says how the service is spoken to; from here on it is found.
    ///
    /// # Errors
    /// Fails when the record cannot be written.
    pub fn publish(&self, record: &Record) -> Result<(), Failure> {
        let Record { url, token, facts } = record.clone();
        let written = Written { url, token: token.expose().to_owned(), facts };
        let text = serde_json::to_string(&written).map_err(|error| Failure::new(Exit::Software, error))?;
        paths::write_atomic(&self.record, text.as_bytes()).map_err(|error| {
            let what = "cannot say where the service is";
            Failure::new(paths::exit(&error, Exit::CannotCreate), anyhow::Error::new(error).context(what))
                .hint(ELSEWHERE)
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It would say nothing without the lock, but it holds a token.
        let _ = std::fs::remove_file(&self.record);
    }
}

/// Keeps everybody else from starting a service until it is dropped.
#[derive(Debug)]
pub struct Starting {
    _lock: File,
}

/// Waits until nobody else starts a service, and then keeps everybody else from it.
///
/// A start takes a moment, and a restart up to two minutes: `waits` is called when it takes longer than a second.
///
/// # Errors
/// Fails when the runtime folder cannot be made or has no locks.
pub fn starting(paths: &Paths, waits: impl FnOnce()) -> Result<Starting, Failure> {
    let lock = open(paths, STARTING)?;
    match lock.try_lock() {
        Ok(()) => return Ok(Starting { _lock: lock }),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(no_lock(paths, error)),
    }
    let (sender, receiver) = channel();
    // Waiting for a lock has no clock.
    std::thread::spawn(move || sender.send(lock.lock().map(|()| lock)));
    let locked = receiver.recv_timeout(Duration::from_secs(1)).or_else(|_| {
        waits();
        receiver.recv()
    });
    let locked = locked.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()));
    locked.map(|lock| Starting { _lock: lock }).map_err(|error| no_lock(paths, error))
}

/// Finds the service; nothing when there is none, or when it does not serve yet.
///
/// # Errors
/// Fails when the record is another user's or the folder has no locks.
pub fn find(paths: &Paths) -> Result<Option<Record>, Failure> {
    if !is_held(paths)? {
        return Ok(None);
    }
    let text = match paths::read_private(&paths.runtime.join(RECORD)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| {
            let what = "cannot read where the service is";
            Failure::new(paths::exit(&error, Exit::Io), anyhow::Error::new(error).context(what))
        })?,
    };
    let written: Option<Written> = serde_json::from_str(&text).ok();
    Ok(written.map(|Written { url, token, facts }| Record { url, token: Secret::new(token), facts }))
}

/// Whether a service is alive, whether or not it can be spoken to.
///
/// # Errors
/// Fails when the folder has no locks.
pub fn is_held(paths: &Paths) -> Result<bool, Failure> {
    if !paths.runtime.join(LOCK).exists() {
        return Ok(false);
    }
    match open(paths, LOCK)?.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(no_lock(paths, error)),
    }
}

/// Waits until the service is gone; false when it is still there after `patience`.
///
/// # Errors
/// Fails when the folder has no locks.
pub fn ended(paths: &Paths, patience: Duration) -> Result<bool, Failure> {
    let lock = open(paths, LOCK)?;
    let (sender, receiver) = channel();
    // Waiting for a lock has no clock; the thread ends with the process.
    std::thread::spawn(move || sender.send(lock.lock_shared()));
    match receiver.recv_timeout(patience) {
        Ok(got) => got.map(|()| true).map_err(|error| no_lock(paths, error)),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(false),
    }
}

fn open(paths: &Paths, name: &str) -> Result<File, Failure> {
    paths::private_dir(&paths.runtime).and_then(|()| paths::open_private(&paths.runtime.join(name))).map_err(|error| {
        let exit = paths::exit(&error, Exit::CannotCreate);
        Failure::new(exit, anyhow::Error::new(error).context("there is no place for the service's lock"))
            .hint(ELSEWHERE)
    })
}

fn no_lock(paths: &Paths, error: io::Error) -> Failure {
    let what = format!("cannot lock a file: {}", paths.runtime.display());
    Failure::new(Exit::Io, anyhow::Error::new(error).context(what))
        .hint("set `XDG_RUNTIME_DIR` or `MCR_HOME` to a folder on a local disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            url: "http://127.0.0.1:1".to_owned(),
            token: Secret::new("t".to_owned()),
            facts: Facts { pid: 1, port: Some(1), ..Facts::default() },
        }
    }

    #[test]
    fn a_service_is_found_while_it_holds_the_lock_and_no_longer() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        assert!(find(&paths).unwrap().is_none());
        let held = Held::take(&paths).unwrap().expect("nobody has it");
        assert!(find(&paths).unwrap().is_none() && is_held(&paths).unwrap());
        held.publish(&record()).unwrap();
        let found = find(&paths).unwrap().expect("a service");
        assert_eq!((found.url.as_str(), found.token.expose(), found.facts.port), ("http://127.0.0.1:1", "t", Some(1)));
        assert!(Held::take(&paths).unwrap().is_none());
        drop(held);
        assert!(find(&paths).unwrap().is_none() && !is_held(&paths).unwrap());
        assert!(!paths.runtime.join(RECORD).exists());
    }

    #[test]
    fn a_record_without_a_lock_is_what_a_crash_left() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        let held = Held::take(&paths).unwrap().expect("nobody has it");
        held.publish(&record()).unwrap();
        let left = std::fs::read(&held.record).unwrap();
        drop(held);
        paths::write_atomic(&paths.runtime.join(RECORD), &left).unwrap();
        assert!(find(&paths).unwrap().is_none());
        assert!(Held::take(&paths).unwrap().is_some());
    }

    #[test]
    fn many_who_look_do_not_keep_a_service_from_starting() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        drop(Held::take(&paths).unwrap());
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        is_held(&paths).unwrap();
                    }
                });
            }
            let taken: Vec<bool> = (0..200).map(|_| Held::take(&paths).unwrap().is_some()).collect();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(taken, [true; 200]);
        });
    }

    #[test]
    fn the_end_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        let held = Held::take(&paths).unwrap().expect("nobody has it");
        assert!(!ended(&paths, Duration::ZERO).unwrap());
        let gone = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ended(&paths, Duration::from_secs(30)).unwrap());
            drop(held);
            waiting.join().unwrap()
        });
        assert!(gone);
    }
}
