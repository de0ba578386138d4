//! The record of what left this machine: what is on it, and whether it shows what was done to it.

use serde_json::{Value, json};

use crate::common::requests::MODEL;
use crate::common::{Rig, ask};
use mcr::imitation::Reply;

/// Runs a command of `mcr audit` that prints JSON; returns that and the exit code.
fn audit(rig: &Rig, arguments: &[&str]) -> (i32, Value) {
    let output = rig.sandbox.command([&["audit"], arguments].concat()).output().expect("mcr");
    let text = String::from_utf8(output.stdout).expect("text");
    (output.status.code().expect("a code"), serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test]
async fn every_request_is_on_record_with_where_it_went() {
    let rig = Rig::new([Reply::say("Hello"), Reply::status(503, &json!({"message": "full"}))]).await;
    rig.messages(&ask("Hi")).await;
    rig.messages(&ask("Hi")).await;
    rig.server.wait_for_log(" request ", 2).await;
    let (code, shown) = audit(&rig, &["show", "--kind", "request", "--json"]);
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
    assert_eq!(of(&records[1], &["status", "upstream_request"]), [json!(529), json!("imitation-1")]);
    let (code, verified) = audit(&rig, &["verify", "--json"]);
    assert_eq!((code, &verified["ok"], &verified["records"]), (0, &json!(true), &json!(3)));
}
