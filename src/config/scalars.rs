//! Reads the values at the top of the document.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use super::{
    Clocks, Files, LogLevel, SecretRef, Source,
    clocks::Server,
    local, providing,
    reader::{Node, Reader},
    setting::masked_url,
};

/// The longest that a clock may be set to: a day.
const LONGEST_MS: u64 = 86_400_000;

/// Returns the first of several keys that mean the same, and warns of the others.
pub(super) fn either<'d>(reader: &mut Reader, root: &Node<'d>, keys: &[&str]) -> Option<Node<'d>> {
    let mut there = keys.iter().filter_map(|key| Some((key, root.get(key)?)));
    let (first, node) = there.next()?;
    for (_, other) in there {
        reader.warn(&other, format!("`{first}` is used instead of this"));
    }
    Some(node)
}

/// Reads the value of a key, and records it or what stands in for it.
fn value<T: Clone + Into<serde_json::Value>>(
    reader: &mut Reader,
    root: &Node<'_>,
    key: &str,
    default: T,
    read: impl FnOnce(&mut Reader, &Node<'_>) -> Option<T>,
) -> T {
    if let Some(node) = root.get(key)
        && let Some(value) = read(reader, &node)
    {
        reader.record_as(&node, value.clone());
        return value;
    }
    reader.record_absent(super::path::key(&root.path, key), default.clone(), Source::Default);
    default
}

/// Reads a whole number within a range.
pub(super) fn number(reader: &mut Reader, root: &Node<'_>, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
    value(reader, root, key, default, |reader, node| reader.integer(node, range))
}

/// Reads a time span.
pub(super) fn milliseconds(reader: &mut Reader, root: &Node<'_>, key: &str, default: Duration) -> Duration {
    let default = u64::try_from(default.as_millis()).unwrap_or(LONGEST_MS);
    Duration::from_millis(number(reader, root, key, default, 1..=LONGEST_MS))
}

/// Reads a number of seconds, which may have a fraction, and records it.
pub(super) fn seconds(reader: &mut Reader, node: &Node<'_>, range: RangeInclusive<f64>) -> Option<Duration> {
    let seconds = reader.number(node)?;
    if !range.contains(&seconds) {
        let (least, most) = (range.start(), range.end());
        reader.error(node, format!("{seconds} is no number of seconds from {least} to {most}"));
        return None;
    }
    reader.record(node);
    Some(Duration::from_secs_f64(seconds))
}

/// Reads a boolean.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method's path is of one lifetime, and any is needed"
)]
pub(super) fn boolean(reader: &mut Reader, root: &Node<'_>, key: &str, default: bool) -> bool {
    value(reader, root, key, default, |reader, node| reader.boolean(node))
}

/// Reads the path of a file; an empty one is none.
pub(super) fn file(reader: &mut Reader, root: &Node<'_>, key: &str) -> Option<PathBuf> {
    let node = root.get(key)?;
    let text = reader.text(&node)?;
    reader.record(&node);
    Some(PathBuf::from(text))
}

/// Reads the path of the file for the head of the system prompt, and the file where there is a way to it.
pub(super) fn prompt(
    reader: &mut Reader,
    root: &Node<'_>,
    files: Option<Files<'_>>,
) -> (Option<PathBuf>, Option<String>) {
    const KEY: &str = "REWRITE_SYSTEM_PROMPT";
    let path = file(reader, root, KEY);
    let text = path.as_deref().zip(files).zip(root.get(KEY)).and_then(|((path, files), node)| match files(path) {
        Ok(text) => Some(text),
        Err(why) => {
            reader.error(&node, format!("the file cannot be read, seen from the configuration's folder: {why}"));
            None
        }
    });
    (path, text)
}

/// Reads the address to listen on.
pub(super) fn host(reader: &mut Reader, root: &Node<'_>) -> IpAddr {
    let default = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let host = value(reader, root, "HOST", default.to_string(), |reader, node| {
        let text = reader.text(node)?.trim();
        let address = if text.eq_ignore_ascii_case("localhost") { Ok(default) } else { text.parse() };
        match address {
            Ok(address) if local::may_listen(address) => return Some(address.to_string()),
            Ok(_) => {
                reader.error(
                    node,
                    format!("`{text}` is denied, other machines reach it; mcr listens on 127.0.0.1 or ::1"),
                );
            }
            Err(_) => reader.error(node, format!("`{text}` is no address; mcr listens on 127.0.0.1 or ::1")),
        }
        None
    });
    host.parse().unwrap_or(default)
}

/// Reads the token that clients must show, or where it is.
pub(super) fn apikey(reader: &mut Reader, root: &Node<'_>) -> Option<SecretRef> {
    let node = root.get("APIKEY")?;
    providing::key(reader, &node)
}

/// The proxies that mcr can go through.
pub const PROXY_SCHEMES: [&str; 3] = ["http", "socks5", "socks5h"];

/// Says that a proxy of this scheme is none of them.
pub fn unusable_proxy(scheme: &str) -> String {
    let [first, second, third] = PROXY_SCHEMES;
    format!("a proxy of scheme `{scheme}` cannot be used, only `{first}`, `{second}` and `{third}`")
}

/// Reads the proxy on the way to providers.
pub(super) fn proxy(reader: &mut Reader, root: &Node<'_>) -> Option<http::Uri> {
    let node = either(reader, root, &["PROXY_URL", "HTTPS_PROXY", "https_proxy", "httpsProxy"])?;
    let text = reader.text(&node)?;
    let proxy = text.parse::<http::Uri>().ok().filter(|uri| uri.authority().is_some());
    match proxy.as_ref().map(|uri| (uri, uri.scheme_str().unwrap_or_default())) {
        Some((uri, scheme)) if PROXY_SCHEMES.contains(&scheme) => reader.record_as(&node, masked_url(uri)),
        Some((_, scheme)) if !scheme.is_empty() => reader.error(&node, unusable_proxy(scheme)),
        // The value may hold a password.
        Some(_) | None => reader.error(&node, "expected the URL of a proxy, such as `http://proxy.example:3128`"),
    }
    proxy
}

/// Reads what is worth a line in the log.
pub(super) fn log_level(reader: &mut Reader, root: &Node<'_>) -> LogLevel {
    let known = LogLevel::ALL.map(LogLevel::as_str);
    let word = value(reader, root, "LOG_LEVEL", LogLevel::Info.as_str(), |reader, node| {
        let word = reader.text(node)?;
        let found = known.into_iter().find(|level| *level == word);
        if found.is_none() {
            reader.unknown(node, word, known, format!("unknown log level `{word}`; known are {}", known.join(", ")));
        }
        found
    });
    LogLevel::ALL.into_iter().find(|level| level.as_str() == word).unwrap_or(LogLevel::Info)
}

/// Reads how long to wait for what; an answer as a whole may take as long as the agent waits.
pub(super) fn clocks(reader: &mut Reader, root: &Node<'_>, api_timeout: Duration) -> Clocks {
    let default = Clocks { total: api_timeout, ..Clocks::default() };
    let absent = serde_json::Value::Object(serde_json::Map::new());
    let node = root.get("Clocks").unwrap_or(Node { value: &absent, path: "Clocks".to_owned() });
    reader.object(&node);
    reader.check_keys(&node, &["connect_ms", "headers_ms", "first_event_ms", "idle_ms", "total_ms"], &[]);
    let mut by_server = |key: &str, pace: fn(Server) -> Duration| {
        if node.get(key).is_some() {
            return Some(milliseconds(reader, &node, key, pace(Server::Cloud)));
        }
        for server in Server::ALL {
            let span = u64::try_from(pace(server).as_millis()).unwrap_or(LONGEST_MS);
            reader.record_absent(format!("Clocks.{key} ({})", server.as_str()), span, Source::Default);
        }
        None
    };
    let headers = by_server("headers_ms", Server::begins);
    let first_event = by_server("first_event_ms", Server::begins);
    let idle = by_server("idle_ms", Server::pauses);
    Clocks {
        connect: milliseconds(reader, &node, "connect_ms", default.connect),
        headers,
        first_event,
        idle,
        total: milliseconds(reader, &node, "total_ms", default.total),
    }
}
