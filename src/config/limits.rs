//! How much is asked of a target at once, and within a minute.

use std::time::Duration;

use super::{
    Dialect, Source, path,
    reader::{Node, Reader},
    scalars,
};

const KEYS: [&str; 5] =
    ["max_concurrency", "queue", "queue_timeout_seconds", "requests_per_minute", "tokens_per_minute"];

/// What each target of a provider may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Requests that it has at a time, each until the last byte of its answer.
    ///
    /// A hosted service gets 8: a session with all the subagents that Claude Code starts at once, and below what
    /// small plans refuse. Ollama gets 2, since it serves one or two at a time unless `OLLAMA_NUM_PARALLEL` says
    /// otherwise, and what more it is sent waits there, where nobody sees it and no order holds. Other servers of
    /// one's own get 4: they batch, and share one machine's memory among the prompts.
    pub max_concurrency: u32,
    /// Requests that wait for a place; one more is turned away at once.
    pub queue: u32,
    /// How long each of them waits.
    pub queue_timeout: Duration,
    /// Requests within a minute, where the owner sets a limit; what the provider's answers tell counts as well.
    pub requests_per_minute: Option<u64>,
    /// Tokens within a minute, likewise: those of prompts and of answers.
    pub tokens_per_minute: Option<u64>,
}

impl Capacity {
    /// What holds where nothing is configured.
    pub fn usual(dialect: Dialect, is_local: bool) -> Self {
        let max_concurrency = match (dialect, is_local) {
            (Dialect::Ollama, _) => 2,
            (_, true) => 4,
            (_, false) => 8,
        };
        Self {
            max_concurrency,
            queue: 64,
            queue_timeout: Duration::from_secs(20),
            requests_per_minute: None,
            tokens_per_minute: None,
        }
    }
}

/// Reads the `limits` of a provider.
pub(super) fn limits(reader: &mut Reader, item: &Node<'_>, dialect: Dialect, is_local: bool) -> Capacity {
    let mut limits = Capacity::usual(dialect, is_local);
    let node = item.get("limits");
    if let Some(node) = &node
        && reader.object(node).is_some()
    {
        reader.check_keys(node, &KEYS, &[]);
    }
    let get = |key: &str| node.as_ref().and_then(|node| node.get(key));
    let place = path::key(&item.path, "limits");
    for (key, range, limit) in
        [("max_concurrency", 1..=10_000, &mut limits.max_concurrency), ("queue", 0..=10_000, &mut limits.queue)]
    {
        let written = get(key).and_then(|node| reader.integer(&node, range).inspect(|_| reader.record(&node)));
        match written.and_then(|number| u32::try_from(number).ok()) {
            Some(number) => *limit = number,
            None => reader.record_absent(path::key(&place, key), *limit, Source::Default),
        }
    }
    let timeout = get("queue_timeout_seconds").and_then(|node| scalars::seconds(reader, &node, 0.0..=3_600.0));
    if let Some(timeout) = timeout {
        limits.queue_timeout = timeout;
    } else {
        let key = path::key(&place, "queue_timeout_seconds");
        reader.record_absent(key, limits.queue_timeout.as_secs(), Source::Default);
    }
    for (key, limit) in
        [("requests_per_minute", &mut limits.requests_per_minute), ("tokens_per_minute", &mut limits.tokens_per_minute)]
    {
        *limit =
            get(key).and_then(|node| reader.integer(&node, 1..=1_000_000_000_000).inspect(|_| reader.record(&node)));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Problems, read};

    fn config(address: &str, rest: &str) -> Result<Capacity, Problems> {
        let text = format!("{{Providers: [{{name: 'p', api_base_url: '{address}', models: ['m'], {rest}}}]}}");
        read(&text, "c.json", &|_| None).map(|config| config.providers[0].capacity)
    }

    #[test]
    fn a_server_gets_as_many_as_it_serves_at_once() {
        for (address, rest, most) in [
            ("https://api.mistral.ai/v1", "", 8),
            ("http://localhost:8000/v1", "", 4),
            ("http://localhost:11434/v1", "dialect: 'ollama'", 2),
            ("http://192.168.1.2:8080/v1", "", 4),
        ] {
            assert_eq!(config(address, rest).unwrap().max_concurrency, most, "{address}");
        }
    }

    #[test]
    fn what_is_configured_holds() {
        let limits = config(
            "https://x.example/v1",
            "limits: {max_concurrency: 3, queue: 0, queue_timeout_seconds: 0.5, requests_per_minute: 50, tokens_per_minute: '20000'}",
        );
        let expect = Capacity {
            max_concurrency: 3,
            queue: 0,
            queue_timeout: Duration::from_millis(500),
            requests_per_minute: Some(50),
            tokens_per_minute: Some(20_000),
        };
        assert_eq!(limits.unwrap(), expect);
    }

    #[test]
    fn a_limit_that_is_none_is_an_error_with_its_place() {
        let error =
            config("https://x.example/v1", "limits: {max_concurrency: 0, queue_timeout_seconds: -1}").unwrap_err();
        let error = error.to_string();
        assert!(error.contains("Providers[0].limits.max_concurrency: 0 is no whole number from 1 to 10000"), "{error}");
        assert!(
            error.contains("Providers[0].limits.queue_timeout_seconds: -1 is no number of seconds from 0 to 3600"),
            "{error}"
        );
    }
}
