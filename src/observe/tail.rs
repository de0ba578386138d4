//! What others write into the ledger, read on from where it was read to.
//!
//! A look is one `stat` for each month that counts, of which there are two at most.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use super::ledger::Entry;

/// The end of the ledger, as one reader knows it.
#[derive(Debug)]
pub struct Tail {
    folder: PathBuf,
    /// Whose entries are known already.
    own: String,
    /// How far each month's file was read.
    read: BTreeMap<String, u64>,
}

impl Tail {
    /// Begins at the beginning, and leaves out what `own` has written.
    pub fn new(folder: PathBuf, own: String) -> Self {
        Self { folder, own, read: BTreeMap::new() }
    }

    /// Returns what was added to the files of these months, `YYYY-MM`, since the last time; a line that cannot be read is none.
    pub fn read(&mut self, months: &[String]) -> Vec<Entry> {
        let mut entries = Vec::new();
        for month in months {
            let path = self.folder.join(format!("{month}.jsonl"));
            // A file that is not there holds nothing, and one that cannot be looked at is looked at the next time.
            let Ok(length) = fs::metadata(&path).map(|facts| facts.len()) else { continue };
            let from = self.read.entry(month.clone()).or_default();
            if length < *from {
                // Somebody made it shorter: what was spent remains spent.
                *from = length;
            }
            if length == *from {
                continue;
            }
            match whole_lines(&path, *from) {
                Ok(bytes) => {
                    *from += bytes.len() as u64;
                    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                    let read = lines.filter_map(|line| serde_json::from_slice::<Entry>(line).ok());
                    entries.extend(read.filter(|entry| entry.writer != self.own));
                }
                Err(error) => tracing::warn!(%error, "cannot read what was used"),
            }
        }
        entries
    }
}

/// The rest of a file up to its last line's end: the line behind it is being written.
fn whole_lines(path: &std::path::Path, from: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::observe::ledger::Ledger;
    use crate::paths;

    fn models(entries: Vec<Entry>) -> Vec<String> {
        entries.into_iter().map(|entry| entry.model).collect()
    }

    #[test]
    fn what_others_write_is_read_once_and_what_oneself_writes_never() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("usage");
        let (own, other) = (Ledger::new(folder.clone()), Ledger::new(folder.clone()));
        let months = [jiff::Timestamp::now().strftime("%Y-%m").to_string()];
        let mut tail = own.tail();
        assert_eq!(tail.read(&months), []);
        let entry = |model: &str| Entry { model: model.to_owned(), ..Entry::default() };
        own.write(entry("mine"));
        other.write(entry("theirs"));
        assert_eq!(models(tail.read(&months)), ["theirs"]);
        assert_eq!(tail.read(&months), []);
        let path = folder.join(format!("{}.jsonl", months[0]));
        let mut file = paths::append_private(&path).unwrap();
        file.write_all(b"{\"model\": \"ha").unwrap();
        assert_eq!(tail.read(&months), [], "half a line");
        file.write_all(b"lf\"}\nno JSON\n").unwrap();
        assert_eq!(models(tail.read(&months)), ["half"]);
        file.set_len(0).unwrap();
        assert_eq!(tail.read(&months), []);
        other.write(entry("again"));
        assert_eq!(models(tail.read(&months)), ["again"]);
    }
}
