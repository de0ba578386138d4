//! What servers say of their models: readers for each kind, and the words for a person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::is_printable;

/// The names under which lists tell a model's window: Mistral, vLLM, others.
const WINDOWS: [&str; 4] = ["max_context_length", "max_model_len", "context_length", "context_window"];

/// No id is longer, and no other word of a list.
const LONGEST: usize = 200;

/// A model as its server reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reported {
    /// The id to ask for.
    pub id: String,
    /// How many tokens of context the server gives it.
    pub given: Option<u64>,
    /// How many it could take, were it given so many.
    pub most: Option<u64>,
    /// Whether it takes tools; absent where nobody says.
    pub tools: Option<bool>,
    /// Whether it answers chats at all.
    pub chats: bool,
    /// Whether it sees images; absent where nobody says.
    #[serde(default)]
    pub vision: Option<bool>,
    /// Whether it thinks; absent where nobody says.
    #[serde(default)]
    pub reasoning: Option<bool>,
    /// The day it stopped or stops answering, in the server's words.
    #[serde(default)]
    pub retires: Option<String>,
    /// What the server names in its place.
    #[serde(default)]
    pub replacement: Option<String>,
}

/// Whether what a stranger's server says can be shown on a terminal.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && is_printable(text)
}

impl Reported {
    /// What a person should know before choosing.
    pub(crate) fn description(&self) -> Option<String> {
        let context = match (self.given, self.most) {
            (Some(given), Some(most)) if given < most => Some(format!("context {given} of {most}")),
            (Some(given), _) => Some(format!("context {given}")),
            (None, Some(most)) => Some(format!("context up to {most}")),
            (None, None) => None,
        };
        let tools = (self.tools == Some(false)).then(|| "no tools".to_owned());
        let words: Vec<String> = context.into_iter().chain(tools).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The id with what a person should know, in one line.
    pub(crate) fn label(&self) -> String {
        match self.description() {
            Some(description) => format!("{} - {description}", self.id),
            None => self.id.clone(),
        }
    }
}

/// Reads `GET …/models`.
pub(super) fn list(list: &Value) -> Vec<Reported> {
    let models = list.get("data").or_else(|| list.get("models")).and_then(Value::as_array);
    let model = |model: &Value| {
        let id = model.get("id").or_else(|| model.get("name"))?.as_str()?;
        // What a stranger's server calls a model is shown on a terminal.
        if !is_word(id) {
            return None;
        }
        let word = |key: &str| Some(model.get(key)?.as_str().filter(|word| is_word(word))?.to_owned());
        let can = |capability: &str| model.get("capabilities")?.get(capability)?.as_bool();
        Some(Reported {
            id: id.to_owned(),
            given: WINDOWS.iter().find_map(|key| tokens(model.get(key))),
            most: tokens(model.pointer("/meta/n_ctx_train")),
            tools: can("function_calling"),
            chats: can("completion_chat") != Some(false),
            vision: can("vision"),
            reasoning: can("reasoning"),
            retires: word("deprecation"),
            replacement: word("deprecation_replacement_model"),
        })
    };
    models.into_iter().flatten().filter_map(model).collect()
}

/// Adds what Ollama's `/api/show` says of one model.
///
/// The model's own length is what it could take. What Ollama gives it is `num_ctx` of its
/// Modelfile or else a default that nobody can ask for.
pub(super) fn ollama(model: &mut Reported, shown: &Value) {
    let lengths = shown.get("model_info").and_then(Value::as_object);
    model.most = lengths
        .and_then(|info| info.iter().find(|(key, _)| key.ends_with(".context_length")))
        .and_then(|(_, length)| tokens(Some(length)));
    let parameters = shown.get("parameters").and_then(Value::as_str).unwrap_or_default();
    model.given = parameters.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("num_ctx")).then(|| words.next()?.parse().ok()).flatten()
    });
    if let Some(can) = shown.get("capabilities").and_then(Value::as_array) {
        let has = |word: &str| can.iter().any(|capability| capability == word);
        model.tools = Some(has("tools"));
        model.vision = Some(has("vision"));
        model.reasoning = Some(has("thinking"));
        model.chats = has("completion");
    }
}

/// Adds what Ollama's `/api/ps` says of the models that are loaded.
pub(super) fn ollama_loaded(models: &mut [Reported], running: &Value) {
    for loaded in running.get("models").and_then(Value::as_array).into_iter().flatten() {
        let name = loaded.get("model").or_else(|| loaded.get("name")).and_then(Value::as_str);
        let given = tokens(loaded.get("context_length"));
        if let Some(model) = models.iter_mut().find(|model| Some(model.id.as_str()) == name) {
            model.given = given.or(model.given);
        }
    }
}

/// Adds what LM Studio's own list says.
pub(super) fn lm_studio(models: &mut [Reported], list: &Value) {
    for own in list.get("data").and_then(Value::as_array).into_iter().flatten() {
        let id = own.get("id").and_then(Value::as_str);
        if let Some(model) = models.iter_mut().find(|model| Some(model.id.as_str()) == id) {
            model.given = tokens(own.get("loaded_context_length"));
            model.most = tokens(own.get("max_context_length"));
            let kind = own.get("type").and_then(Value::as_str);
            model.chats = kind != Some("embeddings");
            model.vision = kind.map(|kind| kind == "vlm");
            if let Some(can) = own.get("capabilities").and_then(Value::as_array) {
                model.tools = Some(can.iter().any(|capability| capability == "tool_use"));
            }
        }
    }
}

/// Adds what llama.cpp's `/props` says; a server of its kind has one model.
pub(super) fn llama_cpp(models: &mut [Reported], properties: &Value) {
    let given = tokens(properties.pointer("/default_generation_settings/n_ctx"));
    if let [model] = models {
        model.given = given.or(model.given);
    }
}

fn tokens(value: Option<&Value>) -> Option<u64> {
    value?.as_u64().filter(|tokens| *tokens > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Draws each model as it is shown.
    fn drawn(models: &[Reported]) -> Vec<String> {
        let shown = models.iter().filter(|model| model.chats);
        shown.map(|model| format!("{}: {}", model.id, model.description().unwrap_or_default())).collect()
    }

    fn plain(ids: &[&str]) -> Vec<Reported> {
        list(&json!({"data": ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()}))
    }

    #[test]
    fn models_come_with_their_window_where_the_list_tells_it() {
        let models = list(&json!({"data": [
            {"id": "a", "max_context_length": 4096},
            {"id": "b", "max_model_len": 8192},
            {"id": "c"},
            {"id": "\u{1b}[2J", "max_model_len": 1},
            {"id": "evil\u{202e}ledom", "max_model_len": 1},
            {"id": "x".repeat(201), "max_model_len": 1},
            {"id": "embed", "capabilities": {"completion_chat": false}},
            {"id": "deaf", "capabilities": {"function_calling": false}, "max_context_length": 0},
        ]}));
        assert_eq!(drawn(&models), ["a: context 4096", "b: context 8192", "c: ", "deaf: no tools"]);
    }

    #[test]
    fn mistrals_cards_tell_what_a_model_can_and_when_it_ends() {
        let card = json!({"id": "m", "deprecation": "2026-07-31T12:00:00Z", "deprecation_replacement_model": "\u{7}n",
            "capabilities": {"vision": true, "reasoning": false, "function_calling": true}});
        let models = list(&json!({"data": [card]}));
        let [model] = &models[..] else { panic!("{models:?}") };
        assert_eq!((model.vision, model.reasoning, model.tools), (Some(true), Some(false), Some(true)));
        assert_eq!((model.retires.as_deref(), &model.replacement), (Some("2026-07-31T12:00:00Z"), &None));
    }

    #[test]
    fn ollamas_models_tell_what_they_could_take_and_what_they_are_given() {
        let mut models = plain(&["asleep", "modelfile", "loaded", "embed"]);
        let info = json!({"general.architecture": "llama", "llama.context_length": 131_072, "llama.block_count": 32});
        let show =
            |parameters: &str, can: &[&str]| json!({"model_info": info, "parameters": parameters, "capabilities": can});
        ollama(&mut models[0], &show("stop \"<s>\"\n", &["completion", "tools"]));
        ollama(&mut models[1], &show("stop \"num_ctx 1\"\nnum_ctx                        65536", &["completion"]));
        ollama(&mut models[2], &show("num_ctx 65536", &["completion", "tools"]));
        ollama(&mut models[3], &show("", &["embedding"]));
        ollama_loaded(&mut models, &json!({"models": [{"name": "loaded", "model": "loaded", "context_length": 4096}]}));
        assert_eq!(
            drawn(&models),
            [
                "asleep: context up to 131072",
                "modelfile: context 65536 of 131072, no tools",
                "loaded: context 4096 of 131072"
            ]
        );
    }

    #[test]
    fn lm_studio_tells_a_loaded_models_length_beside_the_models_own() {
        let mut models = plain(&["loaded", "asleep", "embed"]);
        lm_studio(
            &mut models,
            &json!({"data": [
                {"id": "loaded", "type": "llm", "state": "loaded", "max_context_length": 131_072, "loaded_context_length": 8192},
                {"id": "asleep", "type": "vlm", "state": "not-loaded", "max_context_length": 32768, "capabilities": []},
                {"id": "embed", "type": "embeddings", "max_context_length": 2048},
            ]}),
        );
        assert_eq!(drawn(&models), ["loaded: context 8192 of 131072", "asleep: context up to 32768, no tools"]);
    }

    #[test]
    fn llama_cpp_tells_what_it_was_started_with() {
        let mut models = list(&json!({"data": [{"id": "m", "meta": {"n_ctx_train": 131_072}}]}));
        llama_cpp(&mut models, &json!({"default_generation_settings": {"n_ctx": 65536}}));
        assert_eq!(drawn(&models), ["m: context 65536 of 131072"]);
    }

    #[test]
    fn an_answer_of_another_shape_changes_nothing() {
        for odd in [json!(null), json!([]), json!({"data": 1, "models": "x", "model_info": [], "capabilities": {}})] {
            let mut models = plain(&["m"]);
            ollama(&mut models[0], &odd);
            ollama_loaded(&mut models, &odd);
            lm_studio(&mut models, &odd);
            llama_cpp(&mut models, &odd);
            assert_eq!(models, plain(&["m"]));
        }
    }
}
