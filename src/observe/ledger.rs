//! What every request has used, a line each, kept for `mcr usage`: numbers and names, nothing that anybody wrote.
//!
//! A file a month. Lines are appended whole, so that several sessions may write at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::tail::Tail;
use crate::paths;

/// What one request has used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// When it ended, as RFC 3339 has it.
    pub time: String,
    /// The agent's session, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The provider, as configured.
    pub provider: String,
    /// The model that was asked.
    pub model: String,
    /// The host that was spoken to; empty where nobody was reached.
    pub host: String,
    /// The whole prompt in tokens, what was cached included.
    pub input: u64,
    /// The part of it that the provider had cached.
    pub cached: u64,
    /// The answer in tokens; 0 where nobody counted.
    pub output: u64,
    /// What it cost at the provider's price, in US dollars; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The same in euros, where the price is in euros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_eur: Option<f64>,
    /// What budgets count over the cost: what attempts were thought to cost of which nobody said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_usd: Option<f64>,
    /// The same in euros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_eur: Option<f64>,
    /// Which process wrote this.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub writer: String,
    /// Whether it ended in an error.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// Where the lines go.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    /// Tells what this process writes from what others do.
    writer: String,
    /// The file of the month that was written last.
    open: Mutex<Option<(String, File)>>,
}

impl Ledger {
    /// Names the folder; makes nothing before the first line.
    pub fn new(folder: PathBuf) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let (process, now) = (std::process::id(), Timestamp::now().as_microsecond());
        let writer = format!("{process:x}-{now:x}-{:x}", MADE.fetch_add(1, Ordering::Relaxed));
        Self { folder, writer, open: Mutex::default() }
    }

    /// What others write, from the beginning.
    pub fn tail(&self) -> Tail {
        Tail::new(self.folder.clone(), self.writer.clone())
    }

    /// Appends what a request has used, with the time; what cannot be written is logged and stops nothing.
    pub fn write(&self, entry: Entry) {
        let now = Timestamp::now();
        if let Err(error) = self.append(&Entry { time: now.to_string(), writer: self.writer.clone(), ..entry }, now) {
            tracing::warn!(%error, "cannot note what was used");
        }
    }

    fn append(&self, entry: &Entry, now: Timestamp) -> io::Result<()> {
        let mut line = serde_json::to_string(entry)?;
        line.push('\n');
        let month = now.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|(of, _)| *of != month) {
            paths::private_dir(&self.folder)?;
            let file = paths::append_private(&self.folder.join(format!("{month}.jsonl")))?;
            *open = Some((month, file));
        }
        let Some((_, file)) = open.as_mut() else { return Ok(()) };
        file.write_all(line.as_bytes())
    }
}

/// Reads all that was noted since a month, `YYYY-MM`, in the order of the files; lines that cannot be read are counted.
///
/// # Errors
/// Fails when a file cannot be read; a folder that is not there holds nothing.
pub fn read(folder: &Path, since: Option<&str>) -> io::Result<(Vec<Entry>, usize)> {
    let mut files = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        entries => entries?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?,
    };
    files.retain(|file| {
        let month = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        file.extension().is_some_and(|ending| ending == "jsonl") && since.is_none_or(|since| month >= since)
    });
    files.sort();
    let (mut entries, mut unread) = (Vec::new(), 0);
    for file in files {
        // A line that was cut by a full disk is no text, perhaps, and the others are.
        let bytes = fs::read(&file)?;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(entry) => entries.push(entry),
                Err(_) => unread += 1,
            }
        }
    }
    Ok((entries, unread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_again_and_a_cut_line_is_counted() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("usage");
        assert_eq!(read(&folder, None).unwrap(), (Vec::new(), 0));
        let ledger = Ledger::new(folder.clone());
        let entry = |model: &str| Entry { model: model.to_owned(), input: 7, cost_usd: Some(0.5), ..Entry::default() };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        ledger.append(&entry("a"), at("2026-10-31T23:59:59Z")).unwrap();
        ledger.append(&entry("b"), at("2026-11-01T00:00:00Z")).unwrap();
        let mut file = paths::append_private(&folder.join("2026-11.jsonl")).unwrap();
        file.write_all(b"{\"model\":\xff").unwrap();
        let models = |since| {
            let (entries, unread) = read(&folder, since).unwrap();
            (entries.into_iter().map(|entry| entry.model).collect::<Vec<_>>(), unread)
        };
        assert_eq!(models(None), (vec!["a".to_owned(), "b".to_owned()], 1));
        assert_eq!(models(Some("2026-11")), (vec!["b".to_owned()], 1));
    }
}
