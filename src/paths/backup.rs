//! Copies of files beside them, before they change.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{naming, sync_folder, write_atomic};

/// Ends the name of every copy.
const END: &str = ".bak";

/// Copies a file to `<name>.<stamp>.bak` beside it, private as all that mcr writes; tells the copy's path.
///
/// # Errors
/// Fails when the file cannot be read or the copy not be written.
pub fn back_up(file: &Path, stamp: &str) -> io::Result<PathBuf> {
    let bytes = fs::read(file).map_err(|error| naming("read", file, &error))?;
    let copy = beside(file, stamp);
    write_atomic(&copy, &bytes)?;
    Ok(copy)
}

/// Takes all but the newest copies away whose stamp begins with a digit, as a date does.
///
/// # Errors
/// Fails when the folder cannot be read or a copy not be taken away.
pub fn keep_newest(file: &Path, count: usize) -> io::Result<()> {
    let folder = folder_of(file);
    let begin = format!("{}.", file.file_name().unwrap_or_default().to_string_lossy());
    let mut copies = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| naming("read", folder, &error))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let stamp = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(END));
        if stamp.is_some_and(|stamp| stamp.starts_with(|c: char| c.is_ascii_digit())) {
            copies.push(name);
        }
    }
    copies.sort_unstable();
    copies.truncate(copies.len().saturating_sub(count));
    for name in copies {
        let copy = folder.join(name);
        fs::remove_file(&copy).map_err(|error| naming("take away", &copy, &error))?;
    }
    Ok(())
}

/// Gives a folder the name `<name>.<stamp>.bak`; tells it.
///
/// # Errors
/// Fails when there is something of that name, and when renaming does.
pub fn put_aside(folder: &Path, stamp: &str) -> io::Result<PathBuf> {
    let aside = beside(folder, stamp);
    let rename = || {
        if fs::symlink_metadata(&aside).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        fs::rename(folder, &aside)?;
        sync_folder(folder_of(folder))
    };
    rename().map_err(|error| naming("put aside", folder, &error))?;
    Ok(aside)
}

/// Undoes [`put_aside`].
///
/// # Errors
/// Fails when renaming does.
pub fn put_back(aside: &Path, folder: &Path) -> io::Result<()> {
    fs::rename(aside, folder).map_err(|error| naming("put back", folder, &error))
}

/// The folder that something lies in; a bare name lies in the current one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, stamp: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}.{stamp}{END}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_copies_stay_and_so_does_what_is_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(&file, "x").unwrap();
        fs::write(folder.path().join("other.json.2026-01-01.bak"), "").unwrap();
        for stamp in ["2026-01-03", "2026-01-01", "2026-01-02", "before-import.2025"] {
            assert_eq!(fs::read(back_up(&file, stamp).unwrap()).unwrap(), b"x");
        }
        keep_newest(&file, 2).unwrap();
        assert_eq!(
            names(folder.path()),
            [
                "config.json",
                "config.json.2026-01-02.bak",
                "config.json.2026-01-03.bak",
                "config.json.before-import.2025.bak",
                "other.json.2026-01-01.bak",
            ]
        );
    }

    #[test]
    fn a_folder_is_put_aside_and_back() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("p");
        fs::create_dir(&folder).unwrap();
        let aside = put_aside(&folder, "now").unwrap();
        assert_eq!(names(home.path()), ["p.now.bak"]);
        fs::create_dir(&folder).unwrap();
        assert_eq!(put_aside(&folder, "now").unwrap_err().kind(), ErrorKind::AlreadyExists);
        fs::remove_dir(&folder).unwrap();
        put_back(&aside, &folder).unwrap();
        assert_eq!(names(home.path()), ["p"]);
    }
}
