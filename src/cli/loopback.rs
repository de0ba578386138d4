//! One request by hand to the proxy on this machine, in milliseconds.
//!
//! A runtime and a client would take longer to start than the answer takes. Only a loopback
//! address is spoken to, so this is no way out beside the one door.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use http::Uri;

/// The longest answer that is read.
const LONGEST: usize = 1 << 20;

/// What is asked.
pub(super) struct Call<'a> {
    /// The proxy's base URL; its path stands in front of the call's.
    pub(super) base: &'a str,
    /// What clients must show.
    pub(super) token: &'a str,
    /// `GET` or `POST`; the latter has `{}` for a body.
    pub(super) method: &'a str,
    /// The path below the base URL, with a query.
    pub(super) path: &'a str,
    /// How long connecting may take: a listener on this machine takes a connection at once or not at all.
    pub(super) connect: Duration,
    /// How long it may take from the request to the last byte of the answer.
    pub(super) answer: Duration,
}

/// What was answered.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Asks, and reads the whole answer.
///
/// # Errors
/// Fails when the address is not this machine's, when nobody answers there, and when the answer is not HTTP.
pub(super) fn ask(call: &Call<'_>) -> io::Result<Answer> {
    let refused = |what| io::Error::new(ErrorKind::InvalidInput, what);
    let base = call.base.parse::<Uri>().map_err(|_| refused("the address is no URL"))?;
    let address = loopback(&base).ok_or_else(|| refused("the address is not on this machine"))?;
    let request = request(&base, call).ok_or_else(|| refused("a token or a path has what no header can carry"))?;
    let answer = talk(address, request.as_bytes(), call)?;
    read(&answer).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "what answers there does not speak HTTP"))
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
fn request(base: &Uri, call: &Call<'_>) -> Option<String> {
    let Call { token, method, path, .. } = call;
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let (below, authority) = (base.path().trim_end_matches('/'), base.authority()?.as_str());
    let body = match *method {
        "POST" => "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        _ => "\r\n",
    };
    (is_plain(token) && is_plain(path) && !authority.contains('@')).then(|| {
        format!(
            "{method} {below}{path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {token}\r\n\
             connection: close\r\n{body}"
        )
    })
}

#[expect(clippy::disallowed_methods, reason = "a loopback address, checked by the caller")]
fn talk(address: SocketAddr, request: &[u8], call: &Call<'_>) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, call.connect)?;
    let end = Instant::now() + call.answer;
    stream.set_write_timeout(Some(call.answer))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&answer) {
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        match stream.read(&mut chunk)? {
            0 => break,
            count if answer.len() + count > LONGEST => return Err(ErrorKind::InvalidData.into()),
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(answer)
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

fn read(answer: &[u8]) -> Option<Answer> {
    let (head, body) = split(answer)?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
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

    fn call<'a>(method: &'a str, token: &'a str, path: &'a str) -> Call<'a> {
        Call { base: "", token, method, path, connect: Duration::ZERO, answer: Duration::ZERO }
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
        let request = request(&url("http://127.0.0.1:3456/preset/x/"), &call("GET", "t0ken", "/mcr/session/a-1"));
        assert_eq!(
            request.as_deref(),
            Some(
                "GET /preset/x/mcr/session/a-1 HTTP/1.1\r\nhost: 127.0.0.1:3456\r\nauthorization: Bearer t0ken\r\n\
                 connection: close\r\n\r\n"
            )
        );
    }

    #[test]
    fn a_post_has_an_empty_object_for_a_body() {
        let request = request(&url("http://127.0.0.1:1"), &call("POST", "t", "/mcr/stop")).expect("a request");
        assert!(request.ends_with("content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"), "{request}");
    }

    #[test]
    fn nothing_that_is_told_adds_a_line_to_the_request() {
        for (token, path) in [("t", "/a\r\nx: y"), ("t\r\nx: y", "/a"), ("t", "/a b")] {
            assert_eq!(request(&url("http://127.0.0.1:1"), &call("GET", token, path)), None, "{token:?} {path:?}");
        }
    }

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"));
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert!(is_whole(whole));
        let answer = |bytes| read(bytes).map(|answer| (answer.status, answer.body));
        assert_eq!(answer(whole), Some((200, b"{}".to_vec())));
        assert_eq!(answer(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), Some((404, Vec::new())));
        assert_eq!(answer(b"not HTTP"), None);
    }
}
