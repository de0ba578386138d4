//! Who may enter.
//!
//! A browser page, another user of the machine and a stray program can all reach
//! a loopback port. A page is told by its headers, whatever token it has; everyone
//! else by the token, on every route there is. Pure: sees a request's head only.

use http::{Method, StatusCode, header, request::Parts, uri::Authority};
use subtle::{Choice, ConstantTimeEq};

use super::refusal::Refusal;
use crate::config::Secret;

/// Below it stand ids of models.
const MODELS: &str = "/v1/models/";
/// Longer tokens are refused at the start; both sides of the comparison are padded to this length.
const LONGEST_TOKEN: usize = 256;

/// What is asked of those who enter.
#[derive(Debug)]
pub struct Door {
    hosts: [String; 3],
    token: Padded,
}

/// A token that nothing could be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableToken {
    /// It would admit everyone.
    #[error("the token is empty")]
    Empty,
    /// It does not fit the comparison.
    #[error("the token is longer than {LONGEST_TOKEN} bytes")]
    TooLong,
}

impl Door {
    /// Makes the door of a listener on `port`.
    pub fn new(port: u16, token: &Secret) -> Result<Self, UnusableToken> {
        match token.expose().len() {
            0 => return Err(UnusableToken::Empty),
            length if length > LONGEST_TOKEN => return Err(UnusableToken::TooLong),
            _ => {}
        }
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        Ok(Self { hosts, token: Padded::new(token.expose().as_bytes()) })
    }

    fn is_ours(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(host))
    }
}

/// Lets a request in, or says why not.
pub fn admit(parts: &Parts, door: &Door) -> Result<(), Refusal> {
    check_method(parts)?;
    check_host(parts, door)?;
    check_not_a_page(parts)?;
    check_token(parts, door)?;
    check_content_type(parts)?;
    check_path(parts)
}

fn check_method(parts: &Parts) -> Result<(), Refusal> {
    let refuse = |status, message| Err(Refusal::new(status, message));
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "CONNECT and TRACE are not served here");
    }
    if parts.headers.contains_key(header::UPGRADE) {
        return refuse(StatusCode::BAD_REQUEST, "connections are not upgraded here");
    }
    Ok(())
}

/// A page that was rebound to this address by DNS still sends its own name.
fn check_host(parts: &Parts, door: &Door) -> Result<(), Refusal> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "exactly one Host header is required"));
    };
    let in_target = parts.uri.authority().map(Authority::as_str);
    if !door.is_ours(host.as_bytes()) || !in_target.is_none_or(|authority| door.is_ours(authority.as_bytes())) {
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "this host is not served here"));
    }
    Ok(())
}

/// Browsers put `Origin` or `Sec-Fetch-Site` on what pages send; the agent sends neither.
///
/// `Sec-Fetch-Mode` alone comes from Node's `fetch`, which older agents use.
fn check_not_a_page(parts: &Parts) -> Result<(), Refusal> {
    if parts.headers.contains_key(header::ORIGIN) || parts.headers.contains_key("sec-fetch-site") {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "requests from web pages are refused"));
    }
    Ok(())
}

/// Looks at both places a token may be in: an agent that has a key of its own sends that in one and ours in the other.
fn check_token(parts: &Parts, door: &Door) -> Result<(), Refusal> {
    let bearer = parts.headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
    let key = parts.headers.get_all("x-api-key").iter().map(http::HeaderValue::as_bytes);
    let mut admitted = Choice::from(0);
    let mut shown = false;
    for token in bearer.chain(key) {
        shown = true;
        admitted |= door.token.equals(token);
    }
    if bool::from(admitted) {
        return Ok(());
    }
    let message = if shown { "the token is wrong" } else { "a token is required, as `Authorization: Bearer`" };
    Err(Refusal::new(StatusCode::UNAUTHORIZED, message))
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// A page may send text and forms anywhere without being asked; JSON it may not.
fn check_content_type(parts: &Parts) -> Result<(), Refusal> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let mut values = parts.headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = |value: &http::HeaderValue| {
        let media_type = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    match (values.next(), values.next()) {
        (Some(value), None) if is_json(value) => Ok(()),
        (_, _) => Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type must be application/json")),
    }
}

/// A path is compared as it stands, so one that means another path is refused.
fn check_path(parts: &Parts) -> Result<(), Refusal> {
    let path = parts.uri.path();
    let lower = path.to_ascii_lowercase();
    let is_odd = path.contains("//")
        || path.contains('\\')
        || path.split('/').any(|segment| matches!(segment, "." | ".."))
        || ["%2e", "%5c", "%00"].iter().any(|encoded| lower.contains(encoded))
        // Clients encode the slash in a model's id, behind which nothing else stands.
        || lower.split_once(MODELS).map_or(&*lower, |(before, _)| before).contains("%2f");
    if is_odd {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "the path is not in its plain form"));
    }
    Ok(())
}

/// A token with its length, in a shape whose comparison takes the same time for all.
struct Padded {
    bytes: [u8; LONGEST_TOKEN],
    length: u64,
}

impl Padded {
    fn new(token: &[u8]) -> Self {
        let mut bytes = [0; LONGEST_TOKEN];
        let kept = token.len().min(LONGEST_TOKEN);
        bytes[..kept].copy_from_slice(&token[..kept]);
        Self { bytes, length: token.len() as u64 }
    }

    fn equals(&self, shown: &[u8]) -> Choice {
        let shown = Self::new(shown);
        self.bytes.ct_eq(&shown.bytes) & self.length.ct_eq(&shown.length)
    }
}

impl std::fmt::Debug for Padded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Makes a token nobody can guess: 256 bits as 64 hexadecimal digits.
pub fn new_token() -> std::io::Result<Secret> {
    let mut random = [0; 32];
    fill(&mut random)?;
    let mut text = String::with_capacity(64);
    for byte in random {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default()));
    }
    Ok(Secret::new(text))
}

#[cfg(target_os = "linux")]
fn fill(random: &mut [u8; 32]) -> std::io::Result<()> {
    // Up to 256 bytes come whole or not at all.
    rustix::rand::getrandom(random, rustix::rand::GetRandomFlags::empty())?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn fill(random: &mut [u8; 32]) -> std::io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(random)
}

#[cfg(test)]
mod tests;
