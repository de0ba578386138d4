//! The log's files, one for each process: `mcr-`, when it began, its number, `.log`.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

/// Files that are kept, the new one among them; those that are still written come on top.
pub(super) const KEPT: usize = 20;

/// The name of a process's file; `time` has fourteen digits.
pub(super) fn name(time: &str, process: u32) -> String {
    format!("mcr-{time}-{process}.log")
}

/// Finds the newest file of a folder, of one process or of any.
pub fn newest(folder: &Path, process: Option<u32>) -> Option<PathBuf> {
    let ending = process.map(|process| format!("-{process}.log"));
    let names = ours(folder).into_iter();
    // The time stands in front, so the names sort by it.
    names
        .filter(|name| ending.as_deref().is_none_or(|ending| name.ends_with(ending)))
        .max()
        .map(|name| folder.join(name))
}

/// Keeps the newest, and what another process still writes; a file that cannot be removed is left for next time.
pub(super) fn remove_old(folder: &Path) {
    let mut ours = ours(folder);
    ours.sort_unstable();
    let surplus = ours.len().saturating_sub(KEPT);
    for name in &ours[..surplus] {
        let path = folder.join(name);
        let is_written = OpenOptions::new()
            .write(true)
            .open(&path)
            .is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)));
        if !is_written {
            let _ = fs::remove_file(path);
        }
    }
}

/// The names of log files in a folder; none where it cannot be read.
fn ours(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_ours(name)).collect()
}

/// Whether a file name is `mcr-`, fourteen digits, a process id, `.log`.
fn is_ours(name: &str) -> bool {
    let middle = name.strip_prefix("mcr-").and_then(|rest| rest.strip_suffix(".log"));
    let parts = middle.and_then(|middle| middle.split_once('-'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    parts.is_some_and(|(time, process)| time.len() == 14 && is_number(time) && is_number(process))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_file_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mcr-20260101000000-7.log", "mcr-20260102000000-8.log", "mcr-notes.log", "other"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let newest = |process| newest(folder.path(), process).map(|path| path.file_name().unwrap().to_owned());
        assert_eq!(newest(None).unwrap(), "mcr-20260102000000-8.log");
        assert_eq!(newest(Some(7)).unwrap(), "mcr-20260101000000-7.log");
        assert_eq!(newest(Some(9)), None);
    }
}
