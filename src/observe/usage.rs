//! What a session has used, in one line for its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use super::ledger::{Entry, Ledger};
use super::line::Escaped;
use crate::config::{Cost, Costs, Currency};

/// One request that was answered, or was not.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The agent's session, where it says so.
    pub session: Option<&'a str>,
    /// The provider that was asked.
    pub provider: &'a str,
    /// The model that was asked.
    pub model: &'a str,
    /// The hosts that had it; more than one when some failed, none when nobody was reached.
    pub hosts: &'a [String],
    /// Its tokens.
    pub tokens: Tokens,
    /// What it cost, where that is known.
    pub cost: Option<Cost>,
    /// What budgets count over that: what nobody said the cost of was thought to cost this much.
    pub estimate: Costs,
    /// Whether it ended in an error.
    pub failed: bool,
}

/// Tokens of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The whole prompt, what was cached included.
    pub input: u64,
    /// The part of the prompt that the provider had cached.
    pub cached: u64,
    /// The answer.
    pub output: u64,
}

/// Counts a session's requests; shared by all of them.
#[derive(Debug, Default)]
pub struct Usage {
    sums: Mutex<Sums>,
    ledger: Option<Ledger>,
}

#[derive(Debug, Default)]
struct Sums {
    requests: u64,
    errors: u64,
    tokens: Tokens,
    /// Answers of which nobody said how long they were: the provider does not count, or they were given up.
    uncounted: u64,
    models: BTreeMap<String, u64>,
    hosts: BTreeSet<String>,
}

impl Usage {
    /// Notes every request in a ledger, too.
    pub fn noted_in(ledger: Ledger) -> Self {
        Self { sums: Mutex::default(), ledger: Some(ledger) }
    }

    /// Returns the line that the ledger is to have of a request; nothing where there is no ledger.
    pub fn entry(&self, request: &Request<'_>) -> Option<Entry> {
        self.ledger.as_ref()?;
        let estimate = |currency| Some(request.estimate.of(currency).amount).filter(|amount| *amount > 0.0);
        Some(Entry {
            time: String::new(),
            session: request.session.map(str::to_owned),
            provider: request.provider.to_owned(),
            model: request.model.to_owned(),
            host: request.hosts.last().cloned().unwrap_or_default(),
            input: request.tokens.input,
            cached: request.tokens.cached,
            output: request.tokens.output,
            cost_usd: request.cost.and_then(|cost| cost.within(Currency::Usd)),
            cost_eur: request.cost.and_then(|cost| cost.within(Currency::Eur)),
            estimate_usd: estimate(Currency::Usd),
            estimate_eur: estimate(Currency::Eur),
            writer: String::new(),
            failed: request.failed,
        })
    }

    /// Writes a line into the ledger.
    pub fn note(&self, entry: Entry) {
        if let Some(ledger) = &self.ledger {
            ledger.write(entry);
        }
    }

    /// Adds a request to the sums.
    pub fn add(&self, request: &Request<'_>) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.requests += 1;
        sums.errors += u64::from(request.failed);
        sums.tokens.input += request.tokens.input;
        sums.tokens.cached += request.tokens.cached;
        sums.tokens.output += request.tokens.output;
        sums.uncounted += u64::from(!request.failed && request.tokens.output == 0);
        match sums.models.get_mut(request.model) {
            Some(count) => *count += 1,
            None => drop(sums.models.insert(request.model.to_owned(), 1)),
        }
        for host in request.hosts {
            if !sums.hosts.contains(host) {
                sums.hosts.insert(host.clone());
            }
        }
    }

    /// Returns how many requests came to an end, and how many of them in an error.
    pub fn requests(&self) -> (u64, u64) {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        (sums.requests, sums.errors)
    }

    /// Returns the summary, without a line end.
    pub fn summary_line(&self) -> String {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if sums.requests == 0 {
            return "mcr: no requests".to_owned();
        }
        let mut models: Vec<_> = sums.models.iter().collect();
        models.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let models: Vec<_> = models.iter().map(|(model, count)| format!("{model} ×{count}")).collect();
        let hosts: Vec<_> = sums.hosts.iter().map(String::as_str).collect();
        let line = format!(
            "mcr: {} · {} · {} in{}, {} · hosts: {} · {}",
            counted(sums.requests, "request"),
            models.join(", "),
            short(sums.tokens.input),
            cached(sums.tokens),
            answered(&sums),
            if hosts.is_empty() { "none".to_owned() } else { hosts.join(", ") },
            counted(sums.errors, "error"),
        );
        // Model ids come from configurations and presets, and this line goes to a terminal.
        let mut plain = String::with_capacity(line.len());
        let _ = Escaped(&mut plain, false).write_str(&line);
        plain
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn answered(sums: &Sums) -> String {
    let out = format!("{} out", short(sums.tokens.output));
    match (sums.uncounted, sums.tokens.output) {
        (0, _) => out,
        (_, 0) => "out not counted".to_owned(),
        (count, _) => format!("{out} ({} not counted)", counted(count, "answer")),
    }
}

fn cached(tokens: Tokens) -> String {
    match (tokens.cached * 100).checked_div(tokens.input) {
        Some(percent) if percent > 0 => format!(" ({}% cached)", percent.min(100)),
        _ => String::new(),
    }
}

/// Writes a number with one decimal below ten of its unit: `950`, `8.2k`, `143k`, `1.2M`.
fn short(tokens: u64) -> String {
    let (unit, name) = match tokens {
        0..1_000 => return tokens.to_string(),
        1_000..999_500 => (1_000, "k"),
        _ => (1_000_000, "M"),
    };
    match (tokens + unit / 20) / (unit / 10) {
        tenths @ 0..100 => format!("{}.{}{name}", tenths / 10, tenths % 10),
        _ => format!("{}{name}", (tokens + unit / 2) / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(usage: &Usage, model: &str, hosts: &[&str], tokens: (u64, u64, u64), failed: bool) {
        let (input, cached, output) = tokens;
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let tokens = Tokens { input, cached, output };
        let request = Request {
            session: None,
            provider: "p",
            model,
            hosts: &hosts,
            tokens,
            cost: None,
            estimate: Costs::default(),
            failed,
        };
        usage.add(&request);
    }

    #[test]
    fn a_session_is_summed_up_in_one_line() {
        let usage = Usage::default();
        for _ in 0..2 {
            record(&usage, "mistral-small-2603", &["api.eu.mistral.ai"], (1_500, 0, 100), false);
        }
        for _ in 0..10 {
            record(&usage, "mistral-medium-3-5", &["api.eu.mistral.ai"], (14_000, 8_740, 800), false);
        }
        assert_eq!(
            usage.summary_line(),
            "mcr: 12 requests · mistral-medium-3-5 ×10, mistral-small-2603 ×2 · 143k in (61% cached), 8.2k out · \
             hosts: api.eu.mistral.ai · 0 errors"
        );
    }

    #[test]
    fn errors_and_every_host_are_named() {
        let usage = Usage::default();
        record(&usage, "qwen3", &["127.0.0.1"], (0, 0, 0), true);
        record(&usage, "mistral-medium-3-5", &["127.0.0.1", "api.mistral.ai"], (10, 0, 2), false);
        assert_eq!(
            usage.summary_line(),
            "mcr: 2 requests · mistral-medium-3-5 ×1, qwen3 ×1 · 10 in, 2 out · \
             hosts: 127.0.0.1, api.mistral.ai · 1 error"
        );
    }

    #[test]
    fn an_answer_that_nobody_counted_is_not_told_as_nothing() {
        let usage = Usage::default();
        record(&usage, "tiny", &["127.0.0.1"], (10, 0, 0), false);
        assert_eq!(
            usage.summary_line(),
            "mcr: 1 request · tiny ×1 · 10 in, out not counted · hosts: 127.0.0.1 · 0 errors"
        );
        record(&usage, "tiny", &["127.0.0.1"], (10, 0, 3), false);
        assert_eq!(
            usage.summary_line(),
            "mcr: 2 requests · tiny ×2 · 20 in, 3 out (1 answer not counted) · hosts: 127.0.0.1 · 0 errors"
        );
    }

    #[test]
    fn a_session_that_reached_nobody_says_so() {
        let usage = Usage::default();
        record(&usage, "qwen3", &[], (0, 0, 0), true);
        assert_eq!(usage.summary_line(), "mcr: 1 request · qwen3 ×1 · 0 in, 0 out · hosts: none · 1 error");
    }

    #[test]
    fn a_session_without_requests_says_so() {
        assert_eq!(Usage::default().summary_line(), "mcr: no requests");
    }

    #[test]
    fn a_number_is_short_and_never_a_thousand_of_its_unit() {
        let shown = [0, 949, 999, 1_000, 8_249, 9_960, 142_500, 999_499, 999_500, 1_250_000, 12_000_000].map(short);
        assert_eq!(shown, ["0", "949", "999", "1.0k", "8.2k", "10k", "143k", "999k", "1.0M", "1.3M", "12M"]);
    }
}
