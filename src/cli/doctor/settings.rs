//! Claude Code's settings and its own state: what would take requests past mcr, who else sees them, what runs beside them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::finding::Finding;
use crate::launch::managed;

/// Variables that say whom connections go through, whom they trust, or what runs inside the agent.
const BETWEEN: [&str; 10] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NODE_OPTIONS",
    "SSL_CERT_FILE",
];

/// Where the settings are.
pub(super) struct Settings {
    /// The user's own folder, `~/.claude` as a rule.
    pub(super) user: Option<PathBuf>,
    /// The file in which Claude Code keeps what it has seen of its user, `~/.claude.json` as a rule.
    pub(super) state: Option<PathBuf>,
    /// The folder that mcr was called in.
    pub(super) project: PathBuf,
    /// The administrator's folder.
    pub(super) managed: PathBuf,
}

/// Reads the four kinds of settings files, each file once, and whether the first run is over.
pub(super) fn settings(settings: &Settings) -> Vec<Finding> {
    const ID: &str = "claude-settings";
    let administrators = managed::files(&settings.managed);
    let mut findings: Vec<Finding> = administrators.iter().flat_map(|file| of_administrator(file)).collect();
    let user = settings.user.iter().map(|folder| folder.join("settings.json"));
    let project = ["settings.json", "settings.local.json"].map(|name| settings.project.join(".claude").join(name));
    // In the home folder the project's settings are the user's.
    let mut seen: Vec<PathBuf> = Vec::new();
    for file in user.chain(project) {
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        if !seen.contains(&real) {
            findings.extend(of_file(&file));
            seen.push(real);
        }
    }
    if !findings.iter().any(|finding| finding.id == ID) {
        let what = "no settings of the user, the project or an administrator choose another route";
        findings.insert(0, Finding::ok(ID, what));
    }
    findings.extend(settings.state.iter().map(|file| first_run(file)));
    findings
}

/// What an administrator has decided: mcr does not overrule it, and only another route is in its way.
fn of_administrator(file: &Path) -> Vec<Finding> {
    const ID: &str = "claude-settings";
    let Some(settings) = read(file).and_then(Result::ok) else { return Vec::new() };
    let (routes, place) = (quoted(&managed::other_routes(&settings)), file.display());
    let mut findings = Vec::new();
    if !routes.is_empty() {
        let what = format!("the administrator's settings choose another route with {routes}: {place}");
        findings.push(Finding::error(ID, what, "ask your administrator; `mcr code` refuses to start"));
    }
    let between = quoted(&between(&settings));
    if !between.is_empty() {
        let what = format!("the administrator says with {between} whom connections pass, or whom they trust: {place}");
        findings.push(Finding::note("claude-connections", what));
    }
    findings.extend(hooks(&settings, file));
    findings
}

fn of_file(file: &Path) -> Vec<Finding> {
    const ID: &str = "claude-settings";
    let settings = match read(file) {
        None => return Vec::new(),
        Some(Ok(settings)) => settings,
        Some(Err(())) => {
            let what = format!("no JSON, so Claude Code ignores it: {}", file.display());
            return vec![Finding::warning(ID, what, "correct it, or move it away")];
        }
    };
    let (routes, place) = (quoted(&managed::other_routes(&settings)), file.display());
    let mut findings = Vec::new();
    if !routes.is_empty() {
        let what = format!(
            "another route is chosen by {routes}: `mcr code` overrules that, a shell after `mcr activate` does not: {place}"
        );
        findings.push(Finding::warning(ID, what, format!("remove {routes} from that file, or use `mcr code`")));
    }
    let between = quoted(&between(&settings));
    if !between.is_empty() {
        let what = format!("whom the agent's connections pass, or whom they trust, is changed by {between}: {place}");
        let mend =
            format!("remove {between} from that file; mcr takes a proxy from its own environment or `PROXY_URL`");
        findings.push(Finding::warning("claude-connections", what, mend));
    }
    findings.extend(hooks(&settings, file));
    findings
}

/// The settings of a file: nothing where there is none, an error where it holds no JSON.
fn read(file: &Path) -> Option<Result<Value, ()>> {
    let text = fs::read_to_string(file).ok()?;
    Some(serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(drop))
}

/// The variables of [`BETWEEN`] that are set to anything, by their dotted paths.
fn between(settings: &Value) -> Vec<String> {
    let is_set = |name: &&str| {
        let value = settings.get("env").and_then(|variables| variables.get(name));
        value.is_some_and(|value| !value.is_null() && value != "")
    };
    BETWEEN.into_iter().filter(is_set).map(|name| format!("env.{name}")).collect()
}

/// Programs that the agent runs at events: of the user's choice as a rule, and of a stranger's in a repository.
fn hooks(settings: &Value, file: &Path) -> Option<Finding> {
    if settings.get("disableAllHooks") == Some(&Value::Bool(true)) {
        return None;
    }
    let hooks = settings.get("hooks")?.as_object()?;
    let events: Vec<String> = hooks
        .iter()
        .filter(|(_, list)| !list.as_array().is_none_or(Vec::is_empty))
        .map(|(event, _)| event.clone())
        .collect();
    let what = format!(
        "the agent runs programs at {}; what they send is seen as far as they use its proxy, and all of it with `--sealed`: {}",
        quoted(&events),
        file.display()
    );
    (!events.is_empty()).then(|| Finding::note("claude-hooks", what))
}

/// Whether Claude Code has met its user: else it asks for a theme and for trust before anything else.
fn first_run(file: &Path) -> Finding {
    const ID: &str = "onboarding";
    let place = file.display();
    match read(file) {
        Some(Ok(state)) if state.get("hasCompletedOnboarding") == Some(&Value::Bool(true)) => {
            Finding::ok(ID, "Claude Code's first run is over")
        }
        Some(Err(())) => Finding::note(ID, format!("what Claude Code keeps of its first run is no JSON: {place}")),
        Some(Ok(_)) | None => Finding::note(
            ID,
            "Claude Code's first run is still to come: run `mcr code` in a terminal once, and answer its questions",
        ),
    }
}

/// Names between backticks, in a row.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn places(home: &Path) -> Settings {
        Settings {
            user: Some(home.join("user")),
            state: Some(home.join("claude.json")),
            project: home.join("project"),
            managed: home.join("managed"),
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn told(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (finding.id, finding.severity)).collect()
    }

    #[test]
    fn settings_that_choose_another_route_are_named_with_their_file() {
        let home = tempfile::tempdir().unwrap();
        let places = places(home.path());
        assert_eq!(told(&settings(&places)), [("claude-settings", Severity::Ok), ("onboarding", Severity::Note)]);
        let foreign = r#"{"env": {"ANTHROPIC_BASE_URL": "https://elsewhere.example"}}"#;
        write(&home.path().join("user/settings.json"), foreign);
        write(&home.path().join("project/.claude/settings.local.json"), "{");
        write(&home.path().join("managed/managed-settings.json"), foreign);
        let found = settings(&places);
        let severities: Vec<Severity> = found.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Warning, Severity::Note], "{found:?}");
        assert!(found[1].evidence.starts_with("another route is chosen by `env.ANTHROPIC_BASE_URL`: "), "{found:?}");
        assert!(found[2].evidence.starts_with("no JSON"), "{found:?}");
    }

    #[test]
    fn every_setting_that_is_in_the_way_is_named() {
        let home = tempfile::tempdir().unwrap();
        write(
            &home.path().join("user/settings.json"),
            r#"{"hooks": {"Stop": [{}], "PreToolUse": []}, "apiKeyHelper": "x", "env": {"CLAUDE_CODE_USE_BEDROCK": "1",
                "ANTHROPIC_BASE_URL": "x", "HTTPS_PROXY": "http://p.example", "NODE_EXTRA_CA_CERTS": "/ca", "A": "1"}}"#,
        );
        let found = settings(&places(home.path()));
        let mends: Vec<_> = found.iter().filter_map(|finding| finding.mend.as_deref()).collect();
        assert_eq!(
            mends,
            [
                "remove `env.ANTHROPIC_BASE_URL`, `env.CLAUDE_CODE_USE_BEDROCK`, `apiKeyHelper` from that file, or use \
                 `mcr code`",
                "remove `env.HTTPS_PROXY`, `env.NODE_EXTRA_CA_CERTS` from that file; mcr takes a proxy from its own \
                 environment or `PROXY_URL`"
            ]
        );
        let hooks = found.iter().find(|finding| finding.id == "claude-hooks").unwrap();
        assert_eq!(hooks.severity, Severity::Note);
        assert!(hooks.evidence.starts_with("the agent runs programs at `Stop`; "), "{hooks:?}");
    }

    #[test]
    fn a_file_that_is_the_users_and_the_projects_is_told_once() {
        let home = tempfile::tempdir().unwrap();
        let places =
            Settings { user: Some(home.path().join(".claude")), project: home.path().into(), ..places(home.path()) };
        write(&home.path().join(".claude/settings.json"), r#"{"apiKeyHelper": "x"}"#);
        let found = settings(&places);
        assert_eq!(told(&found), [("claude-settings", Severity::Warning), ("onboarding", Severity::Note)]);
    }

    #[test]
    fn a_first_run_that_is_over_is_no_matter() {
        let home = tempfile::tempdir().unwrap();
        let places = places(home.path());
        write(&home.path().join("claude.json"), r#"{"hasCompletedOnboarding": true}"#);
        assert_eq!(told(&settings(&places))[1], ("onboarding", Severity::Ok));
        write(&home.path().join("claude.json"), "{");
        assert_eq!(told(&settings(&places))[1], ("onboarding", Severity::Note));
    }
}
