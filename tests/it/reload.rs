//! The configuration may change under a running proxy, and the proxy may end under a running answer.

use mcr::imitation::client::ClientError;
use mcr::imitation::{Gate, Imitation, Reply};
use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpStream;

use crate::common::requests::provider;
use crate::common::{Rig, ask, config, soon};

const OTHER: &str = "mistral-small-2603";

#[tokio::test]
async fn an_edit_changes_the_route_without_a_restart() {
    let rig = Rig::new([Reply::say("one"), Reply::say("two")]).await;
    rig.messages(&ask("Hi")).await;
    let mut edited = config(&rig.upstream.url());
    edited["Providers"] = json!([provider("mistral", &rig.upstream.url(), OTHER)]);
    edited["Router"]["default"] = json!(format!("mistral,{OTHER}"));
    rig.sandbox.configure(&edited);
    rig.server.wait_for_log("configuration reloaded", 1).await;
    rig.messages(&ask("Hi")).await;
    let models: Vec<_> = rig.upstream.captured().iter().map(|captured| captured.body["model"].clone()).collect();
    assert_eq!(models, ["mistral-medium-3-5", OTHER]);
}

#[tokio::test]
async fn a_bad_edit_keeps_the_old_configuration_and_the_log_says_why() {
    let rig = Rig::new([Reply::say("one")]).await;
    rig.sandbox.write("config.json", "{Providers: []}");
    let lines = rig.server.wait_for_log("configuration not reloaded", 1).await;
    assert!(lines[0].contains("config.json:1:13: Providers: no provider is configured"), "{}", lines[0]);
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "one");
}

#[tokio::test]
async fn a_file_that_is_gone_for_a_moment_does_no_harm() {
    let rig = Rig::new([Reply::say("one"), Reply::say("two")]).await;
    std::fs::remove_file(rig.sandbox.folder().join("config.json")).unwrap();
    rig.server.wait_for_log("configuration not reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "one");
    rig.sandbox.configure(&config(&rig.upstream.url()));
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "two");
}

#[tokio::test]
async fn a_running_stream_survives_a_reload() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")]).await;
    let mut stream = rig.open(&ask("Hi")).await;
    soon(stream.wait_for_text("Hel")).await.unwrap();
    let elsewhere = Imitation::scripted([]).await.unwrap();
    rig.sandbox.configure(&config(&elsewhere.url()));
    rig.server.wait_for_log("configuration reloaded", 1).await;
    gate.open();
    assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
}

/// Waits until nobody is let in any more.
async fn closed(port: u16) {
    let knock = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon(knock).await;
}

#[tokio::test]
async fn a_server_that_is_told_to_end_lets_its_answers_finish_and_nobody_in() {
    for signal in [Signal::TERM, Signal::INT] {
        let gate = Gate::new();
        let rig = Rig::new([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")]).await;
        let mut stream = rig.open(&ask("Hi")).await;
        soon(stream.wait_for_text("Hel")).await.unwrap();
        rig.server.signal(signal);
        closed(rig.server.port).await;
        gate.open();
        assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
        let (code, words) = rig.server.ended().await;
        assert_eq!(code, 0, "{words}");
        assert!(
            words.ends_with("mcr: 1 request · mistral-medium-3-5 ×1 · 10 in, 5 out · hosts: 127.0.0.1 · 0 errors\n"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_server_without_anything_to_do_ends_at_once() {
    let rig = Rig::new([]).await;
    rig.server.signal(Signal::TERM);
    assert_eq!(rig.server.ended().await.0, 0);
}

#[tokio::test]
async fn a_second_signal_ends_what_is_left() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")]).await;
    let mut stream = rig.open(&ask("Hi")).await;
    soon(stream.wait_for_text("Hel")).await.unwrap();
    rig.server.signal(Signal::TERM);
    closed(rig.server.port).await;
    rig.server.signal(Signal::TERM);
    assert_eq!(rig.server.ended().await.0, 0);
    // Which end of the answer goes first is chance; neither looks finished.
    match soon(stream.finish()).await {
        Ok(answer) => assert!(answer.error.is_some()),
        Err(error) => assert!(matches!(error, ClientError::Cut { .. }), "{error}"),
    }
}
