//! A request is sent again, a little and early, to a target that no other can stand in for.

use http::Method;
use mcr::imitation::{Imitation, Models, Reply, server::Law};
use serde_json::{Value, json};

use crate::common::{Rig, Sandbox, ask, config, soon, whole};

fn failure(status: u16) -> Reply {
    Reply::status(status, &json!({"message": "no"}))
}

async fn rig(replies: Vec<Reply>) -> Rig {
    Rig::configured(replies, |config| config["Retry"] = json!({"attempts": 3})).await
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_and_the_client_hears_nothing_of_it() {
    for request in [ask("Hi"), whole(ask("Hi"))] {
        let rig = rig(vec![failure(500), failure(503), Reply::say("Hello")]).await;
        let answer = rig.messages(&request).await;
        assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
        assert_eq!((answer.header("x-mcr-attempts"), answer.header("x-mcr-fallback-from")), (Some("3"), None));
        assert_eq!(rig.server.wait_for_log("trying again", 2).await.len(), 2);
    }
}

#[tokio::test]
async fn whatever_fails_on_the_servers_side_is_tried_again() {
    for status in [408, 425, 500, 501, 502, 503, 520, 524, 529] {
        let rig = rig(vec![failure(status), Reply::say("Hello")]).await;
        let answer = rig.messages(&ask("Hi")).await;
        assert_eq!((answer.status, answer.header("x-mcr-attempts")), (200, Some("2")), "{status}");
    }
}

#[tokio::test]
async fn the_configuration_says_after_which_statuses_of_the_server() {
    let tried = |on: Value, replies: Vec<Reply>| async move {
        let rig = Rig::configured(replies, |config| {
            config["Retry"] = json!({"attempts": 2, "on_status": [on]});
            config["Providers"][0]["timeout_seconds"] = json!(0.3);
        })
        .await;
        let raw = soon(rig.client.raw(&Method::POST, "/v1/messages", whole(ask("Hi")).to_string())).await.unwrap();
        (raw.status, raw.headers["x-mcr-attempts"].to_str().unwrap().to_owned())
    };
    for (on, said) in [(408, 408), (425, 425), (429, 429), (503, 529), (504, 504), (524, 524)] {
        assert_eq!(
            tried(json!(on), vec![failure(said), Reply::say("Hello")]).await,
            (200, "2".to_owned()),
            "{on}: {said}"
        );
    }
    for (on, said, told) in [(408, 504, 504), (504, 408, 504), (524, 500, 500), (500, 524, 524)] {
        assert_eq!(tried(json!(on), vec![failure(said)]).await, (told, "1".to_owned()), "{on}: {said}");
    }
    assert_eq!(tried(json!("5xx"), vec![failure(507), Reply::say("Hello")]).await, (200, "2".to_owned()));
    assert_eq!(tried(json!("5xx"), vec![failure(504)]).await, (504, "1".to_owned()));
    // A clock of mcr's is no word of the server's.
    assert_eq!(tried(json!(408), vec![Reply::new().stall()]).await, (504, "1".to_owned()));
}

#[tokio::test]
async fn after_three_attempts_the_failure_is_told() {
    let rig = rig(vec![failure(500), failure(500), failure(500)]).await;
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.header("x-mcr-attempts")), (500, Some("3")));
}

#[tokio::test]
async fn what_is_wrong_with_the_request_or_the_key_or_took_minutes_is_not_tried_again() {
    for status in [400, 401, 403, 404, 422, 429, 504] {
        let rig = rig(vec![failure(status)]).await;
        let raw = soon(rig.client.raw(&Method::POST, "/v1/messages", ask("Hi").to_string())).await.unwrap();
        assert_eq!(raw.headers["x-mcr-attempts"], "1", "{status}");
    }
}

#[tokio::test]
async fn after_the_first_word_nothing_is_tried_again() {
    let rig = rig(vec![Reply::new().text("Hel").cut()]).await;
    assert!(rig.messages(&ask("Hi")).await.error.is_some());
}

#[tokio::test]
async fn a_server_that_names_a_long_wait_is_not_asked_again_and_the_client_is_told_of_it() {
    let rig = rig(vec![failure(503).header("retry-after", "30")]).await;
    let answer = rig.messages(&ask("Hi")).await;
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.header("x-mcr-attempts")),
        (529, Some("30"), Some("1"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_of_a_target_that_always_fails_are_a_fifth_more_and_a_few() {
    const CLIENTS: usize = 100;
    let law = Law::Mistral(Models::hosted());
    let upstream = Imitation::start_under(law, |_, _| failure(500)).await.expect("an upstream");
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Retry"] = json!({"attempts": 3});
    config["Providers"][0]["limits"] = json!({"max_concurrency": CLIENTS});
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let asked: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = server.client();
            tokio::spawn(async move { soon(client.messages(&ask("Hi"))).await.expect("a lawful answer").status })
        })
        .collect();
    let began = std::time::Instant::now();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), 500);
    }
    let requests = upstream.captured().len();
    // Three for every ten seconds that it took, and three to begin with.
    let most = CLIENTS * 12 / 10 + 3 * (2 + usize::try_from(began.elapsed().as_secs()).unwrap() / 10);
    assert!((CLIENTS..=most).contains(&requests), "{requests} requests of {CLIENTS} clients, at most {most}");
}
