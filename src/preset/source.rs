//! Where a preset is installed from: a folder, an archive, or mcr itself.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    archive, built_in, manifest,
    package::{MOST_ENTRIES, MOST_PACKED, Package, Refused},
};
use crate::{
    config,
    error::{Exit, Failure},
};

/// Names a preset of mcr's own, whatever lies in the folder.
const BUILT_IN: &str = "builtin:";

/// A source as somebody named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder with a manifest.
    Folder(PathBuf),
    /// An archive on this machine.
    Archive(PathBuf),
    /// An archive elsewhere.
    Url(String),
    /// A preset that mcr carries.
    BuiltIn(&'static str),
}

impl Source {
    /// Finds out what a word means: an address, a path, or the name of a built-in preset.
    ///
    /// # Errors
    /// Fails when it is none of these.
    pub fn find(word: &str) -> Result<Self, Failure> {
        if let Some((scheme, _)) = word.split_once("://") {
            if scheme.eq_ignore_ascii_case("https") {
                return Ok(Self::Url(word.to_owned()));
            }
            return Err(Failure::say(Exit::Usage, format!("a preset comes by `https`, and not by `{scheme}`: {word}")));
        }
        if let Some(name) = word.strip_prefix(BUILT_IN) {
            return built_in::find(name).map(|preset| Self::BuiltIn(preset.name)).ok_or_else(|| unknown(word, name));
        }
        let path = Path::new(word);
        // A manifest stands for the folder that it is in.
        if path.is_file() && path.file_name().is_some_and(|name| name == manifest::FILE) {
            return Ok(Self::Folder(
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned(),
            ));
        }
        if path.is_dir() && (path.join(manifest::FILE).is_file() || built_in::find(word).is_none()) {
            return Ok(Self::Folder(path.to_owned()));
        }
        if path.is_file() {
            return Ok(Self::Archive(path.to_owned()));
        }
        built_in::find(word).map(|preset| Self::BuiltIn(preset.name)).ok_or_else(|| unknown(word, word))
    }

    /// The name that the source suggests.
    pub fn name(&self) -> String {
        let stem = match self {
            Self::BuiltIn(name) => (*name).to_owned(),
            Self::Folder(path) => {
                let whole = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
            Self::Archive(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Url(url) => {
                url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
            }
        };
        let ends = [".zip", ".tar.gz", ".tgz"];
        ends.iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(&stem).to_owned()
    }

    /// How the source is told.
    pub fn words(&self) -> String {
        match self {
            Self::Folder(path) | Self::Archive(path) => {
                fs::canonicalize(path).unwrap_or_else(|_| path.clone()).display().to_string()
            }
            Self::Url(url) => url.clone(),
            Self::BuiltIn(name) => format!("{BUILT_IN}{name}"),
        }
    }

    /// Reads what lies on this machine; of an archive, its bytes are packed still.
    ///
    /// # Errors
    /// Fails when it cannot be read, and when a folder holds what a preset may not.
    pub fn read(&self) -> Result<Read, Failure> {
        match self {
            Self::Folder(path) => folder(path).map(Read::Package),
            Self::Archive(path) => archive_bytes(path).map(Read::Packed),
            Self::BuiltIn(name) => built_in::package(name)
                .map(Read::Package)
                .ok_or_else(|| Failure::say(Exit::Software, format!("there is no built-in preset `{name}`"))),
            Self::Url(url) => Ok(Read::Remote(url.clone())),
        }
    }
}

/// What a source holds.
#[derive(Debug)]
pub enum Read {
    /// Files.
    Package(Package),
    /// The bytes of an archive.
    Packed(Vec<u8>),
    /// An address that is to be asked first.
    Remote(String),
}

/// Unpacks an archive, when it is the one that was meant.
///
/// # Errors
/// Fails when the checksum is another, and when the archive holds what a preset may not.
pub fn unpack(bytes: &[u8], sha256: Option<&str>, source: &str) -> Result<Package, Failure> {
    if let Some(expected) = sha256 {
        let found = config::sha256(bytes);
        if !found.eq_ignore_ascii_case(expected.trim()) {
            let what = format!("this is not the archive that was meant; its SHA-256 is {found}");
            return Err(
                Failure::say(Exit::Denied, what).hint("ask where you have the checksum from, and do not install it")
            );
        }
    }
    archive::unpack(bytes).map_err(|refused| cannot_install(source, refused))
}

/// Says why a source is no preset.
pub fn cannot_install(source: &str, refused: Refused) -> Failure {
    let failure =
        Failure::new(Exit::Data, anyhow::Error::new(refused).context(format!("cannot install from {source}")));
    failure.hint("nothing has been written; ask whoever made the preset")
}

fn unknown(word: &str, name: &str) -> Failure {
    let names = built_in::PRESETS.iter().map(|preset| preset.name);
    let failure = Failure::say(Exit::NoInput, format!("there is no folder, archive or built-in preset `{word}`"));
    match config::suggest::nearest(name, names) {
        Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
        None => failure.hint("run `mcr preset list --built-in` to see the built-in ones"),
    }
}

fn archive_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(MOST_PACKED + 1).unwrap_or(u64::MAX);
        fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| cannot_read(path, error))
}

/// Reads one file that is to be part of a preset.
///
/// # Errors
/// Fails when it cannot be read.
pub fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    archive_bytes(path)
}

fn folder(path: &Path) -> Result<Package, Failure> {
    let mut package = Package::default();
    let mut waiting = vec![(path.to_owned(), String::new())];
    let refuse = |refused| cannot_install(&path.display().to_string(), refused);
    while let Some((folder, prefix)) = waiting.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| cannot_read(&folder, error))? {
            let entry = entry.map_err(|error| cannot_read(&folder, error))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let path = entry.path().display().to_string();
                return Err(refuse(Refused::Path { path, why: "is not UTF-8" }));
            };
            // A folder under git has thousands of files that are no part of the preset.
            if name.starts_with('.') {
                continue;
            }
            let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let kind = fs::symlink_metadata(entry.path()).map_err(|error| cannot_read(&entry.path(), error))?;
            if kind.is_symlink() {
                return Err(refuse(Refused::Path { path: inner, why: "is a symbolic link" }));
            }
            if kind.is_dir() {
                package.add_folder(&inner).map_err(refuse)?;
                waiting.push((entry.path(), inner));
            } else if kind.is_file() {
                if kind.len() > u64::try_from(package.room()).unwrap_or(u64::MAX) {
                    return Err(refuse(Refused::TooLarge));
                }
                let bytes = fs::read(entry.path()).map_err(|error| cannot_read(&entry.path(), error))?;
                package.add(&inner, bytes).map_err(refuse)?;
            } else {
                return Err(refuse(Refused::Path { path: inner, why: "is neither a file nor a folder" }));
            }
            if waiting.len() > MOST_ENTRIES {
                return Err(refuse(Refused::TooMany));
            }
        }
    }
    package.manifest().map_err(refuse)?;
    Ok(package)
}

fn cannot_read(path: &Path, error: io::Error) -> Failure {
    let exit = if error.kind() == io::ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
    Failure::new(exit, anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
}
