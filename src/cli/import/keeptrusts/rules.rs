//! The gateway's rules for targets that fail: strategy, circuit breaker, retries, fallback.
//!
//! They stand at the top or in `providers`, under several names; the first of a kind counts.

use serde_json::{Map, Value, json};

use super::judge::Made;
use crate::config::{may_pass, path};

/// Whether a key holds rules.
pub(super) fn is_rule(key: &str) -> bool {
    kind(key).is_some()
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Breaker,
    Retry,
    Route,
}

fn kind(key: &str) -> Option<Kind> {
    match key {
        "circuit_breaker" | "breaker" => Some(Kind::Breaker),
        "retry" | "retry_policy" | "retries" => Some(Kind::Retry),
        "routing" | "provider_routing" | "fallback" | "provider_fallback" => Some(Kind::Route),
        _ => None,
    }
}

/// Reads rules at a place.
pub(super) fn rule(made: &mut Made, place: &str, key: &str, value: &Value) {
    let Some(fields) = value.as_object() else {
        made.told.left_out(place, "these rules are no object");
        return;
    };
    match kind(key) {
        Some(Kind::Breaker) if made.breaker.is_none() => breaker(made, place, fields),
        Some(Kind::Retry) if made.retry.is_none() => retry(made, place, fields),
        Some(Kind::Breaker | Kind::Retry) => {
            made.told.left_out(place, "mcr has one set of these rules for all targets, and the first counts");
        }
        Some(Kind::Route) => route(made, place, fields),
        None => {}
    }
}

/// Reads the rule by which a target is taken.
pub(super) fn strategy(made: &mut Made, place: &str, value: &Value) {
    let word = value.as_str().unwrap_or_default();
    let known = match word {
        "single" => Some("single"),
        "fallback" | "ordered" | "priority" | "failover" => Some("fallback"),
        "latency" | "lowest_latency" | "least_latency" => Some("latency"),
        "weighted_round_robin" | "weighted" | "round_robin" | "round-robin" => Some("weighted_round_robin"),
        "cost" | "lowest_cost" => Some("cost"),
        _ => None,
    };
    match known {
        Some(_) if made.strategy.is_some() => made.told.left_out(place, "a strategy was named above, which counts"),
        Some("single") => {
            made.strategy = known;
            made.told.remarked(place, "requests go to the first target; the others may be named: `/model ID`");
        }
        Some(ours) if ours == word => {
            made.strategy = known;
            made.told.taken(place);
        }
        Some(ours) => {
            made.strategy = known;
            made.told.changed(place, format!("`{ours}` here"));
        }
        None => {
            made.told.left_out(place, format!("there is no strategy `{word}`; the targets are asked in their order"));
        }
    }
}

fn route(made: &mut Made, place: &str, fields: &Map<String, Value>) {
    for (key, value) in fields {
        let here = path::key(place, key);
        match (key.as_str(), value) {
            ("strategy", value) => strategy(made, &here, value),
            ("enabled", Value::Bool(true)) => made.told.taken(here),
            ("enabled", _) => made.told.left_out(here, "the targets of a route stand in for each other"),
            ("triggers" | "retry_on" | "on_status" | "status_codes", _) => made.told.left_out(
                here,
                "the next target is asked where there is no answer, and after 401, 403, 404, 408, 425, 429 and 5xx",
            ),
            ("max_fallback_attempts" | "max_retries" | "max_attempts", _) => {
                made.told.left_out(here, "each target of a route is asked once, until one answers");
            }
            _ => made.told.left_out(here, "the strategy has no such setting here"),
        }
    }
}

fn breaker(made: &mut Made, place: &str, fields: &Map<String, Value>) {
    let mut rules = Map::new();
    for (key, value) in fields {
        let here = path::key(place, key);
        let number = value.as_f64().filter(|number| *number > 0.0);
        let count = value.as_u64().filter(|count| (1..=10_000).contains(count)).map(Value::from);
        let seconds = number.filter(|seconds| *seconds <= 86_400.0).map(|_| value.clone());
        let milliseconds = value.as_f64().filter(|it| (1.0..=86_400_000.0).contains(it)).map(|it| json!(it / 1000.0));
        let (ours, value) = match key.as_str() {
            "enabled" if value == &Value::Bool(true) => {
                made.told.taken(here);
                continue;
            }
            "enabled" => {
                made.told.left_out(here, "a target that goes on failing is left alone where another can answer");
                continue;
            }
            "consecutive" | "failure_threshold" | "consecutive_failures" | "max_failures" | "max_fails" => {
                ("consecutive", count)
            }
            "failure_rate"
            | "error_rate"
            | "error_threshold"
            | "failure_rate_threshold"
            | "failure_threshold_percentage" => {
                let share = number.map(|number| if number > 1.0 { number / 100.0 } else { number });
                ("failure_rate", share.filter(|share| *share <= 1.0).map(Value::from))
            }
            "min_requests" | "minimum_requests" => ("min_requests", count),
            "window_seconds" | "window" => ("window_seconds", seconds),
            "recovery_timeout_seconds" | "cooldown_seconds" | "open_seconds" | "recovery_timeout" => {
                ("open_seconds", seconds)
            }
            "cooldown_ms" | "recovery_timeout_ms" => ("open_seconds", milliseconds),
            "close_after"
            | "success_threshold"
            | "half_open_max_requests"
            | "half_open_requests"
            | "half_open_max_probes"
            | "half_open_probes" => ("close_after", count),
            _ => {
                made.told.left_out(here, "the breaker has no such setting here");
                continue;
            }
        };
        put(made, &mut rules, here, [key, ours], value);
    }
    made.breaker = Some(rules);
}

fn retry(made: &mut Made, place: &str, fields: &Map<String, Value>) {
    let mut rules = Map::new();
    for (key, value) in fields {
        let here = path::key(place, key);
        let tries = |more: u64| value.as_u64().map(|count| Value::from((count + more).clamp(1, 10)));
        match key.as_str() {
            "enabled" if value == &Value::Bool(true) => made.told.taken(here),
            "enabled" => {
                rules.insert("attempts".to_owned(), json!(1));
                made.told.changed(here, "`Retry.attempts` is 1");
            }
            "max_attempts" | "attempts" => put(made, &mut rules, here, [key, "attempts"], tries(0)),
            "max_retries" | "num_retries" => put(made, &mut rules, here, [key, "attempts"], tries(1)),
            "on_status"
            | "retry_on"
            | "retry_on_status"
            | "retryable_status_codes"
            | "status_codes"
            | "retry_status_codes" => {
                let statuses = statuses(value);
                if statuses.is_empty() {
                    made.told.left_out(here, "another try helps after none of these");
                } else {
                    put(made, &mut rules, here, [key, "on_status"], Some(json!(statuses)));
                }
            }
            _ => made.told.left_out(here, "the waits double from 0.4 s up to 8 s, and each is cut short at random"),
        }
    }
    made.retry = Some(rules);
}

fn put(
    made: &mut Made,
    rules: &mut Map<String, Value>,
    place: String,
    [theirs, ours]: [&str; 2],
    value: Option<Value>,
) {
    match value {
        None => made.told.left_out(place, "the number is none that can be used here"),
        Some(_) if rules.contains_key(ours) => {
            made.told.left_out(place, format!("`{ours}` was set above, which counts"));
        }
        Some(value) => {
            rules.insert(ours.to_owned(), value);
            if theirs == ours {
                made.told.taken(place);
            } else {
                made.told.changed(place, format!("`{ours}` here"));
            }
        }
    }
}

/// The statuses that a list means, of those after which another try may help.
fn statuses(value: &Value) -> Vec<u16> {
    let mut found: Vec<u16> = Vec::new();
    for item in value.as_array().into_iter().flatten() {
        let status = item.as_u64().or_else(|| item.as_str()?.parse().ok());
        let meant: Vec<u16> = match (status, item.as_str()) {
            (Some(status), _) => u16::try_from(status).into_iter().collect(),
            (None, Some("5xx" | "server_error" | "service_unavailable")) => vec![500, 502, 503, 504],
            (None, Some("timeout")) => vec![408, 504],
            (None, Some("rate_limit" | "rate_limit_exceeded")) => vec![429],
            (None, _) => Vec::new(),
        };
        found.extend(meant.into_iter().filter(|status| may_pass(*status)));
    }
    found.sort_unstable();
    found.dedup();
    found
}
