//! What the agent is told: variables to set, variables to take away.
//!
//! Pure. The same variables go into the process and into the settings file
//! ([`super::settings`]): a user's or a repository's settings beat the process
//! environment, and ours beat theirs. Measured on Claude Code 2.1.330.

use std::time::Duration;

use crate::config::Secret;

/// Everything that decides what the agent is told.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the embedded proxy listens, without a trailing slash: `http://127.0.0.1:PORT`.
    pub base_url: String,
    /// Opens the embedded proxy, this session only.
    pub token: Secret,
    /// The proxy that sees the agent's other traffic, with what opens it; absent where the user's own proxies stay.
    pub witness: Option<Secret>,
    /// The models that the agent may name.
    pub models: Models,
    /// How long the agent waits for a reply's headers.
    pub api_timeout: Duration,
    /// Whether a machine runs it: no colour, no terminal, no stdin.
    pub non_interactive: bool,
    /// The status line, unless the user's `--settings` bring one.
    pub status_line: Option<String>,
    /// Variables that hold the providers' keys: the agent's tools shall not read them.
    pub secrets: Vec<String>,
    /// What a preset says of the agent.
    pub own: Own,
}

/// What a preset says of the agent; it has been judged.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Variables, over those that follow from the routes.
    pub environment: Vec<(String, String)>,
    /// Settings, under the user's.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// The models as the agent sees them.
///
/// The ids name routes, the labels what serves them: a request that names `main` came
/// from the conversation, one that names `small` from a background task, and any
/// other id was typed by the user with `--model` or `/model`. An id outlives a change
/// of its route; a label stays what it was when the agent started.
#[derive(Debug, Clone)]
pub struct Models {
    /// The default route's id; `opus`, `sonnet` and `fable` mean it too.
    pub main: String,
    /// The background route's id; `haiku` means it too.
    pub small: String,
    /// What `main` is called on screen.
    pub label: String,
    /// What `small` is called on screen.
    pub small_label: String,
    /// The context window in tokens; without it an unknown id is taken for a million.
    pub window: u64,
    /// The window that compaction reckons with, at most `window`.
    pub auto_compact: u64,
    /// Upper bound of one reply, where the model has one below 32000.
    pub max_output: Option<u64>,
    /// A model of Anthropic's whose client profile fits; it also fixes the window to that model's.
    pub behaves_as: Option<String>,
}

/// Changes to the inherited environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Name and value, in the order of the documentation.
    pub set: Vec<(String, String)>,
    /// Names to take away.
    pub remove: Vec<String>,
}

impl Environment {
    /// The value that is set for a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.set.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same environment without one of the variables that it sets.
    pub fn without(mut self, names: &[&str]) -> Self {
        self.set.retain(|(key, _)| !names.contains(&key.as_str()));
        self
    }
}

/// Where requests go. Beaten by a settings file's `env`, hence the settings file of ours.
pub const BASE_URL: &str = "ANTHROPIC_BASE_URL";
/// Sent as `Authorization: Bearer`. Without it a stored claude.ai login would be sent in its place.
pub const AUTH_TOKEN: &str = "ANTHROPIC_AUTH_TOKEN";
/// Makes Claude Code refuse provider, model, key and proxy settings from any file, the
/// administrator's included, and keep the token out of the environment of its tools. It holds
/// even where Claude Code drops our settings file, which it does as a whole when one field in it
/// is not to its liking.
pub const MANAGED_BY_HOST: &str = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST";
/// Turns off `/background`, `--bg` and the agent view: such sessions outlive the proxy.
pub const NO_AGENT_VIEW: &str = "CLAUDE_CODE_DISABLE_AGENT_VIEW";
/// Stops `claude update` and `claude install`, which [`QUIET`]'s other switches do not.
pub const NO_UPDATES: &str = "DISABLE_UPDATES";

/// What stops the traffic that does not follow [`BASE_URL`].
pub const QUIET: &[(&str, &str)] = &[
    // The server directory, the changelog, bootstrap calls with a stored login's token.
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    // downloads.claude.ai and github.com at every interactive start; the switch above does not stop it.
    ("CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL", "1"),
    // api.anthropic.com/api/event_logging every few seconds.
    ("DISABLE_TELEMETRY", "1"),
    // The user's own collector is switched off too: a repository's settings could name one.
    ("CLAUDE_CODE_ENABLE_TELEMETRY", "0"),
    ("DISABLE_ERROR_REPORTING", "1"),
    // The version check at the npm registry, and the download.
    ("DISABLE_AUTOUPDATER", "1"),
    (NO_UPDATES, "1"),
    // `/feedback` sends the conversation; the second name is that of older versions.
    ("DISABLE_FEEDBACK_COMMAND", "1"),
    ("DISABLE_BUG_COMMAND", "1"),
    ("CLAUDE_CODE_DISABLE_FEEDBACK_SURVEY", "1"),
    // A claude.ai login is of no use here.
    ("DISABLE_LOGIN_COMMAND", "1"),
    // Connectors of a claude.ai account.
    ("ENABLE_CLAUDEAI_MCP_SERVERS", "false"),
    // Artifacts are published at claude.ai.
    ("CLAUDE_CODE_DISABLE_ARTIFACT", "1"),
    (NO_AGENT_VIEW, "1"),
    // The billing line in front of the system prompt: of no use to another provider.
    ("CLAUDE_CODE_ATTRIBUTION_HEADER", "0"),
    // Costs are reckoned with Anthropic's prices.
    ("DISABLE_COST_WARNINGS", "1"),
];

/// What would choose another provider or another identity; taken out of the process, blanked in
/// the settings, because a settings file may bring it back.
pub const FOREIGN: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_UNIX_SOCKET",
    "ANTHROPIC_BETAS",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_BEDROCK_MANTLE_BASE_URL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_FOUNDRY_BASE_URL",
    "ANTHROPIC_AWS_BASE_URL",
    "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_API_BASE_URL",
    "CLAUDE_CODE_CUSTOM_OAUTH_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_REFRESH_TOKEN",
    "CLAUDE_CODE_HOST_AUTH_ENV_VAR",
    "CLAUDE_CODE_HOST_CREDS_FILE",
    "CLAUDE_CODE_EXTRA_BODY",
];

/// Hosts that no proxy may see: the embedded proxy is one of them.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// What programs look for a proxy in; `ALL_PROXY` too, or what knows it would go past the others.
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Whether a variable is there to lead or to stop the agent's own traffic.
pub fn is_of_traffic(name: &str) -> bool {
    PROXIES.contains(&name) || name.eq_ignore_ascii_case("NO_PROXY") || QUIET.iter().any(|(quiet, _)| *quiet == name)
}

/// Returns the variables for a plan; `no_proxy` is what the user has in `NO_PROXY` and `no_proxy`.
///
/// With a witness every proxy variable leads to it, and nothing but loopback goes past it: the user's own proxies and
/// exceptions are heeded where it connects. Without one they stay as they are, and loopback joins the exceptions.
pub fn environment(plan: &Plan, no_proxy: &[&str]) -> Environment {
    let mut set = vec![
        (BASE_URL.to_owned(), plan.base_url.clone()),
        (AUTH_TOKEN.to_owned(), plan.token.expose().to_owned()),
        (MANAGED_BY_HOST.to_owned(), "1".to_owned()),
    ];
    let mut put = |name: &str, value: &str| set.push((name.to_owned(), value.to_owned()));
    models(&plan.models, &mut put);
    put("API_TIMEOUT_MS", &plan.api_timeout.as_millis().to_string());
    for (name, value) in QUIET {
        put(name, value);
    }
    let no_proxy = if plan.witness.is_some() { with_loopback(&[]) } else { with_loopback(no_proxy) };
    put("NO_PROXY", &no_proxy);
    put("no_proxy", &no_proxy);
    for (name, witness) in PROXIES.iter().zip(plan.witness.iter().cycle()) {
        put(name, witness.expose());
    }
    if plan.non_interactive {
        for (name, value) in [("CI", "true"), ("FORCE_COLOR", "0"), ("NODE_NO_READLINE", "1"), ("TERM", "dumb")] {
            put(name, value);
        }
    }
    for (name, value) in &plan.own.environment {
        match set.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.clone_from(value),
            None => set.push((name.clone(), value.clone())),
        }
    }
    let remove = FOREIGN.iter().map(|name| (*name).to_owned()).chain(plan.secrets.iter().cloned()).collect();
    Environment { set, remove }
}

fn models(models: &Models, put: &mut impl FnMut(&str, &str)) {
    put("ANTHROPIC_MODEL", &models.main);
    for (alias, model, label) in [
        ("OPUS", &models.main, &models.label),
        ("SONNET", &models.main, &models.label),
        ("FABLE", &models.main, &models.label),
        ("HAIKU", &models.small, &models.small_label),
    ] {
        put(&format!("ANTHROPIC_DEFAULT_{alias}_MODEL"), model);
        put(&format!("ANTHROPIC_DEFAULT_{alias}_MODEL_NAME"), label);
    }
    // What the haiku alias was called before 2.1.
    put("ANTHROPIC_SMALL_FAST_MODEL", &models.small);
    put("CLAUDE_CODE_MAX_CONTEXT_TOKENS", &models.window.to_string());
    put("CLAUDE_CODE_AUTO_COMPACT_WINDOW", &models.auto_compact.min(models.window).to_string());
    // Keeps `<id>[1m]` from meaning a million. With a larger window Claude Code complains at every
    // start that the limit is not enforced, and without the switch the window holds all the same.
    if models.auto_compact.min(models.window) <= 200_000 {
        put("CLAUDE_CODE_DISABLE_1M_CONTEXT", "1");
    }
    if let Some(limit) = models.max_output {
        put("CLAUDE_CODE_MAX_OUTPUT_TOKENS", &limit.to_string());
    }
}

fn with_loopback(lists: &[&str]) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    let theirs = lists.iter().flat_map(|list| list.split([',', ' '])).map(str::trim).filter(|host| !host.is_empty());
    for host in theirs.chain(LOOPBACK) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(",")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::launch) fn plan() -> Plan {
        Plan {
            base_url: "http://127.0.0.1:4711".to_owned(),
            token: Secret::new("session-token".to_owned()),
            witness: None,
            models: Models {
                main: "mcr/default".to_owned(),
                small: "mcr/background".to_owned(),
                label: "Devstral".to_owned(),
                small_label: "Ministral".to_owned(),
                window: 256_000,
                auto_compact: 200_000,
                max_output: None,
                behaves_as: None,
            },
            api_timeout: Duration::from_mins(10),
            non_interactive: false,
            status_line: None,
            secrets: vec!["MISTRAL_API_KEY".to_owned()],
            own: Own::default(),
        }
    }

    #[test]
    fn a_preset_changes_a_limit_and_adds_another() {
        let mut plan = plan();
        plan.own.environment =
            vec![("API_TIMEOUT_MS".to_owned(), "5".to_owned()), ("MAX_THINKING_TOKENS".to_owned(), "6".to_owned())];
        let environment = environment(&plan, &[]);
        assert_eq!(environment.get("API_TIMEOUT_MS"), Some("5"));
        assert_eq!(environment.get("MAX_THINKING_TOKENS"), Some("6"));
        assert_eq!(environment.set.iter().filter(|(name, _)| name == "API_TIMEOUT_MS").count(), 1);
    }

    #[test]
    fn aliases_mean_the_routes() {
        let environment = environment(&plan(), &[]);
        let model = |alias: &str| environment.get(&format!("ANTHROPIC_DEFAULT_{alias}_MODEL"));
        assert_eq!(
            [model("OPUS"), model("SONNET"), model("FABLE"), model("HAIKU")],
            [Some("mcr/default"), Some("mcr/default"), Some("mcr/default"), Some("mcr/background")]
        );
    }

    #[test]
    fn an_unknown_id_is_not_taken_for_a_window_of_a_million() {
        let environment = environment(&plan(), &[]);
        assert_eq!(environment.get("CLAUDE_CODE_MAX_CONTEXT_TOKENS"), Some("256000"));
        assert_eq!(environment.get("CLAUDE_CODE_AUTO_COMPACT_WINDOW"), Some("200000"));
        assert_eq!(environment.get("CLAUDE_CODE_DISABLE_1M_CONTEXT"), Some("1"));
    }

    #[test]
    fn a_window_above_the_limit_does_not_make_the_agent_complain() {
        let mut plan = plan();
        plan.models.auto_compact = 256_000;
        assert_eq!(environment(&plan, &[]).get("CLAUDE_CODE_DISABLE_1M_CONTEXT"), None);
    }

    #[test]
    fn the_users_proxy_exceptions_stay_and_loopback_joins_them() {
        assert_eq!(with_loopback(&[]), "127.0.0.1,localhost,::1");
        assert_eq!(with_loopback(&["corp.example, localhost", ".lan"]), "corp.example,localhost,.lan,127.0.0.1,::1");
    }

    #[test]
    fn with_a_witness_every_proxy_variable_leads_to_it_and_only_loopback_past_it() {
        let url = "http://mcr:t@127.0.0.1:4712";
        let environment =
            environment(&Plan { witness: Some(Secret::new(url.to_owned())), ..plan() }, &["corp.example"]);
        for name in PROXIES {
            assert_eq!(environment.get(name), Some(url), "{name}");
        }
        assert_eq!(environment.get("NO_PROXY"), Some("127.0.0.1,localhost,::1"));
        assert_eq!(environment.get("no_proxy"), environment.get("NO_PROXY"));
    }

    #[test]
    fn nothing_is_both_set_and_removed_and_nothing_is_set_twice() {
        let environment = environment(&plan(), &[]);
        for (index, (name, _)) in environment.set.iter().enumerate() {
            assert!(!environment.remove.contains(name), "{name}");
            assert!(environment.set[..index].iter().all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn the_providers_keys_are_taken_away() {
        assert!(environment(&plan(), &[]).remove.contains(&"MISTRAL_API_KEY".to_owned()));
    }

    #[test]
    fn a_machine_gets_no_colour_and_no_terminal() {
        let environment = environment(&Plan { non_interactive: true, ..plan() }, &[]);
        let get = |name| environment.get(name);
        assert_eq!(
            [get("CI"), get("FORCE_COLOR"), get("NODE_NO_READLINE"), get("TERM")],
            [Some("true"), Some("0"), Some("1"), Some("dumb")]
        );
    }
}
