//! What the imitation serves: models, and what each of them takes.

use serde::Deserialize;
use serde_json::{Value, json};

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

/// One model, in the form of the catalogue's data file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Model {
    /// The id that is sent.
    pub id: String,
    /// Other ids that mean the same model.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Context window in tokens, prompt and answer together.
    pub window: u64,
    /// Whether it sees images.
    #[serde(default)]
    pub vision: bool,
    /// Whether a tool result may carry an image.
    #[serde(default)]
    pub tool_result_images: bool,
    /// The efforts it takes; empty means that the field and thinking chunks are refused.
    #[serde(default, rename = "reasoning")]
    pub efforts: Vec<String>,
    /// What it does.
    #[serde(default)]
    pub task: Task,
    /// The day it stopped answering.
    #[serde(default)]
    pub retired: Option<String>,
}

impl Model {
    /// Makes a model that takes text and tools, and nothing else.
    pub fn plain(id: &str, window: u64) -> Self {
        Self {
            id: id.to_owned(),
            aliases: Vec::new(),
            window,
            vision: false,
            tool_result_images: false,
            efforts: Vec::new(),
            task: Task::Chat,
            retired: None,
        }
    }

    /// Says whether the model thinks.
    pub fn reasons(&self) -> bool {
        !self.efforts.is_empty()
    }

    /// Renders the card of `GET /v1/models/{name}`; an alias has a card of its own.
    pub fn card(&self, name: &str) -> Value {
        let other_names = self.names().filter(|other| *other != name).collect::<Vec<_>>();
        json!({
            "id": name,
            "object": "model",
            "created": 1_763_000_000,
            "owned_by": "mistralai",
            "capabilities": {
                "completion_chat": self.task != Task::Embeddings,
                "function_calling": self.task != Task::Embeddings,
                "reasoning": self.reasons(),
                "completion_fim": self.task == Task::Code,
                "fine_tuning": false,
                "vision": self.vision,
                "ocr": false,
                "classification": false,
                "moderation": false,
                "audio": false,
                "audio_transcription": false,
                "audio_transcription_realtime": false,
                "audio_speech": false,
                "unified_resources": false,
            },
            "name": self.id,
            "description": "An imitation for tests.",
            "max_context_length": self.window,
            "aliases": other_names,
            "deprecation": null,
            "deprecation_replacement_model": null,
            "default_model_temperature": 0.7,
            "billing_model_name": self.id,
            "type": "base",
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// The models an imitation answers for.
#[derive(Debug, Clone, PartialEq)]
pub struct Models(Vec<Model>);

impl Models {
    /// Serves exactly these.
    pub fn new(models: impl IntoIterator<Item = Model>) -> Self {
        Self(models.into_iter().collect())
    }

    /// Serves what the catalogue knows and Mistral has not retired.
    ///
    /// The data file is read as data, so that ids stand in one place.
    ///
    /// # Panics
    /// Never: a test reads the embedded file.
    pub fn hosted() -> Self {
        #[derive(Deserialize)]
        struct File {
            models: Vec<Model>,
        }
        let file: File = serde_json::from_str(include_str!("../catalog/models.json")).expect("models.json is tested");
        Self::new(file.models.into_iter().filter(|model| model.retired.is_none()))
    }

    /// Finds a model by id or alias.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.0.iter().find(|model| model.names().any(|known| known == name))
    }

    /// Renders `GET /v1/models`: one entry per name.
    pub fn list(&self) -> Value {
        let cards: Vec<Value> =
            self.0.iter().flat_map(|model| model.names().map(|name| model.card(name)).collect::<Vec<_>>()).collect();
        json!({"object": "list", "data": cards})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosted_line_up_knows_reasoning_and_plain_models_and_no_retired_ones() {
        let models = Models::hosted();
        assert_eq!(models.find("mistral-medium-latest").map(Model::reasons), Some(true));
        assert_eq!(models.find("codestral-latest").map(Model::reasons), Some(false));
        assert_eq!(models.find("devstral-2512"), None);
    }

    #[test]
    fn the_list_has_one_card_for_every_name() {
        let mut model = Model::plain("one", 1000);
        model.aliases = vec!["uno".to_owned()];
        let list = Models::new([model]).list();
        let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|card| card["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["one", "uno"]);
        assert_eq!(list["data"][1]["aliases"], json!(["one"]));
    }
}
