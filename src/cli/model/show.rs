//! The routes: a line each, or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::config::{Config, Scenario};

/// A line for each of these routes.
pub(super) fn lines(config: &Config, routes: &[Scenario]) -> String {
    let width = Scenario::ALL.iter().map(|route| route.as_str().len()).max().unwrap_or(0);
    routes.iter().fold(String::new(), |mut text, route| {
        let target = config.routes.names(*route).unwrap_or_else(|| "-".to_owned());
        let _ = writeln!(text, "{:width$}  {target}", route.as_str());
        text
    })
}

/// All routes, and what they may lead to.
pub(super) fn json(config: &Config) -> String {
    let target = |route: &Scenario| config.routes.get(*route).map(|target| target.name());
    let routes: Map<String, Value> =
        Scenario::ALL.iter().map(|route| (route.as_str().to_owned(), json!(target(route)))).collect();
    let models: Vec<String> = config.targets.iter().map(|target| target.name()).collect();
    let value = json!({
        "file": config.origin.to_string(),
        "routes": routes,
        "longContextThreshold": config.routes.long_context_threshold,
        "models": models,
    });
    format!("{value:#}\n")
}
