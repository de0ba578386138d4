//! Where things live, and the only writer of files.
//!
//! What mcr writes is private: folders 0700, files 0600, and no symbolic link is
//! followed to what is written.

mod backup;
mod folder;
mod replace;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    env,
    error::{Exit, Failure},
};

/// Lies beside the configuration.
const ALLOWANCES: &str = "egress.json";
/// Why a link is not followed: whoever can write beside it chooses what is written to.
const LINK: &str = "it is a symbolic link; name what it points to";
const FOREIGN: &str = "it belongs to another user";
pub use backup::{back_up, keep_newest, put_aside, put_back};
pub use folder::{Existing, place_folder, remove_folder};

/// The places of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration, unless another file is named.
    pub config_file: PathBuf,
    /// Hosts that the user lets traffic go to.
    pub allowances: PathBuf,
    /// Installed presets, a folder each.
    pub presets: PathBuf,
    /// What outlives a run: tokens, audit, statistics.
    pub state: PathBuf,
    /// Log files.
    pub logs: PathBuf,
    /// What does not outlive a run: lock and port of the service.
    pub runtime: PathBuf,
}

impl Paths {
    /// Returns the places: below `MCR_HOME` when that is set, else where the platform keeps such things.
    ///
    /// # Errors
    /// Fails when the platform knows no home folder.
    pub fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        if let Some(home) = environment(env::MCR_HOME).filter(|home| !home.is_empty()) {
            let home = std::path::absolute(&home)
                .map_err(|error| Failure::new(Exit::Config, error).hint("set `MCR_HOME` to an absolute path"))?;
            return Ok(Self::below(&home));
        }
        let Some(folders) = directories::ProjectDirs::from("", "", "mcr") else {
            return Err(Failure::say(Exit::Config, "there is no home folder to keep the configuration in")
                .hint("set `MCR_HOME` to a folder of your own"));
        };
        let state = folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned();
        Ok(Self {
            config_file: folders.config_dir().join("config.json"),
            allowances: folders.config_dir().join(ALLOWANCES),
            presets: folders.config_dir().join("presets"),
            logs: state.join("logs"),
            runtime: folders.runtime_dir().map_or_else(|| state.join("run"), Path::to_owned),
            state,
        })
    }

    /// Returns the places below one folder.
    pub fn below(home: &Path) -> Self {
        Self {
            config_file: home.join("config.json"),
            allowances: home.join(ALLOWANCES),
            presets: home.join("presets"),
            state: home.join("state"),
            logs: home.join("logs"),
            runtime: home.join("run"),
        }
    }
}

/// Writes a whole file or leaves what was there: a private file beside it is filled, synced and renamed.
///
/// The folder is made when it is not there.
///
/// # Errors
/// Fails when the path is a symbolic link or a folder, and when writing does.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace::replace(path, bytes).map_err(|error| naming("write", path, &error))
}

/// Makes a folder that only its owner can enter, with the folders above it; one that is there is closed to others.
///
/// # Errors
/// Fails when the path is a symbolic link, is no folder or belongs to somebody else.
pub fn private_dir(path: &Path) -> io::Result<()> {
    make_private(path).map_err(|error| naming("make", path, &error))
}

fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let is_link = || fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    // A link that leads nowhere would be said to be there already.
    if is_link() {
        return Err(io::Error::other(LINK));
    }
    builder.create(path)?;
    if is_link() {
        return Err(io::Error::other(LINK));
    }
    close_folder(path)
}

/// Opens a private file to append to it, making it when it is not there; one that is there is closed to others.
///
/// # Errors
/// Fails when the path is a symbolic link, is no file or belongs to somebody else, and when opening does.
pub fn append_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create(true), path).map_err(|error| naming("write", path, &error))
}

/// Opens a private file to read, write or lock it, making it when it is not there; keeps what it holds.
///
/// # Errors
/// As [`append_private`].
pub fn open_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false), path)
        .map_err(|error| naming("open", path, &error))
}

/// Reads a private file, and closes it to others.
///
/// # Errors
/// As [`append_private`]; that it is not there is told by the error's kind.
pub fn read_private(path: &Path) -> io::Result<String> {
    let read = || {
        let mut text = String::new();
        private(OpenOptions::new().read(true), path)?.read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| naming("read", path, &error))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    // Opening a pipe would wait for its other end. The flags' bits fit: they are below the sign.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = options.mode(0o600).custom_flags(flags).open(path).map_err(|error| {
        let is_link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if is_link { io::Error::other(LINK) } else { error }
    })?;
    // The file that was opened is asked, not the path, which may lead elsewhere by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    close_to_others(&file, &metadata, 0o600)?;
    Ok(file)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// Refuses what is another user's, and takes every right of others away.
#[cfg(unix)]
fn close_to_others(file: &File, metadata: &fs::Metadata, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, FOREIGN));
    }
    if metadata.mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Opens the folder itself, so that nothing else is closed in its place.
#[cfg(unix)]
fn close_folder(path: &Path) -> io::Result<()> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    let flags = (OFlags::NOFOLLOW | OFlags::DIRECTORY).bits().cast_signed();
    let folder = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    close_to_others(&folder, &folder.metadata()?, 0o700)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
fn close_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The exit code of an error: 77 where a place is not mcr's to write to, else the one that is given.
pub fn exit(error: &io::Error, otherwise: Exit) -> Exit {
    let is_refused = error.kind() == io::ErrorKind::PermissionDenied || error.to_string().ends_with(LINK);
    if is_refused { Exit::Denied } else { otherwise }
}

/// Puts the path in front of an error, keeping its kind.
fn naming(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&folder.path().join("a"))), (0o600, 0o700, 0o700));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_readable_file_becomes_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_atomic(&path, b"x").unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        symlink(&target, &link).unwrap();
        let error = write_atomic(&link, b"x").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot write `{}`: it is a symbolic link; name what it points to", link.display())
        );
        append_private(&link).unwrap_err();
        open_private(&link).unwrap_err();
        assert!(!target.exists());
        fs::write(&target, "x").unwrap();
        let error = read_private(&link).unwrap_err();
        assert!(error.to_string().ends_with(": it is a symbolic link; name what it points to"), "{error}");
        fs::remove_file(&target).unwrap();
        for there in [false, true] {
            if there {
                fs::create_dir(&target).unwrap();
            }
            let error = private_dir(&link).unwrap_err();
            assert_eq!(exit(&error, Exit::Io), Exit::Denied, "{error}");
        }
    }

    #[test]
    fn a_folder_that_is_there_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        private_dir(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        private_dir(&file).unwrap_err();
    }

    #[test]
    fn a_file_that_is_there_is_closed_to_others_however_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open");
        let ways: [&dyn Fn(&Path); 3] =
            [&|path| drop(append_private(path).unwrap()), &|path| drop(open_private(path).unwrap()), &|path| {
                assert_eq!(read_private(path).unwrap(), "x");
            }];
        fs::write(&path, "x").unwrap();
        for way in ways {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            way(&path);
            assert_eq!(mode(&path), 0o600);
        }
    }

    #[test]
    fn what_is_no_file_is_neither_read_nor_written() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [folder.path(), &pipe] {
            read_private(path).unwrap_err();
            append_private(path).unwrap_err();
        }
        assert_eq!(read_private(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_belongs_to_another_user_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, mut inner) = (folder.path().join("file"), folder.path().join("folder"));
        if rustix::process::geteuid().is_root() {
            fs::write(&file, "x").unwrap();
            fs::create_dir(&inner).unwrap();
            for path in [&file, &inner] {
                std::os::unix::fs::chown(path, Some(1), None).unwrap();
            }
        } else {
            (file, inner) = ("/etc/passwd".into(), "/etc".into());
        }
        for error in [read_private(&file).unwrap_err(), private_dir(&inner).unwrap_err()] {
            assert!(error.to_string().ends_with(": it belongs to another user"), "{error}");
        }
    }

    #[test]
    fn opening_keeps_what_a_file_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        append_private(&path).unwrap().write_all(b"a").unwrap();
        append_private(&path).unwrap().write_all(b"b").unwrap();
        drop(open_private(&path).unwrap());
        assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"ab".to_vec(), 0o600));
    }
}
