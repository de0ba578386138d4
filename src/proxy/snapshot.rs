//! What one request sees of the configuration, and how a new one takes its place.
//!
//! A request takes the snapshot on entry and never looks again. A file that changed
//! is read, checked, and only then swapped in; a bad one, or one that is gone, keeps
//! the old configuration and says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::config::{Config, Look, Reading, Severity, StartOnly};
use crate::egress::Egress;
use crate::error::Failure;

/// How often the files are looked at; a look is one `stat` each.
const PAUSE: Duration = Duration::from_millis(500);

/// One configuration, and the door out that it asks for.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration.
    pub config: Config,
    /// Knows the configuration's proxy and its `connect` clock.
    pub egress: Egress,
}

/// Reads a configuration.
pub type Read = Box<dyn Fn(&Path) -> Reading + Send + Sync>;
/// Opens the door out that a configuration asks for.
pub type Open = Box<dyn Fn(&Config) -> Result<Egress, Failure> + Send + Sync>;

/// How another configuration takes the place of the one in use.
pub struct Reload {
    /// The file it is read from; it may come later, where the built-in configuration is in use.
    pub file: PathBuf,
    /// Reads exactly that file.
    pub read: Read,
    /// Opens another door out.
    pub open: Open,
    /// Keys that an edit changes for the next start only.
    pub start_only: &'static [StartOnly],
}

/// Watches the configuration's file, and swaps a good one in; ends never.
///
/// Looks at the files for the first time at the call and not when the future is first
/// polled: what is edited once the proxy is said to be ready counts as an edit.
pub fn watch(current: Arc<ArcSwap<Snapshot>>, reload: Reload) -> impl Future<Output = ()> + Send {
    let prompt = current.load().config.rewrite_system_prompt.clone();
    let mut looks: Vec<Look> = [&reload.file].into_iter().chain(&prompt).map(|path| Look::at(path)).collect();
    async move {
        loop {
            tokio::time::sleep(PAUSE).await;
            if !looks.iter().any(Look::is_stale) {
                continue;
            }
            let before = current.load_full();
            let reading = (reload.read)(&reload.file);
            // Those of a bad configuration too: what mends it may be a file that it names.
            looks = reading.looks;
            match reading.config.and_then(|config| successor(&before, config, &reload)) {
                Ok(snapshot) => {
                    let snapshot = Arc::new(snapshot);
                    current.store(Arc::clone(&snapshot));
                    tracing::info!("configuration reloaded");
                    tell(&before.config, &snapshot.config, reload.start_only);
                }
                Err(failure) => {
                    tracing::error!(%failure, "configuration not reloaded; the one before stays in use");
                }
            }
        }
    }
}

/// Takes the open door over where that will do, since its connections are warm.
fn successor(before: &Snapshot, config: Config, reload: &Reload) -> Result<Snapshot, Failure> {
    let door = |config: &Config| (config.proxy_url.clone(), config.clocks.connect());
    let egress = if door(&before.config) == door(&config) { before.egress.clone() } else { (reload.open)(&config)? };
    Ok(Snapshot { config, egress })
}

/// Says what the edit does not change, and what is odd in it.
fn tell(old: &Config, new: &Config, start_only: &[StartOnly]) {
    let keys = StartOnly::changed(start_only, old, new).join(", ");
    if !keys.is_empty() {
        tracing::warn!(%keys, "part of the configuration takes effect at the next start");
    }
    for problem in new.warnings.iter().chain(&new.unset) {
        match problem.severity {
            Severity::Error => tracing::error!(%problem, "problem in the configuration"),
            Severity::Warning => tracing::warn!(%problem, "problem in the configuration"),
        }
    }
}
