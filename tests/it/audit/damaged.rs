//! Rows 45 and 46 by hand: what was done to the files is named with its place, and what is purged stays signed.

use std::fs;

use serde_json::{Value, json};

use super::{audit, files, folder, key};
use crate::common::Sandbox;

/// What `mcr audit verify` finds first.
fn found(sandbox: &Sandbox, arguments: &[&str]) -> (i32, Value) {
    let (code, verified) = audit(sandbox, &[&["verify", "--json"], arguments].concat());
    (code, verified["damage"][0]["kind"].clone())
}

#[test]
fn row_45_what_was_done_by_hand_is_named_with_its_place() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    key(&sandbox);
    assert_eq!(found(&sandbox, &[]), (0, Value::Null));
    let file = &files(&sandbox)[0];
    let text = fs::read_to_string(file).unwrap();
    fs::write(file, text.replace("api.eu.mistral.ai", "api.mistral.ai")).unwrap();
    let picture = sandbox.mcr(["audit", "verify"]);
    let place = format!("{}:1: edited, record 1 of writer", file.display());
    assert!(picture.starts_with("exit code: 65\n"), "{picture}");
    let place = place.replace(&sandbox.folder().display().to_string(), "~");
    assert!(picture.contains(&place), "{picture}");
    fs::write(file, &text).unwrap();
    fs::remove_file(file).unwrap();
    assert_eq!(found(&sandbox, &[]), (65, json!("removed")));
    fs::write(file, &text).unwrap();
    assert_eq!(found(&sandbox, &[]), (0, Value::Null));
    // A piece of a line at the end is no damage.
    fs::write(file, [text.as_str(), "{\"a"].concat()).unwrap();
    let (code, verified) = audit(&sandbox, &["verify", "--json"]);
    assert_eq!((code, verified["torn"].as_array().map(Vec::len)), (0, Some(1)));
}

#[test]
fn an_anchor_that_was_kept_elsewhere_tells_of_a_record_that_was_begun_anew() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    let (_, anchor) = audit(&sandbox, &["checkpoint", "--json"]);
    let file = sandbox.write("anchor.json", &anchor.to_string());
    let file = file.to_str().unwrap();
    key(&sandbox);
    assert_eq!(found(&sandbox, &["--anchor", file]), (0, Value::Null));
    assert_eq!(found(&sandbox, &["--anchor", anchor["hash"].as_str().unwrap()]), (0, Value::Null));
    fs::remove_dir_all(folder(&sandbox)).unwrap();
    key(&sandbox);
    assert_eq!(found(&sandbox, &[]), (0, Value::Null), "nothing here can tell");
    assert_eq!(found(&sandbox, &["--anchor", file]), (65, json!("truncated")));
}

#[test]
fn row_46_what_was_purged_leaves_a_chain_that_holds() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    key(&sandbox);
    let month = files(&sandbox)[0].parent().unwrap().to_owned();
    let name = month.file_name().unwrap().to_str().unwrap().to_owned();
    // The month that runs stays, whatever is asked for.
    let picture = sandbox.mcr(["audit", "purge", "--before", "2999-01", "--yes"]);
    assert!(picture.contains(&format!("kept {name}: it is not over\n")), "{picture}");
    fs::rename(&month, folder(&sandbox).join("2024-01")).unwrap();
    let picture = sandbox.mcr(["audit", "purge", "--before", "2025-01", "--yes"]);
    assert_eq!(picture, "exit code: 0\n----- stderr -----\ntook away 2024-01, parts 2, records 2\n");
    assert!(!folder(&sandbox).join("2024-01").exists());
    let (code, verified) = audit(&sandbox, &["verify", "--json"]);
    assert_eq!((code, &verified["tombstones"], &verified["records"]), (0, &json!(2), &json!(1)));
    let (_, shown) = audit(&sandbox, &["show", "--json"]);
    assert_eq!(shown["records"][0]["reason"], "2024-01, parts 2, records 2");
    // What is gone without a tombstone is missed all the same.
    fs::remove_file(&files(&sandbox)[0]).unwrap();
    assert_eq!(found(&sandbox, &[]), (65, json!("removed")));
}

#[test]
fn what_is_damaged_is_not_purged_away() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    let file = files(&sandbox)[0].clone();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("api.eu.mistral.ai", "api.mistral.ai")).unwrap();
    fs::rename(file.parent().unwrap(), folder(&sandbox).join("2024-01")).unwrap();
    let picture = sandbox.mcr(["audit", "purge", "--before", "2025-01", "--yes"]);
    assert!(
        picture.starts_with("exit code: 1\n") && picture.contains("is damaged; run `mcr audit verify`"),
        "{picture}"
    );
    assert_eq!(files(&sandbox).len(), 1);
}
