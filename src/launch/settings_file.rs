//! The settings file: readable by its owner, gone with the agent.
//!
//! It holds the session's token, hence a file and no argument, which every user
//! of the machine could read.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use crate::paths;

/// A file that exists as long as this value.
#[derive(Debug)]
pub struct SettingsFile(NamedTempFile);

impl SettingsFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

const PREFIX: &str = "settings-";

/// Writes a settings file of mode 0600 into a folder, which is its owner's only.
///
/// Removes what a killed mcr left behind.
pub fn write(folder: &Path, settings: &serde_json::Value) -> io::Result<SettingsFile> {
    paths::private_dir(folder)?;
    sweep(folder);
    // 0600 and O_EXCL are tempfile's ways.
    let mut file = tempfile::Builder::new().prefix(PREFIX).suffix(".json").tempfile_in(folder)?;
    #[cfg(unix)]
    file.as_file().try_lock().map_err(io::Error::from)?;
    file.write_all(settings.to_string().as_bytes())?;
    file.flush()?;
    Ok(SettingsFile(file))
}

/// Removes files whose owner is gone; a living one holds a lock.
#[cfg(unix)]
fn sweep(folder: &Path) {
    // Between its making and its locking a file is nobody's.
    const YOUNG: Duration = Duration::from_mins(1);
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
        if is_ours
            && age.is_some_and(|age| age > YOUNG)
            && let Ok(file) = std::fs::File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(not(unix))]
fn sweep(_: &Path) {}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn only_its_owner_reads_it_and_it_goes_with_the_value() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("a/run");
        let file = write(&folder, &json!({"a": 1})).expect("written");
        assert_eq!((mode(&folder), mode(file.path())), (0o700, 0o600));
        assert_eq!(fs::read_to_string(file.path()).expect("read"), r#"{"a":1}"#);
        drop(file);
        assert_eq!(fs::read_dir(&folder).expect("read").count(), 0);
    }

    #[test]
    fn a_folder_that_others_can_read_is_closed_to_them() {
        let home = tempfile::tempdir().expect("a folder");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("set");
        let _file = write(home.path(), &json!({})).expect("written");
        assert_eq!(mode(home.path()), 0o700);
    }

    #[test]
    fn a_link_in_the_folders_place_is_refused() {
        let home = tempfile::tempdir().expect("a folder");
        let link = home.path().join("run");
        fs::create_dir(home.path().join("elsewhere")).expect("made");
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &link).expect("linked");
        let error = write(&link, &json!({})).expect_err("refused");
        assert!(error.to_string().contains("it is a symbolic link"), "{error}");
    }

    #[test]
    fn what_a_killed_mcr_left_is_swept_and_what_lives_stays() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("run");
        let living = write(&folder, &json!({})).expect("written");
        let dead = folder.join("settings-dead.json");
        fs::write(&dead, "{}").expect("written");
        let old = fs::FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
        for path in [living.path(), &dead] {
            fs::File::options().write(true).open(path).and_then(|file| file.set_times(old)).expect("set");
        }
        let _new = write(&folder, &json!({})).expect("written");
        assert!(living.path().exists() && !dead.exists());
    }
}
