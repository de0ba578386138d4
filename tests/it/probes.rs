//! Whoever failed is asked for a sign of life that costs nothing, and whoever is to be watched.

use mcr::imitation::{Imitation, Models, Reply, server::Law};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, ask, config, soon};

/// Often enough for a test to wait for.
fn often(is_enabled: bool) -> Value {
    json!({"enabled": is_enabled, "interval_seconds": 0.02, "timeout_seconds": 5})
}

#[tokio::test]
async fn a_target_that_failed_is_probed_without_a_token_and_tried_sooner() {
    let replies = [vec![Reply::status(500, &json!({"message": "no"})); 5], vec![Reply::say("I am back"); 2]].concat();
    let first = Imitation::scripted(replies).await.unwrap();
    let second = Imitation::start(|_, _| Reply::say("Hello")).await.unwrap();
    let mut config = config(&first.url());
    config["Providers"][0]["health_probe"] = often(false);
    let mut spare = provider("spare", &second.url(), MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().unwrap().push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    for _ in 0..5 {
        assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "Hello");
    }
    let visits = soon(first.wait_for_visits(2)).await;
    assert!(visits.iter().all(|path| path == "/v1/models"), "{visits:?}");
    assert_eq!(first.captured().len(), 5, "no chat was asked for");
    server.wait_for_log("before=open after=half-open", 1).await;
    for _ in 0..2 {
        assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "I am back");
    }
    server.wait_for_log("after=closed", 1).await;
    assert_eq!(second.visits(), [""; 0], "one that is well is left in peace");
}

#[tokio::test]
async fn one_that_is_well_is_probed_where_the_owner_wants_it_once_somebody_works() {
    for (dialect, path) in [("ollama", "/api/version"), ("vllm", "/health"), ("lm-studio", "/v1/models")] {
        let law = Law::Lenient(Models::hosted());
        let upstream = Imitation::start_under(law, |_, _| Reply::say("Hello")).await.unwrap();
        let mut config = config(&upstream.url());
        config["Providers"][0]["dialect"] = json!(dialect);
        config["Providers"][0]["health_probe"] = often(true);
        let sandbox = Sandbox::new();
        sandbox.configure(&config);
        let server = sandbox.start().await;
        assert_eq!(upstream.visits(), [""; 0], "nobody works yet");
        soon(server.client().messages(&ask("Hi"))).await.unwrap();
        let visits = soon(upstream.wait_for_visits(3)).await;
        assert!(visits.iter().all(|visit| visit == path), "{dialect}: {visits:?}");
        assert_eq!(upstream.captured().len(), 1);
    }
}

#[tokio::test]
async fn one_that_gives_no_sign_of_life_is_left_alone_before_anybody_asks() {
    let upstream = Imitation::start(|_, _| Reply::say("Hello")).await.unwrap();
    let mut config = config(&upstream.url());
    config["Providers"][0]["health_probe"] = often(true);
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    soon(server.client().messages(&ask("Hi"))).await.unwrap();
    soon(upstream.wait_for_visits(1)).await;
    drop(upstream);
    server.wait_for_log("before=closed after=open", 1).await;
}
