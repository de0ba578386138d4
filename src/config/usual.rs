//! A provider in the usual words, whichever of its keys' names were used, for those who judge texts that are no
//! configuration yet: presets.

use serde_json::{Map, Value, json};

use super::{
    endpoint,
    target_keys::{called, split},
};
use crate::catalog;

/// Returns a provider with the usual names of its keys, and with what is known of it, as far as that can be told.
pub fn usual(provider: &Map<String, Value>) -> Map<String, Value> {
    let mut usual = provider.clone();
    let (name, model) = provider.get("provider").and_then(Value::as_str).and_then(split).unwrap_or_default();
    let known = catalog::provider(name);
    let text = |key: &str| provider.get(key).filter(|value| !value.is_null()).cloned();
    let address = text("api_base_url").or_else(|| text("base_url"));
    let host = |address: &Value| Some(endpoint::parse(address.as_str()?).ok()?.host()?.to_owned());
    let goes_home = address.as_ref().is_none_or(|address| {
        let host = host(address);
        known.zip(host).is_some_and(|(known, host)| known.owns(&host))
    });
    let variable = provider.get("secret_key_ref").and_then(|reference| reference.get("env")?.as_str());
    let variable = variable.or_else(|| known?.key.as_deref().filter(|_| goes_home));
    let values = [
        ("name", text("id")),
        ("api_base_url", address.or_else(|| Some(json!(known?.base_url.as_ref()?)))),
        ("api_key", variable.map(|name| json!(format!("${{{name}}}")))),
        ("models", text("model").or_else(|| model.map(Value::from)).map(|model| json!([model]))),
        ("dialect", text("provider_type").or_else(|| Some(json!(called(name)?.as_str())))),
    ];
    for (key, value) in values {
        if let Some(value) = value.filter(|_| text(key).is_none()) {
            usual.insert(key.to_owned(), value);
        }
    }
    usual
}
