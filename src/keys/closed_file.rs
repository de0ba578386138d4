//! Reading what nobody else may read; what others can read is refused and not mended.
//!
//! A file of keys that was open to others is no longer secret, and its owner should hear of it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// Why a file that nobody else may read was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
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
/// As [`read_secret`].
pub(super) fn read_own(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_closed(opening(false).open(path))
}

/// Reads a file of the user's that holds a secret; where a link leads is theirs to say.
///
/// # Errors
/// Fails when somebody else but root owns the file, when others can read it, and when it is no plain file.
pub(super) fn read_secret(path: &Path) -> Result<Vec<u8>, ReadError> {
    read_closed(opening(true).open(path))
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

/// A named pipe would keep whoever opens it until somebody writes.
#[cfg(unix)]
fn opening(follow: bool) -> OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    let flags = if follow { OFlags::NONBLOCK } else { OFlags::NONBLOCK | OFlags::NOFOLLOW };
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn opening(_: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_secret_is_read_only_where_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("key"), folder.path().join("link"));
        assert!(matches!(read_secret(&path), Err(ReadError::Absent)));
        fs::write(&path, "x").unwrap();
        symlink(&path, &link).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for read in [read_own, read_secret] {
                assert!(matches!(read(&path), Err(ReadError::Exposed(found)) if found == mode), "{mode:o}");
            }
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!((read_own(&path).unwrap(), read_secret(&link).unwrap()), (b"x".to_vec(), b"x".to_vec()));
        assert!(matches!(read_own(&link), Err(ReadError::Other(_))));
        assert!(matches!(read_secret(folder.path()), Err(ReadError::Other(_))));
    }

    #[test]
    fn a_named_pipe_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(read_secret(&path).unwrap_err().to_string(), "it is no plain file");
    }
}
