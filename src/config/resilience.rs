//! Reads `Breaker` and `Retry`: when a target that fails is left alone, and when it is asked again.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    Source, path,
    reader::{Node, Reader},
    scalars, target_keys,
};

/// When a target is left alone that goes on failing. The numbers are those of Envoy and linkerd, made smaller for one
/// person's traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerRules {
    /// Failures in a row that open it.
    pub consecutive: u32,
    /// The share of failures that opens it, above 0 and up to 1.
    pub failure_rate: f64,
    /// How far back answers count for that share.
    pub window: Duration,
    /// The answers within the window from which on their share counts.
    pub min_requests: usize,
    /// How long it stays open the first time; twice as long each time it opens again before it has closed.
    pub open: Duration,
    /// The longest that it stays open.
    pub open_max: Duration,
    /// Good answers to probes that close it.
    pub close_after: u32,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            consecutive: 5,
            failure_rate: 0.5,
            window: Duration::from_secs(30),
            min_requests: 10,
            open: Duration::from_secs(10),
            open_max: Duration::from_mins(5),
            close_after: 2,
        }
    }
}

/// How often a request is sent to a target that fails, and after which failures again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Requests in all, the first included.
    pub most: u32,
    /// A bit for each status of [`may_pass`].
    after: u128,
}

/// The word for all failures of the server's but 504: what took a clock of minutes to fail is hardly worth another.
const SERVERS: &str = "5xx";
/// What stands beside those of the server's unless the configuration says otherwise: a client waits out a rate limit
/// better.
const USUAL: [u16; 2] = [408, 425];

/// Whether another try may help after a status.
pub fn may_pass(status: u16) -> bool {
    bit(status) != 0
}

/// The bit of a status; none where another try cannot help.
fn bit(status: u16) -> u128 {
    match status {
        500..=599 => 1 << (status - 500),
        408 => 1 << 100,
        425 => 1 << 101,
        429 => 1 << 102,
        _ => 0,
    }
}

/// What [`SERVERS`] means.
fn servers() -> impl Iterator<Item = u16> {
    (500..=599).filter(|status| *status != 504)
}

impl Default for Attempts {
    fn default() -> Self {
        Self::usual(3)
    }
}

impl Attempts {
    /// So many requests, again after the usual failures.
    pub fn usual(most: u32) -> Self {
        Self::new(most, &USUAL.into_iter().chain(servers()).collect::<Vec<_>>())
    }

    /// So many requests, again after these statuses; others than those of [`may_pass`] have no effect.
    pub fn new(most: u32, statuses: &[u16]) -> Self {
        // What a server calls 503 is 529 in the client's terms.
        let twins = statuses.iter().filter(|status| matches!(status, 503 | 529)).flat_map(|_| [503, 529]);
        Self { most, after: statuses.iter().copied().chain(twins).fold(0, |bits, status| bits | bit(status)) }
    }

    /// Whether a request is sent again after a server said such a status.
    pub fn covers(self, status: u16) -> bool {
        self.after & bit(status) != 0
    }
}

/// Reads `Breaker`.
pub(super) fn breaker(reader: &mut Reader, root: &Node<'_>) -> BreakerRules {
    const KEYS: [&str; 11] = [
        "consecutive",
        "failure_threshold",
        "failure_rate",
        "window_seconds",
        "min_requests",
        "open_seconds",
        "recovery_timeout_seconds",
        "cooldown_seconds",
        "open_max_seconds",
        "close_after",
        "success_threshold",
    ];
    let absent = Value::Object(Map::new());
    let node = root.get("Breaker").unwrap_or(Node { value: &absent, path: "Breaker".to_owned() });
    reader.object(&node);
    reader.check_keys(&node, &KEYS, &[]);
    let usual = BreakerRules::default();
    let consecutive = count(reader, &node, &["consecutive", "failure_threshold"], usual.consecutive);
    let failure_rate = node.get("failure_rate").and_then(|node| rate(reader, &node));
    if failure_rate.is_none() {
        absent_is(reader, &node, "failure_rate", json!(usual.failure_rate));
    }
    let window = span(reader, &node, &["window_seconds"], usual.window);
    let min_requests = count(reader, &node, &["min_requests"], 10);
    let open = span(reader, &node, &["open_seconds", "recovery_timeout_seconds", "cooldown_seconds"], usual.open);
    let open_max = span(reader, &node, &["open_max_seconds"], usual.open_max.max(open));
    let close_after = count(reader, &node, &["close_after", "success_threshold"], usual.close_after);
    BreakerRules {
        consecutive,
        failure_rate: failure_rate.unwrap_or(usual.failure_rate),
        window,
        min_requests: usize::try_from(min_requests).unwrap_or(usual.min_requests),
        open,
        open_max,
        close_after,
    }
}

/// Reads `Retry`.
pub(super) fn attempts(reader: &mut Reader, root: &Node<'_>) -> Attempts {
    let absent = Value::Object(Map::new());
    let node = root.get("Retry").unwrap_or(Node { value: &absent, path: "Retry".to_owned() });
    reader.object(&node);
    reader.check_keys(&node, &["attempts", "max_attempts", "on_status"], &[]);
    let usual = Attempts::default();
    let most = match scalars::either(reader, &node, &["attempts", "max_attempts"]) {
        Some(node) => {
            let most = reader.integer(&node, 1..=10);
            reader.record(&node);
            most.and_then(|most| u32::try_from(most).ok())
        }
        None => None,
    };
    if most.is_none() {
        absent_is(reader, &node, "attempts", json!(usual.most));
    }
    let most = most.unwrap_or(usual.most);
    let Some(list) = node.get("on_status") else {
        absent_is(reader, &node, "on_status", json!([USUAL[0], USUAL[1], SERVERS]));
        return Attempts::usual(most);
    };
    let items = reader.list(&list);
    let statuses: Vec<u16> = items.iter().flat_map(|item| statuses(reader, item)).collect();
    reader.record(&list);
    Attempts::new(most, &statuses)
}

fn statuses(reader: &mut Reader, node: &Node<'_>) -> Vec<u16> {
    if node.value == SERVERS {
        return servers().collect();
    }
    let Some(status) = reader.integer(node, 100..=599).and_then(|status| u16::try_from(status).ok()) else {
        return Vec::new();
    };
    if may_pass(status) {
        return vec![status];
    }
    let known = format!("408, 425, 429, 500 to 599, `{SERVERS}`");
    reader.error(node, format!("after {status} another try cannot help; after these it may: {known}"));
    Vec::new()
}

fn count(reader: &mut Reader, node: &Node<'_>, names: &[&str], usual: u32) -> u32 {
    if let Some(node) = scalars::either(reader, node, names) {
        let count = reader.integer(&node, 1..=10_000);
        reader.record(&node);
        return count.and_then(|count| u32::try_from(count).ok()).unwrap_or(usual);
    }
    absent_is(reader, node, names[0], json!(usual));
    usual
}

fn span(reader: &mut Reader, node: &Node<'_>, names: &[&str], usual: Duration) -> Duration {
    if let Some(node) = scalars::either(reader, node, names) {
        return target_keys::seconds(reader, &node).unwrap_or(usual);
    }
    let is_whole = usual.subsec_nanos() == 0;
    absent_is(reader, node, names[0], if is_whole { json!(usual.as_secs()) } else { json!(usual.as_secs_f64()) });
    usual
}

fn rate(reader: &mut Reader, node: &Node<'_>) -> Option<f64> {
    let rate = reader.number(node)?;
    reader.record(node);
    if rate > 0.0 && rate <= 1.0 {
        return Some(rate);
    }
    reader.error(node, "a share of failures is a number above 0 and up to 1");
    None
}

fn absent_is(reader: &mut Reader, node: &Node<'_>, key: &str, value: Value) {
    reader.record_absent(path::key(&node.path, key), value, Source::Default);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of all statuses after which a request is sent again.
    fn covered(attempts: Attempts) -> Vec<u16> {
        (0..=u16::MAX).filter(|status| attempts.covers(*status)).collect()
    }

    #[test]
    fn what_a_server_calls_503_is_529_in_the_clients_terms() {
        for status in [503, 529] {
            assert_eq!(covered(Attempts::new(2, &[status])), [503, 529]);
        }
    }

    #[test]
    fn usually_all_failures_of_the_servers_are_worth_another_try_but_for_504() {
        let usual: Vec<u16> = [408, 425].into_iter().chain(500..=503).chain(505..=599).collect();
        assert_eq!(covered(Attempts::default()), usual);
    }

    #[test]
    fn a_request_that_is_wrong_is_never_sent_again() {
        let attempts = Attempts::new(2, &[400, 401, 422, 500]);
        assert_eq!([400, 401, 422, 500].map(|it| attempts.covers(it)), [false, false, false, true]);
    }
}
