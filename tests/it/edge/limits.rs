//! Slow and greedy clients: each is stopped, and nobody else notices.

use std::time::Duration;

use bytes::Bytes;
use mcr::proxy::{body::BodyLimits, server::Limits};
use tokio::time::timeout;

use super::house::{House, SOON, error_type, status};

const BRIEF: Duration = Duration::from_millis(50);

fn json(house: &House) -> String {
    format!("{}content-type: application/json\r\n", house.good())
}

#[tokio::test]
async fn a_head_that_dawdles_is_cut_off() {
    let house = House::with(Limits { header_read: BRIEF, ..Limits::default() });
    for start in ["", "GET /health HT", "GET /health HTTP/1.1\r\nhost: 127"] {
        let mut raw = house.connect().await;
        raw.send(start).await;
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn a_second_head_that_dawdles_is_cut_off_too() {
    let house = House::with(Limits { header_read: BRIEF, ..Limits::default() });
    let mut raw = house.connect().await;
    raw.send(format!("GET /health HTTP/1.1\r\n{}\r\n", house.good())).await;
    raw.until("{}").await;
    raw.send("GET /hea").await;
    assert_eq!(raw.rest().await, "");
}

#[tokio::test]
async fn a_kept_connection_outlives_the_header_clock() {
    let house = House::with(Limits { header_read: BRIEF, ..Limits::default() });
    let mut raw = house.connect().await;
    for _ in 0..2 {
        raw.send(format!("GET /health HTTP/1.1\r\n{}\r\n", house.good())).await;
        raw.until("{}").await;
        timeout(3 * BRIEF, raw.rest()).await.expect_err("the connection is kept");
    }
}

#[tokio::test]
async fn a_kept_connection_without_a_request_is_closed() {
    let house = House::with(Limits { keep_alive: BRIEF, ..Limits::default() });
    let mut raw = house.connect().await;
    raw.send(format!("GET /health HTTP/1.1\r\n{}\r\n", house.good())).await;
    raw.until("{}").await;
    assert_eq!(raw.rest().await, "");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_408() {
    let house = House::open(Limits::default(), BodyLimits { idle: BRIEF, ..BodyLimits::default() });
    let mut raw = house.connect().await;
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{}content-length: 9\r\n\r\nhalf", json(&house))).await;
    let answer = raw.rest().await;
    assert_eq!((status(&answer), error_type(&answer).as_str()), (408, "invalid_request_error"));
}

#[tokio::test]
async fn a_client_that_does_not_read_takes_its_upstream_with_it() {
    let mut house = House::with(Limits { write_stall: BRIEF, ..Limits::default() });
    let mut raw = house.connect().await;
    raw.send(format!("GET /stream HTTP/1.1\r\n{}\r\n", house.good())).await;
    let upstream = house.next_upstream().await;
    let chunk = Bytes::from(vec![b'x'; 64 << 10]);
    let flood = async { while upstream.send(Ok(chunk.clone())).await.is_ok() {} };
    timeout(SOON, flood).await.expect("the stream is dropped");
}

#[tokio::test]
async fn too_many_headers_are_a_431_that_explains_itself() {
    let house = House::usual();
    let many = "x-filler: 1\r\n".repeat(101);
    let large = format!("x-filler: {}\r\n", "x".repeat(64 << 10));
    for headers in [many, large] {
        let answer = house.ask("GET /health", &format!("{}{headers}", house.good())).await;
        assert_eq!((status(&answer), error_type(&answer).as_str()), (431, "invalid_request_error"));
    }
    let absurd = format!("{}x-filler: {}\r\n", house.good(), "x".repeat(1 << 20));
    assert_eq!(status(&house.ask("GET /health", &absurd).await), 431);
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_unread() {
    let house = House::usual();
    let answer = house.ask("POST /v1/messages", &format!("{}content-length: {}\r\n", json(&house), 65 << 20)).await;
    assert_eq!((status(&answer), error_type(&answer).as_str()), (413, "request_too_large"));
}

#[tokio::test]
async fn a_client_that_sends_it_all_first_still_gets_to_read_the_413() {
    let house = House::usual();
    let mut raw = house.connect().await;
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{}content-length: {}\r\n\r\n", json(&house), 65 << 20)).await;
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..65 {
        raw.send(&megabyte).await;
    }
    let answer = raw.rest().await;
    assert_eq!((status(&answer), error_type(&answer).as_str()), (413, "request_too_large"));
}

#[tokio::test]
async fn a_chunked_body_is_counted_as_it_comes() {
    let house = House::open(Limits::default(), BodyLimits { size: 1 << 20, ..BodyLimits::default() });
    let mut raw = house.connect().await;
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{}transfer-encoding: chunked\r\n\r\n", json(&house))).await;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(64 << 10));
    for _ in 0..17 {
        raw.send(&chunk).await;
    }
    assert_eq!(status(&raw.rest().await), 413);
}

#[tokio::test]
async fn a_large_body_comes_through_whole() {
    let house = House::usual();
    let body: String =
        (0..400_000_u32).flat_map(|number| number.to_be_bytes().map(|byte| char::from(b'a' + byte % 23))).collect();
    let mut raw = house.connect().await;
    let head = format!("{}content-length: {}\r\nconnection: close\r\n\r\n", json(&house), body.len());
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{head}")).await;
    raw.send(&body).await;
    let answer = raw.rest().await;
    let (_, echoed) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(echoed == body, "{} of {} bytes", echoed.len(), body.len());
}

#[tokio::test]
async fn expecting_100_is_answered_before_the_body() {
    let house = House::usual();
    let mut raw = house.connect().await;
    let head = format!("{}content-length: 2\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n", json(&house));
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{head}")).await;
    assert_eq!(raw.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send("{}").await;
    assert_eq!(status(&raw.rest().await), 200);
}

#[tokio::test]
async fn a_thousand_silent_connections_do_not_keep_the_agent_out() {
    let house = House::with(Limits { connections: 16, ..Limits::default() });
    let answer = timeout(SOON, async {
        let mut silent = Vec::new();
        for _ in 0..1_000 {
            let mut raw = house.connect().await;
            raw.send("GET /health HTTP/1.1\r\nx-slow: ").await;
            silent.push(raw);
        }
        house.ask("GET /health", &house.good()).await
    });
    let answer = answer.await.expect("an answer");
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn an_answer_in_progress_is_not_interrupted_for_the_next_client() {
    let mut house = House::with(Limits { connections: 1, ..Limits::default() });
    let mut first = house.connect().await;
    first.send(format!("GET /stream HTTP/1.1\r\n{}\r\n", house.good())).await;
    let upstream = house.next_upstream().await;
    let mut second = house.connect().await;
    second.send(format!("GET /health HTTP/1.1\r\n{}connection: close\r\n\r\n", house.good())).await;
    upstream.send(Ok(Bytes::from_static(b"all"))).await.expect("a reader");
    drop(upstream);
    first.until("all\r\n0\r\n\r\n").await;
    assert_eq!(status(&second.rest().await), 200);
}
