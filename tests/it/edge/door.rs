//! What claude-code-router lets in, and what it must not (its faults by name).

use super::house::{House, TOKEN, error_type, status};

#[tokio::test]
async fn a_foreign_host_is_refused_even_with_the_token() {
    let house = House::usual();
    let port = house.address.port();
    for host in ["evil.example".to_owned(), format!("127.0.0.1.nip.io:{port}"), "127.0.0.1".to_owned()] {
        let headers = format!("host: {host}\r\nauthorization: Bearer {TOKEN}\r\n");
        let answer = house.ask("GET /health", &headers).await;
        assert_eq!((status(&answer), error_type(&answer).as_str()), (421, "invalid_request_error"), "{host}");
    }
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn exactly_one_host_is_required() {
    let house = House::usual();
    let none = format!("authorization: Bearer {TOKEN}\r\n");
    let two = format!("{}host: {}\r\n", house.good(), house.address);
    for headers in [none, two] {
        assert_eq!(status(&house.ask("GET /health", &headers).await), 400, "{headers}");
    }
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn an_origin_is_refused() {
    let house = House::usual();
    for origin in ["https://evil.example", "null", &format!("http://{}", house.address)] {
        let headers = format!("{}origin: {origin}\r\n", house.good());
        let answer = house.ask("GET /health", &headers).await;
        assert_eq!((status(&answer), error_type(&answer).as_str()), (403, "permission_error"), "{origin}");
    }
    let headers = format!("{}sec-fetch-site: cross-site\r\n", house.good());
    assert_eq!(status(&house.ask("GET /health", &headers).await), 403);
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn no_cors_headers_ever() {
    let house = House::usual();
    let good = house.good();
    let page = "origin: https://evil.example\r\naccess-control-request-method: POST\r\n\
                access-control-request-headers: x-api-key\r\n";
    for (start, headers, expected) in [
        ("OPTIONS /v1/messages", format!("{good}{page}"), 403),
        ("OPTIONS /v1/messages", format!("host: {}\r\n{page}", house.address), 403),
        ("OPTIONS /v1/messages", format!("{good}content-type: application/json\r\n"), 200),
        ("GET /health", format!("{good}{page}"), 403),
        ("GET /health", good.clone(), 200),
        ("GET /nowhere", good.clone(), 404),
        ("GET /health", format!("host: {}\r\n", house.address), 401),
    ] {
        let answer = house.ask(start, &headers).await;
        assert_eq!(status(&answer), expected, "{start}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control"), "{answer}");
    }
}

#[tokio::test]
async fn health_needs_the_token() {
    let house = House::usual();
    for start in
        ["GET /health", "GET /health?x=1", "GET /", "HEAD /", "GET /ui/", "GET /api/config", "POST /v1/messages"]
    {
        let answer = house.ask(start, &format!("host: {}\r\n", house.address)).await;
        assert_eq!(status(&answer), 401, "{start}");
        if !start.starts_with("HEAD") {
            assert_eq!(error_type(&answer), "authentication_error");
        }
    }
    assert_eq!(status(&house.ask("HEAD /", &house.good()).await), 200);
    assert_eq!(house.admitted(), 1);
}

#[tokio::test]
async fn a_wrong_token_is_as_good_as_none() {
    let house = House::usual();
    let long = format!("{TOKEN}{}", "0".repeat(8000));
    for token in ["", "0", &TOKEN[..31], &format!("{TOKEN}0"), &long, "sk-mistral-router"] {
        for name in ["authorization: Bearer", "x-api-key:"] {
            let answer = house.ask("GET /health", &format!("host: {}\r\n{name} {token}\r\n", house.address)).await;
            assert_eq!(status(&answer), 401, "{name} {token}");
        }
    }
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn a_post_that_needs_no_preflight_is_refused() {
    let house = House::usual();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let headers = format!("{}content-type: {content_type}\r\ncontent-length: 0\r\n", house.good());
        assert_eq!(status(&house.ask("POST /v1/messages", &headers).await), 415, "{content_type}");
    }
    assert_eq!(house.admitted(), 0);
}

#[tokio::test]
async fn path_tricks_reach_nothing() {
    let house = House::usual();
    let foreign = "GET http://evil.example/v1/messages".to_owned();
    let tricks = ["//v1/messages", "/v1/../admin", "/%2e%2e/admin", "/v1%2fmessages", "/..%5cadmin"];
    for start in tricks.map(|path| format!("GET {path}")).into_iter().chain([foreign]) {
        let anonymous = status(&house.ask(&start, &format!("host: {}\r\n", house.address)).await);
        assert!(matches!(anonymous, 401 | 421), "{start}: {anonymous}");
        let known = status(&house.ask(&start, &house.good()).await);
        assert!(matches!(known, 400 | 421), "{start}: {known}");
    }
    assert_eq!(house.admitted(), 0);
    let ours = format!("GET http://{}/health", house.address);
    assert_eq!(status(&house.ask(&ours, &house.good()).await), 200);
}

#[tokio::test]
async fn an_upgrade_is_refused_and_what_follows_it_is_not_tunnelled() {
    let house = House::usual();
    let good = house.good();
    for upgrade in ["websocket", "h2c"] {
        let mut raw = house.connect().await;
        let first = format!("GET /health HTTP/1.1\r\n{good}connection: upgrade\r\nupgrade: {upgrade}\r\n\r\n");
        raw.send(format!("{first}GET /health HTTP/1.1\r\n{good}\r\n")).await;
        let answer = raw.rest().await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.1").count()), (400, 1), "{answer}");
    }
    assert_eq!(status(&house.ask("CONNECT evil.example:443", &good).await), 405);
    assert_eq!(status(&house.ask("TRACE /", &good).await), 405);
    assert_eq!(house.admitted(), 0);
}
