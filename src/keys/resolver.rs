//! From what the configuration says of a key to the key.

use std::{
    collections::HashMap,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::OnceCell, time::Instant};

use super::closed_file::{self, ReadError};
use super::{KeyError, Store, command};
use crate::{
    config::{Host, KeyName, Place, Reference, Secret, SecretRef},
    error::Exit,
    paths::Paths,
};

/// How long a program's answer stays though it was refused.
const PROGRAM: Duration = Duration::from_secs(30);

/// Finds keys when they are needed, and remembers them; one for the life of a process.
#[derive(Debug)]
pub struct Resolver {
    store: Store,
    /// The home folder, for `file:~/…`.
    home: Option<PathBuf>,
    environment: fn(&str) -> Option<String>,
    /// What was found, with the host that it was asked for.
    found: Mutex<HashMap<(Reference, Host), Arc<Secret>>>,
    /// What programs answered, errors too, and when they were asked: a program runs once while its key is good.
    answers: Mutex<HashMap<Reference, Asked>>,
}

/// When a program was asked, and what it answers.
type Asked = (Instant, Arc<OnceCell<Answer>>);

type Answer = Result<Arc<Secret>, KeyError>;

/// A key as long as it is needed.
#[derive(Debug)]
pub enum Key<'a> {
    /// It is written in the configuration.
    Written(&'a Secret),
    /// It was found elsewhere.
    Found(Arc<Secret>),
}

impl Deref for Key<'_> {
    type Target = Secret;

    fn deref(&self) -> &Secret {
        match self {
            Self::Written(secret) => secret,
            Self::Found(secret) => secret,
        }
    }
}

impl Resolver {
    /// Makes one for an installation; looks for nothing yet.
    pub fn new(paths: &Paths, environment: fn(&str) -> Option<String>) -> Self {
        Self {
            store: Store::open(paths),
            home: directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned()),
            environment,
            found: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    /// Returns the key for a host; needs a runtime where the key is a program's to say.
    ///
    /// # Errors
    /// Fails with words for the person when there is no key, and when it is bound to other hosts.
    pub async fn resolve<'k>(&self, key: &'k SecretRef, host: &str) -> Result<Key<'k>, KeyError> {
        let reference = match key {
            SecretRef::Value(secret) => return Ok(Key::Written(secret)),
            SecretRef::Elsewhere(reference) => reference,
        };
        let asked = (reference.clone(), Host::of_url(host));
        if let Some(secret) = lock(&self.found).get(&asked) {
            return Ok(Key::Found(Arc::clone(secret)));
        }
        let secret = match reference.place() {
            Place::Variable(name) => Arc::new(self.variable(name)?),
            Place::File(path) => Arc::new(file(reference, path)?),
            Place::HomeFile(path) => {
                let home = self.home.as_ref().ok_or_else(|| {
                    let what = format!("`{reference}` is below the home folder, and there is none");
                    KeyError::new(Exit::Config, what, "name the file by its whole path")
                })?;
                Arc::new(file(reference, &home.join(path))?)
            }
            Place::Command { words, folder } => self.answer(reference, words, folder).await?,
            Place::Stored(name) => Arc::new(self.stored(name, &asked.1)?),
        };
        lock(&self.found).insert(asked, Arc::clone(&secret));
        Ok(Key::Found(secret))
    }

    /// Looks anew the next time: an upstream has refused the key, and the person will put another in its place.
    ///
    /// A program's answer stays for half a minute: it may want the person to touch something, and each time again.
    pub fn forget(&self, key: &SecretRef, host: &str) {
        if let SecretRef::Elsewhere(reference) = key {
            lock(&self.found).remove(&(reference.clone(), Host::of_url(host)));
            lock(&self.answers).retain(|other, (asked, _)| other != reference || asked.elapsed() < PROGRAM);
        }
    }

    fn variable(&self, name: &str) -> Result<Secret, KeyError> {
        let value = (self.environment)(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            let what = format!("environment variable `{name}` is unset or empty");
            KeyError::new(Exit::Config, what, format!("run `export {name}=...` and start again"))
        })?;
        Secret::key(value).map_err(|error| {
            let what = format!("environment variable `{name}` holds no key: {error}");
            KeyError::new(Exit::Config, what, format!("run `export {name}=...` and start again"))
        })
    }

    fn stored(&self, name: &KeyName, host: &Host) -> Result<Secret, KeyError> {
        let Some(stored) = self.store.get(name)? else {
            let what = format!("there is no key `{name}` in the store");
            return Err(KeyError::new(Exit::Config, what, format!("run `mcr key set {name} --host {host}`")));
        };
        stored.key_for(host).cloned().ok_or_else(|| {
            let hosts: Vec<&str> = stored.hosts.iter().map(Host::as_str).collect();
            let bound = if hosts.is_empty() { "no host".to_owned() } else { hosts.join(", ") };
            let what = format!("key `{name}` is bound to {bound}, and was not sent to {host}");
            let all = [hosts, vec![host.as_str()]].concat().join(" --host ");
            KeyError::new(Exit::Denied, what, format!("if it belongs there too, run `mcr key set {name} --host {all}`"))
        })
    }

    /// What a program answers; it runs to its end even when whoever asked goes away.
    async fn answer(&self, reference: &Reference, words: &[String], folder: &Path) -> Answer {
        let fresh = || (Instant::now(), Arc::default());
        let cell = Arc::clone(&lock(&self.answers).entry(reference.clone()).or_insert_with(fresh).1);
        if let Some(answer) = cell.get() {
            return answer.clone();
        }
        let (words, folder, written) = (words.to_vec(), folder.to_owned(), reference.to_string());
        let asking = tokio::spawn(async move {
            let ask = || async { command::run(&words, &folder, &written).await.map(Arc::new) };
            cell.get_or_init(ask).await.clone()
        });
        asking.await.unwrap_or_else(|error| {
            let what = format!("`{reference}` was not asked: {error}");
            Err(KeyError::new(Exit::Software, what, "report it"))
        })
    }
}

fn file(reference: &Reference, path: &Path) -> Result<Secret, KeyError> {
    let shown = shell_words::quote(&path.to_string_lossy()).into_owned();
    let put = format!("run `install -m 600 /dev/stdin {shown}`, type the key and end with Ctrl-D");
    let bytes = closed_file::read_secret(path).map_err(|error| {
        let what = format!("cannot read `{reference}`: {error}");
        match error {
            ReadError::Absent => KeyError::new(Exit::NoInput, what, put.clone()),
            ReadError::Exposed(_) => KeyError::new(Exit::Denied, what, format!("run `chmod 600 {shown}`")),
            ReadError::Foreign => KeyError::new(Exit::Denied, what, format!("see `ls -lL {shown}`")),
            ReadError::Other(_) => KeyError::new(Exit::Io, what, format!("see `ls -lL {shown}`")),
        }
    })?;
    let no_key = |why: &dyn std::fmt::Display| {
        KeyError::new(Exit::Data, format!("`{reference}` holds no key: {why}"), put.clone())
    };
    let text = String::from_utf8(bytes).map_err(|_| no_key(&"it is no text"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Secret::key(line.strip_suffix('\r').unwrap_or(line).to_owned()).map_err(|error| no_key(&error))
}

/// A thread that panicked has left a whole map behind: nothing is done to it in parts.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
#[path = "resolver_tests.rs"]
mod tests;
