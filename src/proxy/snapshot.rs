//! What one request sees of the configuration, and how a new one takes its place.
//!
//! A request takes the snapshot on entry and never looks again. A file that changed
//! is read, checked, and only then swapped in; a bad one keeps the old configuration
//! and says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;

use crate::config::{Config, Origin};
use crate::error::{Exit, Failure};

/// How often the file is looked at; a look is one `stat`.
const LOOK: Duration = Duration::from_millis(500);

/// One configuration, and what it names that had to be read.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration.
    pub config: Config,
    /// The text of `REWRITE_SYSTEM_PROMPT`.
    pub system_head: Option<String>,
}

/// Reads the configuration anew.
pub type Load = Box<dyn Fn() -> Result<Config, Failure> + Send + Sync>;

impl Snapshot {
    /// Takes a configuration and reads what it names.
    pub fn new(config: Config) -> Result<Self, Failure> {
        let system_head = match &config.rewrite_system_prompt {
            None => None,
            Some(path) => Some(fs::read_to_string(path).map_err(|error| {
                let what =
                    format!("cannot read the system prompt named by `REWRITE_SYSTEM_PROMPT`: {}", path.display());
                Failure::new(Exit::NoInput, anyhow::Error::new(error).context(what))
            })?),
        };
        Ok(Self { config, system_head })
    }
}

/// Watches the configuration's file, and swaps a good one in; ends never.
///
/// Looks at the file for the first time at the call and not when the future is first
/// polled: what is edited once the proxy is said to be ready counts as an edit.
pub fn watch(current: Arc<ArcSwap<Snapshot>>, load: Load) -> impl Future<Output = ()> + Send {
    let path = match &current.load().config.origin {
        Origin::File(path) => Some(path.clone()),
        Origin::BuiltIn => None,
    };
    let seen = path.as_deref().map(|path| stamps(path, &current.load()));
    async move {
        let (Some(path), Some(mut seen)) = (path, seen) else { return };
        loop {
            tokio::time::sleep(LOOK).await;
            let now = stamps(&path, &current.load());
            if now == seen {
                continue;
            }
            seen = now;
            match load().and_then(Snapshot::new) {
                Ok(snapshot) => {
                    current.store(Arc::new(snapshot));
                    tracing::info!("configuration reloaded");
                }
                Err(failure) => {
                    tracing::error!(%failure, "configuration not reloaded; the one before stays in use");
                }
            }
        }
    }
}

/// What tells one state of the files from another; an editor that writes in place changes the time or the size.
fn stamps(path: &Path, snapshot: &Snapshot) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |path: &PathBuf| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    [&path.to_owned()].into_iter().chain(&snapshot.config.rewrite_system_prompt).map(stamp).collect()
}
