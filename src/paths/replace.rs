//! A whole file in the place of another, and nothing left of it where a process ends half way.
//!
//! What is written first lies beside the file, under a name of its own, and is locked by whoever writes it. What is not
//! locked is nobody's any more: it may hold a key that has been replaced since, and goes with the next writing.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::{LINK, private, private_dir, sync_folder};

/// What the names of such files end with.
const ENDING: &str = ".mcr-new";
/// Letters and digits between the file's name and that.
const RANDOM: usize = 6;

pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The rename would replace the link, and whoever keeps the file elsewhere would lose it from there.
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other(LINK));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.exists() {
        private_dir(folder)?;
    }
    let beginning = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    sweep(folder, &beginning);
    let mut file = begin(folder, &beginning)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// Makes a locked file with a random name and mode 0600.
fn begin(folder: &Path, beginning: &str) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new().prefix(beginning).suffix(ENDING).rand_bytes(RANDOM).tempfile_in(folder)?;
        match file.as_file().try_lock() {
            Ok(()) if file.path().exists() => return Ok(file),
            // Whoever swept was here between the name and the lock.
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Where there are no locks, nobody sweeps.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Takes away what processes that have ended left of the same file.
fn sweep(folder: &Path, beginning: &str) {
    let is_left = |name: &OsStr| {
        let random = name.to_str().and_then(|name| name.strip_prefix(beginning)?.strip_suffix(ENDING));
        random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| is_left(&entry.file_name())) {
        let path = entry.path();
        // Held until it is gone: whoever has made it and not yet locked it looks whether it is there.
        if let Ok(file) = private(OpenOptions::new().read(true).write(true), &path)
            && file.try_lock().is_ok()
        {
            // Somebody else may have been quicker.
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_left_half_way_goes_and_what_another_is_writing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal.json");
        fs::write(folder.path().join(".seal.json.a1b2c3.mcr-new"), "an old seed").unwrap();
        fs::write(folder.path().join(".seal.json.mcr-new"), "").unwrap();
        let other = begin(folder.path(), ".seal.json.").unwrap();
        replace(&path, b"one").unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        let theirs = other.path().file_name().unwrap().to_str().unwrap();
        let mut expected = [".seal.json.mcr-new", theirs, "seal.json"];
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
