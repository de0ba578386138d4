//! Whatever a value holds, each shell reads it as it is.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use mcr::launch::activation::Change;
use mcr::launch::shell::Shell;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{environment, prints, takes_in};
use crate::common::shells::running;

/// Variables of one run, so that few shells see many values.
const VALUES: usize = 12;

/// Values that end quotes, begin expansions and break lines, and any others.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let nasty = prop::sample::select(
        [
            "'",
            "\"",
            "\\",
            "$",
            "`",
            "!",
            "$(touch made)",
            ";",
            "\n",
            "\r",
            "#",
            "%",
            "é",
            "🦀",
            " ",
            "''",
            "\\'",
            "~",
            "{",
            "\t",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
    );
    let plain =
        any::<char>().prop_filter("an end of text", |it| *it != '\0').prop_map(|it| it.to_string().into_bytes());
    prop::collection::vec(prop_oneof![3 => nasty, 1 => plain], 0..12).prop_map(|parts| parts.concat())
}

/// What is no text at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![texts(), prop::collection::vec(1_u8.., 0..24)]
}

/// Lets a shell take values in and give them back.
fn check(name: &str, value: impl Strategy<Value = Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    let text = format!("{}\n{}", takes_in(name, "cat script"), prints(name));
    if running(name, &text).is_none() {
        return;
    }
    let shell: Shell = name.parse().unwrap();
    let run = |values: Vec<Vec<u8>>| {
        let names = (0..values.len()).map(|number| format!("MCR_VALUE_{number}"));
        let expect: Vec<(String, Vec<u8>)> = names.zip(values).collect();
        let mut changes: Vec<Change> =
            expect.iter().map(|(name, value)| Change::Set(name.clone(), OsString::from_vec(value.clone()))).collect();
        changes.push(Change::Unset("MCR_GONE".to_owned()));
        // Taking away what is not there is no error.
        changes.push(Change::Unset("MCR_NEVER".to_owned()));
        fs::write(&script, shell.script(&changes)).unwrap();
        let mut command = running(name, &text).expect("it was there before");
        command.env("MCR_GONE", "x").current_dir(folder.path());
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        prop_assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr);
        let found = environment(&output.stdout);
        for (name, value) in expect {
            prop_assert_eq!(found.get(&name), Some(&value), "{}", name);
        }
        prop_assert_eq!(found.get("MCR_GONE"), None);
        // Nothing was run.
        prop_assert!(!folder.path().join("made").exists());
        Ok(())
    };
    let mut runner =
        TestRunner::new(Config { cases: 24, max_shrink_iters: 60, failure_persistence: None, ..Config::default() });
    runner.run(&prop::collection::vec(value, VALUES), run).unwrap();
}

#[test]
fn bash_reads_every_value_as_it_is() {
    check("bash", bytes());
}

#[test]
fn zsh_reads_every_value_as_it_is() {
    check("zsh", bytes());
}

#[test]
fn dash_reads_every_value_as_it_is() {
    check("dash", bytes());
}

#[test]
fn fish_reads_every_value_as_it_is() {
    check("fish", bytes());
}

#[test]
fn elvish_reads_every_text_as_it_is() {
    check("elvish", texts());
}

#[test]
fn nushell_reads_every_text_as_it_is() {
    check("nu", texts());
}
