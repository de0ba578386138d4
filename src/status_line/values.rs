//! What the variables stand for.
//!
//! The proxy's word goes before Claude Code's: it knows which model answered and how large
//! its window is. Claude Code's price is that of another model, so its cost is never shown.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::format::{euros, money, plain, span, tokens, window};
use crate::{
    config::Variable,
    wire::{session::Session, status::Budget},
};

/// What is spent of a budget, in percent, when it is worth a place in the line.
const NEAR: u64 = 80;

/// What is told of a session.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Claude Code's JSON.
    pub status: &'a Value,
    /// The proxy's record; absent before the first answer, and where there is no proxy of mcr's.
    pub session: Option<&'a Session>,
    /// The branch of the folder's repository.
    pub branch: Option<&'a str>,
}

/// What every variable stands for; one that is not there is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Variable, String>);

impl Values {
    /// Makes values of what is told.
    pub fn new(told: &Told<'_>) -> Self {
        let mut values = Self::default();
        values.agent(told.status);
        if let Some(branch) = told.branch {
            values.set(Variable::GitBranch, branch);
        }
        if let Some(session) = told.session {
            values.proxy(session);
        }
        values
    }

    /// Returns what a variable stands for.
    pub fn get(&self, variable: Variable) -> &str {
        self.0.get(&variable).map_or("", String::as_str)
    }

    /// Every name with its value, for programs.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Variable::NAMES.into_iter().map(|(name, variable)| (name, self.get(variable)))
    }

    fn set(&mut self, variable: Variable, value: &str) {
        self.0.insert(variable, plain(value));
    }

    fn agent(&mut self, status: &Value) {
        let word = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).filter(|word| !word.is_empty());
        let number = |pointer: &str| status.pointer(pointer).and_then(Value::as_u64);
        if let Some(model) = word("/model/display_name").or_else(|| word("/model/id")) {
            self.set(Variable::Model, model);
        }
        let folder = word("/workspace/current_dir").or_else(|| word("/cwd"));
        if let Some(folder) = folder.map(|path| path.trim_end_matches(['/', '\\'])) {
            self.set(Variable::WorkDirName, folder.rsplit(['/', '\\']).next().unwrap_or_default());
        }
        if let Some(version) = word("/version") {
            self.set(Variable::Version, version);
        }
        if let Some(id) = word("/session_id") {
            self.set(Variable::SessionId, &id.chars().take(8).collect::<String>());
        }
        if let Some(time) = number("/cost/total_duration_ms") {
            self.set(Variable::Duration, &span(Duration::from_millis(time)));
        }
        let (added, removed) = (number("/cost/total_lines_added"), number("/cost/total_lines_removed"));
        for (variable, lines) in [(Variable::LinesAdded, added), (Variable::LinesRemoved, removed)] {
            if let Some(lines) = lines {
                self.set(variable, &lines.to_string());
            }
        }
        if let (Some(added), Some(removed)) = (added, removed) {
            self.set(Variable::NetLines, &(i128::from(added) - i128::from(removed)).to_string());
        }
        for (variable, pointer) in [
            (Variable::TotalInputTokens, "/context_window/total_input_tokens"),
            (Variable::TotalOutputTokens, "/context_window/total_output_tokens"),
        ] {
            if let Some(count) = number(pointer).filter(|count| *count > 0) {
                self.set(variable, &tokens(count));
            }
        }
        let size = number("/context_window/context_window_size");
        if let Some(size) = size {
            self.set(Variable::ContextWindowSize, &window(size));
        }
        let usage = |name: &str| number(&format!("/context_window/current_usage/{name}"));
        let share = status.pointer("/context_window/used_percentage").and_then(Value::as_f64);
        match (usage("input_tokens"), size) {
            (Some(fresh), Some(size)) => {
                let cached = usage("cache_read_input_tokens").unwrap_or(0);
                let input = [fresh, cached, usage("cache_creation_input_tokens").unwrap_or(0)];
                let input = input.into_iter().fold(0, u64::saturating_add);
                self.last(input, cached, usage("output_tokens").unwrap_or(0), size);
            }
            _ => {
                if let Some(share) = share {
                    self.set(Variable::ContextPercent, &format!("{share:.0}"));
                    self.set(Variable::Context, &format!("{share:.0}%"));
                }
            }
        }
    }

    fn proxy(&mut self, session: &Session) {
        let (last, total) = (&session.last, &session.total);
        self.set(Variable::Model, &last.model);
        self.set(Variable::Provider, &last.provider);
        self.set(Variable::Host, &last.host);
        let region = last.region.as_deref().unwrap_or_default();
        self.set(Variable::Region, region);
        // A local server is mostly called what it is, and where it is adds something to that.
        let place = [last.provider.as_str(), region].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        self.set(Variable::Place, &place.join("/"));
        self.set(Variable::Route, &last.route);
        self.set(Variable::Fallback, if last.fallback { "fallback" } else { "" });
        self.last(last.input, last.cached, last.output, last.window);
        self.set(Variable::TotalInputTokens, &tokens(total.input));
        self.set(Variable::TotalOutputTokens, &tokens(total.output));
        // One's own machine costs nothing, which needs no place in the line.
        let spent = |cost: Option<f64>, write: fn(f64) -> String| cost.filter(|cost| *cost > 0.0).map(write);
        let costs: Vec<String> =
            [spent(total.cost_usd, money), spent(total.cost_eur, euros)].into_iter().flatten().collect();
        if !costs.is_empty() {
            // Some of what was spent has no known price, so the whole is more than that.
            let more = if total.unpriced > 0 { "≥" } else { "" };
            self.set(Variable::Cost, &format!("{more}{}", costs.join(" + ")));
        }
        // Until then a budget is of no concern, and the line is short.
        let near = session.budgets.iter().filter(|budget| budget.percent >= NEAR).max_by_key(|budget| budget.percent);
        if let Some(Budget { span, percent, .. }) = near {
            self.set(Variable::Budget, &format!("{span} budget {percent}%"));
        }
        if let Some(speed) = last.tokens_per_second {
            self.set(Variable::TokenSpeed, &format!("{speed:.0}"));
        }
        if let Some(time) = last.ttft_ms {
            self.set(Variable::TimeToFirstToken, &span(Duration::from_millis(time)));
        }
    }

    /// The last prompt and answer, and how full they make the window.
    fn last(&mut self, input: u64, cached: u64, output: u64, size: u64) {
        self.set(Variable::InputTokens, &tokens(input));
        self.set(Variable::CachedTokens, &tokens(cached));
        self.set(Variable::OutputTokens, &tokens(output));
        self.set(Variable::ContextWindowSize, &window(size));
        let held = input.saturating_add(output);
        self.set(Variable::Context, &format!("{}/{}", tokens(held), window(size)));
        if let Some(share) = (u128::from(held) * 100).checked_div(u128::from(size)) {
            self.set(Variable::ContextPercent, &share.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::session::{Answered, Total};

    fn agent(status: &Value) -> Values {
        Values::new(&Told { status, session: None, branch: None })
    }

    fn session() -> Session {
        let last = Answered {
            provider: "mistral".to_owned(),
            model: "medium".to_owned(),
            host: "api.eu.mistral.ai".to_owned(),
            region: Some("EU".to_owned()),
            window: 262_144,
            input: 42_000,
            cached: 40_000,
            output: 1_000,
            ttft_ms: Some(823),
            tokens_per_second: Some(51.7),
            route: "default".to_owned(),
            ..Answered::default()
        };
        let total = Total { input: 90_000, cached: 40_000, output: 3_000, cost_usd: Some(0.1234), ..Total::default() };
        Session { answers: 3, last, total, ..Session::default() }
    }

    fn of(session: &Session) -> Values {
        let status = json!({
            "model": {"display_name": "Opus"},
            "cost": {"total_cost_usd": 99.0},
            "context_window": {"context_window_size": 200_000, "current_usage": {"input_tokens": 5}},
        });
        Values::new(&Told { status: &status, session: Some(session), branch: Some("main") })
    }

    /// The values of these names, in order.
    fn shown<'v>(values: &'v Values, names: &[&str]) -> Vec<&'v str> {
        names.iter().map(|name| values.get(Variable::named(name).unwrap_or_else(|| panic!("{name}")))).collect()
    }

    #[test]
    fn ccr_takes_claudes_window_and_mcr_the_window_of_the_model_that_answered() {
        let values = of(&session());
        let names =
            ["model", "context", "contextPercent", "contextWindowSize", "window", "inputTokens", "cachedTokens"];
        assert_eq!(shown(&values, &names), ["medium", "43.0k/262k", "16", "262k", "262k", "42.0k", "40.0k"]);
    }

    #[test]
    fn the_proxys_record_says_where_how_fast_and_why() {
        let values = of(&session());
        let names =
            ["place", "provider", "region", "host", "tokenSpeed", "tokensPerSecond", "timeToFirstToken", "route"];
        assert_eq!(
            shown(&values, &names),
            ["mistral/EU", "mistral", "EU", "api.eu.mistral.ai", "52", "52", "823ms", "default"]
        );
        assert_eq!(
            shown(&values, &["totalInputTokens", "totalOutputTokens", "gitBranch", "fallback"]),
            ["90.0k", "3.0k", "main", ""]
        );
    }

    #[test]
    fn of_the_budgets_the_nearest_to_its_end_is_shown_and_none_that_is_far_from_it() {
        let mut session = session();
        let budget = |span: &str, percent| Budget { span: span.to_owned(), percent, ..Budget::default() };
        session.budgets = vec![budget("session", 79)];
        assert_eq!(of(&session).get(Variable::Budget), "");
        session.budgets.extend([budget("day", 104), budget("month", 80)]);
        assert_eq!(of(&session).get(Variable::Budget), "day budget 104%");
    }

    #[test]
    fn the_cost_is_the_providers_and_never_claudes() {
        let mut session = session();
        assert_eq!(of(&session).get(Variable::Cost), "$0.12");
        session.total.unpriced = 1;
        assert_eq!(of(&session).get(Variable::Cost), "≥$0.12");
        session.total.cost_eur = Some(0.005);
        assert_eq!(of(&session).get(Variable::Cost), "≥$0.12 + €0.0050");
        session.total.cost_eur = Some(0.0);
        session.total.cost_usd = None;
        assert_eq!(of(&session).get(Variable::Cost), "");
        assert_eq!(agent(&json!({"cost": {"total_cost_usd": 99.0}})).get(Variable::Cost), "");
    }

    #[test]
    fn what_is_not_known_is_empty() {
        let mut session = session();
        session.last = Answered { provider: "p".to_owned(), fallback: true, ..Answered::default() };
        let values = of(&session);
        let names = ["place", "region", "tokenSpeed", "timeToFirstToken", "fallback"];
        assert_eq!(shown(&values, &names), ["p", "", "", "", "fallback"]);
        assert_eq!(agent(&Value::Null), Values::default());
    }

    #[test]
    fn on_a_fresh_session_claude_code_says_what_there_is() {
        let values = agent(&json!({
            "session_id": "0123456789", "version": "2.1.329", "cwd": "/a/b/",
            "model": {"id": "m", "display_name": "medium (mistral)"},
            "cost": {"total_duration_ms": 61_000, "total_lines_added": 3, "total_lines_removed": 5},
            "context_window": {"total_input_tokens": 0, "context_window_size": 262_144, "current_usage": null,
                "used_percentage": null},
        }));
        let names = ["model", "workDirName", "sessionId", "version", "duration", "netLines", "context", "window"];
        assert_eq!(shown(&values, &names), ["medium (mistral)", "b", "01234567", "2.1.329", "1m1s", "-2", "", "262k"]);
        let share = agent(&json!({"context_window": {"used_percentage": 12.4}}));
        assert_eq!(shown(&share, &["context", "contextPercent"]), ["12%", "12"]);
    }

    #[test]
    fn a_folder_of_windows_has_a_name_too() {
        let values = agent(&json!({"workspace": {"current_dir": r"C:\work\mcr"}}));
        assert_eq!(values.get(Variable::WorkDirName), "mcr");
    }
}
