//! What is known of models and of the hosts that serve them: data with a date and a source, and its types.
//!
//! `models.json`, `dialects.json`, `hosts.json`, `providers.json`, `prices.json`, `facts.json` and `vendor.json` are the
//! data; ids of models stand there and nowhere in code.

mod dialects;
mod facts;
mod fingerprint;
mod hosts;
mod overlay;
mod price;
mod providers;
mod standing;
mod vendor;

use std::sync::LazyLock;

use serde::Deserialize;

#[cfg(test)]
pub(crate) use dialects::known_dialects;
pub use dialects::{Quirks, dialect_of, quirks};
pub use facts::{Confidence, Fact, Facts, Field, Kind, facts, facts_as_of, is_printable, may_train, runs_elsewhere};
pub use fingerprint::{data, hash};
use hosts::hosts;
pub use hosts::{Host, host, price, priced};
pub use overlay::Overlay;
pub use price::{Cost, Costs, Currency, Price};
pub use providers::{
    Endpoint, Provider, known_provider, provider, provider_names, provider_of, provider_of_key, providers,
};
pub use standing::{Standing, is_within, standing};
pub use vendor::{vendor_of, vendor_of_address};

/// How much a model is asked to think, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// No thinking.
    None,
    /// Hardly any.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much; what Claude Code asks for by default.
    High,
    /// More.
    Xhigh,
    /// All the model can.
    Max,
}

impl Effort {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// How a model's tokens are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenizer {
    /// Tekken with the v13 prompt layout: text chunks joined by a blank line.
    TekkenV13,
    /// Tekken with the v15 layout: text chunks joined by nothing, model settings up front.
    TekkenV15,
    /// Not known here: bytes divided by a constant.
    #[default]
    Estimate,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Answers in a conversation.
    #[default]
    Chat,
    /// That, and completes code between a prompt and a suffix.
    Code,
    /// Turns texts into vectors, and does nothing else.
    Embeddings,
}

/// What is known of one model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The id that is sent.
    pub id: String,
    /// Other ids that mean the same model.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Ids under which other hosts serve the same weights.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Context window in tokens, prompt and answer together.
    pub window: u64,
    /// Whether it sees images.
    #[serde(default)]
    pub vision: bool,
    /// Whether it calls tools; those that do not are the exception.
    #[serde(default = "yes")]
    pub tools: bool,
    /// Whether a tool result may carry an image.
    #[serde(default)]
    pub tool_result_images: bool,
    /// The efforts it takes, rising; empty when the field is refused.
    #[serde(default)]
    pub reasoning: Vec<Effort>,
    /// How to count its tokens.
    #[serde(default)]
    pub tokenizer: Tokenizer,
    /// What it does.
    #[serde(default)]
    pub task: Task,
    /// The day from which its maker advises against it, `YYYY-MM-DD`.
    #[serde(default)]
    pub deprecated: Option<String>,
    /// The day it stopped or stops answering, `YYYY-MM-DD`.
    #[serde(default)]
    pub retired: Option<String>,
    /// What its maker names in its place.
    #[serde(default)]
    pub replacement: Option<String>,
}

/// Window assumed for a model nobody here knows: what local servers of Mistral models are commonly given.
pub const UNKNOWN_WINDOW: u64 = 131_072;

impl Model {
    /// Stands in for a model that is not in the catalogue.
    ///
    /// Images are passed on: the server knows better than this page whether it sees them.
    pub fn unknown(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            aliases: Vec::new(),
            elsewhere: Vec::new(),
            window: UNKNOWN_WINDOW,
            vision: true,
            tools: true,
            tool_result_images: false,
            reasoning: Vec::new(),
            tokenizer: Tokenizer::Estimate,
            task: Task::Chat,
            deprecated: None,
            retired: None,
            replacement: None,
        }
    }
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    as_of: String,
    #[expect(dead_code, reason = "for the reader of the data file")]
    source: String,
    #[serde(rename = "models")]
    list: Vec<Model>,
}

static MODELS: LazyLock<Models> =
    LazyLock::new(|| serde_json::from_str(include_str!("models.json")).expect("models.json is checked by a test"));

/// The configuration used when there is no file and a Mistral key is set; JSON5, in the configuration's own format.
pub const BUILT_IN_CONFIG: &str = include_str!("config.json5");

impl Model {
    /// All ids that mean it.
    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.id).chain(&self.aliases).chain(&self.elsewhere).map(String::as_str)
    }
}

/// Finds a model by id or alias, or by what another host calls it.
pub fn model(id: &str) -> Option<&'static Model> {
    MODELS.list.iter().find(|model| model.names().any(|name| name == id))
}

/// The day the model data was put together.
pub fn as_of() -> &'static str {
    &MODELS.as_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_id_and_alias_is_named_once() {
        let mut names: Vec<&str> = MODELS.list.iter().flat_map(Model::names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert!(count >= 20, "only {count} names");
        assert_eq!(names.len(), count);
    }

    #[test]
    fn efforts_rise() {
        for model in &MODELS.list {
            assert!(model.reasoning.is_sorted(), "{}", model.id);
        }
    }

    #[test]
    fn a_replacement_is_a_model_that_is_known() {
        for model in &MODELS.list {
            if let Some(replacement) = &model.replacement {
                assert!(super::model(replacement).is_some_and(|known| known.retired.is_none()), "{}", model.id);
            }
        }
    }
}
