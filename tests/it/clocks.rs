//! How long is waited for what, and what the client hears meanwhile.
//!
//! Short clocks run in the real binary; the long ones in this process, where time can be made to pass.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mcr::config::{self, Secret};
use mcr::egress::{Egress, Options};
use mcr::imitation::{Client, Gate, Imitation, Reply};
use mcr::keys::Resolver;
use mcr::observe::spending::{Scope, Spending};
use mcr::observe::usage::Usage;
use mcr::paths::Paths;
use mcr::proxy::server::{Limits, Listener, serve};
use mcr::proxy::{Parts, Proxy};
use serde_json::{Value, json};

use crate::common::{Rig, ask, config, soon, whole};

/// Claims that a clock of the configuration ends the wait with these words, and that the upstream is let go.
async fn runs_out(clock: &str, reply: Reply, request: Value, words: &str) {
    let rig = Rig::configured([reply], |config| config["Clocks"][clock] = json!(150)).await;
    let answer = rig.messages(&request).await;
    let error = answer.error.as_ref().expect("an error");
    assert_eq!((answer.status, error.kind.as_str(), error.message.as_str()), (504, "timeout_error", words));
    soon(rig.upstream.wait_for_disconnect()).await;
}

#[tokio::test]
async fn headers_that_do_not_come_are_waited_for_no_longer_than_their_clock() {
    let words = "mistral: no answer within 0.15 s (`headers` clock)";
    runs_out("headers_ms", Reply::say("Hello").hold(&Gate::new()), ask("Hi"), words).await;
}

#[tokio::test]
async fn a_first_event_that_does_not_come_is_waited_for_no_longer_than_its_clock() {
    let words = "mistral: no answer within 0.15 s (`first_event` clock)";
    runs_out("first_event_ms", Reply::new().stall(), ask("Hi"), words).await;
}

#[tokio::test]
async fn a_whole_answer_has_a_clock_for_all_of_it() {
    let words = "mistral: no answer within 0.15 s (`total` clock)";
    runs_out("total_ms", Reply::say("Hello").hold(&Gate::new()), whole(ask("Hi")), words).await;
}

#[tokio::test]
async fn a_stream_that_is_answered_whole_has_that_clock_too() {
    let words = "mistral: no answer within 0.15 s (`total` clock)";
    let reply = Reply::new().raw("{\"id\"").stall().header("content-type", "application/json");
    runs_out("total_ms", reply, ask("Hi"), words).await;
}

#[tokio::test]
async fn comments_do_not_pass_for_a_first_event() {
    let words = "mistral: no answer within 0.15 s (`first_event` clock)";
    runs_out("first_event_ms", Reply::new().raw(": still loading\n\n").stall(), ask("Hi"), words).await;
}

/// A target whose stream may take this long as a whole.
async fn rig_of(seconds: f64, reply: Reply) -> Rig {
    Rig::configured([reply], |config| config["Providers"][0]["stream_timeout_seconds"] = json!(seconds)).await
}

#[tokio::test]
async fn a_targets_own_clock_of_a_stream_runs_before_its_first_word_too() {
    for reply in [
        Reply::say("Hello").hold(&Gate::new()),
        Reply::new().stall(),
        Reply::new().raw("{").stall().header("content-type", "application/json"),
    ] {
        let rig = rig_of(0.15, reply).await;
        let answer = rig.messages(&ask("Hi")).await;
        let words = "mistral: no answer within 0.15 s (`stream_timeout_seconds` clock)";
        assert_eq!((answer.status, answer.error.map(|error| error.message).as_deref()), (504, Some(words)));
    }
}

#[tokio::test]
async fn a_targets_own_clock_of_a_whole_answer_beats_the_one_of_all() {
    let rig = Rig::configured([Reply::say("Hello").hold(&Gate::new())], |config| {
        config["Providers"][0]["timeout_seconds"] = json!(0.15);
        config["Clocks"]["total_ms"] = json!(60_000);
    })
    .await;
    let error = rig.messages(&whole(ask("Hi"))).await.error.expect("an error");
    assert_eq!(error.message, "mistral: no answer within 0.15 s (`total` clock)");
}

/// A proxy in this process, in front of an upstream.
fn in_process(upstream: &str) -> Client {
    configured(&config(upstream))
}

pub(crate) fn configured(config: &Value) -> Client {
    let config = config::read(&config.to_string(), "config.json", &|_| None).expect("a configuration");
    let listener = Listener::bind([127, 0, 0, 1].into(), 0).expect("a port");
    let address = listener.address();
    let parts = Parts {
        port: address.port(),
        token: Secret::new("token".to_owned()),
        config,
        egress: Egress::new(&Options::default()).expect("a way out"),
        keys: Resolver::new(&Paths::below(Path::new("/nonexistent")), |_| None),
        usage: Arc::new(Usage::default()),
        spending: Spending::new(Scope::Launch, None),
        trace: None,
        audit: mcr::audit::Audit::off(),
        preset: None,
        service: None,
    };
    let proxy = Arc::new(Proxy::new(parts).expect("a proxy"));
    let service = move |request| Arc::clone(&proxy).serve(request);
    tokio::spawn(serve(listener, service, Limits::default(), std::future::pending()));
    Client::new(&format!("http://{address}"), "token").expect("an address")
}

#[tokio::test]
async fn a_client_hears_a_ping_every_ten_seconds_while_the_upstream_is_silent() {
    let gate = Gate::new();
    let reply = Reply::new().text("Hel").gate(&gate).text("lo").finish("stop");
    let upstream = Imitation::scripted([reply]).await.unwrap();
    let client = in_process(&upstream.url());
    let mut stream = soon(client.open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    soon(gate.reached()).await;
    tokio::time::pause();
    let silent = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(stream.next_event().await.unwrap().expect("an event").name, "ping");
    }
    let pinged = silent.elapsed();
    assert!((Duration::from_secs(29)..Duration::from_secs(45)).contains(&pinged), "{pinged:?}");
    tokio::time::resume();
    gate.open();
    assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
}

#[tokio::test]
async fn a_stream_that_stays_silent_is_given_up_after_ninety_seconds() {
    let upstream = Imitation::scripted([Reply::new().text("Hel").stall()]).await.unwrap();
    let client = in_process(&upstream.url());
    let mut stream = soon(client.open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    tokio::time::pause();
    let answer = stream.finish().await.unwrap();
    let words = answer.error.map(|error| error.message);
    assert_eq!(words.as_deref(), Some("mistral: silent for 90 s (`idle` clock)"));
    assert_eq!(answer.events.iter().filter(|event| event.name == "ping").count(), 8);
}

#[tokio::test]
async fn an_upstream_that_sends_nothing_but_comments_is_given_up_after_five_minutes() {
    let gates: Vec<_> = (0..5).map(|_| Gate::new()).collect();
    let reply = gates.iter().fold(Reply::new().text("Hel"), |reply, gate| reply.gate(gate).raw(": still here\n\n"));
    let upstream = Imitation::scripted([reply.stall()]).await.unwrap();
    let client = in_process(&upstream.url());
    let mut stream = soon(client.open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    tokio::time::pause();
    let commenting = tokio::spawn(async move {
        for gate in gates {
            tokio::time::sleep(Duration::from_secs(70)).await;
            gate.open();
        }
    });
    let answer = stream.finish().await.unwrap();
    let words = answer.error.map(|error| error.message);
    assert_eq!(words.as_deref(), Some("mistral: sent nothing but comments for 300 s"));
    commenting.abort();
}

#[tokio::test]
async fn a_stream_that_keeps_moving_ends_with_the_name_of_its_targets_clock() {
    let gates: Vec<_> = (0..9).map(|_| Gate::new()).collect();
    let reply = gates.iter().fold(Reply::new().text("Hel"), |reply, gate| reply.gate(gate).text("lo"));
    let upstream = Imitation::scripted([reply.stall()]).await.unwrap();
    let mut config = config(&upstream.url());
    config["Providers"][0]["stream_timeout_seconds"] = json!(300);
    let client = configured(&config);
    let mut stream = soon(client.open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    tokio::time::pause();
    let talking = tokio::spawn(async move {
        for gate in gates {
            tokio::time::sleep(Duration::from_secs(40)).await;
            gate.open();
        }
    });
    let answer = stream.finish().await.unwrap();
    let words = "mistral: the stream took longer than 300 s (`stream_timeout_seconds` clock)";
    let error = answer.error.expect("an error");
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("timeout_error", words));
    assert!(answer.events.iter().all(|event| event.name != "message_stop"));
    talking.abort();
}
