//! What upstreams do to us, and what is done under load: the rows of the table of threats that are about staying up.

use std::fs;
use std::path::Path;

use mcr::imitation::client::Answer;
use mcr::imitation::{Gate, Imitation, Reply};
use serde_json::{Value, json};

use crate::ccr::has_test;
use crate::common::requests::{MODEL, provider};
use crate::common::{Rig, Sandbox, ask, config, soon, whole};
use rustix::process::Signal;

/// A row's number, what happens, and the tests that hold what must come of it.
const ROWS: [(u32, &str, &str, &[&str]); 8] = [
    (
        31,
        "upstream refuses, resets, hangs, breaks off in an event, a character, a call",
        "tests/it/outages.rs",
        &["whatever_breaks_before_content_is_helped_and_whatever_breaks_behind_it_is_told"],
    ),
    (
        32,
        "429 with every kind of wait",
        "src/proxy/simulation/tests.rs",
        &[
            "a_rate_limit_is_passed_on_with_its_wait_and_not_tried_again",
            "a_short_wait_of_a_server_that_is_full_is_waited_and_a_long_one_passed_on",
            "a_rate_limit_is_a_rest_until_its_end_and_no_failure",
        ],
    ),
    (
        33,
        "one probe of a hundred requests",
        "src/proxy/simulation/tests.rs",
        &["of_a_hundred_requests_one_probes_a_target_that_failed"],
    ),
    (
        34,
        "a storm of retries",
        "src/proxy/simulation/tests.rs",
        &["a_thousand_clients_of_a_server_that_always_fails_are_at_most_a_fifth_more_attempts"],
    ),
    (
        35,
        "failover behind the headers, none behind content",
        "src/proxy/simulation/tests.rs",
        &[
            "after_ten_seconds_the_client_has_a_beginning_and_still_another_may_answer",
            "whatever_a_target_does_nobody_is_asked_once_content_was_handed_out",
        ],
    ),
    (
        36,
        "a client that leaves",
        "src/proxy/simulation/tests.rs",
        &["a_client_that_leaves_takes_its_request_with_it_before_and_behind_the_beginning"],
    ),
    (
        40,
        "a thousand edits under load, every third of them wrong",
        "src/proxy/simulation/reloads.rs",
        &["a_thousand_edits_under_load_fail_no_request_and_wrong_ones_change_nothing"],
    ),
    (41, "SIGTERM with fifty live streams", "tests/it/outages.rs", &["fifty_streams_finish_after_a_sigterm"]),
];

#[test]
fn every_row_has_its_tests() {
    for (row, what, file, tests) in ROWS {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        for test in tests {
            assert!(has_test(&source, test), "{file} has no test `{test}` for row {row}: {what}");
        }
    }
}

/// Asks a route whose first target breaks; the second says `spare`, or is not there.
async fn asked(reply: &Reply, request: &Value, spare: Option<Vec<Reply>>) -> Answer {
    let first = Imitation::scripted([reply.clone()]).await.unwrap();
    let with_spare = spare.is_some();
    let second = Imitation::scripted(spare.unwrap_or_default()).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&first.url());
    config["Clocks"] = json!({"headers_ms": 150, "first_event_ms": 150, "idle_ms": 150, "total_ms": 300});
    if with_spare {
        let mut spare = provider("spare", &second.url(), MODEL);
        spare["dialect"] = json!("mistral");
        config["Providers"].as_array_mut().unwrap().push(spare);
        config["Router"]["default"] = json!([format!("mistral,{MODEL}"), format!("spare,{MODEL}")]);
    }
    sandbox.configure(&config);
    let server = sandbox.start().await;
    soon(server.client().messages(request)).await.expect("a lawful answer")
}

#[tokio::test]
async fn whatever_breaks_before_content_is_helped_and_whatever_breaks_behind_it_is_told() {
    let said = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr";
    let in_event = || Reply::new().text("Hel").raw(said).cut();
    let in_character = || Reply::new().text("Hel").raw([said.as_bytes(), &[0xc3]].concat()).cut();
    let in_call = || Reply::new().text("Hel").tool_calls_in_fragments([("Read", r#"{"file_path": "/etc"#)]).cut();
    let before = [
        Reply::hang_up(),
        Reply::say("Hello").hold(&Gate::new()),
        Reply::new().stall(),
        Reply::new().raw(said).cut(),
        Reply::new().tool_calls_in_fragments([("Read", r#"{"file_path": "/etc"#)]).cut(),
    ];
    for reply in before {
        for request in [ask("Hi"), whole(ask("Hi"))] {
            let answer = asked(&reply, &request, Some(vec![Reply::say("from the spare")])).await;
            assert_eq!((answer.status, &*answer.message.text()), (200, "from the spare"), "{reply:?}");
            let answer = asked(&reply, &request, None).await;
            assert!(matches!(answer.status, 502 | 504) && answer.error.is_some(), "{reply:?}: {}", answer.status);
        }
    }
    for reply in [in_event(), in_character(), in_call(), Reply::new().text("Hel").stall()] {
        let answer = asked(&reply, &ask("Hi"), Some(Vec::new())).await;
        let words: String = answer.events.iter().filter_map(|event| event.data["delta"]["text"].as_str()).collect();
        assert_eq!((answer.status, &*words), (200, "Hel"), "{reply:?}");
        assert!(answer.error.is_some() && answer.message.stop_reason.is_none(), "{reply:?}: {}", answer.sketch());
    }
}

#[tokio::test]
async fn fifty_streams_finish_after_a_sigterm() {
    let gates: Vec<Gate> = (0..50).map(|_| Gate::new()).collect();
    let reply = |gate| Reply::new().text("Hel").gate(gate).text("lo").finish("stop");
    let many = |config: &mut Value| config["Providers"][0]["limits"] = json!({"max_concurrency": gates.len()});
    let rig = Rig::configured(gates.iter().map(reply), many).await;
    let mut streams = Vec::new();
    for _ in &gates {
        let mut stream = rig.open(&ask("Hi")).await;
        soon(stream.wait_for_text("Hel")).await.unwrap();
        streams.push(stream);
    }
    rig.server.signal(Signal::TERM);
    gates.iter().for_each(Gate::open);
    for stream in streams {
        assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
    }
    let (code, words) = rig.server.ended().await;
    assert!(code == 0 && words.contains("mcr: 50 requests · ") && words.ends_with(" 0 errors\n"), "{code}: {words}");
}
