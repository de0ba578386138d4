//! `GET /v1/models`, in the shape that Claude Code's gateway discovery reads.

use http::Response;
use serde_json::{Value, json};

use super::body::Body;
use crate::config::Config;
use crate::route::LISTED;

/// Lists the configured models.
///
/// Claude Code shows only ids that begin with `claude` or `anthropic`, so they begin
/// with [`LISTED`], which routing takes off again.
pub(super) fn list(config: &Config) -> Response<Body> {
    let data: Vec<Value> = config
        .targets
        .iter()
        .map(|target| {
            let (provider, model) = (&target.provider.name, &target.model);
            json!({
                "type": "model",
                "id": format!("{LISTED}{provider}/{model}"),
                "display_name": format!("{model} ({provider})"),
                "created_at": "1970-01-01T00:00:00Z",
                "max_input_tokens": target.facts.window,
            })
        })
        .collect();
    let edge = |model: Option<&Value>| model.map_or(Value::Null, |model| model["id"].clone());
    super::json(&json!({
        "first_id": edge(data.first()), "last_id": edge(data.last()), "has_more": false, "data": data,
    }))
}
