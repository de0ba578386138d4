//! A provider, and a target: one of its models with everything a request needs to know.

use std::{sync::Arc, time::Duration};

use http::Uri;

use super::{
    BreakerRules, Capacity, Dialect, HealthProbe, Place, SecretRef, Transformer, endpoint::CHAT_COMPLETIONS,
    local::is_local,
};
use crate::catalog::{self, Costs, Currency, Price};

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
    /// How much each of its targets may be asked for.
    pub capacity: Capacity,
    /// How it is asked for a sign of life.
    pub health_probe: HealthProbe,
    /// The variable that its key comes from, where the configuration names one.
    pub key_variable: Option<String>,
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
        let is_local = connection.as_ref().is_ok_and(Connection::is_local);
        Self {
            name,
            dialect,
            models,
            connection,
            description: None,
            weight: 1.0,
            limits: Limits::default(),
            breaker: BreakerRules::default(),
            capacity: Capacity::usual(dialect, is_local),
            health_probe: HealthProbe::default(),
            key_variable: None,
        }
    }

    /// Whether it is on this machine or in this network; a provider whose address is not known is not.
    pub fn is_local(&self) -> bool {
        self.connection.as_ref().is_ok_and(Connection::is_local)
    }

    /// How another key is put in the place of the one it has.
    pub fn mend_key(&self) -> String {
        let key = self.connection.as_ref().ok().and_then(|connection| connection.key.as_ref());
        let host = self.connection.as_ref().map_or("", Connection::host);
        match (key, &self.key_variable) {
            (Some(SecretRef::Elsewhere(reference)), _) => match reference.place() {
                Place::Stored(name) => format!("run `mcr key set {name} --host {host}`"),
                Place::Variable(name) => format!("run `export {name}=...` and start again"),
                Place::File(_) | Place::HomeFile(_) => "put another into the file that its `api_key` names".to_owned(),
                Place::Command { .. } => "have the program that its `api_key` names print another".to_owned(),
            },
            (Some(SecretRef::Value(_)), Some(variable)) => format!("run `export {variable}=...` and start again"),
            (Some(SecretRef::Value(_)), None) => "correct its `api_key`".to_owned(),
            (None, _) => "give it an `api_key`".to_owned(),
        }
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

    /// Where a server of this dialect gives a sign of life that costs nothing.
    ///
    /// Ollama's lists of models look into every file; a hosted service's says that the key is good, too.
    pub fn sign_of_life(&self, dialect: Dialect) -> Uri {
        match dialect {
            Dialect::Ollama => self.beside_v1("/api/version"),
            Dialect::Vllm | Dialect::LlamaCpp => self.beside_v1("/health"),
            Dialect::Mistral | Dialect::OpenAi | Dialect::LmStudio | Dialect::Infomaniak | Dialect::Ionos => {
                self.models()
            }
        }
    }

    /// A path of the server's own, beside `/v1`.
    fn beside_v1(&self, path: &str) -> Uri {
        let base = self.endpoint.path();
        let base = base.strip_suffix(CHAT_COMPLETIONS).unwrap_or(base);
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let mut parts = self.endpoint.clone().into_parts();
        parts.path_and_query = format!("{base}{path}").parse().ok();
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
    /// What the catalogue says that it costs, where the configuration says something else.
    pub listed: Vec<Price>,
}

impl Target {
    /// What budgets count for so many tokens; `cached` is a part of `input`. Nothing where no price is known.
    ///
    /// Where the configuration's price is another's word (`strict`), the catalogue's counts, too, in its currencies.
    pub fn charge(&self, strict: bool, input: u64, cached: u64, output: u64) -> Costs {
        let listed = self.listed.iter().filter(|_| strict);
        let costs = self.pricing.iter().chain(listed).map(|price| price.cost(input, cached, output).into());
        costs.fold(Costs::default(), Costs::dearer)
    }

    /// Whether a limit in this currency sees what it costs, by the price that [`Self::charge`] counts.
    pub fn is_seen(&self, strict: bool, currency: Currency) -> bool {
        let is_listed = strict && self.listed.iter().any(|price| price.currency == currency);
        is_listed || self.pricing.is_some_and(|price| price.is_free() || price.currency == currency)
    }

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

    #[test]
    fn each_server_gives_a_sign_of_life_where_it_costs_nothing() {
        for (dialect, endpoint, expect) in [
            (Dialect::Mistral, "https://api.x.example/v1/chat/completions", "https://api.x.example/v1/models"),
            (Dialect::LmStudio, "http://localhost:1234/v1/chat/completions", "http://localhost:1234/v1/models"),
            (Dialect::Ollama, "http://localhost:11434/v1/chat/completions", "http://localhost:11434/api/version"),
            (Dialect::Vllm, "http://localhost:8000/v1/chat/completions", "http://localhost:8000/health"),
            (
                Dialect::LlamaCpp,
                "http://localhost:8080/llm/v1/chat/completions?a=b",
                "http://localhost:8080/llm/health",
            ),
        ] {
            let connection = Connection { endpoint: endpoint.parse().unwrap(), key: None };
            assert_eq!(connection.sign_of_life(dialect), expect, "{endpoint}");
        }
    }

    #[test]
    fn another_key_is_put_where_the_one_was() {
        let mend = |key: &str| {
            let text = format!(
                "{{Providers: [{{name: 'p', api_base_url: 'https://x.example/v1', models: ['m'], api_key: '{key}'}}]}}"
            );
            let config = crate::config::read(&text, "c.json", &|_| Some("sk".to_owned())).unwrap();
            config.providers[0].mend_key()
        };
        assert_eq!(mend("store:k"), "run `mcr key set k --host x.example`");
        for key in ["env:NAME", "$NAME"] {
            assert_eq!(mend(key), "run `export NAME=...` and start again");
        }
        assert_eq!(mend("file:key"), "put another into the file that its `api_key` names");
        assert_eq!(mend("cmd:pass p"), "have the program that its `api_key` names print another");
        assert_eq!(mend("sk-1"), "correct its `api_key`");
        assert_eq!(mend(""), "give it an `api_key`");
    }
}
