//! The configuration may change under a running proxy, and the proxy may end under a running answer.

use mcr::imitation::client::ClientError;
use mcr::imitation::{Gate, Imitation, Reply};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::common::requests::provider;
use crate::common::{Rig, Sandbox, Server, ask, config, soon};

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

/// Serves what lies in the usual place, with a key that would be enough for the built-in configuration.
async fn usual_place(sandbox: &mut Sandbox) -> Server {
    sandbox.set("MISTRAL_API_KEY", "sk-environment");
    // What would go to the built-in configuration's host stays on this machine.
    sandbox.set("HTTPS_PROXY", "http://127.0.0.1:9");
    Server::spawn(sandbox.command(["start", "--foreground", "--port", "0"]), &sandbox.home()).await
}

#[tokio::test]
async fn a_file_in_the_usual_place_that_is_gone_is_not_replaced_by_the_built_in_configuration() {
    let upstream = Imitation::scripted([Reply::say("one"), Reply::say("two")]).await.unwrap();
    let mut sandbox = Sandbox::new();
    let file = sandbox.write("home/config.json", &config(&upstream.url()).to_string());
    let server = usual_place(&mut sandbox).await;
    std::fs::remove_file(&file).unwrap();
    server.wait_for_log("configuration not reloaded", 1).await;
    assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "one");
    sandbox.write("home/config.json", &config(&upstream.url()).to_string());
    server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "two");
}

#[tokio::test]
async fn a_file_that_comes_to_the_usual_place_takes_over_from_the_built_in_configuration() {
    let upstream = Imitation::scripted([Reply::say("one")]).await.unwrap();
    let mut sandbox = Sandbox::new();
    let server = usual_place(&mut sandbox).await;
    sandbox.write("home/config.json", &config(&upstream.url()).to_string());
    server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "one");
}

/// A listener that plays a proxy, and its address.
async fn proxy() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn an_edit_changes_the_proxy_without_a_restart() {
    let ((_old, before), (new, after)) = (proxy().await, proxy().await);
    // A private address, which a plain request to goes through a proxy.
    let rig = Rig::configured([], |config| {
        config["Providers"][0]["api_base_url"] = json!("http://10.255.255.1/v1");
        config["PROXY_URL"] = json!(before);
    })
    .await;
    let mut edited = config("http://10.255.255.1/v1");
    edited["PROXY_URL"] = json!(after);
    rig.sandbox.configure(&edited);
    rig.server.wait_for_log("configuration reloaded", 1).await;
    let client = rig.server.client();
    let asked = tokio::spawn(async move { client.messages(&ask("Hi")).await });
    let (socket, _) = soon(new.accept()).await.unwrap();
    let mut line = String::new();
    soon(BufReader::new(socket).read_line(&mut line)).await.unwrap();
    assert_eq!(line, "POST http://10.255.255.1/v1/chat/completions HTTP/1.1\r\n");
    asked.abort();
}

#[tokio::test]
async fn the_log_names_what_of_an_edit_waits_for_a_restart_and_what_is_odd_in_it() {
    let rig = Rig::new([]).await;
    let mut edited = config(&rig.upstream.url());
    edited["PORT"] = json!(4000);
    edited["LOG_LEVEL"] = json!("debug");
    edited["Rooter"] = json!({});
    let mut spare = provider("spare", &rig.upstream.url(), OTHER);
    spare["api_key"] = json!("$MCR_TEST_UNSET");
    edited["Providers"].as_array_mut().unwrap().push(spare);
    rig.sandbox.configure(&edited);
    let waits = rig.server.wait_for_log("takes effect at the next start", 1).await;
    assert!(waits[0].ends_with(r#" keys="PORT, LOG_LEVEL""#), "{}", waits[0]);
    let odd = rig.server.wait_for_log("in the configuration", 2).await;
    assert!(odd.iter().any(|line| line.contains("Rooter: unknown key, did you mean `Router`?")), "{odd:?}");
    assert!(odd.iter().any(|line| line.contains("environment variable `MCR_TEST_UNSET` is unset")), "{odd:?}");
    let log = rig.server.log();
    assert!(!log.contains(rig.sandbox.folder().to_str().unwrap()), "{log}");
}

#[tokio::test]
async fn a_system_prompt_that_comes_later_than_the_edit_that_names_it_is_taken() {
    let rig = Rig::new([]).await;
    let mut edited = config(&rig.upstream.url());
    edited["REWRITE_SYSTEM_PROMPT"] = json!("prompt.txt");
    rig.sandbox.configure(&edited);
    let lines = rig.server.wait_for_log("configuration not reloaded", 1).await;
    assert!(lines[0].contains("REWRITE_SYSTEM_PROMPT: "), "{}", lines[0]);
    rig.sandbox.write("prompt.txt", "You are terse.");
    rig.server.wait_for_log("configuration reloaded", 1).await;
    rig.sandbox.write("prompt.txt", "You are very terse.");
    rig.server.wait_for_log("configuration reloaded", 2).await;
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
