//! Asks the proxy on this machine for its record of a session: one request by hand, in milliseconds.
//!
//! A runtime and a client would take longer to start than the answer takes. Only a loopback
//! address is spoken to, so this is no way out beside the one door.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use http::Uri;
use serde_json::Value;

use crate::config::Environment;
use crate::env;
use crate::wire::session::Session;

/// A listener on this machine takes a connection at once or not at all.
const CONNECT: Duration = Duration::from_millis(5);
/// From the request to the last byte of the answer; the line does without it then.
const ANSWER: Duration = Duration::from_millis(20);
/// The longest answer; a record has less than a kilobyte.
const LONGEST: usize = 64 << 10;

/// Returns what the agent's proxy knows of the agent's session.
pub(super) fn session(status: &Value, environment: Environment<'_>) -> Option<Session> {
    let id = status.get("session_id")?.as_str()?;
    let url = environment(env::ANTHROPIC_BASE_URL)?.parse::<Uri>().ok()?;
    let token = environment(env::ANTHROPIC_AUTH_TOKEN)?;
    let request = request(&url, &token, id)?;
    let answer = talk(loopback(&url)?, request.as_bytes())?;
    serde_json::from_slice(body(&answer)?).ok()
}

/// Returns where to connect; names other than `localhost` are not looked up.
fn loopback(url: &Uri) -> Option<SocketAddr> {
    if url.scheme_str() != Some("http") {
        return None;
    }
    let host = url.host()?;
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = match literal.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) if host.eq_ignore_ascii_case("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Err(_) => return None,
    };
    address.is_loopback().then(|| SocketAddr::new(address, url.port_u16().unwrap_or(80)))
}

/// Writes the request; what could end a line or a path makes none.
fn request(url: &Uri, token: &str, id: &str) -> Option<String> {
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_token = token.bytes().all(|byte| byte.is_ascii_graphic());
    let (path, authority) = (url.path().trim_end_matches('/'), url.authority()?.as_str());
    (is_id && is_token && !authority.contains('@')).then(|| {
        format!(
            "GET {path}/mcr/session/{id} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n\r\n"
        )
    })
}

#[expect(clippy::disallowed_methods, reason = "a loopback address, checked by the caller")]
fn talk(address: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT).ok()?;
    let end = Instant::now() + ANSWER;
    stream.set_write_timeout(Some(ANSWER)).ok()?;
    stream.write_all(request).ok()?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&answer) {
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        match stream.read(&mut chunk).ok()? {
            0 => break,
            count if answer.len() + count > LONGEST => return None,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Some(answer)
}

/// Whether an answer has all the bytes that it announces.
fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

/// Returns the body of an answer that is one.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let (head, body) = split(answer)?;
    head.starts_with("HTTP/1.1 200 ").then_some(body)
}

fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&answer[..at]).ok()?, &answer[at + 4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Uri {
        text.parse().expect("a URL")
    }

    #[test]
    fn only_this_machine_is_asked() {
        let at = |text: &str| loopback(&url(text)).map(|address| address.to_string());
        assert_eq!(at("http://127.0.0.1:3456/preset/x").as_deref(), Some("127.0.0.1:3456"));
        assert_eq!(at("http://localhost:1").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(at("http://[::1]:1").as_deref(), Some("[::1]:1"));
        for text in ["https://127.0.0.1:1", "http://192.168.1.2:1", "http://localhost.example:1", "https://api.example"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn the_path_is_below_that_of_the_base_url() {
        let request = request(&url("http://127.0.0.1:3456/preset/x/"), "t0ken", "a-1").expect("a request");
        assert!(request.starts_with("GET /preset/x/mcr/session/a-1 HTTP/1.1\r\nhost: 127.0.0.1:3456\r\n"), "{request}");
    }

    #[test]
    fn nothing_that_is_told_adds_a_line_to_the_request() {
        let url = url("http://127.0.0.1:1");
        for (token, id) in [("t", "a\r\nx: y"), ("t\r\nx: y", "a"), ("t", "../health"), ("t", ""), ("t", "a b")] {
            assert_eq!(request(&url, token, id), None, "{token:?} {id:?}");
        }
    }

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"));
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert!(is_whole(whole));
        assert_eq!(body(whole), Some(&b"{}"[..]));
        assert_eq!(body(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), None);
        assert_eq!(body(b"not HTTP"), None);
    }
}
