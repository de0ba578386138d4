//! Whether there is room for what mcr writes: the record, the log, what was used.

use std::path::Path;

use rustix::fs::{StatVfs, statvfs};

use super::finding::Finding;

const ID: &str = "disk";
const MIB: u64 = 1024 * 1024;
/// Below this, a few days with a record and a log may fill it.
const LOW: u64 = 512 * MIB;
/// Below this, the next file may not be written whole.
const NONE: u64 = 16 * MIB;
/// So few files more are none.
const FEW: u64 = 64;

/// Looks at the file system that the state is on, or will be.
pub(super) fn space(state: &Path) -> Finding {
    // A folder that is not there yet will be made on the file system of the one above it.
    match state.ancestors().find_map(|folder| statvfs(folder).ok()) {
        Some(system) => of_system(&system, state),
        None => Finding::note(ID, format!("how much room there is cannot be told: {}", state.display())),
    }
}

fn of_system(system: &StatVfs, state: &Path) -> Finding {
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    // File systems that make room for files as they come have no number of them.
    let files = (system.f_files > 0).then_some(system.f_favail);
    judged(free, files, state)
}

fn judged(free: u64, files: Option<u64>, state: &Path) -> Finding {
    let place = state.display();
    let what = match files {
        Some(files) if files < FEW => format!("room for {files} more files, on the file system of {place}"),
        Some(_) | None => format!("{} MiB are free, on the file system of {place}", free / MIB),
    };
    let is_full = free < NONE || files.is_some_and(|files| files < FEW);
    if is_full {
        let what = format!("{what}: the record and what is kept of the usage may not be written");
        return Finding::error(ID, what, "make room there; `mcr audit purge` takes old records away");
    }
    if free < LOW {
        return Finding::warning(ID, what, "make room there; `mcr audit purge` takes old records away");
    }
    Finding::ok(ID, what)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn room_that_is_short_is_a_warning_and_none_is_an_error() {
        let severity = |free, files| judged(free, files, Path::new("/s")).severity;
        assert_eq!(severity(LOW, Some(FEW)), Severity::Ok);
        assert_eq!(severity(LOW, None), Severity::Ok);
        assert_eq!(severity(LOW - 1, None), Severity::Warning);
        assert_eq!(severity(NONE - 1, None), Severity::Error);
        assert_eq!(severity(LOW, Some(FEW - 1)), Severity::Error);
        assert_eq!(judged(600 * MIB + 1, None, Path::new("/s")).evidence, "600 MiB are free, on the file system of /s");
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above() {
        let home = tempfile::tempdir().unwrap();
        let found = space(&home.path().join("not/there"));
        assert!(found.evidence.contains("on the file system of "), "{found:?}");
    }
}
