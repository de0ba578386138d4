//! `mcr status`: whether the service runs, with what, and since when.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{call, unanswered};
use crate::cli::config::{Form, Place};
use crate::config::{Cost, Currency};
use crate::error::{Exit, Failure};
use crate::launch::service::{self, Record};
use crate::proxy::STATUS;
use crate::ui;
use crate::wire::status::{Budget, Configuration, LeftOut, Status, Target};

/// Prints the state; 1 when there is no service.
pub fn run(form: &Form, place: &Place<'_>) -> Result<u8, Failure> {
    let found = service::find(place.paths)?;
    let is_stopping = found.as_ref().is_some_and(|found| found.facts.stopping);
    let Some(record) = found.filter(|_| !is_stopping) else {
        let words = match is_stopping {
            true => "stopping",
            false if service::is_held(place.paths)? => "starting or stopping",
            false => "not running",
        };
        if form.json {
            print(&format!("{}\n", json!({"running": false, "state": words})))?;
        } else {
            print(&format!("service  {words}\n"))?;
            ui::say("run `mcr start` to start it; `mcr code` needs none");
        }
        return Ok(Exit::Failed as u8);
    };
    let status = ask(&record)?;
    print(&if form.json { whole(&status) } else { shown(&status) })?;
    Ok(0)
}

fn print(text: &str) -> Result<(), Failure> {
    ui::print(text).map_err(|error| Failure::new(Exit::Io, error))
}

/// Asks a service for its state.
pub(in crate::cli) fn ask(record: &Record) -> Result<Status, Failure> {
    let answer = call(record, "GET", STATUS).map_err(|error| unanswered(record, error))?;
    serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200).ok_or_else(|| {
        let what = format!("the service answers {} when it is asked for its state", answer.status);
        Failure::say(Exit::Unavailable, what).hint("run `mcr restart`: it may be of another version of mcr")
    })
}

fn whole(status: &Status) -> String {
    let mut value = serde_json::to_value(status).unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("running".to_owned(), Value::Bool(true));
    }
    format!("{value:#}\n")
}

fn shown(status: &Status) -> String {
    let mut text = String::new();
    let Status { url, pid, version, configuration, .. } = status;
    let _ = writeln!(text, "service   {url} (process {pid}, mcr {version}, up {})", span(status.uptime_seconds));
    let _ = writeln!(text, "requests  {}, {} failed", status.requests.ended, status.requests.failed);
    if let Some(log) = &status.log {
        let _ = writeln!(text, "log       {log}");
    }
    describe("", configuration, &mut text);
    status.targets.iter().for_each(|target| describe_target(target, &mut text));
    for preset in &status.presets {
        match &preset.configuration {
            None => drop(writeln!(text, "preset {} (nobody asked for it yet)", preset.name)),
            Some(configuration) => {
                let _ = writeln!(text, "preset {}", preset.name);
                describe("  ", configuration, &mut text);
            }
        }
    }
    text
}

fn describe(indent: &str, configuration: &Configuration, text: &mut String) {
    let Configuration { file, hash, invalid, rules: _, denied, providers, routes, budgets } = configuration;
    let short = hash.get(..12).unwrap_or(hash);
    let _ = writeln!(text, "{indent}configuration {file} ({short})");
    if let Some(invalid) = invalid {
        let problem = invalid.problem.replace('\n', &format!("\n{indent}  "));
        let _ = writeln!(
            text,
            "{indent}  invalid on disk since {}; the one before is in use\n{indent}  {problem}",
            invalid.since
        );
    }
    for provider in providers {
        let host = provider.host.as_deref().unwrap_or("a variable of its address is unset");
        let words = provider.description.as_ref().map(|words| format!("  {words}")).unwrap_or_default();
        let _ = writeln!(text, "{indent}  provider {}  {host}{words}", provider.name);
    }
    for route in routes {
        let _ = writeln!(text, "{indent}  route {:<11} {}", route.name, route.target);
    }
    for denied in denied {
        let _ = writeln!(text, "{indent}  denied {}  {}: {}", denied.target, denied.host, denied.why);
    }
    for budget in budgets {
        describe_budget(indent, budget, text);
    }
}

fn describe_budget(indent: &str, budget: &Budget, text: &mut String) {
    let Budget { span, spent, reserved, limit, currency, percent, action } = budget;
    let currency = Currency::parse(currency).unwrap_or_default();
    let [spent, reserved, limit] = [*spent, *reserved, *limit].map(|amount| Cost { amount, currency });
    let way = if reserved.amount > 0.0 { format!(", {reserved} on its way") } else { String::new() };
    let _ = writeln!(text, "{indent}  budget {span:<10} {spent} of {limit} ({percent}%){way}, then {action}");
}

fn describe_target(target: &Target, text: &mut String) {
    let Target { name, host, state, seconds, in_flight, max_concurrency, waiting, ttft_ms, .. } = target;
    let wait = seconds.map(|seconds| format!(" for {}", span(seconds))).unwrap_or_default();
    let first = ttft_ms.map(|ttft| format!(", first token after {ttft} ms")).unwrap_or_default();
    let waiting = if *waiting > 0 { format!(", {waiting} waiting") } else { String::new() };
    let _ = writeln!(
        text,
        "target {name} at {host}: {state}{wait}, {in_flight} of {max_concurrency} in flight{waiting}{first}"
    );
    let left = [(target.requests, "requests"), (target.tokens, "tokens")];
    let left: Vec<String> =
        left.iter().filter_map(|(left, unit)| left.map(|it| format!("{} of {} {unit}", it.left, it.limit))).collect();
    if !left.is_empty() {
        let _ = writeln!(text, "  left within this minute: {}", left.join(", "));
    }
    if let Some(refused) = &target.refused {
        let _ = writeln!(text, "  key refused since {}: {}", refused.since, refused.problem);
    }
    if let Some(failure) = &target.failure {
        let _ = writeln!(text, "  failed at {}: {}", failure.since, failure.problem.replace('\n', "\n  "));
    }
    if let Some(LeftOut { fields, requests }) = &target.left_out {
        let _ = writeln!(text, "  does not take {}: left out of {requests} requests", fields.join(", "));
    }
}

/// A span in the two largest units that it has.
fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::status::{Denied, Invalid, Left, Preset, Provider, Requests, Route};

    fn configuration() -> Configuration {
        Configuration {
            file: "/c/config.json".to_owned(),
            hash: "0123456789abcdef".to_owned(),
            invalid: Some(Invalid { since: "2026-01-02T03:04:05Z".to_owned(), problem: "bad:\n  worse".to_owned() }),
            rules: "89ab".to_owned(),
            denied: vec![Denied {
                target: "p,m".to_owned(),
                host: "api.example".to_owned(),
                why: "`us` of `Egress.deny` means it".to_owned(),
            }],
            providers: vec![Provider {
                name: "p".to_owned(),
                host: Some("api.example".to_owned()),
                models: vec!["m".to_owned()],
                description: Some("near Paris".to_owned()),
            }],
            routes: vec![Route { name: "default".to_owned(), target: "p,m".to_owned() }],
            budgets: vec![Budget {
                span: "day".to_owned(),
                spent: 4.2,
                reserved: 0.05,
                limit: 5.0,
                currency: "EUR".to_owned(),
                percent: 84,
                action: "block".to_owned(),
            }],
        }
    }

    #[test]
    fn the_state_is_told_in_lines() {
        let status = Status {
            version: "1.2.3".to_owned(),
            pid: 7,
            url: "http://127.0.0.1:3456".to_owned(),
            uptime_seconds: 3_700,
            requests: Requests { ended: 3, failed: 1 },
            configuration: configuration(),
            presets: vec![
                Preset { name: "local".to_owned(), configuration: None },
                Preset {
                    name: "used".to_owned(),
                    configuration: Some(Configuration { invalid: None, ..configuration() }),
                },
            ],
            targets: vec![Target {
                name: "p,m".to_owned(),
                host: "api.example".to_owned(),
                state: "open".to_owned(),
                seconds: Some(9),
                in_flight: 2,
                max_concurrency: 8,
                waiting: 3,
                requests: Some(Left { left: 49, limit: 50 }),
                tokens: Some(Left { left: 3_000, limit: 20_000 }),
                ttft_ms: Some(120),
                failure: Some(Invalid { since: "2026-01-02T03:04:05Z".to_owned(), problem: "p: no".to_owned() }),
                refused: Some(Invalid { since: "2026-01-02T03:04:06Z".to_owned(), problem: "mend it".to_owned() }),
                left_out: None,
            }],
            ..Status::default()
        };
        assert_eq!(
            shown(&status),
            "service   http://127.0.0.1:3456 (process 7, mcr 1.2.3, up 1 h 1 min)\n\
             requests  3, 1 failed\n\
             configuration /c/config.json (0123456789ab)\n  \
               invalid on disk since 2026-01-02T03:04:05Z; the one before is in use\n  bad:\n    worse\n  \
               provider p  api.example  near Paris\n  route default     p,m\n  \
               denied p,m  api.example: `us` of `Egress.deny` means it\n  \
               budget day        €4.20 of €5.00 (84%), €0.0500 on its way, then block\n\
             target p,m at api.example: open for 9 s, 2 of 8 in flight, 3 waiting, first token after 120 ms\n  \
               left within this minute: 49 of 50 requests, 3000 of 20000 tokens\n  \
               key refused since 2026-01-02T03:04:06Z: mend it\n  \
               failed at 2026-01-02T03:04:05Z: p: no\n\
             preset local (nobody asked for it yet)\n\
             preset used\n  \
               configuration /c/config.json (0123456789ab)\n    \
                 provider p  api.example  near Paris\n    route default     p,m\n    \
               denied p,m  api.example: `us` of `Egress.deny` means it\n    \
               budget day        €4.20 of €5.00 (84%), €0.0500 on its way, then block\n"
        );
    }

    #[test]
    fn a_span_has_its_two_largest_units() {
        assert_eq!([5, 65, 3_600, 90_000].map(span), ["5 s", "1 min", "1 h 0 min", "1 d 1 h"]);
    }
}
