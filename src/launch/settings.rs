//! The settings file that is handed to the agent with `--settings`.
//!
//! Pure. Claude Code reads one `--settings` only, the last, so the user's are
//! merged under ours: ours win where requests could leave, theirs stay elsewhere.

use serde_json::{Map, Value, json};

use super::environment::{Environment, FOREIGN, NO_AGENT_VIEW, Plan};

/// Settings of the user's that would make Claude Code drop the whole file, and our routing with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` must be {expected}")]
pub struct WrongShape {
    /// The dotted path.
    pub path: String,
    /// What belongs there.
    pub expected: &'static str,
}

/// Returns the settings for a plan, with the user's own merged in, the later over the earlier.
pub fn settings(plan: &Plan, environment: &Environment, user: &[Value]) -> Result<Value, WrongShape> {
    let mut merged = Map::new();
    for settings in user {
        check(settings)?;
        if let Value::Object(settings) = settings {
            merge(&mut merged, settings.clone());
        }
    }
    for key in REFUSED {
        merged.remove(*key);
    }
    if let Some(command) = &plan.status_line
        && !merged.contains_key("statusLine")
    {
        merged.insert("statusLine".to_owned(), json!({"type": "command", "command": command, "padding": 0}));
    }
    let mut variables: Map<String, Value> = FOREIGN.iter().map(|name| ((*name).to_owned(), json!(""))).collect();
    variables.extend(environment.set.iter().map(|(name, value)| (name.clone(), json!(value))));
    let ours = json!({
        "env": variables,
        // Else every WebFetch asks api.anthropic.com about the domain first.
        "skipWebFetchPreflight": true,
        // Auto mode sends 31 000 tokens to a model named `claude-sonnet-5` before each command.
        "disableAutoMode": "disable",
        "permissions": {"disableAutoMode": "disable"},
        "disableAgentView": environment.get(NO_AGENT_VIEW).is_some(),
        // Remote control runs through claude.ai.
        "disableRemoteControl": true,
        "modelPicker": {"replaceBuiltInOptions": true, "options": picker(plan)},
    });
    if let Value::Object(ours) = ours {
        merge(&mut merged, ours);
    }
    Ok(Value::Object(merged))
}

/// Top-level keys of the user's that have no meaning here, or an undesired one.
const REFUSED: &[&str] = &[
    // Its output would be sent to the embedded proxy beside the token.
    "apiKeyHelper",
    // Claude Code refuses to start with a bearer token where a login is demanded.
    "forceLoginMethod",
    "forceLoginOrgUUID",
    // Ours replaces it: two lists would be concatenated.
    "modelPicker",
];

fn picker(plan: &Plan) -> Value {
    let models = &plan.models;
    let mut rows = vec![(&models.main, &models.label, "the default route")];
    if models.small_label != models.label {
        rows.push((&models.small, &models.small_label, "the background route"));
    }
    let option = |(model, label, description): (&String, &String, &str)| {
        let mut option = json!({"model": model, "label": label, "description": description});
        if let Some(known) = &models.behaves_as {
            option["behavesAs"] = json!(known);
        }
        option
    };
    rows.into_iter().map(option).collect()
}

/// Objects are merged, lists are joined, and anything else of `over` replaces what is there.
fn merge(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => merge(under, over),
            (Some(Value::Array(under)), Value::Array(over)) => {
                for item in over {
                    if !under.contains(&item) {
                        under.push(item);
                    }
                }
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Switch,
    Number,
    Texts,
    Table,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Switch => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Table => value.is_object(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Switch => "true or false",
            Self::Number => "a number",
            Self::Texts => "a list of strings",
            Self::Table => "an object",
        }
    }
}

/// The fields that people write most. One wrong field voids the file, without an error in print mode.
const SHAPES: &[(&str, Shape)] = &[
    ("", Shape::Table),
    ("env", Shape::Table),
    ("permissions", Shape::Table),
    ("permissions.allow", Shape::Texts),
    ("permissions.deny", Shape::Texts),
    ("permissions.ask", Shape::Texts),
    ("permissions.additionalDirectories", Shape::Texts),
    ("permissions.defaultMode", Shape::Text),
    ("model", Shape::Text),
    ("statusLine", Shape::Table),
    ("statusLine.type", Shape::Text),
    ("statusLine.command", Shape::Text),
    ("hooks", Shape::Table),
    ("outputStyle", Shape::Text),
    ("language", Shape::Text),
    ("cleanupPeriodDays", Shape::Number),
    ("includeCoAuthoredBy", Shape::Switch),
    ("alwaysThinkingEnabled", Shape::Switch),
    ("enableAllProjectMcpServers", Shape::Switch),
    ("enabledMcpjsonServers", Shape::Texts),
    ("disabledMcpjsonServers", Shape::Texts),
    ("disableAllHooks", Shape::Switch),
    ("enabledPlugins", Shape::Table),
    ("extraKnownMarketplaces", Shape::Table),
    ("sandbox", Shape::Table),
    ("spinnerTipsEnabled", Shape::Switch),
];

fn check(settings: &Value) -> Result<(), WrongShape> {
    for (path, shape) in SHAPES {
        let found = path.split('.').filter(|key| !key.is_empty()).try_fold(settings, |value, key| value.get(key));
        if let Some(value) = found
            && !shape.fits(value)
        {
            let path = if path.is_empty() { "settings" } else { *path };
            return Err(WrongShape { path: path.to_owned(), expected: shape.words() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::environment::{environment, tests::plan};
    use super::*;

    fn merged(user: &[Value]) -> Value {
        settings(&plan(), &environment(&plan(), &[]), user).expect("shapes fit")
    }

    #[test]
    fn the_users_settings_cannot_unroute() {
        let ours = merged(&[]);
        let settings = merged(&[json!({
            "env": {"ANTHROPIC_BASE_URL": "https://api.anthropic.com", "CLAUDE_CODE_USE_BEDROCK": "1", "DISABLE_TELEMETRY": ""},
            "apiKeyHelper": "cat key", "forceLoginMethod": "claudeai", "skipWebFetchPreflight": false,
            "modelPicker": {"options": [{"model": "opus"}]},
        })]);
        assert_eq!(settings, ours);
    }

    #[test]
    fn what_a_settings_file_could_bring_back_is_blanked() {
        assert_eq!(merged(&[])["env"]["CLAUDE_CODE_USE_BEDROCK"], "");
        assert_eq!(merged(&[])["env"]["ANTHROPIC_CUSTOM_HEADERS"], "");
    }

    #[test]
    fn the_users_status_line_hooks_and_variables_stay() {
        let user =
            json!({"statusLine": {"type": "command", "command": "mine"}, "hooks": {"Stop": []}, "env": {"A": "1"}});
        let plan = Plan { status_line: Some("mcr statusline".to_owned()), ..plan() };
        let settings = settings(&plan, &environment(&plan, &[]), &[user]).expect("shapes fit");
        assert_eq!(settings["statusLine"], json!({"type": "command", "command": "mine"}));
        assert_eq!(settings["hooks"], json!({"Stop": []}));
        assert_eq!(settings["env"]["A"], "1");
    }

    #[test]
    fn without_one_of_the_users_the_plans_status_line_is_shown() {
        let plan = Plan { status_line: Some("mcr statusline".to_owned()), ..plan() };
        let settings = settings(&plan, &environment(&plan, &[]), &[]).expect("shapes fit");
        assert_eq!(settings["statusLine"]["command"], "mcr statusline");
    }

    #[test]
    fn permissions_of_several_settings_are_joined() {
        let settings = merged(&[
            json!({"permissions": {"allow": ["Read"], "deny": ["WebSearch"]}, "model": "a"}),
            json!({"permissions": {"allow": ["Read", "Edit"], "defaultMode": "plan"}, "model": "b"}),
        ]);
        assert_eq!(
            settings["permissions"],
            json!({"allow": ["Read", "Edit"], "deny": ["WebSearch"], "defaultMode": "plan", "disableAutoMode": "disable"})
        );
        assert_eq!(settings["model"], "b");
    }

    #[test]
    fn a_field_that_would_void_the_file_is_named() {
        let error = settings(&plan(), &environment(&plan(), &[]), &[json!({"permissions": {"allow": "Read"}})]);
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err("`permissions.allow` must be a list of strings".to_owned())
        );
    }

    #[test]
    fn a_model_that_serves_both_routes_is_listed_once() {
        assert_eq!(merged(&[])["modelPicker"]["options"].as_array().map(Vec::len), Some(2));
        let mut plan = plan();
        plan.models.small_label.clone_from(&plan.models.label);
        let settings = settings(&plan, &environment(&plan, &[]), &[]).expect("shapes fit");
        assert_eq!(settings["modelPicker"]["options"].as_array().map(Vec::len), Some(1));
    }
}
