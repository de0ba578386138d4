//! `mcr usage`, from requests that were really made.

use insta::assert_snapshot;
use mcr::imitation::Reply;
use serde_json::{Value, json};

use crate::common::{Rig, Sandbox, ask};

fn usage(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let words = ["usage"].iter().chain(arguments).chain(&["--json"]).copied();
    let output = sandbox.command(words).output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[tokio::test]
async fn every_request_is_summed_up_with_its_model() {
    let failure = Reply::status(500, &json!({"message": "no"}));
    let rig = Rig::new([Reply::say("Hello"), Reply::say("Hello"), failure]).await;
    for _ in 0..3 {
        rig.messages(&ask("Hi")).await;
    }
    let used = usage(&rig.sandbox, &["model"]);
    let row = &used["models"][0];
    assert_eq!((&row["model"], &row["requests"]), (&json!("mistral-medium-3-5"), &json!(3)));
    assert_eq!((&row["failedRequests"], &row["unpricedRequests"]), (&json!(1), &json!(0)));
    assert_eq!((&row["totalCost"], &row["costUSD"]), (&json!(0.0), &json!(0.0)), "one's own machine is free");
    assert!(row["inputTokens"].as_u64() > Some(0) && row["outputTokens"].as_u64() > Some(0), "{row}");
    assert_eq!(used["totals"]["requests"], 3);
    let today = jiff::Zoned::now().date().to_string();
    assert_eq!(usage(&rig.sandbox, &["daily", "--since", &today])["daily"][0]["date"], today);
    assert_eq!(usage(&rig.sandbox, &["--since", "2999-01-01"])["daily"], json!([]));
    let csv = rig.sandbox.mcr(["usage", "model", "--csv"]);
    assert!(csv.contains("\n\"mistral-medium-3-5\",3,1,"), "{csv}");
}

#[tokio::test]
async fn without_a_log_there_is_no_record() {
    let rig = Rig::configured([Reply::say("Hello")], |config| config["LOG"] = json!(false)).await;
    rig.messages(&ask("Hi")).await;
    assert!(!rig.sandbox.home().join("state/usage").exists());
    assert_snapshot!(rig.sandbox.mcr(["usage"]), @r"
    exit code: 0
    ----- stderr -----
    nothing was used yet; `LOG` set to false keeps no record
    ");
}

#[test]
fn a_line_that_was_cut_is_said_and_does_no_harm() {
    let sandbox = Sandbox::new();
    let line = json!({"time": "2026-11-02T12:00:00Z", "session": "s", "model": "m", "input": 2, "output": 1});
    sandbox.write("home/state/usage/2026-11.jsonl", &format!("{line}\n{{\"time\": \"20"));
    assert_snapshot!(sandbox.mcr(["usage", "session"]), @r"
    exit code: 0
    ----- stdout -----
    sessionId  requests  failed  input  cached  output     cost
    s                 1       0      2      0%       1  unknown
    total             1       0      2      0%       1  unknown
    + 1 request of which no price is known
    ----- stderr -----
    warning: left 1 line out that cannot be read: ~/home/state/usage
    ");
    assert_snapshot!(sandbox.mcr(["usage", "--since", "yesterday"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'yesterday' for '--since <DAY>': a day is written as 2026-11-21

    For more information, try '--help'.
    ");
}
