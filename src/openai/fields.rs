//! Which fields who takes, and what they are called there.
//!
//! Mistral answers 422 to a field that it does not know, so its fields are listed; the others ignore what they do not
//! know, mostly, so of those only Mistral's own are translated. The lists are Mistral's SDK 3.7.0 and its OpenAPI
//! document of 2026-08-21.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::catalog::Effort;
use crate::config::{Dialect, Endpoint, Target};
use crate::translate::{Dropped, GREEDY, nearest};
use crate::wire::openai::Fields;

/// What Mistral takes in `/v1/chat/completions`.
const CHAT: &[&str] = &[
    "model",
    "messages",
    "temperature",
    "top_p",
    "max_tokens",
    "min_tokens",
    "stream",
    "stop",
    "random_seed",
    "metadata",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "n",
    "prediction",
    "prompt_mode",
    "reasoning_effort",
    "safe_prompt",
    "guardrails",
    "prompt_cache_key",
    "service_tier",
    "top_k",
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "top_prompt_logprobs",
];
/// What it takes in `/v1/embeddings`.
const EMBEDDINGS: &[&str] = &["model", "input", "metadata", "output_dimension", "output_dtype", "encoding_format"];
/// What it takes in `/v1/fim/completions`.
const FIM: &[&str] = &[
    "model",
    "prompt",
    "suffix",
    "temperature",
    "top_p",
    "max_tokens",
    "min_tokens",
    "stream",
    "stop",
    "random_seed",
    "metadata",
];

/// OpenAI's names and Mistral's for the same thing.
const NAMES: [(&str, &str); 3] =
    [("max_completion_tokens", "max_tokens"), ("seed", "random_seed"), ("dimensions", "output_dimension")];
/// What only Mistral has.
const MISTRALS: [&str; 4] = ["safe_prompt", "prompt_mode", "guardrails", "output_dtype"];
/// The tiers that Mistral has; OpenAI has others.
const TIERS: [&str; 2] = ["auto", "standard_only"];

/// Makes a body's fields, conversation and tools aside, those of a target's dialect.
pub(super) fn adapt(fields: &mut Fields<'_>, endpoint: Endpoint, target: &Target, dropped: &mut Dropped) {
    match target.provider.dialect {
        Dialect::Mistral => to_mistral(fields, endpoint, dropped),
        Dialect::OpenAi
        | Dialect::Ollama
        | Dialect::LmStudio
        | Dialect::Vllm
        | Dialect::LlamaCpp
        | Dialect::Infomaniak
        | Dialect::Ionos => to_others(fields, target, dropped),
    }
    if endpoint == Endpoint::Chat {
        effort(fields, target, dropped);
    }
}

fn to_mistral(fields: &mut Fields<'_>, endpoint: Endpoint, dropped: &mut Dropped) {
    // A null is a refusal here and means absent everywhere.
    fields.retain(|_, value| value.get() != "null");
    for (openai, mistral) in NAMES {
        rename(fields, openai, mistral);
    }
    let takes = match endpoint {
        Endpoint::Chat => CHAT,
        Endpoint::Embeddings => EMBEDDINGS,
        Endpoint::Fim => FIM,
    };
    let tier = fields.read::<String>("service_tier").is_some_and(|tier| !TIERS.contains(&&*tier));
    let ascii = fields.get("prompt_cache_key").is_none_or(|key| key.get().is_ascii());
    fields.retain(|name, _| {
        let keeps = takes.contains(&name) && !(tier && name == "service_tier") && (ascii || name != "prompt_cache_key");
        if !keeps {
            dropped.count_key(name);
        }
        keeps
    });
    let temperature = fields.read::<f64>("temperature");
    if temperature.is_some_and(|temperature| temperature > 1.5) {
        fields.write("temperature", &1.5);
        dropped.count("temperature above 1.5");
    }
    if temperature.is_some_and(|temperature| temperature < GREEDY) {
        // Mistral answers 400 to a greedy request that does not say so.
        fields.write("top_p", &1);
    } else if fields.read::<f64>("top_p").is_some_and(|top_p| top_p <= 0.0) {
        fields.take("top_p");
        dropped.count("top_p");
    }
    if fields.read::<i64>("random_seed").is_some_and(|seed| seed < 0) {
        fields.take("random_seed");
        dropped.count("seed below 0");
    }
}

fn to_others(fields: &mut Fields<'_>, target: &Target, dropped: &mut Dropped) {
    // `max_tokens` is the name that they all know but for one.
    for (openai, mistral) in &NAMES[1..] {
        rename(fields, mistral, openai);
    }
    let quirks = target.provider.dialect.quirks();
    if quirks.max_completion_tokens {
        rename(fields, "max_tokens", "max_completion_tokens");
    }
    fields.retain(|name, _| {
        let keeps = !MISTRALS.contains(&name) && (name != "response_format" || !quirks.no_response_format);
        if !keeps {
            dropped.count_key(name);
        }
        keeps
    });
    if let Some(limit) = quirks.max_tokens
        && fields.get("max_tokens").is_none()
        && fields.get("max_completion_tokens").is_none()
        && fields.get("messages").is_some()
    {
        fields.write("max_tokens", &limit);
    }
}

/// Gives a field its other name, unless something has that already.
fn rename(fields: &mut Fields<'_>, from: &str, to: &'static str) {
    if let Some(value) = fields.take(from)
        && fields.get(to).is_none()
    {
        fields.set(to, value);
    }
}

fn effort(fields: &mut Fields<'_>, target: &Target, dropped: &mut Dropped) {
    let takes = &target.facts.reasoning;
    let Some(wanted) = fields.read::<Effort>("reasoning_effort") else { return };
    if takes.is_empty() {
        // What is not known of a model, its own server knows; Mistral's models that do not think refuse the field.
        if target.provider.dialect == Dialect::Mistral {
            fields.take("reasoning_effort");
            dropped.count("reasoning_effort");
        }
        return;
    }
    if let Some(effort) = nearest(wanted, takes).filter(|effort| *effort != wanted) {
        fields.write("reasoning_effort", &effort.as_str());
    }
}

/// Asks for usage in a stream; false where the client has asked for it itself.
pub(super) fn ask_for_usage(fields: &mut Fields<'_>) -> bool {
    let mut options: serde_json::Map<String, serde_json::Value> = fields.read("stream_options").unwrap_or_default();
    if options.get("include_usage") == Some(&true.into()) {
        return false;
    }
    options.insert("include_usage".to_owned(), true.into());
    fields.write("stream_options", &options);
    true
}

/// Sets the model's id.
pub(super) fn set_model<'a>(fields: &mut Fields<'a>, model: &str) {
    if fields.read::<Cow<'_, str>>("model").as_deref() != Some(model)
        && let Ok(raw) = serde_json::value::to_raw_value(model)
    {
        fields.set("model", Cow::<'a, RawValue>::Owned(raw));
    }
}
