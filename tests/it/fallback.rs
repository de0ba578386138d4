//! Another target is tried while that can help, and never after a word has gone out.

use mcr::imitation::client::Answer;
use mcr::imitation::{Imitation, Reply, Scripted};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, Server, ask, config, soon, whole};

/// Two upstreams, the second for when the first fails.
struct Pair {
    server: Server,
    first: Scripted,
    second: Scripted,
    _sandbox: Sandbox,
}

impl Pair {
    async fn new(first: Vec<Reply>, second: Vec<Reply>) -> Self {
        let first = Imitation::scripted(first).await.unwrap();
        let second = Imitation::scripted(second).await.unwrap();
        let sandbox = Sandbox::new();
        sandbox.configure(&with_fallback(&first.url(), &second.url()));
        let server = sandbox.start().await;
        Self { server, first, second, _sandbox: sandbox }
    }

    async fn messages(&self, request: &Value) -> Answer {
        soon(self.server.client().messages(request)).await.expect("a lawful answer")
    }

    fn requests(&self) -> (usize, usize) {
        (self.first.captured().len(), self.second.captured().len())
    }
}

fn with_fallback(first: &str, second: &str) -> Value {
    let mut config = config(first);
    let mut spare = provider("spare", second, MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().expect("a list").push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    config
}

/// Claims that the second target answers in place of the first, and that the route's header says why.
async fn helped(reply: Reply, status: u16) {
    let pair = Pair::new(vec![reply.clone(), reply], vec![Reply::say("Hello"), Reply::say("Hello")]).await;
    for request in [ask("Hi"), whole(ask("Hi"))] {
        let answer = pair.messages(&request).await;
        assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
        let route = format!("fallback from mistral,{MODEL}: {status}");
        assert_eq!(answer.header("x-mcr-route"), Some(route.as_str()));
    }
    let lines = pair.server.wait_for_log(" request ", 2).await;
    assert!(lines.iter().all(|line| line.contains(" outcome=ok status=200 provider=spare ")), "{lines:?}");
}

fn failure(status: u16) -> Reply {
    Reply::status(status, &json!({"message": "no"}))
}

#[tokio::test]
async fn a_server_error_is_helped() {
    helped(failure(500), 500).await;
    helped(failure(503), 529).await;
}

#[tokio::test]
async fn a_rate_limit_is_helped() {
    helped(failure(429), 429).await;
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_helped() {
    helped(Reply::hang_up(), 502).await;
}

#[tokio::test]
async fn an_error_in_place_of_the_first_event_is_helped() {
    let frame = json!({"object": "error", "message": "out of memory", "raw_status_code": 500});
    let pair = Pair::new(vec![Reply::new().error_frame(frame)], vec![Reply::say("Hello")]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"));
}

#[tokio::test]
async fn nobody_at_the_address_is_helped() {
    let second = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    // The port was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    sandbox.configure(&with_fallback(&format!("http://127.0.0.1:{port}/v1"), &second.url()));
    let server = sandbox.start().await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    assert_eq!(answer.message.text(), "Hello");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_wrong_everywhere() {
    let pair = Pair::new(vec![failure(400)], vec![]).await;
    assert_eq!(pair.messages(&ask("Hi")).await.status, 400);
    assert_eq!(pair.requests(), (1, 0));
}

#[tokio::test]
async fn after_the_first_word_nobody_else_is_asked() {
    let pair = Pair::new(vec![Reply::new().text("Hel").cut()], vec![]).await;
    let answer = pair.messages(&ask("Hi")).await;
    assert_eq!(answer.sketch(), "start text(0)+ error(api_error)");
    assert_eq!(pair.requests(), (1, 0));
}

#[tokio::test]
async fn when_all_fail_the_last_one_is_told() {
    let pair = Pair::new(vec![failure(500)], vec![failure(503)]).await;
    let answer = pair.messages(&ask("Hi")).await;
    let words = answer.error.as_ref().map(|error| error.message.as_str());
    assert_eq!((answer.status, words), (529, Some("spare: no capacity at the moment (503): no [request imitation-0]")));
    assert_eq!(pair.server.wait_for_log(" request ", 1).await.len(), 1);
}
