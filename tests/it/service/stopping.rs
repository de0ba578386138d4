//! `mcr stop`, and what becomes of answers in progress.

use insta::assert_snapshot;
use mcr::imitation::{Gate, Imitation, Reply, Scripted};
use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;

use super::Service;
use crate::common::{Rig, Sandbox, ask, config, soon};

#[test]
fn without_a_service_there_is_nothing_to_stop() {
    assert_snapshot!(Sandbox::new().mcr(["stop"]), @r"
    exit code: 0
    ----- stderr -----
    the service is not running
    ");
}

/// A configuration whose upstream stops half way until the gate opens.
async fn gated() -> (Gate, Scripted, Sandbox) {
    let gate = Gate::new();
    let reply = Reply::new().text("Hel").gate(&gate).text("lo").finish("stop");
    let upstream = Imitation::scripted([reply]).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&config(&upstream.url()));
    (gate, upstream, sandbox)
}

#[tokio::test]
async fn a_stop_waits_for_answers_in_progress() {
    let (gate, _upstream, sandbox) = gated().await;
    let service = Service::start(&sandbox);
    let mut stream = soon(service.client("").open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    let mut stop = Command::from(sandbox.command(["stop"]));
    let stop = stop.stderr(std::process::Stdio::piped()).spawn().unwrap();
    // The port is free as soon as it stops, and the answer goes on.
    let url = service.url();
    let address = url.strip_prefix("http://").unwrap();
    soon(async { while tokio::net::TcpStream::connect(address).await.is_ok() {} }).await;
    gate.open();
    assert_eq!(soon(stream.finish()).await.unwrap().message.text(), "Hello");
    let output = soon(stop.wait_with_output()).await.unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && words.ends_with("stopped the service\n"), "{words}");
}

#[tokio::test]
async fn a_stop_at_once_gives_them_up_and_the_client_hears_no_end() {
    let (_gate, _upstream, sandbox) = gated().await;
    let service = Service::start(&sandbox);
    let mut stream = soon(service.client("").open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    let picture = sandbox.mcr(["stop", "--now"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    soon(stream.finish()).await.expect_err("a broken connection");
}

#[tokio::test]
async fn only_who_shows_the_token_may_stop_it() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let service = Service::start(&sandbox);
    let stranger = mcr::imitation::Client::new(&service.url(), "wrong").unwrap();
    let answer = soon(stranger.raw(&http::Method::POST, "/mcr/stop", "{}")).await.unwrap();
    assert_eq!(answer.status, 401);
    let answer = soon(service.client("").raw(&http::Method::GET, "/mcr/stop", "")).await.unwrap();
    assert_eq!(answer.status, 405);
    assert_eq!(service.status()["running"], true);
}

#[tokio::test]
async fn a_service_in_the_foreground_is_one_as_well() {
    let rig = Rig::new([]).await;
    let service = Service { sandbox: &rig.sandbox };
    assert_eq!(service.url(), rig.server.url());
    let picture = rig.sandbox.mcr(["stop"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(soon(rig.server.ended()).await.0, 0);
}

#[tokio::test]
async fn a_signal_ends_it_as_a_stop_does() {
    let rig = Rig::new([]).await;
    let service = Service { sandbox: &rig.sandbox };
    let record = service.record_file();
    assert!(record.exists());
    rig.server.signal(Signal::TERM);
    assert_eq!(soon(rig.server.ended()).await.0, 0);
    assert!(!record.exists());
    let state = rig.sandbox.mcr(["status", "--json"]);
    assert!(state.contains(&json!({"running": false, "state": "not running"}).to_string()), "{state}");
}
