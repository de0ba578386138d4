//! From a file, or from none, to a configuration: the one part of `config` that touches the disk.

use std::{
    cell::RefCell,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::anyhow;

use super::{
    Config, Document, Environment, Origin, Problems, StatusLine, own_facts,
    read::{read_status_line, read_with},
};
use crate::{
    catalog, env,
    error::{Exit, Failure},
    paths::Paths,
};

/// A configuration's text, before anything is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Where it was read.
    pub origin: Origin,
    /// The text itself.
    pub text: String,
}

/// Returns the file that holds the configuration, or would: the one named, else `MCR_CONFIG`'s, else the usual one.
pub fn file(explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> PathBuf {
    named(explicit, environment).unwrap_or_else(|| paths.config_file.clone())
}

/// Finds and reads the configuration.
///
/// # Errors
/// Fails when a named file is not there, when there is no file and no key of Mistral's either, and when the file
/// has errors, with all of them.
pub fn load(explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> Result<Config, Failure> {
    let text = text(explicit, paths, environment)?;
    examine(&text, environment).map_err(|problems| failure(&problems))
}

/// Reads the built-in configuration; without the variable that it names, every request to it is refused.
///
/// # Errors
/// Fails as any configuration does.
pub fn built_in_alone(environment: Environment<'_>) -> Result<Config, Failure> {
    let text = Text { origin: Origin::BuiltIn, text: catalog::BUILT_IN_CONFIG.to_owned() };
    examine(&text, environment).map_err(|problems| failure(&problems))
}

/// Reads a text, and the files that it names.
pub fn examine(text: &Text, environment: Environment<'_>) -> Result<Config, Problems> {
    whole(text, &text.origin.to_string(), environment, &RefCell::default())
}

/// A file and its state at a moment; an editor that writes in place changes the time or the size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    path: PathBuf,
    state: Option<(SystemTime, u64)>,
}

impl Look {
    /// Looks at a file, which need not be there.
    pub fn at(path: &Path) -> Self {
        let state = fs::metadata(path).and_then(|data| Ok((data.modified()?, data.len()))).ok();
        Self { path: path.to_owned(), state }
    }

    /// Whether the file is another by now.
    pub fn is_stale(&self) -> bool {
        Self::at(&self.path) != *self
    }
}

/// A configuration that was read while another is in use.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, or what is wrong with it; files go by their names, since the words are for a log.
    pub config: Result<Config, Failure>,
    /// The files it took, there or not, each before it was read.
    pub looks: Vec<Look>,
}

/// Reads exactly this file; that it is gone is as wrong as a bad edit, and nothing takes its place.
pub fn read_again(path: &Path, environment: Environment<'_>) -> Reading {
    let looks = RefCell::new(vec![Look::at(path)]);
    let name = Path::new(path.file_name().unwrap_or(OsStr::new("configuration")));
    let text = fs::read(path).map_err(|error| not_read(name, error)).and_then(|bytes| decoded(name, bytes));
    let config = text.and_then(|text| {
        let text = Text { origin: Origin::File(path.to_owned()), text };
        whole(&text, &name.display().to_string(), environment, &looks).map_err(|problems| failure(&problems))
    });
    Reading { config, looks: looks.into_inner() }
}

/// Reads a configuration made from a document, and the files that it names, which are meant from a folder.
///
/// # Errors
/// Fails with all problems at once.
pub fn read_in(folder: &Path, document: Document, environment: Environment<'_>) -> Result<Config, Problems> {
    resolved(document, &|path| folder.join(path), environment, &RefCell::default())
}

fn whole(
    text: &Text,
    name: &str,
    environment: Environment<'_>,
    looks: &RefCell<Vec<Look>>,
) -> Result<Config, Problems> {
    // A path in the configuration is meant from where the configuration lies, not from where mcr was called.
    let place = |path: &Path| match &text.origin {
        Origin::File(file) => file.parent().unwrap_or(Path::new("")).join(path),
        Origin::BuiltIn => path.to_owned(),
    };
    let mut config = resolved(Document::parse(&text.text, name)?, &place, environment, looks)?;
    config.origin = text.origin.clone();
    Ok(config)
}

fn resolved(
    document: Document,
    place: &dyn Fn(&Path) -> PathBuf,
    environment: Environment<'_>,
    looks: &RefCell<Vec<Look>>,
) -> Result<Config, Problems> {
    let files = |path: &Path| {
        let path = place(path);
        looks.borrow_mut().push(Look::at(&path));
        fs::read_to_string(path).map_err(|error| error.to_string())
    };
    let mut config = read_with(document, environment, Some(&files))?;
    config.rewrite_system_prompt = config.rewrite_system_prompt.map(|path| place(&path));
    Ok(config)
}

/// Finds the configuration's text.
pub fn text(explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> Result<Text, Failure> {
    let path = file(explicit, paths, environment);
    match fs::read(&path) {
        Ok(bytes) => decoded(&path, bytes).map(|text| Text { origin: Origin::File(path), text }),
        Err(error) if error.kind() == ErrorKind::NotFound && named(explicit, environment).is_none() => {
            built_in(environment)
        }
        Err(error) => Err(not_read(&path, error)),
    }
}

/// Reads the user's own facts of providers, from `facts.json` beside the configuration; none where there is no file.
///
/// # Errors
/// Fails with all problems of the file; nothing of it counts then.
pub fn overlay(
    explicit: Option<&Path>,
    paths: &Paths,
    environment: Environment<'_>,
) -> Result<catalog::Overlay, Failure> {
    let path = file(explicit, paths, environment).with_file_name("facts.json");
    let text = match fs::read(&path) {
        Ok(bytes) => decoded(&path, bytes)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(catalog::Overlay::default()),
        Err(error) => return Err(not_read(&path, error)),
    };
    own_facts(&text, &path.display().to_string()).map_err(|problems| {
        let lines = problems.to_string().replace('\n', "\n  ");
        let error = anyhow!("your own facts of providers have errors:\n  {lines}");
        Failure::new(Exit::Config, error).hint(format!("correct {}, or take it away", path.display()))
    })
}

fn decoded(name: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| cannot_read(Exit::Config, name, error.utf8_error()))
}

fn not_read(name: &Path, error: io::Error) -> Failure {
    let exit = if error.kind() == ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
    cannot_read(exit, name, error)
}

/// Reads how the status line looks: a preset's own where it has one, else the configuration's, else the usual.
///
/// # Errors
/// Fails when the preset or a named file is not there, and when `StatusLine` has errors, with all of them.
pub fn status_line(
    preset: Option<&str>,
    explicit: Option<&Path>,
    paths: &Paths,
    environment: Environment<'_>,
) -> Result<StatusLine, Failure> {
    let read = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => read_status_line(&text, &path.display().to_string(), environment).map_err(|all| failure(&all)),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(cannot_read(Exit::NoInput, path, error)),
        Err(error) => Err(cannot_read(Exit::Io, path, error)),
    };
    if let Some(name) = preset {
        let is_name = |part| matches!(part, std::path::Component::Normal(part) if part == name);
        if !Path::new(name).components().all(is_name) || name.is_empty() {
            return Err(Failure::say(Exit::Usage, format!("`{name}` is no name of a preset")));
        }
        if let Some(line) = read(&paths.presets.join(name).join("manifest.json"))? {
            return Ok(line);
        }
    }
    let path = file(explicit, paths, environment);
    if named(explicit, environment).is_none() && !path.exists() {
        return Ok(StatusLine::default());
    }
    Ok(read(&path)?.unwrap_or_default())
}

/// Whether there is nothing to configure with: no file was named, none lies in the usual place, and no key is set.
pub fn is_missing(explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> bool {
    named(explicit, environment).is_none() && !paths.config_file.exists() && !has_key(environment)
}

fn has_key(environment: Environment<'_>) -> bool {
    environment(env::MISTRAL_API_KEY).is_some_and(|key| !key.is_empty())
}

/// Returns the file that was named, by an option or by `MCR_CONFIG`; nothing where the usual one is meant.
pub fn named(explicit: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    explicit
        .map(Path::to_owned)
        .or_else(|| environment(env::MCR_CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from))
}

fn built_in(environment: Environment<'_>) -> Result<Text, Failure> {
    if has_key(environment) {
        return Ok(Text { origin: Origin::BuiltIn, text: catalog::BUILT_IN_CONFIG.to_owned() });
    }
    let failure = Failure::say(Exit::Config, "there is no configuration, and `MISTRAL_API_KEY` is unset or empty")
        .hint("run `mcr setup` in a terminal, which asks a few questions and writes one")
        .hint("or `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration")
        .hint("or `mcr preset install mistral-ollama` to use a model of this machine, and then `mcr mistral-ollama`");
    let predecessor =
        directories::BaseDirs::new().map(|folders| folders.home_dir().join(".claude-code-router/config.json"));
    Err(match predecessor.filter(|file| file.exists()) {
        Some(_) => failure.hint("or take claude-code-router's over: `mcr import ccr`"),
        None => failure,
    })
}

fn cannot_read(exit: Exit, path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(exit, error.into().context(format!("cannot read the configuration `{}`", path.display())))
}

/// Puts all errors into one failure, a line each.
pub fn failure(problems: &Problems) -> Failure {
    let lines = problems.to_string().replace('\n', "\n  ");
    Failure::new(Exit::Config, anyhow!("{}:\n  {lines}", problems.headline()))
}
