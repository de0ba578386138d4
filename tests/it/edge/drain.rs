//! How streams and servers end.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use bytes::Bytes;
use mcr::proxy::{
    body::Aborted,
    server::{BindError, Limits, Listener},
};
use tokio::{net::TcpStream, time::timeout};

use super::house::{House, Raw, SOON, Upstream};

async fn stream(house: &mut House) -> (Raw, Upstream) {
    let mut raw = house.connect().await;
    raw.send(format!("GET /stream HTTP/1.1\r\n{}\r\n", house.good())).await;
    let upstream = house.next_upstream().await;
    (raw, upstream)
}

#[tokio::test]
async fn a_chunk_is_on_its_way_before_the_next_is_there() {
    let mut house = House::usual();
    let (mut raw, upstream) = stream(&mut house).await;
    raw.until("\r\n\r\n").await;
    for word in ["one", "two"] {
        upstream.send(Ok(Bytes::from_static(word.as_bytes()))).await.expect("a reader");
        assert_eq!(raw.until("\r\n").await, "3\r\n");
        assert_eq!(raw.until("\r\n").await, format!("{word}\r\n"));
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_upstream_along_within_100_ms() {
    let mut house = House::usual();
    let mut fastest = SOON;
    // One of five, because a busy machine may be late for reasons of its own.
    for _ in 0..5 {
        let (raw, upstream) = stream(&mut house).await;
        let before = Instant::now();
        drop(raw);
        timeout(SOON, upstream.closed()).await.expect("the stream is dropped");
        fastest = fastest.min(before.elapsed());
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

#[tokio::test]
async fn a_slow_client_slows_its_upstream() {
    let mut house = House::usual();
    let (_raw, upstream) = stream(&mut house).await;
    let chunk = Bytes::from(vec![b'x'; 64 << 10]);
    let mut taken = 0;
    while timeout(Duration::from_millis(200), upstream.send(Ok(chunk.clone()))).await.is_ok() {
        taken += chunk.len();
        assert!(taken < 64 << 20, "nobody reads, and all of it is taken");
    }
}

#[tokio::test]
async fn a_stream_that_is_broken_off_does_not_look_finished() {
    let mut house = House::usual();
    let (mut raw, upstream) = stream(&mut house).await;
    upstream.send(Ok(Bytes::from_static(b"half"))).await.expect("a reader");
    raw.until("half\r\n").await;
    upstream.send(Err(Aborted("the upstream went away".to_owned()))).await.expect("a reader");
    assert_eq!(raw.rest().await, "");
}

#[tokio::test]
async fn a_server_that_ends_lets_fifty_answers_finish_and_nobody_new_in() {
    let mut house = House::usual();
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(stream(&mut house).await);
    }
    let mut idle = house.connect().await;
    house.close();
    assert_eq!(idle.rest().await, "");
    let refused = TcpStream::connect(house.address).await;
    assert!(refused.is_err(), "nobody listens any more");
    for (mut raw, upstream) in streams {
        upstream.send(Ok(Bytes::from_static(b"the end"))).await.expect("a reader");
        drop(upstream);
        let answer = raw.rest().await;
        assert!(answer.ends_with("the end\r\n0\r\n\r\n"), "{answer}");
    }
    house.closed().await;
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_cut_when_the_grace_is_over() {
    let mut house = House::with(Limits { grace: Duration::from_millis(50), ..Limits::default() });
    let (mut raw, upstream) = stream(&mut house).await;
    house.close();
    timeout(SOON, upstream.closed()).await.expect("the stream is dropped");
    let answer = raw.rest().await;
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    house.closed().await;
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_everything() {
    let mut house = House::usual();
    let (_raw, upstream) = stream(&mut house).await;
    house.demolish();
    timeout(SOON, upstream.closed()).await.expect("the stream is dropped");
}

#[test]
fn only_loopback_is_listened_on() {
    for ip in [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::from([192, 168, 1, 5])] {
        let error = Listener::bind(ip, 0).expect_err("not loopback");
        assert!(matches!(error, BindError::NotLoopback(_)), "{error}");
    }
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let first = Listener::bind(localhost, 0).expect("a free port");
    let port = first.address().port();
    let error = Listener::bind(localhost, port).expect_err("a port in use");
    assert_eq!(error.to_string(), format!("port {port} is in use"));
    assert!(error.hint().contains("set `PORT` to another"), "{}", error.hint());
}
