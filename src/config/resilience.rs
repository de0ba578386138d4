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
    /// A bit for each of [`STATUSES`].
    after: u8,
}

/// The statuses after which another try may help.
pub const STATUSES: [u16; 8] = [408, 425, 429, 500, 502, 503, 504, 529];
/// Those of them after which one is made unless the configuration says otherwise: a client waits out a rate limit
/// better, and what took a clock of minutes to fail is not worth another.
const USUAL: [u16; 6] = [408, 425, 500, 502, 503, 529];

impl Default for Attempts {
    fn default() -> Self {
        Self::usual(3)
    }
}

impl Attempts {
    /// So many requests, again after the usual failures.
    pub fn usual(most: u32) -> Self {
        Self::new(most, &USUAL)
    }

    /// So many requests, again after these statuses; others than [`STATUSES`] have no effect.
    pub fn new(most: u32, statuses: &[u16]) -> Self {
        // What a server calls 503 is 529 in the client's terms.
        let is_meant = |status: u16| {
            statuses.contains(&status)
                || (matches!(status, 503 | 529) && statuses.iter().any(|it| matches!(it, 503 | 529)))
        };
        let after = STATUSES.iter().enumerate().filter(|(_, status)| is_meant(**status));
        Self { most, after: after.fold(0, |bits, (i, _)| bits | 1 << i) }
    }

    /// Whether a request is sent again after such an answer.
    pub fn covers(self, status: u16) -> bool {
        STATUSES.iter().position(|known| *known == status).is_some_and(|i| self.after & (1 << i) != 0)
    }

    fn statuses(self) -> Vec<u16> {
        STATUSES.into_iter().filter(|status| self.covers(*status)).collect()
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
        absent_is(reader, &node, "on_status", json!(usual.statuses()));
        return Attempts::usual(most);
    };
    let items = reader.list(&list);
    let statuses: Vec<u16> = items.iter().filter_map(|item| status(reader, item)).collect();
    reader.record(&list);
    Attempts::new(most, &statuses)
}

fn status(reader: &mut Reader, node: &Node<'_>) -> Option<u16> {
    let status = u16::try_from(reader.integer(node, 100..=599)?).ok()?;
    if STATUSES.contains(&status) {
        return Some(status);
    }
    let known = STATUSES.map(|status| status.to_string()).join(", ");
    reader.error(node, format!("after {status} another try cannot help; after these it may: {known}"));
    None
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

    #[test]
    fn what_a_server_calls_503_is_529_in_the_clients_terms() {
        for status in [503, 529] {
            let attempts = Attempts::new(2, &[status]);
            assert_eq!(STATUSES.map(|it| attempts.covers(it)), STATUSES.map(|it| matches!(it, 503 | 529)));
        }
    }

    #[test]
    fn a_request_that_is_wrong_is_never_sent_again() {
        let attempts = Attempts::new(2, &[400, 401, 422, 500]);
        assert_eq!([400, 401, 422, 500].map(|it| attempts.covers(it)), [false, false, false, true]);
    }
}
