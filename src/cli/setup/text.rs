//! The configuration that follows from the answers, with words for whoever reads it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cloud::{ADDRESS, Cloud};
use super::local::Local;
use crate::catalog::BUILT_IN_CONFIG;
use crate::config::Document;

const NAME: &str = "mistral";
/// The keys of `Router` that name a model.
const ROUTES: [&str; 4] = ["default", "background", "think", "longContext"];

/// The model that leads the conversation where nobody chose.
pub(super) fn usual_model() -> String {
    route("default").unwrap_or_default()
}

/// Writes the configuration; at least one of the two is there.
pub(super) fn configuration(cloud: Option<&Cloud>, local: Option<&Local>) -> String {
    let mut text =
        "// Made by `mcr setup`. `mcr config check` says whether an edit of it can be used.\n{\n  \"Providers\": [\n"
            .to_owned();
    let routes = cloud.map(routes).unwrap_or_default();
    if let Some(cloud) = cloud {
        let mut models: Vec<&str> = routes.iter().map(|(_, model)| model.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        let _ = write!(
            text,
            "    {{\n      \"name\": {},\n      // The global endpoint promises no place; this one promises the EU and EFTA.\n      \
             \"api_base_url\": {},\n      \"api_key\": {},\n      \"models\": {},\n    }},\n",
            json!(NAME),
            json!(ADDRESS),
            json!(cloud.key.written()),
            list(&models),
        );
    }
    if let Some(Local { name, address, model, window }) = local {
        let _ = write!(
            text,
            "    {{\n      \"name\": {},\n      \"api_base_url\": {},\n      \"models\": {},\n      \
             // What the server gives the model, which may be less than it could take.\n      \
             \"facts\": {},\n    }},\n",
            json!(name),
            json!(address),
            list(&[model]),
            format_args!("{{ {}: {{ \"window\": {window} }} }}", json!(model)),
        );
    }
    text.push_str("  ],\n  \"Router\": {\n");
    let of_machine = local.map(|local| format!("{},{}", local.name, local.model));
    for name in ROUTES {
        let of_cloud = routes.iter().find(|(route, _)| *route == name).map(|(_, model)| format!("{NAME},{model}"));
        let target = match (name, &of_cloud, &of_machine) {
            // Where both are there, the machine takes what need not be quick or clever.
            ("background", _, Some(machine)) | ("default", None, Some(machine)) => Some(machine),
            (_, of_cloud, _) => of_cloud.as_ref(),
        };
        if let Some(target) = target {
            let _ = writeln!(text, "    {}: {},", json!(name), json!(target));
        }
    }
    if let Some(threshold) = built_in().pointer("/Router/longContextThreshold").filter(|_| cloud.is_some()) {
        let _ = writeln!(text, "    \"longContextThreshold\": {threshold},");
    }
    text.push_str("  },\n  \"StatusLine\": { \"enabled\": true },\n}\n");
    text
}

/// A list on one line, as people write it.
fn list(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| json!(item).to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// The built-in routes, as far as the endpoint has their models, with the chosen model in the lead.
fn routes(cloud: &Cloud) -> Vec<(&'static str, String)> {
    let usual = usual_model();
    let lead = cloud.model.clone().unwrap_or_else(|| usual.clone());
    let has = |model: &str| cloud.reported.is_empty() || cloud.reported.iter().any(|id| id == model);
    let of = |name: &str| match route(name) {
        Some(model) if model != usual && has(&model) => model,
        Some(_) | None => lead.clone(),
    };
    ROUTES.into_iter().map(|name| (name, of(name))).collect()
}

/// The model of a route of the built-in configuration.
fn route(name: &str) -> Option<String> {
    let target = built_in().pointer(&format!("/Router/{name}"))?.as_str()?.to_owned();
    Some(target.split_once(',')?.1.to_owned())
}

fn built_in() -> Value {
    Document::parse(BUILT_IN_CONFIG, "built-in").map(|document| document.value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::cloud::WhereKey;
    use super::*;
    use crate::config::{KeyName, read};

    fn cloud(model: Option<&str>, reported: &[&str]) -> Cloud {
        let reported = reported.iter().map(|id| (*id).to_owned()).collect();
        Cloud { key: WhereKey::Stored(KeyName::parse("mistral").unwrap()), model: model.map(str::to_owned), reported }
    }

    fn local() -> Local {
        Local {
            name: "ollama".to_owned(),
            address: "http://localhost:11434/v1".to_owned(),
            model: "devstral-small:latest".to_owned(),
            window: 65_536,
        }
    }

    /// Every text can be used as it is.
    fn check(cloud: Option<&Cloud>, local: Option<&Local>) -> String {
        let text = configuration(cloud, local);
        let config = read(&text, "config.json", &|_| None).expect("a configuration");
        assert_eq!(config.warnings, []);
        text
    }

    #[test]
    fn the_machine_alone_serves_everything() {
        assert_snapshot!(check(None, Some(&local())), @r#"
        // Made by `mcr setup`. `mcr config check` says whether an edit of it can be used.
        {
          "Providers": [
            {
              "name": "ollama",
              "api_base_url": "http://localhost:11434/v1",
              "models": ["devstral-small:latest"],
              // What the server gives the model, which may be less than it could take.
              "facts": { "devstral-small:latest": { "window": 65536 } },
            },
          ],
          "Router": {
            "default": "ollama,devstral-small:latest",
            "background": "ollama,devstral-small:latest",
          },
          "StatusLine": { "enabled": true },
        }
        "#);
    }

    #[test]
    fn with_both_the_machine_has_the_background() {
        assert_snapshot!(check(Some(&cloud(None, &[])), Some(&local())), @r#"
        // Made by `mcr setup`. `mcr config check` says whether an edit of it can be used.
        {
          "Providers": [
            {
              "name": "mistral",
              // The global endpoint promises no place; this one promises the EU and EFTA.
              "api_base_url": "https://api.eu.mistral.ai/v1",
              "api_key": "store:mistral",
              "models": ["mistral-large-4", "mistral-medium-3-5", "mistral-small-2603"],
            },
            {
              "name": "ollama",
              "api_base_url": "http://localhost:11434/v1",
              "models": ["devstral-small:latest"],
              // What the server gives the model, which may be less than it could take.
              "facts": { "devstral-small:latest": { "window": 65536 } },
            },
          ],
          "Router": {
            "default": "mistral,mistral-medium-3-5",
            "background": "ollama,devstral-small:latest",
            "think": "mistral,mistral-medium-3-5",
            "longContext": "mistral,mistral-large-4",
            "longContextThreshold": 200000,
          },
          "StatusLine": { "enabled": true },
        }
        "#);
    }

    #[test]
    fn a_route_whose_model_the_endpoint_does_not_have_goes_to_the_chosen_one() {
        let text = check(Some(&cloud(Some("mistral-next"), &["mistral-next", "mistral-small-2603"])), None);
        let routes: Vec<&str> = text.lines().skip_while(|line| !line.contains("Router")).skip(1).take(4).collect();
        assert_eq!(
            routes,
            [
                r#"    "default": "mistral,mistral-next","#,
                r#"    "background": "mistral,mistral-small-2603","#,
                r#"    "think": "mistral,mistral-next","#,
                r#"    "longContext": "mistral,mistral-next","#,
            ]
        );
    }
}
