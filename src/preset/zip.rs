//! Reads zips of the plain kind: one disk, no encryption, stored or deflated, below 4 GiB.
//!
//! Written out because the published readers bring a dozen packages for what a preset
//! may not be anyway. What this does not know, it refuses. The central directory counts;
//! a local head that says otherwise is refused, so that no two readers see two archives.

use std::io::Read as _;

use flate2::{Crc, read::DeflateDecoder};

use super::package::{MOST_ENTRIES, MOST_RATIO, Package, Refused};

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";

const END_LENGTH: usize = 22;
const LONGEST_COMMENT: usize = 65_535;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const ENCRYPTED: u16 = 1;

/// A compressed file of a few bytes may well be a hundred times shorter.
const SMALL: usize = 4096;

/// One entry of the central directory.
struct Entry<'b> {
    name: &'b str,
    name_bytes: &'b [u8],
    method: u16,
    crc: u32,
    packed: usize,
    size: usize,
    local: usize,
    /// The kind of file on Unix, from its mode; 0 where none is given.
    kind: u32,
}

pub(super) fn unpack(bytes: &[u8]) -> Result<Package, Refused> {
    let (count, mut at) = directory(bytes)?;
    if count > MOST_ENTRIES {
        return Err(Refused::TooMany);
    }
    let mut package = Package::default();
    for _ in 0..count {
        let (entry, next) = entry(bytes, at)?;
        at = next;
        match entry.kind {
            0 | 0o100_000 | 0o040_000 => {}
            0o120_000 => return Err(path(entry.name, "is a symbolic link")),
            _ => return Err(path(entry.name, "is neither a file nor a folder")),
        }
        if entry.name.ends_with('/') {
            package.add_folder(entry.name)?;
        } else {
            let content = content(bytes, &entry, package.room())?;
            package.add(entry.name, content)?;
        }
    }
    Ok(package)
}

/// Returns the number of entries and where they begin.
fn directory(bytes: &[u8]) -> Result<(usize, usize), Refused> {
    let first = bytes.len().saturating_sub(END_LENGTH + LONGEST_COMMENT);
    let last = bytes.len().checked_sub(END_LENGTH).ok_or_else(|| broken("it is too short"))?;
    let is_end = |at: &usize| {
        bytes[*at..].starts_with(END)
            && number(bytes, at + 20, 2).is_some_and(|comment| at + END_LENGTH + comment == bytes.len())
    };
    let end = (first..=last).rev().find(is_end).ok_or_else(|| broken("it has no end"))?;
    let field = |offset, length| number(bytes, end + offset, length).ok_or_else(|| broken("its end is cut"));
    if field(4, 2)? != 0 || field(6, 2)? != 0 || field(8, 2)? != field(10, 2)? {
        return Err(broken("it is a part of several"));
    }
    let (count, start) = (field(10, 2)?, field(16, 4)?);
    if count == 0xffff || start == 0xffff_ffff {
        return Err(broken("it is a zip64"));
    }
    Ok((count, start))
}

fn entry(bytes: &[u8], at: usize) -> Result<(Entry<'_>, usize), Refused> {
    let cut = || broken("its directory is cut");
    if !bytes.get(at..).is_some_and(|rest| rest.starts_with(ENTRY)) {
        return Err(broken("its directory is not where it says"));
    }
    let field = |offset, length| number(bytes, at + offset, length).ok_or_else(cut);
    let (name_length, extra, comment) = (field(28, 2)?, field(30, 2)?, field(32, 2)?);
    let name_bytes = bytes.get(at + 46..at + 46 + name_length).ok_or_else(cut)?;
    let name = std::str::from_utf8(name_bytes).map_err(|_| broken("a path in it is not UTF-8"))?;
    if field(8, 2)? & usize::from(ENCRYPTED) != 0 {
        return Err(path(name, "is encrypted"));
    }
    let short = |number: usize| u16::try_from(number).map_err(|_| cut());
    let entry = Entry {
        name,
        name_bytes,
        method: short(field(10, 2)?)?,
        crc: u32::try_from(field(16, 4)?).map_err(|_| cut())?,
        packed: field(20, 4)?,
        size: field(24, 4)?,
        local: field(42, 4)?,
        kind: u32::try_from(field(38, 4)? >> 16).map_err(|_| cut())? & 0o170_000,
    };
    Ok((entry, at + 46 + name_length + extra + comment))
}

fn content(bytes: &[u8], entry: &Entry<'_>, room: usize) -> Result<Vec<u8>, Refused> {
    let cut = || broken("a file in it is cut");
    if !bytes.get(entry.local..).is_some_and(|rest| rest.starts_with(LOCAL)) {
        return Err(broken("a file in it is not where it says"));
    }
    let field = |offset, length| number(bytes, entry.local + offset, length).ok_or_else(cut);
    let (name, extra) = (field(26, 2)?, field(28, 2)?);
    let start = entry.local + 30;
    if bytes.get(start..start + name) != Some(entry.name_bytes) {
        return Err(path(entry.name, "is called otherwise in its own head"));
    }
    let start = start + name + extra;
    let packed = bytes.get(start..start + entry.packed).ok_or_else(cut)?;
    if entry.size > SMALL && entry.size / entry.packed.max(1) > MOST_RATIO {
        return Err(Refused::Bomb(entry.name.to_owned()));
    }
    if entry.size > room {
        return Err(Refused::TooLarge);
    }
    let mut content = Vec::new();
    match entry.method {
        STORED => content.extend_from_slice(packed),
        DEFLATED => {
            // One byte more than promised tells a liar.
            let limit = u64::try_from(entry.size + 1).unwrap_or(u64::MAX);
            DeflateDecoder::new(packed).take(limit).read_to_end(&mut content).map_err(broken)?;
        }
        _ => return Err(path(entry.name, "is packed in a way that mcr does not know")),
    }
    if content.len() > entry.size {
        return Err(Refused::Bomb(entry.name.to_owned()));
    }
    let mut crc = Crc::new();
    crc.update(&content);
    if content.len() != entry.size || crc.sum() != entry.crc {
        return Err(path(entry.name, "is damaged: its checksum is another"));
    }
    Ok(content)
}

/// Reads a number of two or four bytes, the least first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let field = bytes.get(at..at + length)?;
    field.iter().rev().try_fold(0_usize, |number, byte| number.checked_mul(256)?.checked_add(usize::from(*byte)))
}

fn path(path: &str, why: &'static str) -> Refused {
    Refused::Path { path: path.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect(), why }
}

fn broken(why: impl std::fmt::Display) -> Refused {
    Refused::Broken { kind: "zip", why: why.to_string() }
}
