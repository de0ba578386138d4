//! What questions are put on: a terminal that Ctrl-C leaves as it found it.
//!
//! Ctrl-C ends the process at once, so whatever a question had changed would stay: the
//! cursor that lists hide, and the echo that a key must not have.

use std::io;

use dialoguer::Confirm;
use dialoguer::console::Term;

use crate::config::Secret;
use crate::error::{Exit, Failure};

/// The terminal for lists and for yes or no; its cursor stays to be seen.
pub(super) fn screen() -> Term {
    #[cfg(unix)]
    let screen = Term::read_write_pair(io::stdin(), system::Steady(io::stderr()));
    #[cfg(not(unix))]
    let screen = Term::stderr();
    screen
}

/// Says that nobody could be asked.
pub(super) fn cannot(error: dialoguer::Error) -> Failure {
    Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot ask on this terminal"))
}

/// Asks for a yes or a no.
pub(super) fn confirm(words: &str, default: bool) -> Result<bool, Failure> {
    Confirm::new().with_prompt(words).default(default).interact_on(&screen()).map_err(cannot)
}

/// Asks for a key, which does not show, again until it is one.
pub(super) fn key(words: &str) -> Result<Secret, Failure> {
    let check = |text: &str| Secret::key(text.to_owned()).map(drop).map_err(|error| error.to_string());
    hidden(words, check).map(Secret::new).map_err(|error| cannot(error.into()))
}

/// Asks for words that do not show, again until `check` takes them.
pub(super) fn hidden(words: &str, check: impl Fn(&str) -> Result<(), String>) -> io::Result<String> {
    let screen = Term::stderr();
    loop {
        screen.write_str(&format!("{words}: "))?;
        #[cfg(unix)]
        let text = system::read_hidden();
        #[cfg(not(unix))]
        let text = screen.read_secure_line();
        screen.write_line("")?;
        let text = text?;
        match check(&text) {
            Ok(()) => return Ok(text),
            Err(why) => screen.write_line(&format!("error: {why}"))?,
        }
    }
}

#[cfg(unix)]
mod system {
    use std::io::{self, Stdin, Write};
    use std::os::fd::{AsRawFd, RawFd};

    use rustix::process::{Signal, getpid, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

    const HIDES_CURSOR: &[u8] = b"\x1b[?25l";
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const CTRL_U: u8 = 21;

    /// Stderr without what hides the cursor, which comes in a piece of its own.
    #[derive(Debug)]
    pub(super) struct Steady(pub(super) io::Stderr);

    impl Write for Steady {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes == HIDES_CURSOR { Ok(bytes.len()) } else { self.0.write(bytes) }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl AsRawFd for Steady {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    /// A terminal that hands over every key, Ctrl-C too, and shows none; as before once it is dropped.
    struct Silent {
        stdin: Stdin,
        before: Termios,
    }

    impl Silent {
        fn new() -> io::Result<Self> {
            let stdin = io::stdin();
            let before = tcgetattr(&stdin)?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            silent.special_codes[SpecialCodeIndex::VMIN] = 1;
            silent.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(&stdin, OptionalActions::Drain, &silent)?;
            Ok(Self { stdin, before })
        }

        /// Reads one byte, and no more: the rest may be the answer to the next question.
        fn read(&self) -> io::Result<Option<u8>> {
            let mut byte = [0];
            let count = rustix::io::retry_on_intr(|| rustix::io::read(&self.stdin, &mut byte))?;
            Ok((count > 0).then_some(byte[0]))
        }
    }

    impl Drop for Silent {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.stdin, OptionalActions::Drain, &self.before);
        }
    }

    pub(super) fn read_hidden() -> io::Result<String> {
        let silent = Silent::new()?;
        let mut text = Vec::new();
        loop {
            match silent.read()? {
                Some(b'\r' | b'\n') => break,
                Some(CTRL_C) => {
                    drop(silent);
                    let _ = writeln!(io::stderr());
                    kill_process(getpid(), Signal::INT)?;
                    // Only where the signal is ignored.
                    return Err(io::ErrorKind::Interrupted.into());
                }
                None | Some(CTRL_D) if text.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                None | Some(CTRL_D) => break,
                Some(CTRL_U) => text.clear(),
                Some(8 | 127) => erase(&mut text),
                Some(byte) => text.push(byte),
            }
        }
        String::from_utf8(text).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }

    /// Takes the last character away, of which there may be several bytes.
    fn erase(text: &mut Vec<u8>) {
        while text.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_character_goes_with_all_its_bytes() {
            let mut text = "aé".as_bytes().to_vec();
            super::erase(&mut text);
            assert_eq!(text, b"a");
            super::erase(&mut text);
            super::erase(&mut text);
            assert_eq!(text, b"");
        }
    }
}
