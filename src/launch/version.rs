//! Which version of Claude Code a file is, from what lies beside it: nothing is run to find out.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// How far above the executable the package may begin.
const LEVELS: usize = 4;
/// The name of the package.
const PACKAGE: &str = "@anthropic-ai/claude-code";

/// A version; what follows its three numbers is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub [u64; 3]);

impl Version {
    /// Reads `2.1.329`, with anything behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.').map(|part| {
            let end = part.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(part.len());
            part.get(..end)?.parse::<u64>().ok()
        });
        Some(Self([parts.next()??, parts.next()??, parts.next()??]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Finds the version of an executable: in its package, or in its own name, as the native installer has it.
pub fn of(program: &Path) -> Option<Version> {
    let program = program.canonicalize().ok()?;
    let named = program.file_name().and_then(|name| Version::parse(name.to_str()?));
    named.or_else(|| program.ancestors().skip(1).take(LEVELS).find_map(of_package))
}

fn of_package(folder: &Path) -> Option<Version> {
    let text = fs::read_to_string(folder.join("package.json")).ok()?;
    let package: Value = serde_json::from_str(&text).ok()?;
    (package.get("name")? == PACKAGE).then(|| Version::parse(package.get("version")?.as_str()?)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert!(version("2.0.65") > version("2.0.9"));
        assert_eq!(version("2.1.329-beta.1").to_string(), "2.1.329");
        assert_eq!((Version::parse("latest"), Version::parse("2.1")), (None, None));
    }

    #[test]
    fn a_native_executable_is_named_by_its_version_and_another_package_is_not_it() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("2.1.100");
        fs::write(&file, "").unwrap();
        assert_eq!(of(&file), Some(Version([2, 1, 100])));
        fs::write(home.path().join("package.json"), r#"{"name": "other", "version": "9.9.9"}"#).unwrap();
        let script = home.path().join("claude");
        fs::write(&script, "").unwrap();
        assert_eq!(of(&script), None);
    }
}
