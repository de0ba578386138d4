//! Targets and requests for tests.

use std::sync::Arc;

use crate::catalog::{Effort, Model, Tokenizer};
use crate::config::{Connection, Dialect, Provider, Target};
use crate::wire::anthropic::MessagesRequest;

/// A reasoning model with eyes.
pub(crate) fn model() -> Model {
    Model {
        vision: true,
        tool_result_images: true,
        reasoning: vec![Effort::None, Effort::High],
        tokenizer: Tokenizer::TekkenV15,
        window: 100_000,
        ..Model::unknown("test-model")
    }
}

/// A target of Mistral's dialect.
pub(crate) fn target_with(facts: Model) -> Target {
    dialect_target(Dialect::Mistral, facts)
}

/// A target of any dialect.
pub(crate) fn dialect_target(dialect: Dialect, facts: Model) -> Target {
    let endpoint = "http://127.0.0.1:1/v1/chat/completions".parse().unwrap();
    let connection = Ok(Connection { endpoint, key: None });
    let provider = Provider::new("mistral".to_owned(), dialect, vec![facts.id.clone()], connection);
    Target {
        provider: Arc::new(provider),
        model: facts.id.clone(),
        facts,
        transformers: Vec::new(),
        pricing: None,
        listed: Vec::new(),
    }
}

/// A request from its JSON.
pub(crate) fn request(body: &str) -> MessagesRequest<'_> {
    serde_json::from_str(body).unwrap()
}
