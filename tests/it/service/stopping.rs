//! `mcr stop`, and what becomes of answers in progress.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use insta::assert_snapshot;
use mcr::imitation::{Gate, Imitation, Reply, Scripted};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
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
    let stop = stop.stderr(Stdio::piped()).spawn().unwrap();
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
async fn a_service_that_is_stopping_already_hears_nothing_and_how_to_end_it_is_told() {
    let (_gate, _upstream, sandbox) = gated().await;
    let service = Service::start(&sandbox);
    let mut stream = soon(service.client("").open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    let pid = service.record()["pid"].as_i64().unwrap();
    let mut stop = Command::from(sandbox.command(["stop"])).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(stop.stderr.take().unwrap()).lines();
    let first = soon(words.next_line()).await.unwrap();
    let told = format!("waiting for answers in progress, two minutes at most; `kill {pid}` gives them up");
    assert_eq!(first, Some(told));
    assert_eq!(
        sandbox.mcr(["stop", "--now"]),
        format!(
            "exit code: 69\n----- stderr -----\nerror: the service is stopping already, and is told nothing more\n\
             hint: run `kill {pid}` to give answers in progress up\n"
        )
    );
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::TERM).unwrap();
    assert!(soon(stop.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_start_waits_for_the_end_of_a_service_that_is_stopping() {
    let (gate, _upstream, sandbox) = gated().await;
    let service = Service::start(&sandbox);
    let mut stream = soon(service.client("").open(&ask("Hi"))).await.unwrap();
    soon(stream.wait_for_text("Hel")).await.unwrap();
    let first = service.record()["pid"].clone();
    let mut stop = Command::from(sandbox.command(["stop"])).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(stop.stderr.take().unwrap()).lines();
    soon(words.next_line()).await.unwrap();
    let state = sandbox.mcr(["status", "--json"]);
    assert!(state.contains(&json!({"running": false, "state": "stopping"}).to_string()), "{state}");
    let mut start = Command::from(sandbox.command(["start", "--config", "config.json", "--port", "0"]));
    let mut start = start.stderr(Stdio::piped()).spawn().unwrap();
    let mut words = BufReader::new(start.stderr.take().unwrap()).lines();
    let first_words = soon(words.next_line()).await.unwrap();
    assert_eq!(first_words.as_deref(), Some("waiting: the service is stopping already"));
    gate.open();
    soon(stream.finish()).await.unwrap();
    assert!(soon(start.wait()).await.unwrap().success() && soon(stop.wait()).await.unwrap().success());
    assert_ne!(service.record()["pid"], first);
    assert_eq!(service.status()["running"], true);
}

#[test]
fn a_service_that_does_not_answer_is_not_said_to_be_stopping() {
    let sandbox = Sandbox::new();
    let lock = File::create(sandbox.write("home/run/service.lock", "")).unwrap();
    lock.lock().unwrap();
    let deaf = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", deaf.local_addr().unwrap());
    sandbox.write("home/run/service.json", &json!({"url": url, "token": "t", "pid": 7}).to_string());
    let babbles = std::thread::spawn(move || {
        let mut stream = deaf.accept().unwrap().0;
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        stream.write_all(b"?\r\n\r\n").unwrap();
    });
    let picture = sandbox.mcr(["stop"]);
    babbles.join().unwrap();
    assert!(picture.starts_with("exit code: 69\n"), "{picture}");
    assert!(picture.contains(&format!("error: the service does not answer at {url}\n")), "{picture}");
    assert!(picture.contains("run `kill -9 7`"), "{picture}");
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
