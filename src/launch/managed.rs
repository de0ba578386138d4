//! The administrator's settings, which beat every other.
//!
//! mcr does not overrule an administrator: where their settings name another
//! route, it refuses.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::environment::{AUTH_TOKEN, BASE_URL, FOREIGN};

/// The folder of Claude Code's managed settings on this system.
pub fn folder() -> PathBuf {
    PathBuf::from(if cfg!(target_os = "macos") {
        "/Library/Application Support/ClaudeCode"
    } else if cfg!(windows) {
        r"C:\Program Files\ClaudeCode"
    } else {
        "/etc/claude-code"
    })
}

/// The files of a folder that are read, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join("managed-settings.json")];
    if let Ok(entries) = std::fs::read_dir(folder.join("managed-settings.d")) {
        let mut more: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        more.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        more.sort();
        files.extend(more);
    }
    files.retain(|path| path.is_file());
    files
}

/// Returns the setting of a file that would take requests elsewhere.
///
/// Of a file that cannot be read Claude Code itself complains.
pub fn other_route_of(file: &Path) -> Option<String> {
    let settings = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    other_route(&settings)
}

/// Returns the dotted path of the first setting that would take requests elsewhere.
pub fn other_route(settings: &Value) -> Option<String> {
    other_routes(settings).into_iter().next()
}

/// Returns the dotted paths of all settings that would take requests elsewhere.
pub fn other_routes(settings: &Value) -> Vec<String> {
    let is_set = |value: &Value| !matches!(value.as_str(), Some("" | "0" | "false"));
    let variables = settings.get("env").and_then(Value::as_object);
    let is_there = |name: &&&str| variables.and_then(|variables| variables.get(**name)).is_some_and(is_set);
    let named = [BASE_URL, AUTH_TOKEN];
    let named = named.iter().chain(FOREIGN).filter(is_there).map(|name| format!("env.{name}"));
    let keys = ["apiKeyHelper", "forceLoginMethod", "forceLoginOrgUUID", "enforceAnthropicSignIn"]
        .into_iter()
        .filter(|key| settings.get(key).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false))))
        .map(str::to_owned);
    named.chain(keys).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_route_is_named_by_its_path() {
        let route = |settings| other_route(&settings);
        assert_eq!(route(json!({"env": {"ANTHROPIC_BASE_URL": "x"}})).as_deref(), Some("env.ANTHROPIC_BASE_URL"));
        assert_eq!(route(json!({"forceLoginMethod": "claudeai"})).as_deref(), Some("forceLoginMethod"));
    }

    #[test]
    fn all_of_them_are_named() {
        let settings = json!({"apiKeyHelper": "x", "env": {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_BASE_URL": "x"}});
        let all = ["env.ANTHROPIC_BASE_URL", "env.CLAUDE_CODE_USE_VERTEX", "apiKeyHelper"];
        assert_eq!(other_routes(&settings), all);
    }

    #[test]
    fn other_managed_settings_are_no_concern_of_ours() {
        let settings =
            json!({"env": {"A": "1", "CLAUDE_CODE_USE_BEDROCK": "0"}, "permissions": {"deny": ["WebFetch"]}});
        assert_eq!(other_route(&settings), None);
    }

    #[test]
    fn the_file_comes_before_those_of_the_folder_and_the_rest_is_not_read() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(home.path().join("managed-settings.d")).expect("made");
        for name in [
            "managed-settings.d/20.json",
            "managed-settings.d/10.json",
            "managed-settings.d/note",
            "managed-settings.json",
        ] {
            std::fs::write(home.path().join(name), "{}").expect("written");
        }
        let names: Vec<_> = files(home.path())
            .iter()
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["managed-settings.json", "10.json", "20.json"]);
    }
}
