//! Digests that only this installation can make again: of sessions, and of bodies where that is configured.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use ring::hmac::{HMAC_SHA256, Key, sign};

use super::chain::{hex, unhex};
use super::sealing::random;
use crate::paths;

const FILE: &str = "digest.key";

/// Makes them.
#[derive(Debug)]
pub(super) struct Keyed(Key);

impl Keyed {
    /// Reads the installation's key, or makes it.
    ///
    /// # Errors
    /// Fails where it cannot be read or made, and where the file holds something else.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        paths::private_dir(folder)?;
        let path = folder.join(FILE);
        let text = match paths::read_private(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut file = tempfile::NamedTempFile::new_in(folder)?;
                file.write_all(hex(&random()?).as_bytes())?;
                file.as_file().sync_all()?;
                match file.persist_noclobber(&path) {
                    Ok(_) => {}
                    // Another process was sooner.
                    Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error.error),
                }
                paths::read_private(&path)?
            }
            read => read?,
        };
        let key = unhex(text.trim()).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidData, format!("there is no key in `{}`", path.display()))
        })?;
        Ok(Self(Key::new(HMAC_SHA256, &key)))
    }

    /// A session's digest, half as long: it only tells sessions apart.
    pub(super) fn session(&self, id: &str) -> String {
        let tag = sign(&self.0, &[b"session\0", id.as_bytes()].concat());
        hex(&tag.as_ref()[..16])
    }

    /// A body's digest.
    pub(super) fn body(&self, bytes: &[u8]) -> String {
        let mut context = ring::hmac::Context::with_key(&self.0);
        context.update(b"body\0");
        context.update(bytes);
        hex(context.sign().as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_of_an_installation_makes_the_same_and_another_installation_does_not() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let digests = |folder: &Path| {
            let keyed = Keyed::open(folder).unwrap();
            (keyed.session("s"), keyed.body(b"s"))
        };
        let made = digests(one.path());
        assert_eq!((made.0.len(), made.1.len()), (32, 64));
        assert_eq!(digests(one.path()), made);
        let others = digests(other.path());
        assert!(others.0 != made.0 && others.1 != made.1 && made.1[..32] != made.0);
    }
}
