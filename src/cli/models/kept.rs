//! What providers said of their models when they were asked last: `models.json` below the state folder.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cli::preset::discover::{Reported, is_word};
use crate::config::Provider;
use crate::error::{Exit, Failure};
use crate::paths::{self, Paths};
use crate::ui;

/// The form of the file; another is not read.
const VERSION: u32 = 1;

/// Answers by provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    version: u32,
    providers: BTreeMap<String, Answer>,
}

/// What one provider said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// Where it was asked; the answer of another place says nothing.
    endpoint: String,
    /// When, as `2026-11-22T10:00:00Z`.
    pub(super) asked: String,
    /// What it has.
    pub(super) models: Vec<Reported>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { version: VERSION, providers: BTreeMap::new() }
    }
}

impl Kept {
    /// Puts an answer in the place of the last one.
    pub(super) fn put(&mut self, provider: &Provider, now: &str, models: Vec<Reported>) {
        let answer = Answer { endpoint: endpoint(provider), asked: now.to_owned(), models };
        self.providers.insert(provider.name.to_lowercase(), answer);
    }

    /// What a provider said, where it still is where it was.
    pub(super) fn of(&self, provider: &Provider) -> Option<&Answer> {
        self.providers.get(&provider.name.to_lowercase()).filter(|answer| answer.endpoint == endpoint(provider))
    }

    /// Leaves out what no terminal should be shown, whoever wrote it.
    fn cleaned(mut self) -> Self {
        let fits = |word: &Option<String>| word.as_deref().is_none_or(is_word);
        for answer in self.providers.values_mut() {
            answer.models.retain(|it| is_word(&it.id) && fits(&it.retires) && fits(&it.replacement));
        }
        self.providers.retain(|_, answer| is_word(&answer.asked));
        self
    }
}

/// Where a provider is asked, without what may be a secret in its address.
fn endpoint(provider: &Provider) -> String {
    let uri = provider.connection.as_ref().ok().map(|connection| &connection.endpoint);
    uri.map(|uri| format!("{}{}", uri.authority().map_or("", |it| it.as_str()), uri.path())).unwrap_or_default()
}

fn file(paths: &Paths) -> PathBuf {
    paths.state.join("models.json")
}

/// Reads what is there; a file that cannot be read is said, and counts as none.
pub(super) fn read(paths: &Paths) -> Kept {
    let file = file(paths);
    let text = match paths::read_private(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Kept::default(),
        Err(error) => {
            ui::say(format_args!("warning: {error}"));
            return Kept::default();
        }
    };
    match serde_json::from_str::<Kept>(&text) {
        Ok(kept) if kept.version == VERSION => kept.cleaned(),
        Ok(_) | Err(_) => {
            ui::say(format_args!(
                "warning: what providers said before cannot be read; `mcr models --refresh` asks again: {}",
                file.display()
            ));
            Kept::default()
        }
    }
}

/// Writes it, for its owner only.
pub(super) fn write(kept: &Kept, paths: &Paths) -> Result<(), Failure> {
    let io = |error: std::io::Error| Failure::new(Exit::Io, error);
    paths::private_dir(&paths.state).map_err(io)?;
    let text = serde_json::to_string(kept).map_err(|error| Failure::new(Exit::Software, error))?;
    paths::write_atomic(&file(paths), text.as_bytes()).map_err(io)
}
