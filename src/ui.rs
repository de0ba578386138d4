//! Data to stdout, words to stderr.

use std::io::{self, IsTerminal as _, Write};

/// Writes data to stdout; a reader that went away is not an error.
pub fn print(data: &str) -> io::Result<()> {
    print_bytes(data.as_bytes())
}

/// Writes data that need not be text to stdout; a reader that went away is not an error.
pub fn print_bytes(data: &[u8]) -> io::Result<()> {
    match io::stdout().lock().write_all(data) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes one line of words to stderr; nobody listening is not an error.
pub fn say(words: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// Whether somebody is there to be asked: stdin and stderr are a terminal.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
