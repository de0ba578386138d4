//! Requests whose end could be read in two ways: one reading, then the connection is over.

use super::house::{House, status};

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\n";

#[tokio::test]
async fn a_doubtful_head_is_a_400_and_the_end() {
    let house = House::usual();
    let good = house.good();
    let json = format!("{good}content-type: application/json\r\n");
    let post = |version: &str, framing: &str, body: &str| {
        format!("POST /v1/messages HTTP/{version}\r\n{json}{framing}\r\n\r\n{body}{HIDDEN}{good}\r\n")
    };
    for (name, request) in [
        ("unknown coding", post("1.1", "transfer-encoding: xchunked", "0\r\n\r\n")),
        ("chunked is not last", post("1.1", "transfer-encoding: chunked, identity", "0\r\n\r\n")),
        ("two lengths", post("1.1", "content-length: 2\r\ncontent-length: 3", "{}")),
        ("signed length", post("1.1", "content-length: +2", "{}")),
        ("length list", post("1.1", "content-length: 2, 3", "{}")),
        ("coding in 1.0", post("1.0", "transfer-encoding: chunked", "0\r\n\r\n")),
        ("folded line", post("1.1", "x-a: 1\r\n 2\r\ncontent-length: 2", "{}")),
        ("NUL", post("1.1", "x-a: \0\r\ncontent-length: 2", "{}")),
        ("space before colon", post("1.1", "content-length : 2", "{}")),
        ("bare CR", post("1.1", "x-a: 1\rx-b: 2\r\ncontent-length: 2", "{}")),
        ("control in the target", format!("GET /\u{1}health HTTP/1.1\r\n{good}\r\n")),
        ("no version", format!("GET /health\r\n{good}\r\n")),
    ] {
        let mut raw = house.connect().await;
        raw.send(request).await;
        let answer = raw.rest().await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.1 ").count()), (400, 1), "{name}: {answer}");
    }
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn a_length_beside_chunks_hides_no_request() {
    let house = House::usual();
    let good = house.good();
    let json = format!("{good}content-type: application/json\r\n");
    let hidden = format!("{HIDDEN}{good}\r\n");
    let chunked_wins = format!("content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
    let behind = format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n\r\n0\r\n\r\n{hidden}", hidden.len() + 5);
    for framing in [chunked_wins, behind] {
        let before = house.admitted();
        let mut raw = house.connect().await;
        raw.send(format!("POST /v1/messages HTTP/1.1\r\n{json}{framing}")).await;
        let answer = raw.rest().await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.1 ").count()), (200, 1), "{answer}");
        assert_eq!(house.admitted() - before, 1);
    }
}

#[tokio::test]
async fn an_unread_body_is_never_taken_for_the_next_request() {
    let house = House::usual();
    let hidden = format!("{HIDDEN}{}\r\n", house.good());
    for body in [hidden.clone(), hidden.repeat(5_000)] {
        let mut raw = house.connect().await;
        let head =
            format!("host: {}\r\ncontent-type: application/json\r\ncontent-length: {}", house.address, body.len());
        raw.send(format!("POST /v1/messages HTTP/1.1\r\n{head}\r\n\r\n{body}")).await;
        // The connection may be kept or closed; what is kept answers this one next.
        let _ = tokio::io::AsyncWriteExt::write_all(
            &mut raw.0,
            format!("GET /health HTTP/1.1\r\n{}connection: close\r\n\r\n", house.good()).as_bytes(),
        )
        .await;
        let answer = raw.rest().await;
        assert_eq!(status(&answer), 401, "{answer}");
        assert!(!answer.contains("404"), "{answer}");
        assert!(answer.matches("HTTP/1.1 ").count() <= 2, "{answer}");
    }
    assert!(house.admitted() <= 2);
}

#[tokio::test]
async fn chunks_that_lie_are_refused() {
    let house = House::usual();
    let json = format!("{}content-type: application/json\r\ntransfer-encoding: chunked\r\n", house.good());
    for (name, chunks) in [
        ("2^64", "10000000000000000\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("not a number", "zz\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("negative", "-2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("endless extension", format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(64 << 10))),
        ("longer than it says", "1\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("endless trailers", format!("0\r\nx: {}\r\n\r\n", "y".repeat(256 << 10))),
    ] {
        let mut raw = house.connect().await;
        raw.send(format!("POST /v1/messages HTTP/1.1\r\n{json}\r\n{chunks}")).await;
        let answer = raw.rest().await;
        assert_eq!(status(&answer), 400, "{name}: {answer}");
    }
}

#[tokio::test]
async fn trailers_are_let_go() {
    let house = House::usual();
    let json = format!("{}content-type: application/json\r\ntransfer-encoding: chunked\r\n", house.good());
    let mut raw = house.connect().await;
    raw.send(format!("POST /v1/messages HTTP/1.1\r\n{json}\r\n2;ext=1\r\n{{}}\r\n0\r\nauthorization: x\r\n\r\n")).await;
    let answer = raw.rest().await;
    assert!(status(&answer) == 200 && answer.ends_with("\r\n\r\n{}"), "{answer}");
}
