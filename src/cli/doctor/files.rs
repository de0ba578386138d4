//! Whether what mcr keeps is its owner's alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Fix};
use crate::paths::Paths;

/// Looks at the configuration, the presets, the state, the logs and what runs.
pub(super) fn permissions(config: &Path, paths: &Paths) -> Vec<Finding> {
    const ID: &str = "permissions";
    let presets = paths.presets.clone();
    let folders = [&presets, &paths.state, &paths.logs, &paths.runtime];
    let mut open: Vec<Finding> = Vec::new();
    let mut seen = 0;
    let mut waiting: Vec<PathBuf> = folders.into_iter().cloned().chain([config.to_owned()]).collect();
    while let Some(path) = waiting.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_symlink() {
            continue;
        }
        seen += 1;
        if let Some(mode) = too_open(&metadata) {
            let mend = format!(
                "run `chmod {} {}`",
                if metadata.is_dir() { "700" } else { "600" },
                shell_words::quote(&path.to_string_lossy())
            );
            let what = format!("others may read it (mode {mode:o}): {}", path.display());
            open.push(Finding::warning(ID, what, mend).fixed_by(Fix::Close(path.clone())));
        }
        if let Some(owner) = foreign(&metadata) {
            let what = format!("user {owner} owns it, and may change it: {}", path.display());
            let mend = format!("run `sudo chown \"$USER\" {}`", shell_words::quote(&path.to_string_lossy()));
            open.push(Finding::warning(ID, what, mend));
        }
        if metadata.is_dir() && seen < MOST {
            waiting.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    if open.is_empty() {
        open.push(Finding::ok(ID, format!("{seen} files and folders are their owner's alone")));
    }
    open
}

/// Beyond this many nobody waits for the rest.
const MOST: usize = 2_000;

#[cfg(unix)]
fn too_open(metadata: &fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// The owner, where it is somebody else; for the administrator every file is as its own.
#[cfg(unix)]
fn foreign(metadata: &fs::Metadata) -> Option<u32> {
    is_foreign(std::os::unix::fs::MetadataExt::uid(metadata), rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn is_foreign(owner: u32, me: u32) -> Option<u32> {
    (owner != me && me != 0).then_some(owner)
}

#[cfg(not(unix))]
fn foreign(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn too_open(_: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_named_with_what_closes_it() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        fs::create_dir_all(&paths.state).unwrap();
        fs::set_permissions(&paths.state, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(permissions(&paths.config_file, &paths)[0].severity, Severity::Ok);
        fs::write(&paths.config_file, "{}").unwrap();
        fs::set_permissions(&paths.config_file, fs::Permissions::from_mode(0o644)).unwrap();
        let found = permissions(&paths.config_file, &paths);
        assert_eq!(found[0].fix, Some(Fix::Close(paths.config_file.clone())));
        assert!(found[0].evidence.starts_with("others may read it (mode 644): "), "{found:?}");
    }

    #[test]
    fn a_file_of_somebody_else_is_foreign_to_all_but_the_administrator() {
        assert_eq!(
            (is_foreign(1, 2), is_foreign(0, 2), is_foreign(2, 2), is_foreign(2, 0)),
            (Some(1), Some(0), None, None)
        );
    }
}
