//! The record of what left this machine: what is on it, whether it shows what was done to it, and what happens where it
//! cannot be written.

mod contacts;
mod damaged;
mod killed;
mod unwritable;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::requests::MODEL;
use crate::common::{Rig, Sandbox, ask};
use mcr::imitation::Reply;

/// Runs a command of `mcr audit` that prints JSON; returns that and the exit code.
fn audit(sandbox: &Sandbox, arguments: &[&str]) -> (i32, Value) {
    let output = sandbox.command([&["audit"], arguments].concat()).output().expect("mcr");
    let text = String::from_utf8(output.stdout).expect("text");
    (output.status.code().expect("a code"), serde_json::from_str(&text).unwrap_or_default())
}

fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join("state/audit")
}

/// The files of the record, by their names.
fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let parts = mcr::audit::parts(&folder(sandbox)).expect("a folder");
    parts.into_iter().map(|part| part.path).collect()
}

/// Leaves the record of a process that has ended.
fn key(sandbox: &Sandbox) {
    use std::io::Write as _;
    let mut command = sandbox.command(["key", "set", "k", "--host", "api.eu.mistral.ai", "--from-stdin"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("mcr");
    child.stdin.take().expect("stdin").write_all(b"sk-x\n").expect("a key");
    assert!(child.wait().expect("an end").success());
}

#[tokio::test]
async fn every_request_is_on_record_with_where_it_went() {
    let rig = Rig::new([Reply::say("Hello"), Reply::status(503, &json!({"message": "full"}))]).await;
    rig.messages(&ask("Hi")).await;
    rig.messages(&ask("Hi")).await;
    rig.server.wait_for_log(" request ", 2).await;
    let (code, shown) = audit(&rig.sandbox, &["show", "--kind", "request", "--json"]);
    let records = shown["records"].as_array().expect("records");
    assert_eq!((code, records.len()), (0, 2));
    let of = |record: &Value, keys: &[&str]| keys.iter().map(|key| record[key].clone()).collect::<Vec<_>>();
    let keys = ["host", "region", "target", "model_sent", "route", "status", "attempts", "tokens_in", "tokens_out"];
    assert_eq!(
        of(&records[0], &keys),
        [
            json!("127.0.0.1"),
            json!("local"),
            json!("mistral"),
            json!(MODEL),
            json!("default"),
            json!(200),
            json!(1),
            json!(10),
            json!(5)
        ]
    );
    let sent: Vec<u64> = rig.upstream.captured().iter().map(|it| it.body.to_string().len() as u64).collect();
    assert!(records[0]["bytes_out"].as_u64() >= sent.first().copied(), "{records:?}");
    assert!(records[0]["bytes_in"].as_u64().is_some_and(|bytes| bytes > 100), "{records:?}");
    assert_eq!(of(&records[1], &["status", "upstream_request"]), [json!(529), json!("imitation-1")]);
    let (code, verified) = audit(&rig.sandbox, &["verify", "--json"]);
    assert_eq!((code, &verified["ok"], &verified["records"]), (0, &json!(true), &json!(3)));
}

#[tokio::test]
async fn an_edit_of_the_configuration_and_the_orderly_end_are_on_record_and_all_is_signed() {
    let rig = Rig::new([]).await;
    let path = rig.sandbox.folder().join("config.json");
    let edited = fs::read_to_string(&path).unwrap().replacen('{', "{\"Audit\": {\"body_digest\": true},", 1);
    fs::write(path, edited).unwrap();
    rig.server.wait_for_log("configuration reloaded", 1).await;
    let Rig { server, sandbox, .. } = rig;
    server.stopped().await;
    let (_, shown) = audit(&sandbox, &["show", "--json"]);
    let records = shown["records"].as_array().expect("records");
    let kinds: Vec<&str> = records.iter().filter_map(|record| record["kind"].as_str()).collect();
    assert_eq!(kinds, ["start", "config", "stop"]);
    assert_ne!(records[0]["config_hash"], records[1]["config_hash"]);
    let (code, verified) = audit(&sandbox, &["verify", "--json"]);
    assert_eq!((code, &verified["uncovered"], &verified["checkpoints"]), (0, &json!(0), &json!(2)));
}

#[tokio::test]
async fn a_session_and_a_body_go_by_digests_that_only_this_installation_makes() {
    let change = |config: &mut Value| config["Audit"] = json!({"body_digest": true, "required": true});
    let rig = Rig::configured([Reply::say("Hello")], change).await;
    let mut request = ask("Hi");
    request["metadata"] = json!({"user_id": "user_x_account__session_0f8fad5b-d9cb-469f-a165-70867728950e"});
    rig.messages(&request).await;
    rig.server.wait_for_log(" request ", 1).await;
    let session = ["show", "--json", "--session", "0f8fad5b-d9cb-469f-a165-70867728950e"];
    let (_, shown) = audit(&rig.sandbox, &session);
    let records = shown["records"].as_array().expect("records");
    let kinds: Vec<&str> = records.iter().filter_map(|record| record["kind"].as_str()).collect();
    assert_eq!(kinds, ["begin", "request"]);
    assert_eq!(records[0]["session"].as_str().map(str::len), Some(32));
    assert_eq!(records[1]["body_digest"].as_str().map(str::len), Some(64));
    assert!(!shown.to_string().contains("0f8fad5b"));
}

#[tokio::test]
async fn without_a_record_nothing_is_written() {
    let rig = Rig::configured([Reply::say("Hello")], |config| config["Audit"] = json!({"enabled": false})).await;
    rig.messages(&ask("Hi")).await;
    rig.server.wait_for_log(" request ", 1).await;
    assert!(!folder(&rig.sandbox).exists());
}
