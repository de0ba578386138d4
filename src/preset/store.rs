//! The presets that are installed: a folder each, with the manifest, its files and `values.json`.

use std::{
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
};

use anyhow::Context as _;

use super::{
    manifest::{self, Manifest},
    name::Name,
    package::{Package, VALUES},
    ready::faulty,
    values::Values,
};
use crate::{
    config,
    error::{Exit, Failure},
    paths::{self, Existing, Paths},
};

/// Where presets are installed.
#[derive(Debug, Clone)]
pub struct Presets {
    folder: PathBuf,
}

/// One that is.
#[derive(Debug, Clone)]
pub struct Installed {
    /// What it is called; the folder's name and not the manifest's counts.
    pub name: Name,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// The answers; none where somebody put the folder there by hand.
    pub values: Option<Values>,
}

impl Presets {
    /// Names the place; reads and makes nothing yet.
    pub fn open(paths: &Paths) -> Self {
        Self { folder: paths.presets.clone() }
    }

    /// Where a preset lies, or would.
    pub fn folder(&self, name: &Name) -> PathBuf {
        self.folder.join(name.as_str())
    }

    /// The names of all installed presets, sorted.
    ///
    /// # Errors
    /// Fails when the folder cannot be read; one that is not there holds none.
    pub fn names(&self) -> Result<Vec<Name>, Failure> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| self.cannot_list(error))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.cannot_list(error))?;
            let name = entry.file_name().to_str().and_then(|name| Name::parse(name).ok());
            names.extend(name.filter(|_| entry.path().join(manifest::FILE).is_file()));
        }
        names.sort();
        Ok(names)
    }

    /// Whether a preset of that name is there, whole or not.
    pub fn has(&self, name: &Name) -> bool {
        fs::symlink_metadata(self.folder(name)).is_ok()
    }

    /// Reads a preset.
    ///
    /// # Errors
    /// Fails when it is not there, and when its manifest or its answers cannot be understood.
    pub fn get(&self, name: &Name) -> Result<Installed, Failure> {
        let folder = self.folder(name);
        let file = folder.join(manifest::FILE);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(self.unknown(name)),
            other => other.map_err(|error| cannot_read(&file, error))?,
        };
        let manifest = manifest::read(&text, &file.display().to_string()).map_err(|problems| {
            let failure = faulty(Exit::Config, &problems);
            Failure::new(failure.exit, failure.error.context(format!("preset `{name}` cannot be used")))
        })?;
        Ok(Installed { name: name.clone(), values: self.values(name)?, folder, manifest })
    }

    /// Reads the answers alone.
    ///
    /// # Errors
    /// Fails when they cannot be understood.
    pub fn values(&self, name: &Name) -> Result<Option<Values>, Failure> {
        let file = self.folder(name).join(VALUES);
        let bytes = match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| cannot_read(&file, error))?,
        };
        let values = serde_json::from_slice(&bytes).map_err(|error| {
            let what = format!("cannot understand the answers of preset `{name}`: {}", file.display());
            Failure::new(Exit::Data, anyhow::Error::new(error).context(what))
                .hint(format!("run `mcr preset reconfigure {name}` after moving the file away"))
        })?;
        Ok(Some(values))
    }

    /// Puts a preset in place, whole.
    ///
    /// # Errors
    /// Fails when it is there and is to be kept, and when writing fails; what was there stays then.
    pub fn install(&self, name: &Name, package: &Package, values: &Values, existing: Existing) -> Result<(), Failure> {
        let values = text(values);
        let files = package.files().chain([(VALUES, values.as_bytes())]);
        paths::place_folder(&self.folder(name), files, existing).map_err(|error| {
            if error.kind() == ErrorKind::AlreadyExists {
                return exists(name);
            }
            let what = format!("cannot install preset `{name}`");
            Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context(what))
        })
    }

    /// Replaces the answers.
    ///
    /// # Errors
    /// Fails when writing does.
    pub fn save(&self, name: &Name, values: &Values) -> Result<(), Failure> {
        let file = self.folder(name).join(VALUES);
        paths::write_atomic(&file, text(values).as_bytes())
            .and_then(|()| self.touch(name))
            .with_context(|| format!("cannot keep the answers of preset `{name}`"))
            .map_err(|error| Failure::new(Exit::CannotCreate, error))
    }

    /// Writes the manifest as it is: sessions that run look at its date to know that something changed.
    fn touch(&self, name: &Name) -> io::Result<()> {
        let file = self.folder(name).join(manifest::FILE);
        paths::write_atomic(&file, &fs::read(&file)?)
    }

    /// Takes a preset away.
    ///
    /// # Errors
    /// Fails when it is not there.
    pub fn delete(&self, name: &Name) -> Result<(), Failure> {
        if !self.has(name) {
            return Err(self.unknown(name));
        }
        paths::remove_folder(&self.folder(name)).map_err(|error| Failure::new(Exit::Io, error))
    }

    /// Says that there is no such preset, and which was probably meant.
    pub fn unknown(&self, name: &Name) -> Failure {
        let names = self.names().unwrap_or_default();
        let nearest = config::suggest::nearest(name.as_str(), names.iter().map(Name::as_str));
        let failure = Failure::say(Exit::NoInput, format!("there is no preset `{name}`"));
        match nearest {
            Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
            None => failure.hint("run `mcr preset list` to see what is there"),
        }
    }

    fn cannot_list(&self, error: io::Error) -> Failure {
        let what = format!("cannot read the folder of presets: {}", self.folder.display());
        Failure::new(Exit::Io, anyhow::Error::new(error).context(what))
    }
}

/// Says that a preset is there already.
pub fn exists(name: &Name) -> Failure {
    Failure::say(Exit::CannotCreate, format!("preset `{name}` is already installed"))
        .hint(format!("run `mcr preset reconfigure {name}` to answer its questions again"))
        .hint("or pass `--force` to replace it, or `--name` to call this one otherwise")
}

fn text(values: &Values) -> String {
    let text = serde_json::to_string_pretty(values).unwrap_or_default();
    text + "\n"
}

fn cannot_read(file: &std::path::Path, error: io::Error) -> Failure {
    Failure::new(Exit::Io, anyhow::Error::new(error).context(format!("cannot read `{}`", file.display())))
}
