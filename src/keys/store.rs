//! The store: one file, for its owner only.
//!
//! ```json
//! {"version": 1, "keys": {"mistral": {"value": "…", "hosts": ["api.eu.mistral.ai"], "set": "2026-11-21"}}}
//! ```
//!
//! Changes hold a lock on a file beside it, so that two processes lose nothing; reading
//! needs none, because a whole file takes the place of the one before.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::KeyError;
use crate::{
    config::{Host, KeyName, Secret},
    error::Exit,
    paths::{self, Paths, ReadError},
};

/// The only form of the file so far.
const VERSION: u32 = 1;

/// The keys of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    file: PathBuf,
    lock: PathBuf,
}

/// A key in the store. [`Stored::key_for`] is the only way to its value.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Stored {
    #[serde(serialize_with = "expose", deserialize_with = "take")]
    value: Secret,
    /// The hosts it may be sent to.
    pub hosts: Vec<Host>,
    /// The day it was set, in UTC: `2026-11-21`.
    pub set: String,
}

impl Stored {
    /// Returns the key when it is bound to this host.
    pub fn key_for(&self, host: &Host) -> Option<&Secret> {
        self.hosts.contains(host).then_some(&self.value)
    }
}

#[derive(Deserialize, Serialize)]
struct Document {
    version: u32,
    keys: BTreeMap<KeyName, Stored>,
}

impl Store {
    /// Names the store of an installation; reads and makes nothing yet.
    pub fn open(paths: &Paths) -> Self {
        Self { file: paths.state.join("keys.json"), lock: paths.state.join("keys.lock") }
    }

    /// Keeps a key for these hosts; one of that name is replaced, hosts and all.
    ///
    /// # Errors
    /// Fails when the store cannot be read or written.
    pub fn set(&self, name: &KeyName, value: &Secret, hosts: &[Host]) -> Result<(), KeyError> {
        let mut hosts = hosts.to_vec();
        hosts.sort();
        hosts.dedup();
        let set = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let stored = Stored { value: value.clone(), hosts, set };
        self.change(|keys| (keys.insert(name.clone(), stored), true)).map(drop)
    }

    /// Returns a key, or nothing when there is none of that name.
    ///
    /// # Errors
    /// Fails when the store cannot be read, and when others can read it.
    pub fn get(&self, name: &KeyName) -> Result<Option<Stored>, KeyError> {
        Ok(self.list()?.remove(name))
    }

    /// Returns all keys by name.
    ///
    /// # Errors
    /// Fails as [`Store::get`] does.
    pub fn list(&self) -> Result<BTreeMap<KeyName, Stored>, KeyError> {
        let bytes = match paths::read_private(&self.file) {
            Ok(bytes) => bytes,
            Err(ReadError::Absent) => return Ok(BTreeMap::new()),
            Err(error) => return Err(self.cannot_read(&error)),
        };
        // serde's own words may quote a value.
        let document: Document = serde_json::from_slice(&bytes).map_err(|error| {
            let what =
                format!("cannot understand the store of keys (line {}, column {})", error.line(), error.column());
            KeyError::new(Exit::Data, what, format!("move it away and set the keys anew: {}", self.file.display()))
        })?;
        if document.version != VERSION {
            let what = format!("the store of keys has version {}, and this mcr knows {VERSION}", document.version);
            return Err(KeyError::new(Exit::Data, what, "use the newer mcr that wrote it"));
        }
        Ok(document.keys)
    }

    /// Takes a key away; says whether there was one.
    ///
    /// # Errors
    /// Fails when the store cannot be read or written.
    pub fn remove(&self, name: &KeyName) -> Result<bool, KeyError> {
        self.change(|keys| {
            let was_there = keys.remove(name).is_some();
            (was_there, was_there)
        })
    }

    /// Reads, changes and, if told so, writes, while nobody else does.
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<KeyName, Stored>) -> (T, bool)) -> Result<T, KeyError> {
        let _lock = self.locked().map_err(|error| self.cannot_write(&error))?;
        let mut keys = self.list()?;
        let (result, is_changed) = change(&mut keys);
        if is_changed {
            let mut bytes = serde_json::to_vec_pretty(&Document { version: VERSION, keys })
                .map_err(|error| self.cannot_write(&error.into()))?;
            bytes.push(b'\n');
            paths::write_atomic(&self.file, &bytes).map_err(|error| self.cannot_write(&error))?;
        }
        Ok(result)
    }

    /// Waits for the lock; it ends with the file's handle.
    fn locked(&self) -> std::io::Result<File> {
        paths::create_private_dir(self.lock.parent().unwrap_or(Path::new(".")))?;
        let file = paths::open_private(&self.lock)?;
        file.lock()?;
        Ok(file)
    }

    fn cannot_read(&self, error: &ReadError) -> KeyError {
        let what = format!("cannot read the store of keys: {error}");
        let path = shell_words::quote(&self.file.to_string_lossy()).into_owned();
        match error {
            ReadError::Exposed(_) => KeyError::new(
                Exit::Denied,
                what,
                format!("run `chmod 600 {path}`, and change the keys if others use this machine"),
            ),
            ReadError::Foreign => KeyError::new(Exit::Denied, what, format!("see `ls -l {path}`")),
            ReadError::Absent | ReadError::Other(_) => KeyError::new(Exit::Io, what, format!("see `ls -l {path}`")),
        }
    }

    fn cannot_write(&self, error: &std::io::Error) -> KeyError {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let mend = format!("see `ls -ld {}`", shell_words::quote(&folder.to_string_lossy()));
        KeyError::new(Exit::CannotCreate, format!("cannot change the store of keys: {error}"), mend)
    }
}

fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn take<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

#[cfg(all(test, unix))]
#[path = "store_tests.rs"]
mod tests;
