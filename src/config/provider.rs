//! A provider, and a target: one of its models with everything a request needs to know.

use std::{sync::Arc, time::Duration};

use http::Uri;

use super::{BreakerRules, Dialect, SecretRef, Transformer, endpoint::CHAT_COMPLETIONS, local::is_local};
use crate::catalog::{self, Price};

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
    /// What people call it, for lists.
    pub description: Option<String>,
    /// Its share of a route that gives it none, above 0.
    pub weight: f64,
    /// Its own clocks.
    pub limits: Limits,
    /// When its models are left alone that go on failing; the same for all providers.
    pub breaker: BreakerRules,
}

/// What a provider may use up for one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Seconds for an answer that comes whole, in place of the `total` clock.
    pub whole: Option<Duration>,
    /// Seconds for a stream from its request to its end.
    pub stream: Option<Duration>,
    /// Tokens of prompt and answer together; a smaller window of the model holds all the same.
    pub tokens: Option<u64>,
}

impl Provider {
    /// A provider of which no more is configured than what it takes.
    pub fn new(name: String, dialect: Dialect, models: Vec<String>, connection: Result<Connection, Unset>) -> Self {
        let (limits, breaker) = (Limits::default(), BreakerRules::default());
        Self { name, dialect, models, connection, description: None, weight: 1.0, limits, breaker }
    }

    /// Whether it is on this machine or in this network; a provider whose address is not known is not.
    pub fn is_local(&self) -> bool {
        self.connection.as_ref().is_ok_and(Connection::is_local)
    }
}

/// What a provider can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The next message of a conversation: `/v1/chat/completions`.
    Chat,
    /// Vectors that stand for texts: `/v1/embeddings`.
    Embeddings,
    /// What stands between two pieces of code: `/v1/fim/completions`.
    Fim,
}

/// What it takes to speak to a provider.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The full chat completions endpoint.
    pub endpoint: Uri,
    /// Sent as `Authorization: Bearer`; absent when the configuration gives none. Where it only says where the
    /// key is, `keys::Resolver` looks for it when a request needs it.
    pub key: Option<SecretRef>,
}

impl Connection {
    /// The host, for logs and error texts.
    pub fn host(&self) -> &str {
        self.endpoint.host().unwrap_or_default()
    }

    /// Where a kind of question is asked: beside the endpoint.
    pub fn uri(&self, endpoint: Endpoint) -> Uri {
        match endpoint {
            Endpoint::Chat => self.endpoint.clone(),
            Endpoint::Embeddings => self.beside("/embeddings"),
            Endpoint::Fim => self.beside("/fim/completions"),
        }
    }

    /// Where its models are listed: beside the endpoint.
    pub fn models(&self) -> Uri {
        self.beside("/models")
    }

    fn beside(&self, other: &str) -> Uri {
        let path = self.endpoint.path();
        let base = path.strip_suffix(CHAT_COMPLETIONS).unwrap_or(path);
        let query = self.endpoint.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = self.endpoint.clone().into_parts();
        // Made of what was a path and a query before.
        parts.path_and_query = format!("{base}{other}{query}").parse().ok();
        Uri::from_parts(parts).unwrap_or_else(|_| self.endpoint.clone())
    }

    /// Whether it is `localhost`, or a loopback or private address.
    ///
    /// Names other than `localhost` are not looked up: what they resolve to may change.
    pub fn is_local(&self) -> bool {
        is_local(self.host())
    }
}

/// An environment variable that the configuration names and that is unset or empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {}", self.mend())]
pub struct Unset {
    /// The variable's name.
    pub variable: String,
    /// The value that it stands in (`Providers[0].api_key`); not the file, since the agent gets to see this.
    pub path: String,
}

impl Unset {
    /// What is wrong and the command that mends it, without the place.
    pub fn mend(&self) -> String {
        let variable = &self.variable;
        format!("environment variable `{variable}` is unset or empty; run `export {variable}=...` and start again")
    }
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
    /// What it costs: by the configuration, else by the catalogue; absent where that is not known.
    pub pricing: Option<Price>,
}

impl Target {
    /// `provider,model`, the form of the configuration.
    pub fn name(&self) -> String {
        format!("{},{}", self.provider.name, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_else_is_beside_the_endpoint_too() {
        let connection =
            Connection { endpoint: "https://x.example/v1/chat/completions?v=1".parse().unwrap(), key: None };
        let uris = [Endpoint::Chat, Endpoint::Embeddings, Endpoint::Fim].map(|it| connection.uri(it).to_string());
        let expected = ["chat/completions", "embeddings", "fim/completions"];
        assert_eq!(uris, expected.map(|path| format!("https://x.example/v1/{path}?v=1")));
    }

    #[test]
    fn models_are_listed_beside_the_endpoint() {
        for (endpoint, models) in [
            ("https://x.example/v1/chat/completions", "https://x.example/v1/models"),
            ("https://x.example/chat/completions?v=1", "https://x.example/models?v=1"),
        ] {
            let connection = Connection { endpoint: endpoint.parse().unwrap(), key: None };
            assert_eq!(connection.models(), models);
        }
    }
}
