//! Programs that hear signals, whoever started the tests.
//!
//! A job in a script's background, or one under `nohup`, ignores signals, and its
//! children inherit that; mcr respects it, and a test that sends one would wait for ever.

use std::ffi::OsStr;
use std::process::Command;

/// A command to which signals mean what they usually mean.
pub fn hearing(program: impl AsRef<OsStr>) -> Command {
    let deaf = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_any(&status));
    if !deaf {
        return Command::new(program);
    }
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP,INT,QUIT").arg(program);
    command
}

/// Whether the first three signals, `HUP`, `INT` and `QUIT`, are in the mask of those that are ignored.
fn ignores_any(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or_default() & 0b111 != 0
}
