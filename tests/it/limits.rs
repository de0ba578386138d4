//! How much is asked of a target at once and within a minute, and that a refused key is not sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use mcr::imitation::client::Answer;
use mcr::imitation::{Gate, Imitation, Models, Reply, server::Law};
use serde_json::{Value, json};

use crate::common::requests::{KEY, MODEL, provider};
use crate::common::{Rig, Sandbox, Server, ask, config, soon, whole};

/// A server in front of one upstream, whose provider has these limits.
async fn limited(upstream: &Imitation, limits: Value) -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Providers"][0]["limits"] = limits;
    sandbox.configure(&config);
    let server = sandbox.start().await;
    (sandbox, server)
}

/// What Claude Code's main loop sends: tools, and nobody's name.
fn conversation(words: &str) -> Value {
    let mut request = ask(words);
    request["tools"] = json!([{"name": "Read", "input_schema": {"type": "object"}}]);
    request
}

/// What the service says of the only target.
async fn standing(server: &Server) -> Value {
    let status = soon(server.client().raw(&Method::GET, "/mcr/status", "")).await.expect("an answer");
    status.json().pointer("/targets/0").cloned().unwrap_or_default()
}

/// Waits until so many requests wait for the only target; nobody tells that, so it is looked at again and again.
async fn until_waiting(server: &Server, count: usize) {
    let look = async {
        while standing(server).await["waiting"] != count {
            tokio::task::yield_now().await;
        }
    };
    soon(look).await;
}

fn words(answer: &Answer) -> &str {
    answer.error.as_ref().map_or("", |error| error.message.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_clients_never_more_than_may_are_with_the_upstream_at_once() {
    const CLIENTS: usize = 50;
    const MOST: usize = 3;
    // A request counts from its arrival until the next one after its end arrives.
    let gates: Arc<Vec<Gate>> = Arc::new((0..CLIENTS).map(|_| Gate::new()).collect());
    let brain = {
        let gates = Arc::clone(&gates);
        move |_: &Value, turn: usize| Reply::new().text("Hel").gate(&gates[turn]).text("lo").finish("stop")
    };
    let upstream = Imitation::start(brain).await.expect("an upstream");
    let (_sandbox, server) = limited(&upstream, json!({"max_concurrency": MOST})).await;
    let asked: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = server.client();
            tokio::spawn(async move { soon(client.messages(&ask("Hi"))).await.expect("a lawful answer") })
        })
        .collect();
    until_waiting(&server, CLIENTS - MOST).await;
    for turn in 0..CLIENTS {
        soon(gates[turn].reached()).await;
        // All that may be there are, and nobody else comes until one of them has ended.
        let there = soon(upstream.wait_for_requests((turn + MOST).min(CLIENTS))).await.len();
        assert!(there <= turn + MOST, "{there} requests while {turn} have ended");
        gates[turn].open();
    }
    for asked in asked {
        assert_eq!(asked.await.unwrap().message.text(), "Hello");
    }
    let ended = standing(&server).await;
    assert_eq!((&ended["in_flight"], &ended["waiting"], &ended["max_concurrency"]), (&json!(0), &json!(0), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_loop_overtakes_twenty_requests_that_wait_beside_it() {
    let gate = Gate::new();
    let brain = {
        let gate = gate.clone();
        move |_: &Value, turn: usize| if turn == 0 { Reply::say("first").hold(&gate) } else { Reply::say("Hello") }
    };
    let upstream = Imitation::start(brain).await.expect("an upstream");
    let (_sandbox, server) = limited(&upstream, json!({"max_concurrency": 1})).await;
    let send = |request: Value| {
        let client = server.client();
        tokio::spawn(async move { soon(client.messages(&request)).await.expect("a lawful answer") })
    };
    let mut asked = vec![send(ask("first"))];
    soon(gate.reached()).await;
    asked.extend((0..20).map(|_| send(ask("aside"))));
    until_waiting(&server, 20).await;
    asked.push(send(conversation("main")));
    until_waiting(&server, 21).await;
    gate.open();
    for asked in asked {
        asked.await.unwrap();
    }
    let order: Vec<String> = upstream
        .captured()
        .iter()
        .map(|captured| captured.body["messages"].as_array().and_then(|it| it.last()).unwrap()["content"].to_string())
        .collect();
    assert!(order[1].contains("main") && order.len() == 22, "{order:?}");
}

#[tokio::test]
async fn whoever_waits_for_too_long_is_told_that_the_target_is_full() {
    let gate = Gate::new();
    let upstream = Imitation::scripted([Reply::say("Hello").hold(&gate)]).await.unwrap();
    let (_sandbox, server) = limited(&upstream, json!({"max_concurrency": 1, "queue_timeout_seconds": 0.05})).await;
    let client = server.client();
    let first = tokio::spawn(async move { soon(client.messages(&ask("Hi"))).await.unwrap() });
    soon(gate.reached()).await;
    for request in [ask("Hi"), whole(ask("Hi"))] {
        let answer = soon(server.client().messages(&request)).await.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (529, Some("10")));
        assert_eq!(answer.error.as_ref().map(|error| error.kind.as_str()), Some("overloaded_error"));
        assert_eq!((answer.header("x-mcr-attempts"), answer.header("x-should-retry")), (Some("0"), None));
        assert_eq!(
            words(&answer),
            "mistral: model `mistral-medium-3-5` has 1 of 1 requests in flight, and 0 in front of this one after \
             0.05 s; raise `limits.max_concurrency` of provider `mistral`"
        );
    }
    gate.open();
    assert_eq!(first.await.unwrap().message.text(), "Hello");
    let lines = server.wait_for_log(" request ", 3).await;
    assert_eq!(lines.iter().filter(|line| line.contains("host=")).count(), 1, "only one was sent: {lines:?}");
}

#[tokio::test]
async fn a_target_that_is_full_for_too_long_is_helped_by_another() {
    let gate = Gate::new();
    let first = Imitation::scripted([Reply::say("Hello").hold(&gate)]).await.unwrap();
    let second = Imitation::scripted([Reply::say("Hello from the spare")]).await.unwrap();
    let mut config = config(&first.url());
    config["Providers"][0]["limits"] = json!({"max_concurrency": 1, "queue_timeout_seconds": 0.05});
    let mut spare = provider("spare", &second.url(), MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().unwrap().push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let client = server.client();
    let waiting = tokio::spawn(async move { soon(client.messages(&ask("Hi"))).await.unwrap() });
    soon(gate.reached()).await;
    let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    assert_eq!(answer.message.text(), "Hello from the spare");
    assert_eq!(answer.header("x-mcr-route"), Some(format!("fallback from mistral,{MODEL}: 529").as_str()));
    gate.open();
    assert_eq!(waiting.await.unwrap().message.text(), "Hello");
}

#[tokio::test]
async fn a_client_that_goes_away_makes_room_in_the_queue() {
    let gate = Gate::new();
    let upstream = Imitation::scripted([Reply::say("one").hold(&gate), Reply::say("two")]).await.unwrap();
    let (_sandbox, server) = limited(&upstream, json!({"max_concurrency": 1, "queue": 1})).await;
    let send = || {
        let client = server.client();
        tokio::spawn(async move { soon(client.messages(&ask("Hi"))).await.unwrap() })
    };
    let first = send();
    soon(gate.reached()).await;
    let gone = send();
    until_waiting(&server, 1).await;
    let full = soon(server.client().messages(&ask("Hi"))).await.unwrap();
    assert!(full.status == 529 && words(&full).contains(" and 1 waiting, as many as may; raise "), "{}", words(&full));
    gone.abort();
    until_waiting(&server, 0).await;
    let last = send();
    until_waiting(&server, 1).await;
    gate.open();
    assert_eq!((first.await.unwrap().message.text(), last.await.unwrap().message.text()), ("one".into(), "two".into()));
}

/// An answer whose headers say how many of a minute's requests are left.
fn left(count: &str) -> Reply {
    let reply = Reply::say("Hello").header("x-ratelimit-limit-req-minute", "120");
    reply.header("x-ratelimit-remaining-req-minute", count)
}

#[tokio::test]
async fn a_rate_limit_that_headers_tell_delays_the_next_request() {
    let rig = Rig::new([left("0"), left("119")]).await;
    let began = std::time::Instant::now();
    rig.messages(&ask("Hi")).await;
    let told = standing(&rig.server).await;
    assert_eq!(told["requests"]["limit"], 120);
    rig.messages(&ask("Hi")).await;
    // One comes back in half a second, and the first answer told that none was left.
    assert!(began.elapsed().as_millis() >= 500, "{:?}", began.elapsed());
    let told = standing(&rig.server).await;
    assert!(told["requests"]["left"].as_u64() >= Some(119), "{told}");
}

#[tokio::test]
async fn a_rate_limit_that_does_not_come_back_in_time_is_told_with_the_exact_wait() {
    let reply = Reply::say("Hello").usage(5_000, 1_000, 0);
    let upstream = Imitation::scripted([reply]).await.unwrap();
    let (sandbox, server) = limited(&upstream, json!({"tokens_per_minute": 6_000})).await;
    soon(server.client().messages(&ask("Hi"))).await.unwrap();
    let told = standing(&server).await;
    assert!(told["tokens"]["left"].as_u64() < Some(500) && told["tokens"]["limit"] == 6_000, "{told}");
    // Some 4,000 tokens, which come back in about 40 s.
    let answer = soon(server.client().messages(&ask(&"many words ".repeat(2_000)))).await.unwrap();
    let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).unwrap_or_default();
    assert_eq!(answer.status, 429);
    assert!((30..=60).contains(&wait), "{wait} s: {}", words(&answer));
    let expect = format!(" has its turn in {wait} s; raise `limits.tokens_per_minute` of provider `mistral`");
    assert!(words(&answer).ends_with(&expect), "{}", words(&answer));
    let status = sandbox.mcr(["status"]);
    assert!(status.contains("\n  left within this minute: ") && status.contains(" of 6000 tokens\n"), "{status}");
}

fn refusal(status: u16) -> Reply {
    Reply::status(status, &json!({"message": "no"}))
}

#[tokio::test]
async fn a_refused_key_is_not_sent_again_and_the_client_is_told_since_when() {
    let rig = Rig::new([refusal(401), Reply::say("Hello")]).await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 401);
    for _ in 0..3 {
        let answer = rig.messages(&ask("Hi")).await;
        assert_eq!((answer.status, answer.header("x-should-retry")), (401, Some("false")));
        let (before, after) = words(&answer).split_once(" since ").expect("a moment");
        assert_eq!(before, "mistral: the API key of provider `mistral` is refused");
        assert!(after.ends_with(", and was not sent again; correct its `api_key`"), "{after}");
        assert_eq!(answer.header("x-mcr-attempts"), Some("0"));
    }
    assert_eq!(rig.upstream.captured().len(), 1);
    let told = standing(&rig.server).await;
    assert!(told["refused"]["problem"].as_str().is_some_and(|it| it.ends_with("; correct its `api_key`")), "{told}");
    rig.sandbox.mcr(["breaker", "reset"]);
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
    assert_eq!(standing(&rig.server).await["refused"], Value::Null);
}

#[tokio::test]
async fn a_changed_key_is_sent_without_a_restart() {
    let upstream = Imitation::scripted([refusal(401), Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    let write = |key: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = sandbox.write("key", key);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("sk-bad-0123456789");
    let mut config = config(&upstream.url());
    config["Providers"][0]["api_key"] = json!("file:key");
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let client = server.client();
    for _ in 0..3 {
        assert_eq!(soon(client.messages(&ask("Hi"))).await.unwrap().status, 401);
    }
    assert_eq!(upstream.captured().len(), 1);
    write("sk-good-0123456789");
    assert_eq!(soon(client.messages(&ask("Hi"))).await.unwrap().message.text(), "Hello");
    assert_eq!(upstream.captured()[1].header("authorization"), Some("Bearer sk-good-0123456789"));
}

#[tokio::test]
async fn an_edit_of_the_configuration_sends_the_key_again() {
    let rig = Rig::new([refusal(401), Reply::say("Hello")]).await;
    for _ in 0..2 {
        assert_eq!(rig.messages(&ask("Hi")).await.status, 401);
    }
    let mut edited = config(&rig.upstream.url());
    edited["LOG_LEVEL"] = json!("debug");
    rig.sandbox.configure(&edited);
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
}

#[tokio::test]
async fn a_target_whose_key_is_refused_is_passed_over_at_once_and_another_answers() {
    let first = Imitation::scripted([refusal(401)]).await.unwrap();
    let second = Imitation::scripted((0..3).map(|_| Reply::say("Hello"))).await.unwrap();
    let mut config = config(&first.url());
    let mut spare = provider("spare", &second.url(), MODEL);
    spare["dialect"] = json!("mistral");
    config["Providers"].as_array_mut().unwrap().push(spare);
    config["fallback"] = json!({"default": [format!("spare,{MODEL}")]});
    let sandbox = Sandbox::new();
    sandbox.configure(&config);
    let server = sandbox.start().await;
    for attempts in ["2", "1", "1"] {
        let answer = soon(server.client().messages(&ask("Hi"))).await.unwrap();
        assert_eq!((answer.message.text().as_str(), answer.header("x-mcr-attempts")), ("Hello", Some(attempts)));
    }
    assert_eq!((first.captured().len(), second.captured().len()), (1, 3));
}

#[tokio::test]
async fn a_model_that_is_not_allowed_does_not_shut_the_others_of_its_provider() {
    const OTHER: &str = "mistral-small-2603";
    let asked = Arc::new(AtomicUsize::new(0));
    let brain = {
        let asked = Arc::clone(&asked);
        move |body: &Value, _: usize| {
            if body["model"] == OTHER {
                return Reply::say("Hello");
            }
            asked.fetch_add(1, Ordering::SeqCst);
            refusal(403)
        }
    };
    let upstream = Imitation::start_under(Law::Mistral(Models::hosted()), brain).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["Providers"][0] =
        json!({"name": "mistral", "api_base_url": upstream.url(), "api_key": KEY, "models": [MODEL, OTHER]});
    sandbox.configure(&config);
    let server = sandbox.start().await;
    let mut other = ask("Hi");
    other["model"] = json!(format!("mistral,{OTHER}"));
    for _ in 0..2 {
        assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().status, 403);
        assert_eq!(soon(server.client().messages(&other)).await.unwrap().message.text(), "Hello");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let moderated = Reply::status(403, &json!({"error": {"message": "Your input was flagged by moderation"}}));
    let rig = Rig::new([moderated, Reply::say("Hello")]).await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 403);
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
}
