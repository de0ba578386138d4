//! Requests and configurations, as small as they can be.

use serde_json::{Value, json};

/// The model that the tests' only provider has.
pub const MODEL: &str = "mistral-medium-3-5";

/// What `x-mcr-route` and the log never show of a provider.
pub const KEY: &str = "sk-upstream-0123456789";

/// Asks for a stream.
pub fn ask(words: &str) -> Value {
    json!({
        "model": "claude-opus-4-8",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": words}],
        "stream": true,
    })
}

/// The same request for an answer in one piece.
pub fn whole(mut request: Value) -> Value {
    request["stream"] = json!(false);
    request
}

/// One provider with one model, at this address.
pub fn config(url: &str) -> Value {
    json!({
        "Providers": [provider("mistral", url, MODEL)],
        "Router": {"default": format!("mistral,{MODEL}")},
        // What fails once shall be seen to fail; `retry` tests the rest.
        "Retry": {"attempts": 1},
    })
}

/// A provider with one model.
pub fn provider(name: &str, url: &str, model: &str) -> Value {
    json!({"name": name, "api_base_url": url, "api_key": KEY, "models": [model]})
}
