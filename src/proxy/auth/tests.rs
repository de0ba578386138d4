use http::Request;

use super::*;

const PORT: u16 = 3456;
const TOKEN: &str = "right-token";

/// Sends a head through the door: a method, a target and headers, with a good Host and token unless they are given.
fn knock(method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri(target);
    for (name, good) in [("host", "127.0.0.1:3456"), ("authorization", "Bearer right-token")] {
        if !headers.iter().any(|(given, _)| *given == name) {
            request = request.header(name, good);
        }
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let door = Door::new(PORT, &Secret::new(TOKEN.to_owned())).expect("a door");
    admit(&parts, &door).map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn the_agent_is_let_in() {
    assert_eq!(knock("POST", "/v1/messages?beta=true", &[JSON]), 200);
    assert_eq!(knock("POST", "/v1/messages", &[("content-type", "Application/JSON; charset=utf-8")]), 200);
    assert_eq!(knock("HEAD", "/", &[]), 200);
    assert_eq!(knock("GET", "/v1/models", &[("sec-fetch-mode", "cors")]), 200);
}

#[test]
fn only_our_own_names_are_hosts() {
    for good in ["127.0.0.1:3456", "localhost:3456", "LocalHost:3456", "[::1]:3456"] {
        assert_eq!(knock("GET", "/", &[("host", good)]), 200, "{good}");
    }
    for foreign in [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:3457",
        "127.0.0.1.nip.io:3456",
        "127.0.0.1:3456.evil.example",
        "user@127.0.0.1:3456",
        "127.0.0.1:03456",
        "[::]:3456",
        "0.0.0.0:3456",
    ] {
        assert_eq!(knock("GET", "/", &[("host", foreign)]), 421, "{foreign}");
    }
    assert_eq!(knock("GET", "/", &[("host", "")]), 400);
    assert_eq!(knock("GET", "/", &[("host", "127.0.0.1:3456"), ("host", "127.0.0.1:3456")]), 400);
}

#[test]
fn an_absolute_target_must_name_us_too() {
    assert_eq!(knock("GET", "http://localhost:3456/health", &[]), 200);
    assert_eq!(knock("GET", "http://evil.example/health", &[]), 421);
    assert_eq!(knock("GET", "http://me@127.0.0.1:3456/health", &[]), 421);
}

#[test]
fn a_web_page_is_refused_even_with_the_token() {
    for page in [("origin", "https://evil.example"), ("origin", "null"), ("origin", "http://127.0.0.1:3456")] {
        assert_eq!(knock("POST", "/v1/messages", &[JSON, page]), 403);
    }
    assert_eq!(knock("GET", "/health", &[("sec-fetch-site", "none")]), 403);
    assert_eq!(knock("OPTIONS", "/v1/messages", &[("origin", "https://evil.example")]), 403);
}

#[test]
fn a_token_is_needed_on_every_route() {
    for (method, target) in [("GET", "/"), ("HEAD", "/"), ("GET", "/health"), ("GET", "/ui/"), ("POST", "/v1/messages")]
    {
        assert_eq!(knock(method, target, &[("authorization", ""), JSON]), 401, "{method} {target}");
    }
}

#[test]
fn only_the_very_token_admits() {
    let long = format!("Bearer {TOKEN}{}", "x".repeat(400));
    let longer = format!("Bearer {TOKEN}0");
    for wrong in
        ["Bearer right-toke", &longer, &long, "Bearer ", "Basic right-token", "right-token", "Bearer RIGHT-TOKEN"]
    {
        assert_eq!(knock("GET", "/", &[("authorization", wrong)]), 401, "{wrong}");
    }
    for right in ["Bearer right-token", "bearer right-token", "Bearer  right-token"] {
        assert_eq!(knock("GET", "/", &[("authorization", right)]), 200, "{right}");
    }
}

#[test]
fn an_agents_own_key_beside_our_token_does_no_harm() {
    assert_eq!(knock("GET", "/", &[("authorization", ""), ("x-api-key", TOKEN)]), 200);
    assert_eq!(knock("GET", "/", &[("x-api-key", "sk-ant-of-the-user")]), 200);
    assert_eq!(knock("GET", "/", &[("authorization", "Bearer wrong"), ("x-api-key", "wrong")]), 401);
}

#[test]
fn what_a_page_may_send_unasked_is_not_json() {
    for simple in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""] {
        assert_eq!(knock("POST", "/v1/messages", &[("content-type", simple)]), 415, "{simple}");
    }
    assert_eq!(knock("POST", "/v1/messages", &[("content-type", "text/plain"), JSON]), 415);
}

#[test]
fn connections_are_not_turned_into_something_else() {
    assert_eq!(knock("CONNECT", "127.0.0.1:3456", &[]), 405);
    assert_eq!(knock("TRACE", "/", &[]), 405);
    assert_eq!(knock("GET", "/", &[("upgrade", "websocket"), ("connection", "upgrade")]), 400);
}

#[test]
fn a_path_that_means_another_is_refused_after_the_token() {
    for odd in ["//v1/messages", "/v1/../admin", "/v1/./messages", "/v1/%2e%2E/admin", "/v1%2fmessages", "/..%5Cadmin"]
    {
        assert_eq!(knock("GET", odd, &[]), 400, "{odd}");
        assert_eq!(knock("GET", odd, &[("authorization", "")]), 401, "{odd}");
    }
    assert_eq!(knock("POST", "/preset/my%20preset/v1/messages", &[JSON]), 200);
}

#[test]
fn a_door_without_a_lock_is_not_made() {
    let door = |token: &str| Door::new(PORT, &Secret::new(token.to_owned())).map(|_| ());
    assert_eq!(door(""), Err(UnusableToken::Empty));
    assert_eq!(door(&"x".repeat(257)), Err(UnusableToken::TooLong));
    assert_eq!(door(&"x".repeat(256)), Ok(()));
}

#[test]
fn a_token_is_256_bits_and_never_the_same() {
    let (one, two) = (new_token().expect("randomness"), new_token().expect("randomness"));
    assert_eq!(one.expose().len(), 64);
    assert_ne!(one.expose(), two.expose());
    assert_eq!(format!("{:?}", Door::new(PORT, &one).expect("a door").token), "[secret]");
}
