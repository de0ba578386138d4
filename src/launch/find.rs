//! Where Claude Code is installed.
//!
//! Nothing is run to find out: the first file that can be executed is it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::env::CLAUDE_PATH;

/// Where to look.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The configuration's `CLAUDE_PATH`: a path, or a name to look for.
    pub configured: Option<OsString>,
    /// The environment's.
    pub environment: Option<OsString>,
    /// The environment's `PATH`.
    pub path: Option<OsString>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// npm's global prefix, where the environment names one.
    pub npm_prefix: Option<PathBuf>,
}

impl Places {
    /// Looks at this process's environment.
    pub fn of_process(configured: Option<&str>, home: Option<PathBuf>) -> Self {
        let prefix = ["npm_config_prefix", "NPM_CONFIG_PREFIX"].into_iter().find_map(std::env::var_os);
        Self {
            configured: configured.filter(|path| !path.is_empty()).map(OsString::from),
            environment: std::env::var_os(CLAUDE_PATH).filter(|path| !path.is_empty()),
            path: std::env::var_os("PATH"),
            home,
            npm_prefix: prefix.map(PathBuf::from),
        }
    }
}

/// Why there is no agent to start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// A setting names a file that is not there.
    #[error("the Claude Code named by {setting} does not exist: {}", path.display())]
    Named {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// A file is there and may not be executed.
    #[error("Claude Code is not executable: {}", path.display())]
    NotExecutable {
        /// The file.
        path: PathBuf,
    },
    /// Nothing is installed.
    #[error("Claude Code is not installed: no `claude` on PATH or in the usual places")]
    NotInstalled,
}

/// Finds the executable: configuration, then environment, then PATH, then the usual places.
pub fn find(places: &Places) -> Result<PathBuf, NotFound> {
    if let Some(path) = &places.configured {
        return named("the configuration's `CLAUDE_PATH`", path, places);
    }
    if let Some(path) = &places.environment {
        return named("the environment's `CLAUDE_PATH`", path, places);
    }
    let mut folders: Vec<PathBuf> =
        places.path.as_deref().map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    folders.extend(usual(places));
    search(OsStr::new("claude"), &folders).unwrap_or(Err(NotFound::NotInstalled))
}

/// Finds a program as a shell would: the first of this name on a `PATH` that can be executed.
pub fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(path).collect();
    search(OsStr::new(name), &folders)?.ok()
}

fn named(setting: &'static str, value: &OsStr, places: &Places) -> Result<PathBuf, NotFound> {
    let path = match (Path::new(value).strip_prefix("~"), &places.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(value),
    };
    if path.components().count() == 1 && !path.is_absolute() {
        let folders: Vec<PathBuf> =
            places.path.as_deref().map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        return search(path.as_os_str(), &folders).unwrap_or(Err(NotFound::Named { setting, path }));
    }
    match look(&path) {
        File::Executable => Ok(path),
        File::Other => Err(NotFound::NotExecutable { path }),
        File::Absent => Err(NotFound::Named { setting, path }),
    }
}

/// The first executable, else the first file that ought to be one.
fn search(name: &OsStr, folders: &[PathBuf]) -> Option<Result<PathBuf, NotFound>> {
    let mut other = None;
    for folder in folders {
        for suffix in SUFFIXES {
            let mut name = name.to_owned();
            name.push(suffix);
            let path = folder.join(name);
            match look(&path) {
                File::Executable => return Some(Ok(path)),
                File::Other => other = other.or(Some(path)),
                File::Absent => {}
            }
        }
    }
    other.map(|path| Err(NotFound::NotExecutable { path }))
}

#[cfg(windows)]
const SUFFIXES: [&str; 3] = [".exe", ".cmd", ""];
#[cfg(not(windows))]
const SUFFIXES: [&str; 1] = [""];

enum File {
    Executable,
    Other,
    Absent,
}

/// A folder of that name is taken for absent, as the shell does.
fn look(path: &Path) -> File {
    if !path.is_file() {
        return File::Absent;
    }
    if is_executable(path) { File::Executable } else { File::Other }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// Where installers put it, for a PATH that lacks them (editors, desktop launchers).
fn usual(places: &Places) -> Vec<PathBuf> {
    let mut folders = vec![];
    if let Some(home) = &places.home {
        let below = [
            ".local/bin",
            ".claude/local",
            ".claude/local/node_modules/.bin",
            ".npm-global/bin",
            ".npm-packages/bin",
            ".bun/bin",
            ".volta/bin",
            ".asdf/shims",
            ".local/share/mise/shims",
            ".local/share/pnpm",
            "Library/pnpm",
            ".yarn/bin",
            ".nix-profile/bin",
            "AppData/Roaming/npm",
        ];
        folders.extend(below.map(|folder| home.join(folder)));
    }
    if let Some(prefix) = &places.npm_prefix {
        folders.extend([prefix.join("bin"), prefix.clone()]);
    }
    folders.extend(
        ["/usr/local/bin", "/opt/homebrew/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/bin"].map(PathBuf::from),
    );
    folders.extend(places.home.as_deref().map(node_versions).unwrap_or_default());
    folders
}

/// nvm's folders, the newest version first.
fn node_versions(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home.join(".nvm/versions/node")) else { return vec![] };
    let mut versions: Vec<(Vec<u64>, PathBuf)> = entries
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let numbers = name.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0)).collect();
            (numbers, entry.path().join("bin"))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, "#!/bin/sh\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        path
    }

    fn places(home: &Path) -> Places {
        Places { path: Some(home.join("bin").into()), home: Some(home.to_owned()), ..Places::default() }
    }

    #[test]
    fn configuration_beats_environment_beats_path_beats_the_usual_places() {
        let home = tempfile::tempdir().expect("a folder");
        let [configured, environment, path, usual] =
            ["c/mine", "e/claude", "bin/claude", ".local/bin/claude"].map(|name| file(home.path(), name, 0o755));
        let mut places = places(home.path());
        places.configured = Some("~/c/mine".into());
        places.environment = Some(environment.clone().into());
        assert_eq!(find(&places), Ok(configured));
        places.configured = None;
        assert_eq!(find(&places), Ok(environment));
        places.environment = None;
        assert_eq!(find(&places), Ok(path));
        places.path = None;
        assert_eq!(find(&places), Ok(usual));
    }

    #[test]
    fn a_configured_name_is_looked_for_on_path() {
        let home = tempfile::tempdir().expect("a folder");
        let other = file(home.path(), "bin/claude-next", 0o755);
        let places = Places { configured: Some("claude-next".into()), ..places(home.path()) };
        assert_eq!(find(&places), Ok(other));
    }

    #[test]
    fn a_configured_path_that_is_gone_is_not_replaced_by_another() {
        let home = tempfile::tempdir().expect("a folder");
        file(home.path(), "bin/claude", 0o755);
        let places = Places { configured: Some("/nowhere/claude".into()), ..places(home.path()) };
        let setting = "the configuration's `CLAUDE_PATH`";
        assert_eq!(find(&places), Err(NotFound::Named { setting, path: "/nowhere/claude".into() }));
    }

    #[test]
    fn a_configured_file_that_cannot_be_executed_is_told_from_one_that_is_gone() {
        let home = tempfile::tempdir().expect("a folder");
        let path = file(home.path(), "plain", 0o644);
        let places = Places { configured: Some(path.clone().into()), ..places(home.path()) };
        assert_eq!(find(&places), Err(NotFound::NotExecutable { path }));
    }

    #[test]
    fn the_newest_node_of_nvm_comes_first() {
        let home = tempfile::tempdir().expect("a folder");
        for version in ["v9.1.0", "v22.3.0", "v22.10.0"] {
            fs::create_dir_all(home.path().join(".nvm/versions/node").join(version)).expect("made");
        }
        let found: Vec<PathBuf> = node_versions(home.path());
        let version = |index: usize| {
            found[index].parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned())
        };
        assert_eq!([version(0), version(1), version(2)].map(Option::unwrap), ["v22.10.0", "v22.3.0", "v9.1.0"]);
    }
}
