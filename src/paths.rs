//! Where things live, and the only writer of files.
//!
//! What mcr writes is private: folders 0700, files 0600, and no symbolic link is
//! followed to what is written.

mod folder;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    env,
    error::{Exit, Failure},
};

pub use folder::{Existing, place_folder, remove_folder};

/// The places of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration, unless another file is named.
    pub config_file: PathBuf,
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
    replace(path, bytes).map_err(|error| naming("write", path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The rename would replace the link, and whoever keeps the file elsewhere would lose it from there.
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other("it is a symbolic link; name the file it points to"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.exists() {
        create_private_dir(folder)?;
    }
    // Created exclusively with a random name and mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// Makes a folder that only its owner can enter, with the folders above it; one that is there is closed to others.
///
/// # Errors
/// Fails when the path is a symbolic link, is no folder or belongs to somebody else.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    make_private_dir(path).map_err(|error| naming("make", path, &error))
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(io::Error::other("it is a symbolic link; name the folder it points to"));
    }
    close_to_others(path, &metadata)
}

/// Why a file that nobody else may read was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("it is not there")]
    Absent,
    /// Its mode lets others in.
    #[error("others can read it, its mode is {0:o}")]
    Exposed(u32),
    /// It belongs neither to this user nor to root.
    #[error("it belongs to another user")]
    Foreign,
    /// Whatever else.
    #[error("{0}")]
    Other(#[from] io::Error),
}

/// Reads a file of mcr's own that holds secrets; follows no symbolic link.
///
/// # Errors
/// Fails when somebody else owns the file or can read it.
pub fn read_private(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_closed(private(OpenOptions::new().read(true)).open(path))
}

/// Reads a file of the user's that holds a secret; where a link leads is theirs to say.
///
/// # Errors
/// Fails when somebody else but root owns the file, when others can read it, and when it is no plain file.
pub fn read_secret(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_closed(waiting_for_nobody(OpenOptions::new().read(true)).open(path))
}

fn read_closed(opened: io::Result<File>) -> Result<Vec<u8>, ReadError> {
    // More than any secret; a path that was mistyped may lead anywhere.
    const LONGEST: u64 = 1 << 20;
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ReadError::Absent),
        other => other?,
    };
    // Of what was opened and not of the path, which may mean another file by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ReadError::Other(io::Error::other("it is no plain file")));
    }
    if metadata.len() > LONGEST {
        return Err(ReadError::Other(io::Error::other("it is longer than a megabyte")));
    }
    closed_to_others(&metadata)?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a private file to append to it, making it when it is not there.
///
/// # Errors
/// Fails when the path is a symbolic link, and when opening does.
pub fn append_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create(true)).open(path).map_err(|error| naming("write", path, &error))
}

/// Opens a private file to read, write or lock it, making it when it is not there; keeps what it holds.
///
/// # Errors
/// Fails when the path is a symbolic link, and when opening does.
pub fn open_private(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| naming("open", path, &error))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    // The flag's bits fit: it is one bit below the sign.
    options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A named pipe would keep whoever opens it until somebody writes.
#[cfg(unix)]
fn waiting_for_nobody(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
}

#[cfg(not(unix))]
fn waiting_for_nobody(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn closed_to_others(metadata: &fs::Metadata) -> Result<(), ReadError> {
    use std::os::unix::fs::MetadataExt as _;

    if ![rustix::process::geteuid().as_raw(), 0].contains(&metadata.uid()) {
        return Err(ReadError::Foreign);
    }
    match metadata.mode() & 0o777 {
        mode if mode & 0o077 != 0 => Err(ReadError::Exposed(mode)),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
fn closed_to_others(_: &fs::Metadata) -> Result<(), ReadError> {
    Ok(())
}

#[cfg(unix)]
fn close_to_others(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
fn close_to_others(_: &Path, _: &fs::Metadata) -> io::Result<()> {
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

/// Puts the path in front of an error, keeping its kind.
fn naming(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(all(test, unix))]
mod tests {
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
            format!("cannot write `{}`: it is a symbolic link; name the file it points to", link.display())
        );
        append_private(&link).unwrap_err();
        open_private(&link).unwrap_err();
        assert!(!target.exists());
        fs::create_dir(&target).unwrap();
        create_private_dir(&link).unwrap_err();
    }

    #[test]
    fn a_folder_that_is_there_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("open");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        create_private_dir(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        create_private_dir(&file).unwrap_err();
    }

    #[test]
    fn a_secret_is_read_only_where_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("key"), folder.path().join("link"));
        assert!(matches!(read_secret(&path), Err(ReadError::Absent)));
        fs::write(&path, "x").unwrap();
        symlink(&path, &link).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for read in [read_private, read_secret] {
                assert!(matches!(read(&path), Err(ReadError::Exposed(found)) if found == mode), "{mode:o}");
            }
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!((read_private(&path).unwrap(), read_secret(&link).unwrap()), (b"x".to_vec(), b"x".to_vec()));
        assert!(matches!(read_private(&link), Err(ReadError::Other(_))));
        assert!(matches!(read_secret(folder.path()), Err(ReadError::Other(_))));
    }

    #[test]
    fn a_named_pipe_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(read_secret(&path).unwrap_err().to_string(), "it is no plain file");
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
