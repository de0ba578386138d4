//! The session that a request belongs to, on its way upstream.

use mcr::imitation::Reply;
use serde_json::{Value, json};

use crate::common::{Rig, ask};

const SESSION: &str = "0b1f7a52-1c57-4a3f-9d3e-2f6f8a9b7c11";

/// A request of a session, in the form of a release.
fn of(user_id: &str) -> Value {
    let mut request = ask("Hi");
    request["metadata"] = json!({"user_id": user_id});
    request
}

#[tokio::test]
async fn every_request_of_a_session_finds_the_same_prompt_cache() {
    let rig = Rig::configured([Reply::say("a"), Reply::say("b"), Reply::say("c")], |config| {
        config["Providers"][0]["dialect"] = json!("mistral");
    })
    .await;
    let today = json!({"device_id": "d", "account_uuid": "", "session_id": SESSION}).to_string();
    let before = format!("user_0f_account__session_{SESSION}");
    for user_id in [today.as_str(), before.as_str(), r#"{"session_id":"another"}"#] {
        rig.messages(&of(user_id)).await;
    }
    let sent = rig.upstream.captured();
    let affinity: Vec<Option<&str>> = sent.iter().map(|request| request.header("x-affinity")).collect();
    assert_eq!(affinity, [Some(SESSION), Some(SESSION), Some("another")]);
    let keys: Vec<&str> =
        sent.iter().map(|request| request.body["prompt_cache_key"].as_str().expect("a key")).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains(SESSION) && key.is_ascii()), "{keys:?}");
}
