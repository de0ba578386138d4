//! A provider, and a target: one of its models with everything a request needs to know.

use std::sync::Arc;

use http::Uri;

use super::{Dialect, Secret, Transformer};
use crate::catalog;

/// A provider as configured.
#[derive(Debug)]
pub struct Provider {
    /// The name that routes use.
    pub name: String,
    /// Whose rules apply.
    pub dialect: Dialect,
    /// The ids that routes may name, as written.
    pub models: Vec<String>,
    /// Where it is and what opens it; an unset variable is an error only when the provider is used.
    pub connection: Result<Connection, Unset>,
}

/// What it takes to speak to a provider.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The full chat completions endpoint.
    pub endpoint: Uri,
    /// Sent as `Authorization: Bearer`; absent when the configuration gives none.
    pub key: Option<Secret>,
}

impl Connection {
    /// The host, for logs and error texts.
    pub fn host(&self) -> &str {
        self.endpoint.host().unwrap_or_default()
    }
}

/// An environment variable that the configuration names and that is unset or empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: environment variable `{variable}` is unset or empty; run `export {variable}=...` and start again")]
pub struct Unset {
    /// The variable's name.
    pub variable: String,
    /// Where the configuration names it: `file:line:column: path`.
    pub place: String,
}

/// One model of one provider, with what is known of it and what is to be done to its requests.
#[derive(Debug, Clone)]
pub struct Target {
    /// Who serves it.
    pub provider: Arc<Provider>,
    /// The id that is sent.
    pub model: String,
    /// Window, capabilities, tokenizer; from the catalogue, or [`catalog::Model::unknown`], with the provider's overrides.
    pub facts: catalog::Model,
    /// Configured transformers in the order in which they apply.
    pub transformers: Vec<Transformer>,
}

impl Target {
    /// `provider,model`, the form of the configuration.
    pub fn name(&self) -> String {
        format!("{},{}", self.provider.name, self.model)
    }
}
