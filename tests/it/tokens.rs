//! What a client asks besides messages: models, token counts, signs of life.

use http::Method;
use mcr::imitation::Reply;
use serde_json::{Value, json};

use crate::common::requests::provider;
use crate::common::{Rig, ask, soon};

#[tokio::test]
async fn models_are_listed_in_the_shape_that_discovery_reads() {
    let rig = Rig::configured([], |config| {
        let local = provider("local", "http://127.0.0.1:9/v1", "qwen");
        config["Providers"].as_array_mut().expect("a list").push(local);
    })
    .await;
    let list = soon(rig.client.raw(&Method::GET, "/v1/models?limit=1000", "")).await.unwrap();
    assert_eq!((list.status, list.headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let list = list.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["anthropic/mistral/mistral-medium-3-5", "anthropic/local/qwen"]);
    assert_eq!(list["first_id"], ids[0]);
    assert_eq!(list["last_id"], ids[1]);
    assert_eq!(list["has_more"], false);
    assert_eq!(
        list["data"][0],
        json!({
            "type": "model",
            "id": "anthropic/mistral/mistral-medium-3-5",
            "display_name": "mistral-medium-3-5 (mistral)",
            "created_at": "1970-01-01T00:00:00Z",
            "max_input_tokens": 262_144,
        })
    );
}

#[tokio::test]
async fn a_listed_id_is_one_that_can_be_asked_for() {
    let rig = Rig::new([Reply::say("Hello")]).await;
    let mut request = ask("Hi");
    request["model"] = json!("anthropic/mistral/mistral-medium-3-5");
    let answer = rig.messages(&request).await;
    assert_eq!(answer.header("x-mcr-route"), Some("explicit model anthropic/mistral/mistral-medium-3-5"));
}

#[tokio::test]
async fn a_sign_of_life_is_empty_and_200() {
    let rig = Rig::new([]).await;
    for path in ["/", "/health", "/api/hello"] {
        let answer = soon(rig.client.raw(&Method::HEAD, path, "")).await.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
    }
    let health = soon(rig.client.raw(&Method::GET, "/health", "")).await.unwrap();
    assert_eq!(health.json(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
}

/// A request with everything that costs tokens.
fn costly() -> Value {
    let mut request = ask("Read the file, and tell what it says.");
    request["system"] = json!([{"type": "text", "text": "You are an agent that helps with software."}]);
    request["tools"] = json!([{
        "name": "Read",
        "description": "Reads a file.",
        "input_schema": {"type": "object", "properties": {"file_path": {"type": "string"}}, "required": ["file_path"]},
    }]);
    request
}

/// Counts a request, then sends it; returns both numbers and how far the first can be relied on.
async fn counted(rig: &Rig) -> (u64, u64, String) {
    let mut request = costly();
    let answer = rig.messages(&request).await;
    let reported = answer.events[0].data["message"]["usage"]["input_tokens"].as_u64().expect("a number");
    for field in ["max_tokens", "stream"] {
        request.as_object_mut().expect("an object").remove(field);
    }
    let raw = soon(rig.client.count_tokens(&request)).await.unwrap();
    let number = raw.json()["input_tokens"].as_u64().expect("a number");
    (number, reported, raw.headers["x-mcr-token-count"].to_str().expect("text").to_owned())
}

#[tokio::test]
async fn a_count_is_what_the_answer_reports_before_the_upstream_has_counted() {
    let rig = Rig::new([Reply::say("Hello")]).await;
    let (number, reported, kind) = counted(&rig).await;
    assert_eq!((number, kind.as_str()), (reported, "exact"));
    assert!((40..200).contains(&number), "{number}");
    // Counting costs nothing upstream.
    assert_eq!(rig.upstream.captured().len(), 1);
}

#[tokio::test]
async fn a_count_without_the_models_tokenizer_is_called_an_estimate() {
    let rig = Rig::configured([Reply::say("Hello")], |config| {
        config["Providers"][0]["facts"] = json!({"mistral-medium-3-5": {"tokenizer": "estimate"}});
    })
    .await;
    let (number, reported, kind) = counted(&rig).await;
    assert_eq!((number, kind.as_str()), (reported, "estimate"));
}
