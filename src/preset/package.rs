//! A preset's files, on their way to its folder: what may be among them and how much.
//!
//! Paths are judged by their components and for every system, so that a preset that
//! installs here installs anywhere, and nowhere leaves its folder.

use std::collections::{BTreeMap, BTreeSet};

use super::{manifest, name};

/// The most files and folders.
pub const MOST_ENTRIES: usize = 64;
/// The most bytes, unpacked.
pub const MOST_BYTES: usize = 1024 * 1024;
/// The most bytes of an archive.
pub const MOST_PACKED: usize = 4 * 1024 * 1024;
/// How many times larger than packed the unpacked may be.
pub const MOST_RATIO: usize = 100;

/// The file in which mcr keeps the answers; never taken from a source.
pub const VALUES: &str = "values.json";

const LONGEST_PATH: usize = 200;
const DEEPEST: usize = 8;

/// Files by their paths, with `/` between the parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
    entries: usize,
    bytes: usize,
    /// Every file and folder, as a system sees it that takes `A` for `a`.
    folded: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    path: String,
    is_file: bool,
}

/// Why something is no preset's package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A path that is none inside a folder.
    #[error("`{path}` {why}")]
    Path {
        /// The path, as written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two paths that some systems take for one.
    #[error("`{0}` and `{1}` are one path on systems that take capitals for small letters")]
    Collision(String, String),
    /// Too many.
    #[error("it has more than {MOST_ENTRIES} files and folders")]
    TooMany,
    /// Too large.
    #[error("it unpacks to more than {MOST_BYTES} bytes")]
    TooLarge,
    /// An archive that is too large.
    #[error("the archive has more than {MOST_PACKED} bytes")]
    TooLargePacked,
    /// A bomb.
    #[error("`{0}` unpacks to more than {MOST_RATIO} times its size")]
    Bomb(String),
    /// An archive that cannot be read.
    #[error("it is no {kind} that mcr can read: {why}")]
    Broken {
        /// `zip` or `tar.gz`.
        kind: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Not a preset.
    #[error("there is no `manifest.json` in it")]
    NoManifest,
}

impl Package {
    /// Adds a file. Hidden ones, and the answers of another installation, are left out.
    ///
    /// # Errors
    /// Fails when the path, or the package with it, is not what a preset may hold.
    pub fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Refused> {
        let parts = parts(path)?;
        self.count()?;
        self.bytes += bytes.len();
        if self.bytes > MOST_BYTES {
            return Err(Refused::TooLarge);
        }
        if parts.iter().any(|part| part.starts_with('.')) || parts.last() == Some(&VALUES) {
            return Ok(());
        }
        for length in 1..=parts.len() {
            self.register(&parts[..length].join("/"), length == parts.len())?;
        }
        self.files.insert(parts.join("/"), bytes);
        Ok(())
    }

    /// Takes note of a folder.
    ///
    /// # Errors
    /// As [`Package::add`] does.
    pub fn add_folder(&mut self, path: &str) -> Result<(), Refused> {
        parts(path)?;
        self.count()
    }

    /// The bytes that still fit.
    pub fn room(&self) -> usize {
        MOST_BYTES.saturating_sub(self.bytes)
    }

    /// Makes the folder that holds the manifest the root; archives of repositories have one around everything.
    ///
    /// # Errors
    /// Fails when there is no manifest.
    pub fn rooted(mut self) -> Result<Self, Refused> {
        if self.files.contains_key(manifest::FILE) {
            return Ok(self);
        }
        let roots: BTreeSet<&str> = self.files.keys().filter_map(|path| path.split('/').next()).collect();
        let prefix = match roots.iter().next() {
            Some(root) if roots.len() == 1 => format!("{root}/"),
            _ => return Err(Refused::NoManifest),
        };
        let files = std::mem::take(&mut self.files).into_iter();
        self.files = files.filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes))).collect();
        if self.files.contains_key(manifest::FILE) { Ok(self) } else { Err(Refused::NoManifest) }
    }

    /// The manifest's text.
    ///
    /// # Errors
    /// Fails when it is not there or is no text.
    pub fn manifest(&self) -> Result<&str, Refused> {
        let bytes = self.files.get(manifest::FILE).ok_or(Refused::NoManifest)?;
        std::str::from_utf8(bytes).map_err(|_| Refused::Path { path: manifest::FILE.to_owned(), why: "is not UTF-8" })
    }

    /// Replaces the manifest.
    pub fn set_manifest(&mut self, text: String) {
        self.files.insert(manifest::FILE.to_owned(), text.into_bytes());
    }

    /// The files by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    fn count(&mut self) -> Result<(), Refused> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES { Err(Refused::TooMany) } else { Ok(()) }
    }

    fn register(&mut self, path: &str, is_file: bool) -> Result<(), Refused> {
        let entry = Entry { path: path.to_owned(), is_file };
        match self.folded.insert(path.to_lowercase(), entry.clone()) {
            // Files lie in one folder, and so name it more than once.
            Some(known) if known == entry && !is_file => Ok(()),
            Some(known) if known.path == path => {
                Err(Refused::Path { path: path.to_owned(), why: "stands in it twice" })
            }
            Some(known) => Err(Refused::Collision(known.path, path.to_owned())),
            None => Ok(()),
        }
    }
}

/// Takes a path apart that stays inside its folder on every system.
fn parts(path: &str) -> Result<Vec<&str>, Refused> {
    let refuse = |why| {
        let path = path.chars().take(LONGEST_PATH).map(|c| if c.is_control() { '?' } else { c }).collect();
        Err(Refused::Path { path, why })
    };
    if path.len() > LONGEST_PATH {
        return refuse("… is too long for a path");
    }
    if path.starts_with('/') {
        return refuse("is an absolute path");
    }
    if path.contains('\\') {
        return refuse("has a backslash, which divides paths on Windows");
    }
    if path.contains(':') {
        return refuse("has a colon, which names a drive or a hidden stream on Windows");
    }
    if path.chars().any(|c| c.is_control() || "<>\"|?*".contains(c)) {
        return refuse("has a character that paths on Windows cannot have");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || parts.len() > DEEPEST {
        return refuse("is no path of a file");
    }
    if parts.contains(&"..") {
        return refuse("leads out of the folder");
    }
    if parts.iter().any(|part| name::is_device(part)) {
        return refuse("is a device on Windows");
    }
    if parts.iter().any(|part| part.ends_with(['.', ' '])) {
        return refuse("ends in a dot or a space, which Windows drops");
    }
    Ok(parts)
}
