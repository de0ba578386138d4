//! Rows 45 and 46 by hand: what was done to the files is named with its place, and what is purged stays signed.

use std::fs;
use std::path::PathBuf;

use mcr::audit::{hex, unhex};
use serde_json::{Map, Value, json};

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
    let (code, anchor) = audit(&sandbox, &["checkpoint", "--json"]);
    assert_eq!((code, anchor["hash"].is_string()), (65, true), "{anchor}");
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

/// Makes what is there the record of a machine that wrote it in January 2024, and returns the month's folder.
///
/// Whoever has the whole record can do that, for nothing here was kept elsewhere.
fn aged(sandbox: &Sandbox) -> PathBuf {
    let record = folder(sandbox);
    let month = record.join("2024-01");
    fs::create_dir(&month).unwrap();
    for file in files(sandbox) {
        let mut fields: Map<String, Value> = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        fields.remove("hash");
        fields.insert("time".to_owned(), "2024-01-31T23:59:59.000000Z".into());
        let prev = unhex(fields["prev"].as_str().unwrap()).unwrap();
        fields.sort_keys();
        let text = serde_json::to_string(&fields).unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, &[&prev, text.as_bytes()].concat());
        fields.insert("hash".to_owned(), hex(hash.as_ref()).into());
        fields.sort_keys();
        fs::write(month.join(file.file_name().unwrap()), serde_json::to_string(&fields).unwrap() + "\n").unwrap();
        fs::remove_file(file).unwrap();
    }
    fs::remove_file(record.join("checkpoints.jsonl")).unwrap();
    fs::remove_file(record.join("seal.json")).unwrap();
    audit(sandbox, &["checkpoint", "--json"]);
    assert_eq!(found(sandbox, &[]), (0, Value::Null));
    month
}

#[test]
fn row_45_a_months_folder_by_another_months_name_is_named_and_not_purged() {
    let sandbox = Sandbox::new();
    key(&sandbox);
    let month = files(&sandbox)[0].parent().unwrap().to_owned();
    let name = month.file_name().unwrap().to_str().unwrap().to_owned();
    fs::rename(&month, folder(&sandbox).join("2024-01")).unwrap();
    let place = format!("{}:1", files(&sandbox)[0].display());
    let writer = files(&sandbox)[0].file_stem().unwrap().to_str().unwrap().to_owned();
    let place = place.replace(&sandbox.folder().display().to_string(), "~");
    let found = format!(
        "{place}: reordered, record 1 of writer {writer}: it was written in {name}, and stands among the records of 2024-01"
    );
    assert_eq!(
        sandbox.mcr(["audit", "verify"]),
        format!(
            "exit code: 65\n----- stdout -----\n{found}\n----- stderr -----\nerror: the audit record is not what was \
             written: {found}\n"
        )
    );
    assert_eq!(
        sandbox.mcr(["audit", "purge", "--before", "2025-01", "--yes"]),
        format!(
            "exit code: 65\n----- stderr -----\nerror: a folder of the audit record is not what was written\n  caused by: \
             record 1 of writer {writer} was written in {name}, and its folder is not of that month: {place}\nhint: run \
             `mcr audit verify`\n"
        )
    );
    assert_eq!(files(&sandbox).len(), 1);
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
    let month = aged(&sandbox);
    let picture = sandbox.mcr(["audit", "purge", "--before", "2025-01", "--yes"]);
    assert_eq!(picture, "exit code: 0\n----- stderr -----\ntook away 2024-01, parts 2, records 2\n");
    assert!(!month.exists());
    let (code, verified) = audit(&sandbox, &["verify", "--json"]);
    assert_eq!((code, &verified["tombstones"], &verified["records"]), (0, &json!(2), &json!(1)));
    let mut purged = verified["purged"].clone();
    let time = purged[0]["time"].take();
    let time = time.as_str().unwrap();
    assert_eq!(purged, json!([{"month": "2024-01", "time": null, "writers": 2, "records": 2}]));
    let told = format!("purged: 2024-01 at {time}, writers 2, records 2\n");
    assert!(sandbox.mcr(["audit", "verify"]).contains(&told));
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
    aged(&sandbox);
    let file = files(&sandbox)[0].clone();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("api.eu.mistral.ai", "api.mistral.ai")).unwrap();
    let picture = sandbox.mcr(["audit", "purge", "--before", "2025-01", "--yes"]);
    assert!(
        picture.starts_with("exit code: 1\n") && picture.contains("is damaged; run `mcr audit verify`"),
        "{picture}"
    );
    assert_eq!(files(&sandbox).len(), 1);
}
