//! The `mcr` command: parse, run, render the failure, return the exit code.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
