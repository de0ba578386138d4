//! The routes: a line each, or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::config::{Config, Scenario};

/// A line for each of these routes.
pub(super) fn lines(config: &Config, routes: &[Scenario]) -> String {
    let width = Scenario::ALL.iter().map(|route| route.as_str().len()).max().unwrap_or(0);
    routes.iter().fold(String::new(), |mut text, route| {
        let target = config.routes.names(*route).unwrap_or_else(|| "-".to_owned());
        let several = config.routes.balance(*route).is_some();
        let described = config.routes.get(*route).filter(|_| !several).and_then(|it| it.provider.description.as_ref());
        let words = described.map(|words| format!("  ({words})")).unwrap_or_default();
        let _ = writeln!(text, "{:width$}  {target}{words}", route.as_str());
        text
    })
}

/// All routes, and what they may lead to.
pub(super) fn json(config: &Config) -> String {
    let target = |route: &Scenario| config.routes.get(*route).map(|target| target.name());
    let routes: Map<String, Value> =
        Scenario::ALL.iter().map(|route| (route.as_str().to_owned(), json!(target(route)))).collect();
    let models: Vec<String> = config.targets.iter().map(|target| target.name()).collect();
    let described = config.providers.iter().filter_map(|it| Some((it.name.clone(), json!(it.description.as_ref()?))));
    let described: Map<String, Value> = described.collect();
    let value = json!({
        "file": config.origin.to_string(),
        "routes": routes,
        "longContextThreshold": config.routes.long_context_threshold,
        "models": models,
        "descriptions": described,
    });
    format!("{value:#}\n")
}
