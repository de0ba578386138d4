//! From a text to a configuration, with everything that is wrong with it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    Config, Document, Environment, Origin, Problems, Scenario, Severity, Target, interpolate,
    providing::{self, NO_PROVIDER, Providing},
    reader::{Node, Reader},
    routing::{self, Known},
    scalars, transforming,
};

const KEYS: [&str; 20] = [
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
    let Document { mut value, file, places } = document;
    let strings = interpolate::document(&mut value, environment);
    let mut reader = Reader::new(&file, places, strings, environment);
    let root = Node { value: &value, path: String::new() };
    let config = reader.object(&root).and_then(|_| whole(&mut reader, &root, &file));
    let mut problems = std::mem::take(&mut reader.problems);
    problems.sort_by_key(|problem| problem.position);
    match config {
        Some(mut config) if problems.iter().all(|problem| problem.severity == Severity::Warning) => {
            config.warnings = problems;
            config.settings = reader.settings;
            Ok(config)
        }
        _ => Err(Problems(problems)),
    }
}

fn whole(reader: &mut Reader, root: &Node<'_>, file_name: &str) -> Option<Config> {
    reader.check_keys(root, &KEYS, &IDLE_KEYS);
    let Providing { providers, targets, unset } =
        if let Some(node) = scalars::either(reader, root, &["Providers", "providers"]) {
            providing::providers(reader, &node)
        } else {
            reader.error(root, NO_PROVIDER);
            Providing::default()
        };
    if let Some(node) = root.get("transformers") {
        transforming::plugins(reader, &node);
    }
    let known = Known { providers: &providers, targets: &targets };
    let routes = routing::router(reader, root, &known);
    let fallback = root.get("fallback").map(|node| routing::fallback(reader, &node, &known)).unwrap_or_default();
    let port = scalars::number(reader, root, "PORT", 3456, 1..=65_535);
    let api_timeout = scalars::milliseconds(reader, root, "API_TIMEOUT_MS", Duration::from_mins(10));
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
        status_line: scalars::status_line(reader, root),
        rewrite_system_prompt: scalars::file(reader, root, "REWRITE_SYSTEM_PROMPT"),
        clocks: scalars::clocks(reader, root, api_timeout),
        // Last, so that what stands above has been read, and its problems noted, when there is no route.
        routes: routes?,
        fallback,
        providers,
        targets,
        warnings: Vec::new(),
        unset: Vec::new(),
        settings: Vec::new(),
    };
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
