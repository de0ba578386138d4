//! `mcr logs`: what the service writes down, and what it goes on writing.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::background::WORDS;
use crate::cli::args::Logs;
use crate::cli::config::Place;
use crate::error::{Exit, Failure};
use crate::launch::service;
use crate::observe::log_files;
use crate::paths::Paths;
use crate::ui;

/// A file tells nobody that it has grown; this is how often it is looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Prints the log of the service, or without one the newest there is.
pub fn run(options: &Logs, place: &Place<'_>) -> Result<u8, Failure> {
    let folder = &place.paths.logs;
    let service = service::find(place.paths)?;
    let path = match &service {
        Some(running) => log_files::newest(folder, Some(running.facts.pid)),
        None => log_files::newest(folder, None),
    };
    let Some(path) = path else { return Err(none(folder, service.is_some())) };
    if options.path {
        ui::print(&format!("{}\n", path.display())).map_err(|error| Failure::new(Exit::Io, error))?;
        return Ok(0);
    }
    let cannot = |error: io::Error| {
        let what = format!("cannot read the log: {}", path.display());
        Failure::new(Exit::Io, anyhow::Error::new(error).context(what))
    };
    let mut file = File::open(&path).map_err(cannot)?;
    if let Some(lines) = options.lines {
        skip_to_last(&mut file, lines).map_err(cannot)?;
    }
    let printed = if options.follow { follow(file, &path, place.paths) } else { print(&mut file) };
    match printed {
        // Whoever read along has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        other => other.map(|()| 0).map_err(cannot),
    }
}

/// Prints what is there.
fn print(file: &mut File) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    io::copy(file, &mut stdout)?;
    stdout.flush()
}

/// Prints what is there and what comes, of the next service too, until somebody ends it.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here, and no event to wait for")]
fn follow(mut file: File, path: &Path, paths: &Paths) -> io::Result<()> {
    let mut path = path.to_owned();
    loop {
        let running = service::find(paths).ok().flatten();
        print(&mut file)?;
        let next = running.and_then(|running| log_files::newest(&paths.logs, Some(running.facts.pid)));
        match next.filter(|next| *next != path) {
            Some(next) => (file, path) = (File::open(&next)?, next),
            None => std::thread::sleep(PAUSE),
        }
    }
}

/// Moves to where the last lines begin.
fn skip_to_last(file: &mut File, lines: usize) -> io::Result<()> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    file.seek(SeekFrom::Start(start_of_last(&text, lines) as u64))?;
    Ok(())
}

fn start_of_last(text: &[u8], lines: usize) -> usize {
    let ends = text.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    let mut starts = ends.skip_while(|end| *end == text.len());
    match lines.checked_sub(1) {
        None => text.len(),
        Some(before) => starts.nth(before).unwrap_or(0),
    }
}

fn none(folder: &Path, runs: bool) -> Failure {
    let words: PathBuf = folder.join(WORDS);
    let failure = Failure::say(Exit::NoInput, format!("there is no log yet: {}", folder.display()));
    let failure =
        if runs { failure.hint("set `LOG` to true, and run `mcr restart`") } else { failure.hint("run `mcr start`") };
    if words.exists() { failure.hint(format!("the last start said something: {}", words.display())) } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_begin_behind_the_one_before() {
        let last = |text: &str, lines| text[start_of_last(text.as_bytes(), lines)..].to_owned();
        assert_eq!(last("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last("a\nb\nc", 1), "c");
        assert_eq!(last("a\nb\n", 9), "a\nb\n");
        assert_eq!(last("a\nb\n", 0), "");
    }
}
