//! Which mcr this is: where it lies, whether a shell finds the same, and who may change it.
//!
//! Whether it is what its makers built is not told here: that needs a signature from outside this machine.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::launch::find;

const ID: &str = "mcr";
/// Whoever may write there may put another program in its place, unless the folder is sticky.
const OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Looks at the program that runs, with the `PATH` of whoever called it.
pub(super) fn program(path: Option<&OsStr>) -> Vec<Finding> {
    let Ok(program) = std::env::current_exe().and_then(|program| program.canonicalize()) else {
        return vec![Finding::note(ID, "the program that runs is not there any more: it was replaced or taken away")];
    };
    let mut findings = vec![found(&program, path.and_then(|path| find::on_path("mcr", path)))];
    findings.extend(changeable(&program));
    findings
}

/// Whether the shell's `mcr` is the one that runs.
fn found(program: &Path, on_path: Option<PathBuf>) -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let place = program.display();
    let Some(other) = on_path else {
        return Finding::note(ID, format!("mcr {version} runs, and no `mcr` is on PATH: {place}"));
    };
    if other.canonicalize().is_ok_and(|other| other == program) {
        return Finding::ok(ID, format!("mcr {version}, which a shell finds, too: {place}"));
    }
    let what = format!("mcr {version} at {place} runs, and a shell finds another: {}", other.display());
    let folder = program.parent().unwrap_or(program).display();
    Finding::warning(ID, what, format!("put {folder} first in `PATH`, or take {} away", other.display()))
}

/// Who besides its owner and the administrator may put another program in its place.
fn changeable(program: &Path) -> Vec<Finding> {
    let me = rustix::process::geteuid().as_raw();
    let mut findings = Vec::new();
    for (level, place) in program.ancestors().enumerate() {
        let Ok(metadata) = place.metadata() else { continue };
        let (mode, owner) = (metadata.permissions().mode(), metadata.uid());
        let shown = shell_words::quote(&place.to_string_lossy()).into_owned();
        if mode & OTHERS != 0 && (level == 0 || mode & STICKY == 0) {
            let what = format!("everybody may put another program in the place of mcr: {}", place.display());
            let sudo = if owner == me { "" } else { "sudo " };
            findings.push(Finding::warning(ID, what, format!("run `{sudo}chmod o-w {shown}`")));
        }
        // Whoever owns a folder further up may put another in the place of the one below.
        if owner != me && owner != 0 {
            let what = format!("user {owner} may put another program in the place of mcr: {}", place.display());
            findings.push(Finding::warning(ID, what, "install mcr anew, as yourself or as the administrator"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::finding::Severity;
    use super::*;

    fn with_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn another_mcr_ahead_on_the_path_is_named_and_a_link_is_no_other() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let (program, link, other) = (home.join("real"), home.join("link"), home.join("other"));
        fs::write(&program, "").unwrap();
        fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&program, &link).unwrap();
        assert_eq!(found(&program, None).severity, Severity::Note);
        assert_eq!(found(&program, Some(link)).severity, Severity::Ok);
        let warned = found(&program, Some(other.clone()));
        assert_eq!(warned.severity, Severity::Warning);
        assert!(warned.evidence.ends_with(&format!("a shell finds another: {}", other.display())), "{warned:?}");
    }

    #[test]
    fn a_program_that_everybody_may_change_is_named_with_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("bin");
        let program = folder.join("mcr");
        fs::create_dir(&folder).unwrap();
        fs::write(&program, "").unwrap();
        with_mode(&folder, 0o755);
        with_mode(&program, 0o755);
        assert_eq!(changeable(&program), []);
        with_mode(&folder, 0o1777);
        assert_eq!(changeable(&program), [], "a sticky folder lets nobody replace what is another's");
        with_mode(&folder, 0o777);
        with_mode(&program, 0o757);
        let mends: Vec<_> = changeable(&program).into_iter().filter_map(|finding| finding.mend).collect();
        assert_eq!(mends, [&program, &folder].map(|place| format!("run `chmod o-w {}`", place.display())));
    }
}
