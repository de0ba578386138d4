//! The guide's own presets, which claude-code-router 2.0.0 installs and does not run.

use std::collections::BTreeMap;

use serde_json::json;

use super::{answered, read};
use crate::config::{self, Scenario};

const CLOUD: &str = include_str!("../../../tests/fixtures/guide/mistral-cloud/manifest.json");
const OLLAMA: &str = include_str!("../../../tests/fixtures/guide/mistral-ollama/manifest.json");
const LM_STUDIO: &str = include_str!("../../../tests/fixtures/guide/mistral-lm-studio/manifest.json");

#[test]
fn the_cloud_preset_gets_its_key_and_not_the_placeholder_as_in_ccr() {
    let manifest = read(CLOUD);
    let references = BTreeMap::from([("apiKey".to_owned(), "env:KEY".to_owned())]);
    let document = answered(&manifest, json!({}), &["apiKey"]).document(&references);
    let config = config::read_document(document, &|name| (name == "KEY").then(|| "sk-1".to_owned())).unwrap();
    let connection = config.providers[0].connection.as_ref().unwrap();
    let Some(config::SecretRef::Value(key)) = &connection.key else { panic!("{connection:?}") };
    assert_eq!(key.expose(), "sk-1");
    let route = |scenario| config.routes.get(scenario).map(|target| target.model.clone());
    let routes = [Scenario::Default, Scenario::Background, Scenario::Think, Scenario::LongContext].map(route);
    let models = ["devstral-latest", "mistral-small-latest", "mistral-large-latest", "mistral-large-latest"];
    assert_eq!(routes, models.map(|model| Some(model.to_owned())));
}

#[test]
fn the_local_presets_need_no_answer() {
    for (text, host) in [
        (OLLAMA, "http://localhost:11434/v1/chat/completions"),
        (LM_STUDIO, "http://localhost:1234/v1/chat/completions"),
    ] {
        let manifest = read(text);
        assert_eq!(manifest.questions.len(), 0);
        let document = answered(&manifest, json!({}), &[]).document(&BTreeMap::new());
        let config = config::read_document(document, &|_| None).unwrap();
        assert_eq!(config.providers[0].connection.as_ref().unwrap().endpoint.to_string(), host);
        assert_eq!(config.routes.background.as_ref().unwrap().name(), config.routes.default.name());
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
}
