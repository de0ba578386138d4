//! Reads claude-code-router's folder, and never writes there.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    advice,
    report::{Fate, Field},
};
use crate::error::{Exit, Failure};

/// What lies in the folder.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The folder.
    pub(super) path: PathBuf,
    /// The configuration and its text.
    pub(super) config: Option<(PathBuf, String)>,
    /// What is to be said of where it was found.
    pub(super) notes: Vec<String>,
    /// The folders of presets, by name.
    pub(super) presets: Vec<(String, PathBuf)>,
    /// Everything else.
    pub(super) others: Vec<Field>,
}

const CONFIG: &str = "config.json";

/// Reads the folder.
///
/// # Errors
/// Fails when it is not there, and when neither a configuration nor a preset is in it.
pub(super) fn read(path: &Path) -> Result<Folder, Failure> {
    let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
    let mut copies = Vec::new();
    let mut database = None;
    for (name, entry) in entries(path).map_err(|error| not_there(path, error))? {
        match name.as_str() {
            CONFIG => {}
            "presets" if entry.is_dir() => folder.presets = presets(&entry)?,
            "plugins" if entry.is_dir() => folder.others.extend(plugins(&entry)?),
            _ if ending(&name).starts_with("sqlite-") => folder.other(&name, "part of claude-code-router 3's database"),
            _ if matches!(ending(&name), "sqlite" | "db") => {
                folder.other(&name, "the database of claude-code-router 3, which mcr does not read");
                database = Some(entry);
            }
            _ if name.starts_with("config.json") && entry.is_file() => copies.push((name, entry)),
            _ if entry.is_dir() && holds_routes(&entry) => folder.other(&name, advice::PROJECT),
            _ => folder.other(&name, of_no_use(&name)),
        }
    }
    folder.find_config(copies, database.as_deref())?;
    folder.others.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(folder)
}

impl Folder {
    fn other(&mut self, name: &str, why: &str) {
        self.others.push(Field { path: name.to_owned(), fate: Fate::LeftOut, why: Some(why.to_owned()) });
    }

    /// Takes the configuration, or where claude-code-router 3 took it away, the newest copy of it.
    fn find_config(&mut self, mut copies: Vec<(String, PathBuf)>, database: Option<&Path>) -> Result<(), Failure> {
        let file = self.path.join(CONFIG);
        match fs::read(&file) {
            Ok(bytes) => self.config = Some((file.clone(), text(&file, bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                copies.sort_by_key(|(name, path)| (changed(path), name.clone()));
                if let Some((name, copy)) = copies.pop() {
                    let bytes = fs::read(&copy).map_err(|error| cannot_read(&copy, error))?;
                    self.config = Some((copy.clone(), text(&copy, bytes)?));
                    let what = match database {
                        Some(_) => "claude-code-router 3 took config.json into its database",
                        None => "there is no config.json",
                    };
                    self.notes.push(format!("{what}; this is the newest copy that version 2 left: {name}"));
                }
            }
            Err(error) => return Err(cannot_read(&file, error)),
        }
        for (name, _) in &copies {
            self.other(name, "an older copy of the configuration");
        }
        match (&self.config, database) {
            (Some(_), Some(_)) if self.notes.is_empty() => {
                self.notes
                    .push("claude-code-router 3 is here, too; what is only in its database is not taken".to_owned());
                Ok(())
            }
            (None, Some(database)) if self.presets.is_empty() => Err(only_in(database)),
            (None, None) if self.presets.is_empty() => Err(nothing_in(&self.path)),
            _ => Ok(()),
        }
    }
}

/// Names and paths, sorted.
fn entries(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    entries.sort();
    Ok(entries)
}

fn presets(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let entries = entries(folder).map_err(|error| cannot_read(folder, error))?;
    Ok(entries.into_iter().filter(|(name, path)| path.is_dir() && !name.starts_with('.')).collect())
}

fn plugins(folder: &Path) -> Result<Vec<Field>, Failure> {
    let entries = entries(folder).map_err(|error| cannot_read(folder, error))?;
    let field = |(name, _)| {
        let why = if name == "strip-reasoning.js" { advice::STRIP_REASONING } else { advice::SCRIPT };
        Field { path: format!("plugins/{name}"), fate: Fate::LeftOut, why: Some(why.to_owned()) }
    };
    Ok(entries.into_iter().map(field).collect())
}

/// Whether a folder is a project's: it holds a `Router` for it, or for one of its sessions.
fn holds_routes(folder: &Path) -> bool {
    let is_json = |path: &Path| path.extension().is_some_and(|end| end == "json");
    let has_router = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        json5::from_str::<serde_json::Value>(&text).is_ok_and(|value| value.get("Router").is_some())
    };
    entries(folder).unwrap_or_default().iter().any(|(_, path)| is_json(path) && has_router(path))
}

fn of_no_use(name: &str) -> &'static str {
    match name {
        "logs" | "claude-code-router.log" => "logs of claude-code-router; mcr keeps its own",
        "temp" | ".huggingface" => "files that claude-code-router fetched",
        "bin" => "programs that claude-code-router 3 made; they hold keys",
        _ if ending(name) == "pid" => "says which claude-code-router is running; end it with `ccr stop`",
        _ if ending(name) == "js" => advice::SCRIPT,
        _ => "nothing that mcr knows",
    }
}

/// What stands behind the last dot.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn changed(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let what = format!("cannot read `{}`", path.display());
        Failure::new(Exit::Data, anyhow::Error::new(error.utf8_error()).context(what))
    })
}

fn not_there(path: &Path, error: std::io::Error) -> Failure {
    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
        return cannot_read(path, error);
    }
    Failure::say(Exit::NoInput, format!("there is no folder of claude-code-router's: {}", path.display()))
        .hint("name it: `mcr import ccr --from DIR`")
        .hint("or begin without it: `mcr preset list --built-in`")
}

fn nothing_in(path: &Path) -> Failure {
    let what = format!("there is neither a config.json nor a preset in {}", path.display());
    Failure::say(Exit::NoInput, what).hint("name claude-code-router's folder: `mcr import ccr --from DIR`")
}

/// Version 3 puts the file it took away into a table, whole.
fn only_in(database: &Path) -> Failure {
    let path = shell_words::quote(&database.to_string_lossy()).into_owned();
    let query = "SELECT CAST(content AS TEXT) FROM legacy_storage_backups \
                 WHERE source_kind='legacy-json-config' ORDER BY archived_at DESC LIMIT 1";
    let what = format!(
        "only claude-code-router 3 is here, which keeps its configuration in a database that mcr does not read: {}",
        database.display()
    );
    Failure::say(Exit::NoInput, what)
        .hint(format!("if there was a version 2: `mkdir ccr2 && sqlite3 {path} \"{query}\" > ccr2/config.json`"))
        .hint("then run `mcr import ccr --from ccr2`")
        .hint("or begin without it: `mcr preset list --built-in`")
}

fn cannot_read(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Exit::Io, anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
}
