//! Every field of Mistral's chat completions, embeddings and code completions, as tables.
//!
//! Put together from Mistral's SDK 3.7.0 and OpenAPI; where they and reports
//! of users differ, the stricter reading stands here. Two fields that the
//! schema has are left out on purpose: `closed` and `signature` of a thinking
//! chunk, which Mistral's own agent does not send back.

use super::shape::{ABOVE_NOUGHT, Field, Kind, may, must};

/// The request.
pub(super) const REQUEST: &[Field] = &[
    must("model", Kind::Text),
    must("messages", Kind::Filled(&MESSAGE)),
    may("temperature", Kind::Number(0.0, 1.5)),
    may("top_p", Kind::Number(ABOVE_NOUGHT, 1.0)),
    may("max_tokens", Kind::Whole(0)),
    may("min_tokens", Kind::Whole(0)),
    may("stream", Kind::Flag),
    may("stop", Kind::Either(&[Kind::Text, Kind::List(&Kind::Text)])),
    may("random_seed", Kind::Whole(0)),
    may("metadata", Kind::Free),
    may("response_format", RESPONSE_FORMAT),
    may("tools", Kind::Filled(&TOOL)),
    may("tool_choice", Kind::Either(&[Kind::Word(&["auto", "none", "any", "required"]), Kind::Object(NAMED_TOOL)])),
    may("parallel_tool_calls", Kind::Flag),
    may("presence_penalty", Kind::Number(-2.0, 2.0)),
    may("frequency_penalty", Kind::Number(-2.0, 2.0)),
    may("repetition_penalty", Kind::Number(0.0, f64::MAX)),
    may("n", Kind::Whole(1)),
    may("prediction", Kind::Object(PREDICTION)),
    may("prompt_mode", Kind::Word(&["reasoning"])),
    may("reasoning_effort", Kind::Word(EFFORTS)),
    may("safe_prompt", Kind::Flag),
    may("guardrails", Kind::List(&Kind::Free)),
    may("prompt_cache_key", Kind::Ascii),
    may("service_tier", Kind::Word(&["auto", "standard_only"])),
    may("top_k", Kind::Whole(0)),
    may("logprobs", Kind::Flag),
    may("top_logprobs", Kind::Whole(0)),
    may("prompt_logprobs", Kind::Whole(0)),
    may("top_prompt_logprobs", Kind::Whole(0)),
];

/// The request for vectors.
pub(super) const EMBEDDINGS: &[Field] = &[
    must("model", Kind::Text),
    must("input", Kind::Either(&[Kind::Text, Kind::Filled(&Kind::Text)])),
    may("metadata", Kind::Free),
    may("output_dimension", Kind::Whole(1)),
    may("output_dtype", Kind::Word(&["float", "int8", "uint8", "binary", "ubinary"])),
    may("encoding_format", Kind::Word(&["float", "base64"])),
];

/// The request for code.
pub(super) const FIM: &[Field] = &[
    must("model", Kind::Text),
    must("prompt", Kind::Text),
    may("suffix", Kind::Text),
    may("temperature", Kind::Number(0.0, 1.5)),
    may("top_p", Kind::Number(ABOVE_NOUGHT, 1.0)),
    may("max_tokens", Kind::Whole(0)),
    may("min_tokens", Kind::Whole(0)),
    may("stream", Kind::Flag),
    may("stop", Kind::Either(&[Kind::Text, Kind::List(&Kind::Text)])),
    may("random_seed", Kind::Whole(0)),
    may("metadata", Kind::Free),
];

const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

const PREDICTION: &[Field] = &[must("type", Kind::Word(&["content"])), must("content", Kind::Text)];

const NAMED_TOOL: &[Field] =
    &[must("type", Kind::Word(&["function"])), must("function", Kind::Object(&[must("name", Kind::Text)]))];

const RESPONSE_FORMAT: Kind = Kind::Tagged(
    "type",
    &[("text", &[]), ("json_object", &[]), ("json_schema", &[must("json_schema", Kind::Object(JSON_SCHEMA))])],
);

const JSON_SCHEMA: &[Field] =
    &[must("name", Kind::Text), must("schema", Kind::Free), may("description", Kind::Text), may("strict", Kind::Flag)];

const TOOL: Kind = Kind::Tagged("type", &[("function", &[must("function", Kind::Object(FUNCTION))])]);

const FUNCTION: &[Field] = &[
    must("name", Kind::Text),
    must("parameters", Kind::Free),
    may("description", Kind::Text),
    may("strict", Kind::Flag),
];

const MESSAGE: Kind =
    Kind::Tagged("role", &[("system", SYSTEM), ("user", USER), ("assistant", ASSISTANT), ("tool", TOOL_RESULT)]);

const SYSTEM: &[Field] = &[must("content", Kind::Either(&[Kind::Text, Kind::Filled(&TEXT_CHUNK)]))];

const USER: &[Field] = &[must("content", Kind::Either(&[Kind::Text, Kind::Filled(&CHUNK)]))];

const ASSISTANT: &[Field] = &[
    may("content", Kind::Either(&[Kind::Text, Kind::List(&ASSISTANT_CHUNK)])),
    may("tool_calls", Kind::List(&Kind::Object(CALL))),
    may("prefix", Kind::Flag),
];

const TOOL_RESULT: &[Field] = &[
    must("content", Kind::Either(&[Kind::Text, Kind::Filled(&CHUNK)])),
    must("tool_call_id", Kind::Text),
    may("name", Kind::Text),
];

const CALL: &[Field] = &[
    must("id", Kind::Text),
    may("type", Kind::Word(&["function"])),
    may("index", Kind::Whole(0)),
    must("function", Kind::Object(CALLED)),
];

const CALLED: &[Field] = &[must("name", Kind::Text), must("arguments", Kind::Either(&[Kind::Text, Kind::Free]))];

const TEXT: &[Field] = &[must("text", Kind::Text)];
const REFERENCE: &[Field] = &[must("reference_ids", Kind::List(&Kind::Either(&[Kind::Whole(0), Kind::Text])))];
const TOOL_REFERENCE: &[Field] = &[
    must("tool", Kind::Text),
    must("title", Kind::Text),
    may("url", Kind::Text),
    may("favicon", Kind::Text),
    may("description", Kind::Text),
];
const IMAGE: &[Field] = &[must("image_url", Kind::Either(&[Kind::Text, Kind::Object(IMAGE_URL)]))];
const IMAGE_URL: &[Field] = &[must("url", Kind::Text), may("detail", Kind::Word(&["low", "auto", "high"]))];
const DOCUMENT: &[Field] = &[must("document_url", Kind::Text), may("document_name", Kind::Text)];
const FILE: &[Field] = &[must("file_id", Kind::Text)];
const AUDIO: &[Field] = &[must("input_audio", Kind::Text)];
const THINKING: &[Field] = &[must("thinking", Kind::Filled(&THOUGHT))];

const THOUGHT: Kind =
    Kind::Tagged("type", &[("text", TEXT), ("reference", REFERENCE), ("tool_reference", TOOL_REFERENCE)]);

const TEXT_CHUNK: Kind = Kind::Tagged("type", &[("text", TEXT)]);

const CHUNK: Kind = Kind::Tagged(
    "type",
    &[
        ("text", TEXT),
        ("image_url", IMAGE),
        ("document_url", DOCUMENT),
        ("reference", REFERENCE),
        ("file", FILE),
        ("input_audio", AUDIO),
    ],
);

const ASSISTANT_CHUNK: Kind = Kind::Tagged("type", &[("text", TEXT), ("thinking", THINKING), ("reference", REFERENCE)]);
