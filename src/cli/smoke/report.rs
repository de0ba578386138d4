//! What the checks found: a table for people, JSON for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::traffic::Run;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// What should hold, as a claim.
    pub(super) name: &'static str,
    /// What was found.
    pub(super) detail: String,
    /// What to do next; there is something to do exactly when the claim does not hold.
    pub(super) next: Option<String>,
    /// What was on a screen meanwhile.
    pub(super) lines: Vec<String>,
}

impl Check {
    /// The claim holds.
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, detail: detail.into(), next: None, lines: Vec::new() }
    }

    /// The claim does not hold.
    pub(super) fn failed(name: &'static str, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, detail: detail.into(), next: Some(next.into()), lines: Vec::new() }
    }

    fn is_ok(&self) -> bool {
        self.next.is_none()
    }
}

/// All rows, and who did the task.
#[derive(Debug)]
pub(super) struct Report {
    /// The agent in a few words.
    pub(super) agent: String,
    /// The rows in the order of the table.
    pub(super) checks: Vec<Check>,
    /// What the agent's runs asked the witness for.
    pub(super) runs: Vec<Run>,
}

impl Report {
    /// Whether every claim holds.
    pub(super) fn is_ok(&self) -> bool {
        self.checks.iter().all(Check::is_ok)
    }

    /// One line for each check, and below those that failed the lines of a screen and what to do.
    pub(super) fn table(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
        self.checks.iter().fold(String::new(), |mut table, check| {
            let word = if check.is_ok() { "ok" } else { "FAILED" };
            let _ = writeln!(table, "{word:6}  {:width$}  {}", check.name, check.detail);
            for line in &check.lines {
                let _ = writeln!(table, "{:6}  {:width$}  | {line}", "", "");
            }
            if let Some(next) = &check.next {
                let _ = writeln!(table, "{:6}  {:width$}  next: {next}", "", "");
            }
            table
        })
    }

    /// `{"ok", "agent", "checks": [{"name", "ok", "detail"}], "runs": [{"mode", "blocked": {"host:port": count}}]}`;
    /// a check that failed has `next` too, and `screen` where there was one.
    pub(super) fn json(&self) -> String {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                let mut row = json!({"name": check.name, "ok": check.is_ok(), "detail": check.detail});
                if let Some(next) = &check.next {
                    row["next"] = json!(next);
                }
                if !check.lines.is_empty() {
                    row["screen"] = json!(check.lines);
                }
                row
            })
            .collect();
        let run = |run: &Run| json!({"mode": run.mode.word(), "blocked": run.blocked});
        let runs: Vec<Value> = self.runs.iter().map(run).collect();
        format!("{:#}\n", json!({"ok": self.is_ok(), "agent": self.agent, "checks": checks, "runs": runs}))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::traffic::Mode;
    use super::*;

    fn report() -> Report {
        let failed = Check::failed("agent", "it is not there", "run `npm`");
        let checks = vec![Check::ok("proxy up", "it is"), Check { lines: vec!["no legs".to_owned()], ..failed }];
        let blocked = BTreeMap::from([("claude.ai:443".to_owned(), 2)]);
        Report { agent: "none".to_owned(), checks, runs: vec![Run { mode: Mode::Print, blocked }] }
    }

    #[test]
    fn a_failure_has_lines_more_that_say_what_was_shown_and_what_to_do() {
        let table = "ok      proxy up  it is\n\
                     FAILED  agent     it is not there\n                  | no legs\n                  next: run `npm`\n";
        assert_eq!(report().table(), table);
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let json: Value = serde_json::from_str(&report().json()).unwrap();
        assert_eq!(
            json,
            json!({"ok": false, "agent": "none", "checks": [
                {"name": "proxy up", "ok": true, "detail": "it is"},
                {"name": "agent", "ok": false, "detail": "it is not there", "next": "run `npm`", "screen": ["no legs"]},
            ], "runs": [{"mode": "print", "blocked": {"claude.ai:443": 2}}]})
        );
    }
}
