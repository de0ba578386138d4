//! What of Claude Code's settings a preset may touch, and why the rest is refused.
//!
//! A preset is data from somebody else. What starts programs, opens doors, decides
//! what the agent may do unasked or where requests go is the owner's alone.

use serde_json::{Map, Value};

/// Settings that are refused, with the reason. What is not named anywhere is refused as well.
const REFUSED: &[(&str, &str)] = &[
    ("hooks", "hooks run commands"),
    ("disableAllHooks", "it switches the owner's hooks off"),
    ("apiKeyHelper", "it is a command, and what it prints is sent as a key"),
    ("awsAuthRefresh", "it is a command"),
    ("awsCredentialExport", "it is a command"),
    ("otelHeadersHelper", "it is a command"),
    ("permissions", "it decides what the agent does without asking"),
    ("defaultMode", "it decides what the agent does without asking"),
    ("sandbox", "it decides what the agent's commands may reach"),
    ("mcpServers", "MCP servers are programs"),
    ("enableAllProjectMcpServers", "MCP servers are programs"),
    ("enabledMcpjsonServers", "MCP servers are programs"),
    ("enabledPlugins", "plugins bring programs"),
    ("extraKnownMarketplaces", "plugins bring programs"),
    ("forceLoginMethod", "it keeps the agent from starting"),
    ("forceLoginOrgUUID", "it keeps the agent from starting"),
    ("cleanupPeriodDays", "it deletes conversations"),
    ("modelPicker", "mcr makes it from the preset's routes"),
];

/// Switches of the agent's looks and habits that harm nobody.
const SWITCHES: &[&str] = &["alwaysThinkingEnabled", "includeCoAuthoredBy", "spinnerTipsEnabled"];

/// Variables that are refused, with the reason; a name that ends with `*` stands for all that begin so.
const REFUSED_VARIABLES: &[(&str, &str)] = &[
    ("PATH", "it decides which programs are run"),
    ("SHELL", "it decides which programs are run"),
    ("NODE_OPTIONS", "it makes Node run other code"),
    ("NODE_PATH", "it makes Node run other code"),
    ("NODE_EXTRA_CA_CERTS", "it makes strangers' certificates count"),
    ("NODE_TLS_REJECT_UNAUTHORIZED", "it makes every certificate count"),
    ("SSL_CERT_FILE", "it makes strangers' certificates count"),
    ("SSL_CERT_DIR", "it makes strangers' certificates count"),
    ("LD_*", "it makes programs run other code"),
    ("DYLD_*", "it makes programs run other code"),
    ("BASH_ENV", "it makes shells run other code"),
    ("ENV", "it makes shells run other code"),
    ("PYTHON*", "it makes Python run other code"),
    ("GIT_*", "it makes git run other programs"),
    ("HTTPS_PROXY", "it decides who sees the traffic"),
    ("HTTP_PROXY", "it decides who sees the traffic"),
    ("ALL_PROXY", "it decides who sees the traffic"),
    ("NO_PROXY", "it decides who sees the traffic"),
    ("ANTHROPIC_BASE_URL", "requests go through mcr"),
    ("ANTHROPIC_AUTH_TOKEN", "it is the key to mcr's own proxy"),
    ("ANTHROPIC_API_KEY", "it would take the place of mcr's token"),
    ("ANTHROPIC_CUSTOM_HEADERS", "headers are mcr's"),
    ("CLAUDE_CODE_USE_*", "it chooses another provider than the preset's"),
    ("CLAUDE_CONFIG_DIR", "it hides the owner's own settings"),
    ("OTEL_*", "it sends what the agent does to somebody"),
];

/// Names the agent's model.
const MODEL: &str = "ANTHROPIC_MODEL";

/// Variables that a preset may set: names of models, limits, clocks.
const VARIABLES: &[&str] = &[
    MODEL,
    "ANTHROPIC_SMALL_FAST_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL_NAME",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL_NAME",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL_NAME",
    "ANTHROPIC_DEFAULT_FABLE_MODEL",
    "ANTHROPIC_DEFAULT_FABLE_MODEL_NAME",
    "CLAUDE_CODE_SUBAGENT_MODEL",
    "CLAUDE_CODE_MAX_CONTEXT_TOKENS",
    "CLAUDE_CODE_AUTO_COMPACT_WINDOW",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    "CLAUDE_CODE_FILE_READ_MAX_OUTPUT_TOKENS",
    "CLAUDE_CODE_DISABLE_1M_CONTEXT",
    "CLAUDE_CODE_DISABLE_TERMINAL_TITLE",
    "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE",
    "MAX_THINKING_TOKENS",
    "MAX_MCP_OUTPUT_TOKENS",
    "BASH_DEFAULT_TIMEOUT_MS",
    "BASH_MAX_TIMEOUT_MS",
    "BASH_MAX_OUTPUT_LENGTH",
    "API_TIMEOUT_MS",
];

/// Variables that mcr sets for every agent; a preset may say so too, and nothing else.
const SET_ANYWAY: &[&str] = &[
    "DISABLE_TELEMETRY",
    "DISABLE_COST_WARNINGS",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_AUTOUPDATER",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
];

/// What a preset changes of the agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Variables of the agent's, over those that follow from the routes.
    pub environment: Vec<(String, String)>,
    /// Whether the status line is asked for here.
    pub status_line: bool,
    /// The rest, for the agent's settings file.
    pub rest: Map<String, Value>,
}

/// Something that a preset must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where it stands.
    pub path: String,
    /// Why it is refused.
    pub why: String,
}

/// Reads `claudeCodeSettings`, and collects what is refused.
pub(super) fn settings(map: &Map<String, Value>, refusals: &mut Vec<Refusal>) -> Settings {
    let mut settings = Settings::default();
    let mut refuse = |path: String, why: &str| refusals.push(Refusal { path, why: why.to_owned() });
    for (key, value) in map {
        let path = format!("claudeCodeSettings.{key}");
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            ("env", Value::Object(variables)) => {
                for (name, value) in variables {
                    match variable(name, value) {
                        Ok(Some(value)) => settings.environment.push((name.clone(), value)),
                        Ok(None) => {}
                        Err(why) => refuse(format!("{path}.{name}"), &why),
                    }
                }
            }
            // The variable beats the setting, and mcr sets the variable.
            ("model", Value::String(_)) => match variable(MODEL, value) {
                Ok(model) => settings.environment.extend(model.map(|model| (MODEL.to_owned(), model))),
                Err(why) => refuse(path, &why),
            },
            ("statusLine", value) if is_mcrs_status_line(value) => settings.status_line = true,
            ("statusLine", _) => refuse(path, "a status line is a command; only `mcr statusline` is run"),
            (switch, Value::Bool(_)) if SWITCHES.contains(&switch) => {
                settings.rest.insert(key.clone(), value.clone());
            }
            ("env" | "model", _) => refuse(path, "it is of the wrong type"),
            (name, _) => {
                let known = REFUSED.iter().find(|(refused, _)| *refused == name);
                refuse(path, known.map_or("it is not among what a preset may set", |(_, why)| *why));
            }
        }
    }
    settings
}

fn is_mcrs_status_line(value: &Value) -> bool {
    let command = value.get("command").and_then(Value::as_str).unwrap_or_default();
    let mut words = command.split(' ');
    // A preset of claude-code-router's means that one's status line, which mcr has in its place.
    matches!(words.next(), Some("mcr" | "ccr"))
        && words.next() == Some("statusline")
        && words.all(|word| super::Name::parse(word).is_ok())
}

/// Returns what a variable is set to; nothing where mcr does so anyway.
fn variable(name: &str, value: &Value) -> Result<Option<String>, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(switch) => if *switch { "1" } else { "0" }.to_owned(),
        Value::Null => return Ok(None),
        Value::Array(_) | Value::Object(_) => return Err("it is of the wrong type".to_owned()),
    };
    if SET_ANYWAY.contains(&name) {
        let is_on = matches!(text.as_str(), "1" | "true" | "yes" | "on");
        return if is_on { Ok(None) } else { Err("mcr sets it for every agent".to_owned()) };
    }
    let upper = name.to_ascii_uppercase();
    let is_refused = |refused: &str| match refused.strip_suffix('*') {
        Some(start) => upper.starts_with(start),
        None => upper == refused,
    };
    if let Some((_, why)) = REFUSED_VARIABLES.iter().find(|(refused, _)| is_refused(refused)) {
        return Err((*why).to_owned());
    }
    if !VARIABLES.contains(&name) {
        return Err("it is not among the variables that a preset may set".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("its value holds control characters".to_owned());
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> (Settings, Vec<(String, String)>) {
        let mut refusals = Vec::new();
        let settings = settings(value.as_object().unwrap(), &mut refusals);
        (settings, refusals.into_iter().map(|refusal| (refusal.path, refusal.why)).collect())
    }

    fn refused(value: &Value, path: &str, why: &str) {
        let (settings, refusals) = read(value);
        assert_eq!(refusals, [(format!("claudeCodeSettings.{path}"), why.to_owned())], "{value}");
        assert_eq!(settings, Settings::default(), "{value}");
    }

    #[test]
    fn models_limits_and_looks_are_a_presets_to_say() {
        let (settings, refusals) = read(&json!({
            "env": {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": 8000, "API_TIMEOUT_MS": "1200000", "DISABLE_TELEMETRY": "true"},
            "model": "small", "spinnerTipsEnabled": false, "statusLine": {"type": "command", "command": "ccr statusline x"},
        }));
        assert_eq!(refusals, []);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            settings.environment,
            [
                pair("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "8000"),
                pair("API_TIMEOUT_MS", "1200000"),
                pair("ANTHROPIC_MODEL", "small")
            ]
        );
        assert_eq!(Value::Object(settings.rest), json!({"spinnerTipsEnabled": false}));
        assert!(settings.status_line);
    }

    #[test]
    fn what_runs_commands_is_refused() {
        refused(&json!({"hooks": {"Stop": []}}), "hooks", "hooks run commands");
        refused(
            &json!({"apiKeyHelper": "curl evil.test"}),
            "apiKeyHelper",
            "it is a command, and what it prints is sent as a key",
        );
        refused(&json!({"mcpServers": {}}), "mcpServers", "MCP servers are programs");
        let why = "a status line is a command; only `mcr statusline` is run";
        for command in ["curl evil.test", "mcr statusline; id", "mcr statusline $(id)", "mcr stop", "mcr"] {
            refused(&json!({"statusLine": {"command": command}}), "statusLine", why);
        }
    }

    #[test]
    fn what_no_table_names_is_refused_too() {
        refused(&json!({"brandNew": 1}), "brandNew", "it is not among what a preset may set");
        refused(
            &json!({"env": {"BRAND_NEW": "1"}}),
            "env.BRAND_NEW",
            "it is not among the variables that a preset may set",
        );
    }

    #[test]
    fn variables_that_open_doors_are_refused_whatever_their_case() {
        for name in [
            "NODE_OPTIONS",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "https_proxy",
            "ANTHROPIC_BASE_URL",
            "PATH",
            "NODE_EXTRA_CA_CERTS",
            "CLAUDE_CODE_USE_BEDROCK",
            "ANTHROPIC_AUTH_TOKEN",
            "GIT_SSH_COMMAND",
        ] {
            let (settings, refusals) = read(&json!({"env": {name: "x"}}));
            assert_eq!((settings, refusals.len()), (Settings::default(), 1), "{name}");
            assert!(!refusals[0].1.contains("not among"), "{name} has no reason of its own");
        }
    }

    #[test]
    fn a_model_is_one_line_of_text_wherever_it_is_named() {
        let why = "its value holds control characters";
        refused(&json!({"env": {"ANTHROPIC_MODEL": "a\0b"}}), "env.ANTHROPIC_MODEL", why);
        refused(&json!({"model": "a\0b"}), "model", why);
    }

    #[test]
    fn a_switch_that_mcr_sets_cannot_be_set_back() {
        refused(&json!({"env": {"DISABLE_TELEMETRY": "0"}}), "env.DISABLE_TELEMETRY", "mcr sets it for every agent");
    }
}
