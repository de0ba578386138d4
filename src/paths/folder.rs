//! Whole folders of private files: put in place at once, or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use super::{LINK, naming, private, private_dir, sync_folder};

/// What becomes of a folder that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and putting another in its place fails.
    Keep,
    /// It goes, once the new one is whole.
    Replace,
}

/// Puts a folder with these files in place; their paths have `/` between their parts and stay inside.
///
/// The files are written to a folder beside it, which then takes the name.
///
/// # Errors
/// Fails when the folder is there and is to be kept, when it is a symbolic link, and when writing does.
pub fn place_folder<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    existing: Existing,
) -> io::Result<()> {
    place(folder, files, existing).map_err(|error| naming("make", folder, &error))
}

fn place<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
    existing: Existing,
) -> io::Result<()> {
    let there = fs::symlink_metadata(folder).ok();
    match (&there, existing) {
        (Some(there), _) if there.is_symlink() => {
            return Err(io::Error::other(LINK));
        }
        (Some(_), Existing::Keep) => return Err(io::ErrorKind::AlreadyExists.into()),
        (Some(_), Existing::Replace) | (None, _) => {}
    }
    let parent = folder.parent().ok_or_else(|| io::Error::other("there is no folder above it"))?;
    // One that is there may be anybody's working folder, whose mode is theirs to say.
    if !parent.exists() {
        private_dir(parent)?;
    }
    // Made exclusively with a random name and mode 0700; gone again when anything below fails.
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
    for (path, bytes) in files {
        let mut path_of_file = new.path().to_owned();
        path_of_file.extend(path.split('/'));
        if let Some(folder) = path_of_file.parent() {
            private_dir(folder)?;
        }
        let mut file = private(OpenOptions::new().write(true).create_new(true), &path_of_file)?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    sync_folder(new.path())?;
    if there.is_none() {
        fs::rename(new.path(), folder)?;
    } else {
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(parent)?;
        let aside = old.path().join("it");
        fs::rename(folder, &aside)?;
        if let Err(error) = fs::rename(new.path(), folder) {
            fs::rename(&aside, folder)?;
            return Err(error);
        }
    }
    // It has another name now, and dropping the guard would look for the first.
    let _ = new.keep();
    sync_folder(parent)
}

/// Takes a folder away with all that is in it; follows no symbolic link.
///
/// # Errors
/// Fails when it is not there or is no folder, and when taking it away does.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    let remove = || {
        if !fs::symlink_metadata(folder)?.is_dir() {
            return Err(io::Error::other("it is no folder"));
        }
        // Out of sight first: half a folder is never seen under the name.
        let parent = folder.parent().ok_or_else(|| io::Error::other("there is no folder above it"))?;
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(parent)?;
        fs::rename(folder, old.path().join("it"))?;
        old.close()?;
        sync_folder(parent)
    };
    remove().map_err(|error| naming("take away", folder, &error))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const ONE: [(&str, &[u8]); 2] = [("a.json", b"1"), ("sub/b.md", b"2")];
    const TWO: [(&str, &[u8]); 1] = [("a.json", b"3")];

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// What lies in a folder, by name.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_whole_private_and_alone() {
        let home = tempfile::tempdir().unwrap();
        let (parent, folder) = (home.path().join("presets"), home.path().join("presets/p"));
        place_folder(&folder, ONE, Existing::Keep).unwrap();
        assert_eq!(fs::read(folder.join("sub/b.md")).unwrap(), b"2");
        assert_eq!(
            [mode(&folder), mode(&folder.join("sub")), mode(&folder.join("a.json")), mode(&parent)],
            [0o700, 0o700, 0o600, 0o700]
        );
        assert_eq!(names(&parent), ["p"]);
    }

    #[test]
    fn one_that_is_there_is_kept_or_replaced_as_a_whole() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("p");
        place_folder(&folder, ONE, Existing::Keep).unwrap();
        assert_eq!(place_folder(&folder, TWO, Existing::Keep).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&folder), ["a.json", "sub"]);
        place_folder(&folder, TWO, Existing::Replace).unwrap();
        assert_eq!((names(&folder), names(home.path())), (vec!["a.json".to_owned()], vec!["p".to_owned()]));
    }

    #[test]
    fn when_the_new_one_fails_the_old_one_stays() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("p");
        place_folder(&folder, ONE, Existing::Keep).unwrap();
        let twice: [(&str, &[u8]); 2] = [("x", b"1"), ("x", b"2")];
        place_folder(&folder, twice, Existing::Replace).unwrap_err();
        assert_eq!(
            (names(&folder), names(home.path())),
            (vec!["a.json".to_owned(), "sub".to_owned()], vec!["p".to_owned()])
        );
    }

    #[test]
    fn no_link_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let (target, link) = (home.path().join("target"), home.path().join("link"));
        fs::create_dir(&target).unwrap();
        fs::write(target.join("kept"), "").unwrap();
        symlink(&target, &link).unwrap();
        place_folder(&link, TWO, Existing::Replace).unwrap_err();
        remove_folder(&link).unwrap_err();
        assert_eq!(names(&target), ["kept"]);
    }

    #[test]
    fn a_folder_is_taken_away_with_all_that_is_in_it() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("p");
        place_folder(&folder, ONE, Existing::Keep).unwrap();
        remove_folder(&folder).unwrap();
        assert_eq!(names(home.path()), Vec::<String>::new());
        assert_eq!(remove_folder(&folder).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
