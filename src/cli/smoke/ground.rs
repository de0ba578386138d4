//! The folder in which a smoke test happens, and that is gone when it went well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

/// A folder of its owner's, with a folder for everything that mcr and the agent write.
#[derive(Debug)]
pub(super) struct Ground {
    folder: TempDir,
    /// Where the task is done, by its true path.
    pub(super) work: PathBuf,
    /// The agent's home.
    pub(super) home: PathBuf,
    /// The agent's temporary files.
    pub(super) temporary: PathBuf,
    /// mcr's log.
    pub(super) logs: PathBuf,
    /// mcr's settings file for the agent.
    pub(super) runtime: PathBuf,
    /// Every body, as `--trace-bodies` writes it.
    pub(super) bodies: PathBuf,
}

impl Ground {
    /// Makes the folder.
    pub(super) fn make() -> io::Result<Self> {
        // 0700 is tempfile's way.
        let folder = tempfile::Builder::new().prefix("mcr-smoke-").tempdir()?;
        let root = folder.path().canonicalize()?;
        let [work, home, temporary, logs, runtime, bodies] =
            ["work", "home", "tmp", "logs", "run", "bodies.jsonl"].map(|name| root.join(name));
        for made in [&work, &home, &temporary] {
            fs::create_dir(made)?;
        }
        Ok(Self { folder, work, home, temporary, logs, runtime, bodies })
    }

    /// Makes another home for the agent, in which it has no question before the first prompt: as after a first run, the
    /// theme is chosen and the folder trusted.
    pub(super) fn known_home(&self) -> io::Result<PathBuf> {
        let known = json!({
            "hasCompletedOnboarding": true,
            "lastOnboardingVersion": "99.0.0",
            "theme": "dark",
            "projects": {self.work.to_string_lossy(): {"hasTrustDialogAccepted": true}},
        });
        let home = self.path("home-at-terminal");
        fs::create_dir(&home)?;
        fs::write(home.join(".claude.json"), known.to_string())?;
        Ok(home)
    }

    /// A file directly in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of such a file; nothing when it is not there.
    pub(super) fn read(&self, name: &str) -> String {
        text(&self.path(name))
    }

    /// Leaves everything where it is and says where.
    pub(super) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// A file's text, as far as it is text.
pub(super) fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
