//! What claude-code-router 2 gets wrong around the launch, its state, presets and the status line; mcr does not.
//!
//! The faults stand in [`table`], each with the test that would fail if mcr had it too. Those of translation and of
//! routing have their own tests beside the code: `src/translate/tests/ccr.rs` and `src/route/tests/ccr.rs`.

mod launcher;
mod preset;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use table::DEFECTS;

/// A fault of claude-code-router, and where mcr is held to doing without it.
struct Defect {
    /// What happens there, in a line.
    what: &'static str,
    /// Issues and pull requests of its repository; none where the fault was seen by running 2.0.0.
    issues: &'static [u32],
    /// The file of the test, seen from the repository's root.
    file: &'static str,
    test: &'static str,
}

/// Tells whether a source has this function, marked as a test that runs.
pub(crate) fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let found = lines.iter().position(|line| line.trim_start_matches("async ").starts_with(&head));
    let Some(found) = found else { return false };
    let marks: Vec<&&str> = lines[..found].iter().rev().take_while(|line| line.starts_with("#[")).collect();
    let is_test = |mark: &&&str| mark.starts_with("#[test]") || mark.starts_with("#[tokio::test");
    marks.iter().any(is_test) && !marks.iter().any(|mark| mark.starts_with("#[ignore"))
}

#[test]
fn every_defect_has_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = BTreeMap::new();
    for Defect { what, file, test, .. } in DEFECTS {
        let source = sources
            .entry(file)
            .or_insert_with(|| fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}")));
        assert!(has_test(source, test), "{file} has no test `{test}`, which holds: {what}");
    }
    let told: BTreeSet<_> = DEFECTS.iter().map(|defect| defect.what).collect();
    assert_eq!(told.len(), DEFECTS.len(), "a defect is told twice");
    assert!(DEFECTS.len() >= 95, "only {} defects", DEFECTS.len());
    let issues: BTreeSet<_> = DEFECTS.iter().flat_map(|defect| defect.issues).collect();
    assert!(issues.len() >= 35, "only {} issues: {issues:?}", issues.len());
}

#[test]
fn a_function_without_a_mark_is_no_test() {
    let source = "#[test]\n#[cfg(unix)]\nfn one() {}\n#[tokio::test]\nasync fn two() {}\nfn three() {}\n#[test]\n#[ignore]\nfn four() {}";
    assert_eq!(
        ["one", "two", "three", "four", "five"].map(|name| has_test(source, name)),
        [true, true, false, false, false]
    );
}
