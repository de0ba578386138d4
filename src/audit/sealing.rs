//! The installation's file of checkpoints, and the key that signs the next one.
//!
//! Many processes append to it, one at a time. The seed of a key is replaced as soon as the line that it has signed is on
//! the disk; a process that ends between the two is found out by the next one, which goes on from the line.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::chain::{Hash, VERSION, hex, unhex};
use super::checkpoint::{self, Checkpoint, Mark, Occasion, Seed};
use super::moment;
use super::verify::whole_lines;
use crate::paths;

/// The checkpoints.
pub(super) const CHECKPOINTS: &str = "checkpoints.jsonl";
/// The seed of the next key.
pub(super) const SEAL: &str = "seal.json";
/// How long another's checkpoint is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes at the end of the file among which is its last line.
const TAIL: u64 = 16 * 1024;
/// Keys that are passed over at most to catch up with the file, after the state was restored from a copy.
const STEPS: u64 = 1_000_000;

/// Appends checkpoints.
#[derive(Debug, Clone)]
pub(super) struct Sealing {
    folder: PathBuf,
}

/// What the state file holds.
#[derive(Serialize, Deserialize)]
struct State {
    v: u64,
    /// The number of the next checkpoint.
    seq: u64,
    seed: String,
}

/// The file of checkpoints while nobody else appends to it.
pub(super) struct Held<'a> {
    folder: &'a Path,
    file: File,
    length: u64,
    last: Option<Checkpoint>,
}

impl Sealing {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Waits for the file, for a second at most.
    ///
    /// # Errors
    /// Fails with [`io::ErrorKind::WouldBlock`] where another holds it for longer, and where it cannot be read.
    pub(super) fn hold(&self) -> io::Result<Held<'_>> {
        paths::private_dir(&self.folder)?;
        let file = paths::open_private(&self.folder.join(CHECKPOINTS))?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => {
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds the checkpoints"));
                }
                Err(TryLockError::WouldBlock) => wait(),
            }
        }
        Held::at_its_end(&self.folder, file)
    }

    /// Makes one checkpoint.
    pub(super) fn seal(&self, occasion: Occasion, mark: &Mark, written: &str) -> io::Result<Checkpoint> {
        self.hold()?.append(occasion, mark, written)
    }
}

impl<'a> Held<'a> {
    fn at_its_end(folder: &'a Path, mut file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let from = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let (lines, is_torn) = whole_lines(&tail, &checkpoint::read);
        let last = lines.into_iter().rev().flatten().next();
        let mut held = Self { folder, file, length, last };
        match tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1) {
            end if end == tail.len() => {}
            // Whoever began the line is gone, for this process holds the lock.
            end if is_torn => held.cut(from + end as u64)?,
            _ => held.write(b"\n")?,
        }
        Ok(held)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.length = length;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        if let Err(error) = self.file.write_all(bytes) {
            // Half a line is nothing that anybody can use.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Signs how far a chain is; `written` is the time of its last record.
    ///
    /// # Errors
    /// Fails where the file or the next key cannot be written.
    pub(super) fn append(&mut self, occasion: Occasion, mark: &Mark, written: &str) -> io::Result<Checkpoint> {
        let (seed, seq) = self.key()?;
        let prev = self.last.as_ref().map_or_else(checkpoint::genesis, |last| last.link.hash);
        let before = self.last.as_ref().map_or("", |last| &last.link.time);
        let now = moment(Timestamp::now());
        // A clock that was put back must not make a chain look damaged.
        let time = [written, before, &now].into_iter().max().unwrap_or_default();
        let (mut line, made) = checkpoint::line(&seed, seq, time, &prev, occasion, mark, written);
        line.push('\n');
        self.write(line.as_bytes())?;
        self.file.sync_data()?;
        keep(self.folder, &seed.next(), seq + 1)?;
        if self.last.is_none() {
            let fingerprint = hex(&made.key);
            tracing::info!(%fingerprint, "the audit record's first key; keep it elsewhere");
        }
        self.last = Some(made.clone());
        Ok(made)
    }

    /// The key that signs next, and the number that it signs.
    fn key(&self) -> io::Result<(Seed, u64)> {
        let last = self.last.as_ref();
        let expected = last.map_or(1, |last| last.link.seq + 1);
        let kept = kept(self.folder)?;
        if let Some((mut seed, mut seq)) = kept {
            // Its line is written, or the state is from an older copy: on to the key that the last line has named.
            let behind = expected.saturating_sub(seq);
            if behind <= STEPS {
                for _ in 0..behind {
                    seed = seed.next();
                }
                seq += behind;
                if seq > expected || last.is_none_or(|last| last.next == seed.public()) {
                    // Now, and not with the line alone: after a second such end it would be two lines behind.
                    if behind > 0 {
                        keep(self.folder, &seed, seq)?;
                    }
                    return Ok((seed, seq));
                }
            }
        }
        if last.is_some() {
            tracing::error!("the key of the next checkpoint is gone; run `mcr audit verify`");
        }
        let seed = Seed::new(random()?);
        // Before its first line, which names a key that must not be lost.
        keep(self.folder, &seed, expected)?;
        Ok((seed, expected))
    }
}

#[expect(clippy::disallowed_methods, reason = "on a thread that does nothing else, or in a command")]
fn wait() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Reads the number of the next checkpoint and the key that signs it.
pub(super) fn next(folder: &Path) -> io::Result<Option<(u64, Hash)>> {
    Ok(kept(folder)?.map(|(seed, seq)| (seq, seed.public())))
}

fn kept(folder: &Path) -> io::Result<Option<(Seed, u64)>> {
    let text = match paths::read_private(&folder.join(SEAL)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let state = serde_json::from_str::<State>(&text).ok().filter(|state| state.v == VERSION);
    Ok(state.and_then(|state| Some((Seed::new(unhex(&state.seed)?), state.seq))))
}

fn keep(folder: &Path, seed: &Seed, seq: u64) -> io::Result<()> {
    let state = State { v: VERSION, seq, seed: hex(seed.expose()) };
    paths::write_atomic(&folder.join(SEAL), serde_json::to_string(&state)?.as_bytes())
}

/// 32 bytes that nobody can guess.
pub(super) fn random() -> io::Result<Hash> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system has no random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::damage::Damage;
    use super::super::store;
    use super::super::verify::verify;
    use super::*;

    fn mark() -> Mark {
        Mark { writer: "w".to_owned(), part: Some(("2026-10".to_owned(), 1)), at_seq: 1, head: [1; 32], records: 1 }
    }

    fn sealed(times: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let sealing = Sealing::new(folder.path().to_owned());
        for _ in 0..times {
            sealing.seal(Occasion::Tombstone, &mark(), "2026-11-22T02:24:40.123456Z").unwrap();
        }
        folder
    }

    fn damage(folder: &Path) -> Vec<(Damage, usize)> {
        let report = verify(&store::log(folder, &[]).unwrap());
        report.damage.into_iter().map(|found| (found.damage, found.line)).collect()
    }

    #[test]
    fn every_checkpoint_is_signed_with_the_key_that_the_one_before_named_and_no_key_stays() {
        let folder = sealed(3);
        assert_eq!(damage(folder.path()), []);
        let text = fs::read_to_string(folder.path().join(CHECKPOINTS)).unwrap();
        let all: Vec<_> = text.lines().map(|line| checkpoint::read(line).unwrap()).collect();
        let (seed, seq) = kept(folder.path()).unwrap().unwrap();
        assert_eq!((all.len(), seq, seed.public()), (3, 4, all[2].next));
        assert!(all.iter().all(|it| it.key != seed.public()));
    }

    #[test]
    fn a_process_that_ends_between_the_line_and_the_seed_is_no_damage() {
        let folder = sealed(2);
        let seal = fs::read(folder.path().join(SEAL)).unwrap();
        let sealing = Sealing::new(folder.path().to_owned());
        for _ in 0..3 {
            sealing.seal(Occasion::Tombstone, &mark(), "").unwrap();
            // And neither is a state file of an older copy.
            fs::write(folder.path().join(SEAL), &seal).unwrap();
        }
        sealing.seal(Occasion::Tombstone, &mark(), "").unwrap();
        assert_eq!(damage(folder.path()), []);
    }

    #[test]
    fn two_processes_that_end_between_the_line_and_the_seed_are_no_damage() {
        let folder = sealed(2);
        let sealing = Sealing::new(folder.path().to_owned());
        for _ in 0..3 {
            let before = fs::read(folder.path().join(SEAL)).unwrap();
            sealing.seal(Occasion::Tombstone, &mark(), "").unwrap();
            fs::write(folder.path().join(SEAL), &before).unwrap();
            assert_eq!(damage(folder.path()), []);
            // What the next one does before its line, and no more.
            assert!(sealing.hold().unwrap().key().is_ok());
            assert_eq!(damage(folder.path()), []);
        }
    }

    #[test]
    fn a_torn_checkpoint_is_taken_away_and_one_that_lacks_its_end_alone_gets_it() {
        let folder = sealed(2);
        let path = folder.path().join(CHECKPOINTS);
        let whole = fs::read(&path).unwrap();
        for torn in [&whole[..whole.len() - 1], &whole[..whole.len() - 9]] {
            fs::write(&path, [&whole, torn.rsplit(|byte| *byte == b'\n').next().unwrap()].concat()).unwrap();
            fs::write(&path, torn).unwrap();
            let sealing = Sealing::new(folder.path().to_owned());
            let is_whole = torn.len() + 1 == whole.len();
            sealing.seal(Occasion::Tombstone, &mark(), "").unwrap();
            let found = damage(folder.path());
            // The key of the second one is gone by now, so that it cannot be made again.
            assert_eq!(found.is_empty(), is_whole, "{found:?}");
        }
    }

    #[test]
    fn checkpoints_that_are_cut_off_show_in_the_next_key() {
        for left in 0..4 {
            let folder = sealed(4);
            let path = folder.path().join(CHECKPOINTS);
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.split_inclusive('\n').take(left).collect::<String>()).unwrap();
            assert_eq!(damage(folder.path()), [(Damage::Truncated, left + 1)]);
        }
    }

    #[test]
    fn without_the_next_key_something_is_wrong() {
        let folder = sealed(2);
        fs::remove_file(folder.path().join(SEAL)).unwrap();
        assert_eq!(damage(folder.path()), [(Damage::Removed, 1)]);
        Sealing::new(folder.path().to_owned()).seal(Occasion::Tombstone, &mark(), "").unwrap();
        assert_eq!(damage(folder.path()), [(Damage::Inserted, 3)]);
    }
}
