//! Data to stdout, words to stderr.

use std::io::{self, Write};

/// Writes data to stdout; a reader that went away is not an error.
pub fn print(data: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(data.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes one line of words to stderr; nobody listening is not an error.
pub fn say(words: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{words}");
}
