//! The `mcr` command: parse, run, render the failure, return the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match mcr::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            mcr::ui::say(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}
