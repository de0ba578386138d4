//! The folder of the record: a folder for each month, in it a file for each process that wrote.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::chain::{self, Hash, Record};
use super::checkpoint::{self, Checkpoint};
use super::sealing::{CHECKPOINTS, SEAL, next};
use super::verify::{Log, Segment, whole_lines};

/// A file of the record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// `2026-11`.
    pub month: String,
    /// Who wrote it.
    pub writer: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Records, by their time.
    pub records: Vec<Record>,
    /// The last checkpoint, where there is one.
    pub last: Option<Checkpoint>,
    /// The first key, in hexadecimal: the installation's fingerprint.
    pub fingerprint: Option<String>,
    /// What could not be read: the file, and the line in it from 1.
    pub unread: Vec<(PathBuf, usize)>,
}

/// Whether a text names a month: `2026-11`.
pub fn is_month(text: &str) -> bool {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let month = text.get(5..).and_then(|month| month.parse::<u8>().ok());
    text.len() == 7
        && text.as_bytes()[4] == b'-'
        && [0, 1, 2, 3, 5, 6].into_iter().all(is_digit)
        && month.is_some_and(|month| (1..=12).contains(&month))
}

/// Lists the files, by month and writer; a folder that is not there holds none.
pub fn parts(folder: &Path) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for month in entries(folder)? {
        let Some(name) = month.file_name().and_then(|name| name.to_str()).filter(|name| is_month(name)) else {
            continue;
        };
        for path in entries(&month)? {
            let is_lines = path.extension().is_some_and(|ending| ending == "jsonl");
            if let Some(writer) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_lines) {
                parts.push(Part { month: name.to_owned(), writer: writer.to_owned(), path: path.clone() });
            }
        }
    }
    parts.sort();
    Ok(parts)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// Reads a file that may be gone.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => {
            read.map_err(|error| io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display())))
        }
    }
}

/// Reads all that [`super::verify::verify`] looks at; the checkpoints first, so that what they have signed is there.
///
/// # Errors
/// Fails where a file cannot be read.
pub fn log(folder: &Path, anchors: &[Hash]) -> io::Result<Log> {
    let path = folder.join(CHECKPOINTS);
    // The key after the line: it is replaced once the line is there.
    let seal = next(folder)?;
    let (mut checkpoints, mut is_torn) = checkpoints(folder)?;
    let seal = if next(folder)? == seal {
        seal
    } else {
        (checkpoints, is_torn) = self::checkpoints(folder)?;
        next(folder)?
    };
    let segments = parts(folder)?.into_iter().map(|part| segment(&part)).collect::<io::Result<_>>()?;
    Ok(Log {
        segments,
        checkpoints_file: path.display().to_string(),
        checkpoints,
        is_torn,
        seal_file: folder.join(SEAL).display().to_string(),
        seal,
        anchors: anchors.to_vec(),
    })
}

/// Reads how a file's lines hang together.
pub(super) fn segment(part: &Part) -> io::Result<Segment> {
    Ok(Segment::read(&part.writer, &part.month, part.path.display().to_string(), &bytes(&part.path)?))
}

/// Reads the checkpoints, and whether a piece of one is behind them.
pub(super) fn checkpoints(folder: &Path) -> io::Result<(Vec<Option<Checkpoint>>, bool)> {
    Ok(whole_lines(&bytes(&folder.join(CHECKPOINTS))?, &checkpoint::read))
}

/// Reads the records since a time, RFC 3339 in UTC, by their time; says what could not be read, and fails for nothing
/// but the files themselves.
///
/// # Errors
/// Fails where a file cannot be read.
pub fn read(folder: &Path, since: Option<&str>) -> io::Result<Reading> {
    let mut reading = Reading::default();
    let first = since.and_then(|since| since.get(..7)).unwrap_or_default();
    for part in parts(folder)?.into_iter().filter(|part| &*part.month >= first) {
        let (lines, is_torn) = whole_lines(&bytes(&part.path)?, &chain::record);
        let unread = lines.iter().enumerate().filter(|(_, line)| line.is_none()).map(|(at, _)| at + 1);
        reading.unread.extend(unread.chain(is_torn.then_some(lines.len() + 1)).map(|line| (part.path.clone(), line)));
        let wanted = |record: &Record| since.is_none_or(|since| &*record.time >= since);
        reading.records.extend(lines.into_iter().flatten().filter(wanted));
    }
    reading
        .records
        .sort_by(|one, other| (&one.time, &one.writer, one.seq).cmp(&(&other.time, &other.writer, other.seq)));
    let (checkpoints, _) = checkpoints(folder)?;
    let mut known = checkpoints.into_iter().flatten();
    let first = known.next();
    reading.fingerprint = first.as_ref().map(|first| chain::hex(&first.key));
    reading.last = known.last().or(first);
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_four_digits_and_two() {
        for (text, is) in
            [("2026-11", true), ("2026-00", false), ("2026-13", false), ("2026-1", false), ("20é6-11", false)]
        {
            assert_eq!(is_month(text), is, "{text}");
        }
    }
}
