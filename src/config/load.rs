//! From a file, or from none, to a configuration: the one part of `config` that touches the disk.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::anyhow;

use super::{Config, Environment, Origin, Problems, StatusLine, read, read_status_line};
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
    let Text { origin, text } = text(explicit, paths, environment)?;
    let mut config = read(&text, &origin.to_string(), environment).map_err(|problems| failure(&problems))?;
    if let Origin::File(path) = &origin {
        // A path in the configuration is meant from where the configuration lies, not from where mcr was called.
        if let (Some(prompt), Some(folder)) = (&mut config.rewrite_system_prompt, path.parent()) {
            *prompt = folder.join(&*prompt);
        }
    }
    config.origin = origin;
    Ok(config)
}

/// Finds the configuration's text.
pub fn text(explicit: Option<&Path>, paths: &Paths, environment: Environment<'_>) -> Result<Text, Failure> {
    let path = file(explicit, paths, environment);
    match fs::read(&path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Text { origin: Origin::File(path), text }),
            Err(error) => Err(cannot_read(Exit::Config, &path, error.utf8_error())),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if named(explicit, environment).is_some() {
                return Err(cannot_read(Exit::NoInput, &path, error));
            }
            built_in(&path, environment)
        }
        Err(error) => Err(cannot_read(Exit::Io, &path, error)),
    }
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

fn named(explicit: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    explicit
        .map(Path::to_owned)
        .or_else(|| environment(env::MCR_CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from))
}

fn built_in(path: &Path, environment: Environment<'_>) -> Result<Text, Failure> {
    if environment(env::MISTRAL_API_KEY).is_some_and(|key| !key.is_empty()) {
        return Ok(Text { origin: Origin::BuiltIn, text: catalog::BUILT_IN_CONFIG.to_owned() });
    }
    let failure = Failure::say(Exit::Config, "there is no configuration, and `MISTRAL_API_KEY` is unset or empty")
        .hint("run `export MISTRAL_API_KEY=...` to use Mistral with the built-in configuration")
        .hint(format!("or write a configuration: {}", path.display()));
    let predecessor =
        directories::BaseDirs::new().map(|folders| folders.home_dir().join(".claude-code-router/config.json"));
    Err(match predecessor.filter(|file| file.exists()) {
        Some(file) => failure.hint(format!("or use claude-code-router's: `mcr --config {}`", file.display())),
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
