//! Where a chain breaks first, and what was done to it.
//!
//! Pure. Which of two neighbours is the odd one shows in what stands around them: what an intruder was put between
//! still hangs together across it, and what was moved hangs on a line elsewhere.

use std::collections::HashMap;

use super::chain::{Hash, Link};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// A record is not what was written.
    Edited,
    /// A record that was not written there.
    Inserted,
    /// Records in the middle, or a whole part, are gone.
    Removed,
    /// A record stands where another was.
    Reordered,
    /// The end is gone.
    Truncated,
    /// A time is before the one before, which no writer writes.
    Clock,
}

impl Damage {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Inserted => "inserted",
            Self::Removed => "removed",
            Self::Reordered => "reordered",
            Self::Truncated => "truncated",
            Self::Clock => "clock",
        }
    }
}

/// What the next line must hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The number.
    pub seq: u64,
    /// The hash of the one before.
    pub prev: Hash,
}

impl Expected {
    fn is_met_by(self, line: Option<&Option<Link>>) -> bool {
        line.and_then(Option::as_ref).is_some_and(|link| link.seq == self.seq && link.prev == self.prev)
    }

    fn behind(link: &Link) -> Self {
        Self { seq: link.seq.saturating_add(1), prev: link.hash }
    }
}

/// Finds the first line that does not hang on the one before, by its index, and what was done there.
///
/// A line is nothing where it cannot be read or its hash is not its own. `skips` says whether what stands between was
/// taken away in an orderly way.
pub fn first(
    lines: &[Option<Link>],
    start: Expected,
    skips: &dyn Fn(Expected, &Link) -> bool,
) -> Option<(usize, Damage)> {
    let mut expected = start;
    let mut last: Option<&Link> = None;
    for (at, line) in lines.iter().enumerate() {
        let Some(link) = line.as_ref().filter(|link| expected.is_met_by(Some(line)) || skips(expected, link)) else {
            return Some(judge(lines, at, expected));
        };
        if last.is_some_and(|last| link.time < last.time || link.up_ms < last.up_ms) {
            return Some((at, Damage::Clock));
        }
        (expected, last) = (Expected::behind(link), Some(link));
    }
    None
}

fn judge(lines: &[Option<Link>], at: usize, expected: Expected) -> (usize, Damage) {
    let next_follows = expected.is_met_by(lines.get(at + 1));
    let Some(link) = &lines[at] else {
        return (at, if next_follows { Damage::Inserted } else { Damage::Edited });
    };
    let elsewhere = |hash: &Hash| {
        lines
            .iter()
            .enumerate()
            .any(|(other, line)| other != at && line.as_ref().is_some_and(|line| line.hash == *hash))
    };
    if elsewhere(&link.hash) {
        return (at, Damage::Inserted);
    }
    // What was moved still has its place in the chain; what was made up has none.
    let numbers: HashMap<&Hash, u64> = lines.iter().flatten().map(|link| (&link.hash, link.seq)).collect();
    let has_place = numbers.get(&link.prev).is_some_and(|seq| seq.checked_add(1) == Some(link.seq));
    let is_later = lines[at..].iter().any(|line| expected.is_met_by(Some(line)));
    if is_later {
        return (at, if has_place { Damage::Reordered } else { Damage::Inserted });
    }
    let before = at.checked_sub(1).and_then(|before| lines[before].as_ref().map(|link| (before, link)));
    let goes_on = Expected::behind(link).is_met_by(lines.get(at + 1));
    match before {
        // Two that hang on the same one: the chain goes on from one of them.
        Some((before, other)) if other.prev == link.prev && other.seq == link.seq => {
            if goes_on {
                (before, Damage::Inserted)
            } else {
                (at, Damage::Inserted)
            }
        }
        // The one before was changed with its hash, for this one hangs on what it was.
        Some((before, _)) if link.seq == expected.seq && (goes_on || at + 1 == lines.len()) => (before, Damage::Edited),
        _ if link.seq == expected.seq => (at, Damage::Edited),
        _ if link.seq > expected.seq => (at, Damage::Removed),
        _ => (at, Damage::Inserted),
    }
}
