//! What goes wrong before the answer has begun is an HTTP error that Claude Code understands.

use std::net::{Ipv4Addr, TcpListener};

use mcr::imitation::client::Answer;
use mcr::imitation::{Imitation, Reply};
use serde_json::{Value, json};

use crate::common::requests::{KEY, MODEL, provider};
use crate::common::{Rig, Sandbox, ask, config, soon, whole};

/// What a client sees of a failure: status, error type, `x-should-retry`, `retry-after`, words.
type Seen<'a> = (u16, &'a str, Option<&'a str>, Option<&'a str>, &'a str);

fn seen(answer: &Answer) -> Seen<'_> {
    let error = answer.error.as_ref().expect("an error");
    let (retry, after) = (answer.header("x-should-retry"), answer.header("retry-after"));
    (answer.status, &error.kind, retry, after, &error.message)
}

/// Claims what becomes of an upstream's answer, and that a stream makes no difference.
async fn check(reply: Reply, expect: Seen<'_>) {
    let rig = Rig::new([reply.clone(), reply]).await;
    let streamed = rig.messages(&ask("Hi")).await;
    assert_eq!(seen(&streamed), expect);
    assert_eq!(streamed.header("x-mcr-route"), Some("default"));
    // A key that was refused is not sent again before this.
    rig.sandbox.mcr(["breaker", "reset"]);
    let in_one_piece = rig.messages(&whole(ask("Hi"))).await;
    let words = expect.4.replace("imitation-0", "imitation-1");
    assert_eq!(seen(&in_one_piece), (expect.0, expect.1, expect.2, expect.3, words.as_str()));
}

const NO_MORE: Option<&str> = Some("false");

#[tokio::test]
async fn a_rate_limit_keeps_its_retry_after() {
    let reply = Reply::status(429, &json!({"message": "Requests rate limit exceeded"})).header("retry-after", "7");
    let words = "mistral: rate limit reached (429): Requests rate limit exceeded [request imitation-0]";
    check(reply, (429, "rate_limit_error", None, Some("7"), words)).await;
}

#[tokio::test]
async fn a_plan_without_the_model_is_not_worth_waiting_for() {
    let reply =
        Reply::status(429, &json!({"message": "Rate limit exceeded"})).header("x-ratelimit-limit-req-minute", "0");
    let words = "mistral: the plan of this key has no requests for model `mistral-medium-3-5`; waiting does not help: \
                 choose another model or plan (429): Rate limit exceeded [request imitation-0]";
    check(reply, (429, "rate_limit_error", NO_MORE, None, words)).await;
}

#[tokio::test]
async fn a_refused_key_is_named_by_its_provider() {
    let reply = Reply::status(401, &json!({"detail": "Unauthorized"}));
    let words = "mistral: the API key of provider `mistral` was refused; correct its `api_key` (401): Unauthorized \
                 [request imitation-0]";
    check(reply, (401, "authentication_error", NO_MORE, None, words)).await;
}

#[tokio::test]
async fn a_key_that_the_upstream_repeats_goes_no_further() {
    let reply = Reply::status(401, &json!({"message": format!("key {KEY} is not known")}));
    let words = "mistral: the API key of provider `mistral` was refused; correct its `api_key` (401): \
                 key [secret] is not known [request imitation-0]";
    check(reply, (401, "authentication_error", NO_MORE, None, words)).await;
}

#[tokio::test]
async fn a_retired_model_is_named_with_its_replacement() {
    let upstream = Imitation::scripted([]).await.unwrap().allow_refusals();
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Providers"] = json!([provider("mistral", &upstream.url(), "devstral-2512")]);
    config["Router"]["default"] = json!("mistral,devstral-2512");
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let words = "mistral: model `devstral-2512` not found; it was retired on 2026-07-31; use `mistral-medium-3-5` (400): \
                 Invalid model: devstral-2512";
    assert_eq!(seen(&answer), (404, "not_found_error", NO_MORE, None, words));
}

#[tokio::test]
async fn a_503_is_an_overload() {
    let reply = Reply::status(503, &json!({"message": "no capacity"}));
    let words = "mistral: no capacity at the moment (503): no capacity [request imitation-0]";
    check(reply, (529, "overloaded_error", None, None, words)).await;
}

#[tokio::test]
async fn a_gateways_page_says_only_its_status() {
    let reply = Reply::bytes(502, "text/html", "<html><h1>Bad Gateway</h1></html>");
    check(reply, (502, "api_error", None, None, "mistral: the upstream failed (502) [request imitation-0]")).await;
}

#[tokio::test]
async fn an_overflow_is_told_in_the_words_that_make_the_agent_compact() {
    let words =
        "Prompt contains 270000 tokens and 0 draft tokens, too large for model with 262144 maximum context length";
    let reply = Reply::status(
        400,
        &json!({"object": "error", "message": words, "type": "invalid_request_invalid_args", "code": "3051"}),
    );
    let words = "prompt is too long: 270000 tokens > 262144 maximum";
    check(reply, (400, "invalid_request_error", None, None, words)).await;
}

#[tokio::test]
async fn an_error_that_comes_as_the_first_event_is_an_http_error() {
    let frame = json!({"object": "error", "message": "out of memory"});
    let rig = Rig::new([Reply::new().error_frame(frame)]).await;
    let answer = rig.messages(&ask("Hi")).await;
    let words = "mistral: the upstream failed in the middle of its answer: out of memory";
    assert_eq!(seen(&answer), (502, "api_error", None, None, words));
    let lines = rig.server.wait_for_log(" request ", 1).await;
    assert!(lines[0].contains(" outcome=error status=502 "), "{}", lines[0]);
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_an_error() {
    let rig = Rig::new([Reply::hang_up()]).await;
    let answer = rig.messages(&ask("Hi")).await;
    let (status, kind, retry, _, words) = seen(&answer);
    assert_eq!((status, kind, retry), (502, "api_error", None));
    assert!(
        words.starts_with("mistral: 127.0.0.1:") && words.contains(": connection closed before the answer: "),
        "{words}"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_that_asks_whether_it_is_running() {
    let sandbox = Sandbox::new();
    let port = free_port();
    sandbox.configure(&config(&format!("http://127.0.0.1:{port}/v1")));
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let words = format!("mistral: 127.0.0.1:{port}: connection refused; is it running?");
    assert_eq!(seen(&answer), (502, "api_error", None, None, words.as_str()));
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

#[tokio::test]
async fn a_redirect_is_an_error_and_the_key_goes_nowhere_else() {
    let elsewhere = Imitation::scripted([]).await.unwrap();
    for status in [302, 307, 308] {
        let reply = Reply::status(status, &json!({})).header("location", elsewhere.url());
        let rig = Rig::new([reply]).await;
        let answer = rig.messages(&ask("Hi")).await;
        let words = format!(
            "mistral: the endpoint redirects elsewhere; nothing was sent there; correct `api_base_url` ({status}) \
             [request imitation-0]"
        );
        assert_eq!(seen(&answer), (502, "api_error", NO_MORE, None, words.as_str()));
    }
    assert_eq!(elsewhere.captured().len(), 0);
}

#[tokio::test]
async fn a_variable_that_is_not_set_matters_only_when_its_provider_is_used() {
    let rig = Rig::configured([Reply::say("Hello")], |config| {
        let mut spare = provider("spare", "http://127.0.0.1:9/v1", "other");
        spare["api_key"] = json!("$MCR_TEST_NO_SUCH_KEY");
        config["Providers"].as_array_mut().expect("a list").push(spare);
    })
    .await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
    let mut request = ask("Hi");
    request["model"] = json!("spare,other");
    let answer = rig.messages(&request).await;
    let (status, kind, retry, _, words) = seen(&answer);
    assert_eq!((status, kind, retry), (401, "authentication_error", NO_MORE));
    let what = "environment variable `MCR_TEST_NO_SUCH_KEY` is unset or empty";
    assert!(words.starts_with("spare: ") && words.contains(what), "{words}");
}

#[tokio::test]
async fn a_model_that_is_not_configured_is_refused_with_those_that_are() {
    let rig = Rig::new([]).await;
    let mut request = ask("Hi");
    request["model"] = json!("mistral,nope");
    let answer = rig.messages(&request).await;
    let words = format!("mcr: model `mistral,nope` is not in the configuration; configured are mistral,{MODEL}");
    assert_eq!(seen(&answer), (400, "policy_blocked", NO_MORE, None, words.as_str()));
}

#[tokio::test]
async fn every_error_has_anthropics_shape_and_the_id_of_its_request() {
    let rig = Rig::new([Reply::status(500, &json!({"message": "no"}))]).await;
    let mut ids = Vec::new();
    for (path, body) in [
        ("/v1/messages", ask("Hi").to_string()),
        ("/v1/messages", "{".to_owned()),
        ("/v1/messages", "[]".to_owned()),
        ("/v1/messages/count_tokens", "{".to_owned()),
        ("/v1/nothing", "{}".to_owned()),
    ] {
        let raw = soon(rig.client.raw(&http::Method::POST, path, body)).await.unwrap();
        let body: Value = raw.json();
        let id = raw.headers["request-id"].to_str().expect("text").to_owned();
        assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!(id)), "{path}: {body}");
        assert!(body["error"]["type"].is_string() && body["error"]["message"].is_string(), "{body}");
        assert!(!raw.text().contains("src/"), "{body}");
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}
