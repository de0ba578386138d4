//! A client that leaves takes its upstream request with it; nobody pays for what nobody reads.

use std::time::{Duration, Instant};

use mcr::imitation::{Gate, Reply};

use crate::common::{Rig, ask, soon, whole};

/// A tenth of a second is the promise; the rest is for machines that are busy with other tests.
const SOON: Duration = Duration::from_secs(1);

/// Waits until the upstream has lost its client, and says how long that took.
async fn gone(rig: &Rig, left: Instant) {
    soon(rig.upstream.wait_for_disconnect()).await;
    let took = left.elapsed();
    println!("the upstream was let go after {took:?}");
    assert!(took < SOON, "the upstream was let go after {took:?}");
    let lines = rig.server.wait_for_log(" request ", 1).await;
    assert!(lines[0].contains(" outcome=cancelled status=499 "), "{}", lines[0]);
}

#[tokio::test]
async fn the_upstream_is_let_go_in_the_middle_of_a_stream() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::new().text("Hel").gate(&gate).text("lo").finish("stop")]).await;
    let mut stream = rig.open(&ask("Hi")).await;
    soon(stream.wait_for_text("Hel")).await.unwrap();
    soon(gate.reached()).await;
    let left = Instant::now();
    drop(stream);
    gone(&rig, left).await;
}

#[tokio::test]
async fn the_upstream_is_let_go_before_its_headers() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::say("Hello").hold(&gate)]).await;
    let client = rig.client.clone();
    let asking = tokio::spawn(async move { client.open(&ask("Hi")).await.map(drop) });
    soon(gate.reached()).await;
    let left = Instant::now();
    asking.abort();
    gone(&rig, left).await;
}

#[tokio::test]
async fn the_upstream_is_let_go_between_headers_and_first_event() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::new().gate(&gate).text("Hello").finish("stop")]).await;
    let client = rig.client.clone();
    let asking = tokio::spawn(async move { client.open(&ask("Hi")).await.map(drop) });
    soon(gate.reached()).await;
    let left = Instant::now();
    asking.abort();
    gone(&rig, left).await;
}

#[tokio::test]
async fn the_upstream_is_let_go_while_a_whole_answer_is_awaited() {
    let gate = Gate::new();
    let rig = Rig::new([Reply::say("Hello").hold(&gate)]).await;
    let client = rig.client.clone();
    let asking = tokio::spawn(async move { client.open(&whole(ask("Hi"))).await.map(drop) });
    soon(gate.reached()).await;
    let left = Instant::now();
    asking.abort();
    gone(&rig, left).await;
}
