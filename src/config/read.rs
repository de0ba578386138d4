//! From a text to a configuration, with everything that is wrong with it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Config, Document, Environment, Files, Origin, Problem, Problems, Scenario, Severity, StatusLine, Target,
    audit_rules, budgeting, egress_rules, interpolate,
    providing::{self, NO_PROVIDER, Providing},
    reader::{Node, Reader},
    resilience,
    routing::{self, Known},
    scalars, styling, transforming,
};

const KEYS: [&str; 25] = [
    "PORT",
    "HOST",
    "APIKEY",
    "PROXY_URL",
    "HTTPS_PROXY",
    "https_proxy",
    "httpsProxy",
    "LOG",
    "LOG_LEVEL",
    "API_TIMEOUT_MS",
    "NON_INTERACTIVE_MODE",
    "CLAUDE_PATH",
    "Providers",
    "providers",
    "transformers",
    "Router",
    "fallback",
    "StatusLine",
    "REWRITE_SYSTEM_PROMPT",
    "Clocks",
    "Retry",
    "Breaker",
    "Budget",
    "Egress",
    "Audit",
];

/// Keys that claude-code-router acts on, or once did, and mcr does not.
const IDLE_KEYS: [&str; 8] = [
    "CUSTOM_ROUTER_PATH",
    "forceUseImageAgent",
    "plugins",
    "Plugins",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "log",
];

/// Reads a configuration; knows no file and no environment but the one it is given.
///
/// # Errors
/// Fails with all problems at once, at least one of them an error.
pub fn read(text: &str, file_name: &str, environment: Environment<'_>) -> Result<Config, Problems> {
    read_document(Document::parse(text, file_name)?, environment)
}

/// Reads a configuration that has been made from a document.
///
/// # Errors
/// As [`read`] does.
pub fn read_document(document: Document, environment: Environment<'_>) -> Result<Config, Problems> {
    read_with(document, environment, None)
}

/// The same, with a way to the files that the configuration names; without one they are not read.
pub(super) fn read_with(
    document: Document,
    environment: Environment<'_>,
    files: Option<Files<'_>>,
) -> Result<Config, Problems> {
    let Document { mut value, file, places } = document;
    let strings = interpolate::document(&mut value, environment);
    let mut reader = Reader::new(&file, places, strings, environment);
    let root = Node { value: &value, path: String::new() };
    let config = reader.object(&root).and_then(|_| whole(&mut reader, &root, &file, files));
    let mut problems = std::mem::take(&mut reader.problems);
    problems.sort_by_key(|problem| problem.position);
    match config {
        Some(mut config) if is_harmless(&problems) => {
            config.warnings = problems;
            config.settings = reader.settings;
            Ok(config)
        }
        _ => Err(Problems(problems)),
    }
}

/// Reads the status line alone, of a configuration or of a preset's manifest; absent when the text has none.
///
/// What else is wrong with the text is no reason to draw nothing: the agent's environment
/// lacks the keys that providers need.
///
/// # Errors
/// Fails when the text is no JSON5, and when `StatusLine` has errors, with all of them.
pub fn read_status_line(
    text: &str,
    file_name: &str,
    environment: Environment<'_>,
) -> Result<Option<StatusLine>, Problems> {
    let Document { mut value, file, places } = Document::parse(text, file_name)?;
    let strings = interpolate::document(&mut value, environment);
    let mut reader = Reader::new(&file, places, strings, environment);
    let root = Node { value: &value, path: String::new() };
    // A manifest with a template is nothing but that.
    let root = root.get("template").filter(|template| template.value.is_object()).unwrap_or(root);
    if root.get("StatusLine").is_none() {
        return Ok(None);
    }
    // Keys that stand twice elsewhere were noted before.
    reader.problems.clear();
    let line = styling::status_line(&mut reader, &root);
    if is_harmless(&reader.problems) { Ok(Some(line)) } else { Err(Problems(reader.problems)) }
}

fn is_harmless(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.severity == Severity::Warning)
}

fn whole(reader: &mut Reader, root: &Node<'_>, file_name: &str, files: Option<Files<'_>>) -> Option<Config> {
    reader.check_keys(root, &KEYS, &IDLE_KEYS);
    let breaker = resilience::breaker(reader, root);
    // Providers need it, and it is shown behind them.
    let shown = std::mem::take(&mut reader.settings);
    let Providing { providers, targets, unset } =
        if let Some(node) = scalars::either(reader, root, &["Providers", "providers"]) {
            providing::providers(reader, &node, breaker)
        } else {
            reader.error(root, NO_PROVIDER);
            Providing::default()
        };
    if let Some(node) = root.get("transformers") {
        transforming::plugins(reader, &node);
    }
    let known = Known { providers: &providers, targets: &targets };
    let routes = routing::router(reader, root, &known);
    let mut fallback = root.get("fallback").map(|node| routing::fallback(reader, &node, &known)).unwrap_or_default();
    if let Some(routes) = &routes {
        fallback.begin_with(routes);
    }
    let budgets = budgeting::budgets(reader, root, &known);
    let port = scalars::number(reader, root, "PORT", 3456, 1..=65_535);
    let api_timeout = scalars::milliseconds(reader, root, "API_TIMEOUT_MS", Duration::from_mins(10));
    let (rewrite_system_prompt, system_head) = scalars::prompt(reader, root, files);
    let mut config = Config {
        origin: Origin::File(PathBuf::from(file_name)),
        host: scalars::host(reader, root),
        port: u16::try_from(port).unwrap_or_default(),
        apikey: scalars::apikey(reader, root),
        proxy_url: scalars::proxy(reader, root),
        log: scalars::boolean(reader, root, "LOG", true),
        log_level: scalars::log_level(reader, root),
        api_timeout,
        non_interactive: scalars::boolean(reader, root, "NON_INTERACTIVE_MODE", false),
        claude_path: scalars::file(reader, root, "CLAUDE_PATH"),
        status_line: styling::status_line(reader, root),
        rewrite_system_prompt,
        system_head,
        clocks: scalars::clocks(reader, root, api_timeout),
        attempts: resilience::attempts(reader, root),
        budgets: Arc::new(budgets),
        egress: egress_rules::egress_rules(reader, root, &providers),
        narrowings: Vec::new(),
        audit: audit_rules::audit_rules(reader, root),
        // Last, so that what stands above has been read, and its problems noted, when there is no route.
        routes: routes?,
        fallback,
        providers,
        targets,
        warnings: Vec::new(),
        unset: Vec::new(),
        settings: Vec::new(),
    };
    reader.settings.extend(shown);
    for (name, mut problem) in unset {
        let is_routed =
            |scenario| config.routes.get(scenario).is_some_and(|target: &Arc<Target>| target.provider.name == name);
        if Scenario::ALL.into_iter().any(is_routed) {
            problem.severity = Severity::Error;
        }
        config.unset.push(problem);
    }
    Some(config)
}
