//! The shells that people use, as far as they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The shells that a test must have where it decides something; `.ci/shells` installs them.
pub const SHELLS: [&str; 6] = ["bash", "zsh", "dash", "fish", "elvish", "nu"];

/// Finds a shell. Elsewhere than in CI it may be missing, which is said; in CI it may not.
pub fn shell(name: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/shells/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([own]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()));
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "`{name}` is not installed; run `bash .ci/shells`");
    if found.is_none() {
        eprintln!("not tested: `{name}` is not installed; run `bash .ci/shells`");
    }
    found
}

/// The words by which a shell runs a script that stands in an argument, without any start file.
pub fn running(name: &str, script: &str) -> Option<Command> {
    let flags: &[&str] = match name {
        "bash" => &["--noprofile", "--norc", "-euc"],
        "zsh" => &["--no-rcs", "-euc"],
        "dash" => &["-euc"],
        "fish" => &["--no-config", "-c"],
        "elvish" => &["-norc", "-c"],
        "nu" => &["--no-config-file", "-c"],
        _ => panic!("how to run `{name}` is not known"),
    };
    let mut command = Command::new(shell(name)?);
    command.args(flags).arg(script);
    Some(command)
}
