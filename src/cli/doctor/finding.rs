//! What a check found: how bad it is, how it is known, and what mends it.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// How bad it is, rising.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing, and nothing to mend.
    Note,
    /// Works, and not as one would want it.
    Warning,
    /// Does not work, or lets out what should stay.
    Error,
}

impl Severity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// Which check it is of; stable, for scripts.
    pub(super) id: &'static str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What was seen, and where.
    pub(super) evidence: String,
    /// The command or the step that mends it.
    pub(super) mend: Option<String>,
    /// What `--fix` does about it.
    pub(super) fix: Option<Fix>,
}

/// A change that loses nothing: what it replaces is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fix {
    /// Other values in the configuration, each by its path in the document, such as `Providers[0].models[1]`.
    Configuration(Vec<(String, Value)>),
    /// Closes a file or folder to others.
    Close(std::path::PathBuf),
}

impl Finding {
    /// As it should be.
    pub(super) fn ok(id: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(id, Severity::Ok, evidence)
    }

    /// Worth knowing.
    pub(super) fn note(id: &'static str, evidence: impl Into<String>) -> Self {
        Self::new(id, Severity::Note, evidence)
    }

    /// Not as one would want it.
    pub(super) fn warning(id: &'static str, evidence: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..Self::new(id, Severity::Warning, evidence) }
    }

    /// Does not work.
    pub(super) fn error(id: &'static str, evidence: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..Self::new(id, Severity::Error, evidence) }
    }

    /// Says what `--fix` does about it.
    #[must_use]
    pub(super) fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    fn new(id: &'static str, severity: Severity, evidence: impl Into<String>) -> Self {
        Self { id, severity, evidence: evidence.into(), mend: None, fix: None }
    }
}

/// The worst of them.
pub(super) fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
}

/// A line for each finding, and one below it for what mends it.
pub(super) fn table(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    let mut text = findings.iter().fold(String::new(), |mut text, finding| {
        let Finding { id, severity, evidence, mend, .. } = finding;
        let _ = writeln!(text, "{:7}  {id:width$}  {}", severity.as_str(), printable(evidence));
        if let Some(mend) = mend {
            let _ = writeln!(text, "{:7}  {:width$}  mend: {}", "", "", printable(mend));
        }
        text
    });
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let _ = writeln!(text, "{} checks: {errors} errors, {warnings} warnings", findings.len());
    text
}

/// The same for machines.
pub(super) fn as_json(findings: &[Finding]) -> String {
    let list: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let Finding { id, severity, evidence, mend, fix } = finding;
            json!({"id": id, "severity": severity.as_str(), "evidence": evidence, "mend": mend, "fixable": fix.is_some()})
        })
        .collect();
    format!("{:#}\n", json!({"worst": worst(findings).as_str(), "findings": list}))
}

/// Keeps what a server or a file says from steering the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_mends_it_another() {
        let findings = [
            Finding::ok("region", "api.eu.mistral.ai promises the EU"),
            Finding::warning("clock", "12 minutes\x1b[31m slow", "run `timedatectl set-ntp true`"),
        ];
        insta::assert_snapshot!(table(&findings), @r"
        ok       region  api.eu.mistral.ai promises the EU
        warning  clock   12 minutes [31m slow
                         mend: run `timedatectl set-ntp true`
        2 checks: 0 errors, 1 warnings
        ");
        assert_eq!(worst(&findings), Severity::Warning);
    }

    #[test]
    fn what_is_wrong_has_something_that_mends_it() {
        for finding in [Finding::warning("a", "b", "c"), Finding::error("a", "b", "c")] {
            assert_eq!(finding.mend.as_deref(), Some("c"));
        }
        assert_eq!((Finding::ok("a", "b").mend, Finding::note("a", "b").mend), (None, None));
    }
}
