//! Unpacks a preset from bytes, within bounds.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::{
    package::{MOST_BYTES, MOST_ENTRIES, MOST_PACKED, MOST_RATIO, Package, Refused},
    zip,
};

/// Tars come in blocks, with a head before each file and two at the end.
const BLOCK: usize = 512;

/// Unpacks a `.zip` or `.tar.gz`; which it is, its first bytes say.
///
/// # Errors
/// Fails with the first thing that a preset may not hold; nothing is written anywhere.
pub fn unpack(bytes: &[u8]) -> Result<Package, Refused> {
    if bytes.len() > MOST_PACKED {
        return Err(Refused::TooLargePacked);
    }
    let package = match bytes {
        [b'P', b'K', ..] => zip::unpack(bytes)?,
        [0x1f, 0x8b, ..] => tar_gz(bytes)?,
        _ => {
            let why = "it begins like neither a `.zip` nor a `.tar.gz`".to_owned();
            return Err(Refused::Broken { kind: "archive", why });
        }
    };
    package.rooted()
}

fn broken(error: impl std::fmt::Display) -> Refused {
    Refused::Broken { kind: "tar.gz", why: error.to_string() }
}

fn tar_gz(bytes: &[u8]) -> Result<Package, Refused> {
    // All that may be in it, heads and long names included.
    let most = MOST_BYTES + (MOST_ENTRIES * 6 + 4) * BLOCK;
    let mut plain = Vec::new();
    let limit = u64::try_from(most + 1).unwrap_or(u64::MAX);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut plain).map_err(broken)?;
    if plain.len() > BLOCK * 40 && plain.len() / bytes.len().max(1) > MOST_RATIO {
        return Err(Refused::Bomb("the archive".to_owned()));
    }
    if plain.len() > most {
        return Err(Refused::TooLarge);
    }
    let mut package = Package::default();
    let mut archive = tar::Archive::new(Cursor::new(plain));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path_bytes().into_owned();
        let path = String::from_utf8(path).map_err(|_| broken("a path in it is not UTF-8"))?;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            // The folder that everything is in may be called `./`.
            if path.trim_matches(['.', '/']).is_empty() {
                continue;
            }
            package.add_folder(&path)?;
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            let room = u64::try_from(package.room() + 1).unwrap_or(u64::MAX);
            entry.by_ref().take(room).read_to_end(&mut bytes).map_err(broken)?;
            package.add(&path, bytes)?;
        } else if kind.is_pax_global_extensions() {
            // git writes the commit's id here.
        } else {
            return Err(Refused::Path { path, why: "is neither a file nor a folder" });
        }
    }
    Ok(package)
}
