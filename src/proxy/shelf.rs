//! The presets that the service offers: each is opened when somebody first asks for it, and watched from then on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;

use super::snapshot::{Current, Reload, Snapshot, in_force, note_problems, watch};
use crate::audit::Audit;
use crate::error::Failure;
use crate::wire::error::{ApiError, ErrorKind};

/// Below it stands a preset's name, and below that what stands at the root for the configuration.
pub const PRESET: &str = "/preset/";

/// A preset that was opened, and how it is read anew.
pub type Open = Result<(Snapshot, Reload), Failure>;

/// Where presets come from.
pub struct Source {
    /// The names of those that are installed.
    pub names: Box<dyn Fn() -> Vec<String> + Send + Sync>,
    /// Whether one of that name is installed; asked at every request, so that one that is deleted is gone.
    pub has: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// Opens an installed one.
    pub open: Box<dyn Fn(&str) -> Open + Send + Sync>,
}

/// Those that were asked for.
pub struct Shelf {
    source: Arc<Source>,
    opened: Mutex<BTreeMap<String, Opened>>,
    /// Held while one is opened, so that nobody opens it twice.
    opening: tokio::sync::Mutex<()>,
}

struct Opened {
    current: Arc<Current>,
    watched: JoinHandle<()>,
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.watched.abort();
    }
}

impl Shelf {
    /// Opens nothing yet.
    pub fn new(source: Source) -> Self {
        Self { source: Arc::new(source), opened: Mutex::default(), opening: tokio::sync::Mutex::default() }
    }

    /// Returns a preset's configuration as it is now.
    ///
    /// # Errors
    /// Tells the agent that the preset is not there or cannot be used; why is for the log, for it has paths.
    pub async fn get(&self, name: &str, audit: &Audit) -> Result<Arc<Snapshot>, ApiError> {
        if !(self.source.has)(name) {
            self.lock().remove(name);
            let what = format!("mcr: there is no preset `{}`; run `mcr preset list`", printable(name));
            return Err(ApiError::last(404, ErrorKind::NotFoundError, what));
        }
        if let Some(current) = self.opened(name) {
            return Ok(current.load());
        }
        let _opening = self.opening.lock().await;
        if let Some(current) = self.opened(name) {
            return Ok(current.load());
        }
        let (source, wanted) = (Arc::clone(&self.source), name.to_owned());
        // It reads files, and may look for a proxy's name.
        let opened = tokio::task::spawn_blocking(move || (source.open)(&wanted)).await;
        let failure = match opened {
            Ok(Ok((snapshot, reload))) => {
                let snapshot = snapshot.of_preset(Some(name.into()));
                audit.note(in_force(&snapshot, "opened"));
                let current = Arc::new(Current::new(snapshot, audit.clone()));
                let watched = tokio::spawn(watch(Arc::clone(&current), reload));
                self.lock().insert(name.to_owned(), Opened { current: Arc::clone(&current), watched });
                tracing::info!(preset = name, "preset opened");
                let snapshot = current.load();
                note_problems(&snapshot.config);
                return Ok(snapshot);
            }
            Ok(Err(failure)) => failure.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(preset = name, %failure, "preset not opened");
        let what = format!("mcr: preset `{name}` cannot be used; run `mcr {name}` in a terminal to see why");
        Err(ApiError::last(500, ErrorKind::ApiError, what))
    }

    /// All installed presets, with the configuration of those that were asked for.
    pub fn list(&self) -> Vec<(String, Option<Arc<Current>>)> {
        (self.source.names)().into_iter().map(|name| (name.clone(), self.opened(&name))).collect()
    }

    fn opened(&self, name: &str) -> Option<Arc<Current>> {
        self.lock().get(name).map(|opened| Arc::clone(&opened.current))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name out of a path, short and without what a terminal would act on.
fn printable(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(64).collect()
}

/// Splits a path into a preset's name and the path below it; nothing where it is no preset's.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(PRESET)?;
    Some(match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presets_path_is_the_one_below_its_name() {
        assert_eq!(split("/preset/local/v1/messages"), Some(("local", "/v1/messages")));
        assert_eq!(split("/preset/local/"), Some(("local", "/")));
        assert_eq!(split("/preset/local"), Some(("local", "/")));
        assert_eq!(split("/v1/messages"), None);
        assert_eq!(split("/presets/x"), None);
    }
}
