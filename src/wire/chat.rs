//! Chat completions: the request that is sent, the chunks and replies that come back.
//!
//! What is sent is Mistral's published schema and nothing else, in types that skip
//! what is absent, because one unknown key or one null is a refusal. What is read is
//! lenient: servers differ in every optional part.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{RawText, Text};

/// Body of `POST /v1/chat/completions`.
#[derive(Debug, serde::Serialize)]
pub struct Request<'a> {
    /// The model's id.
    pub model: &'a str,
    /// The conversation in the order that the server takes.
    pub messages: Vec<Message<'a>>,
    /// Tools; never an empty list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool<'a>>,
    /// Only with tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Only with tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// Upper bound of the answer in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// The same under Infomaniak's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u64>,
    /// 0 to 1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Above 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<Text<'a>>,
    /// How much to think; refused by models that cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<&'static str>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat<'a>>,
    /// Names the prefix cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// Whether the answer is streamed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
    /// Asks servers other than Mistral for usage in streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
}

/// OpenAI's switch for usage in streams; Mistral refuses it and sends usage anyway.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct StreamOptions {
    /// Always true.
    pub include_usage: bool,
}

/// One message.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message<'a> {
    /// Only the first, and only one.
    System {
        /// The joined system prompt.
        content: Cow<'a, str>,
    },
    /// A turn of the person.
    User {
        /// Text, with images and documents where there are any.
        content: Content<'a>,
    },
    /// A turn of the model.
    Assistant {
        /// Absent when there are only calls.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'a>>,
        /// Calls, each answered by one tool message.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall<'a>>,
        /// The answer goes on from this text.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        prefix: bool,
    },
    /// The result of one call.
    Tool {
        /// The call it answers.
        tool_call_id: String,
        /// The tool's name.
        name: Cow<'a, str>,
        /// What it gave.
        content: Content<'a>,
    },
}

/// A string, or a list of parts where a string cannot say it.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Content<'a> {
    /// Plain text.
    Text(Cow<'a, str>),
    /// Text, images, documents, thinking in order.
    Parts(Vec<Part<'a>>),
}

/// One part of a content list.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part<'a> {
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
    },
    /// An image as a data or https URL.
    ImageUrl {
        /// Mistral takes a string; so does nobody else.
        image_url: ImageUrl,
    },
    /// A document as a data or https URL.
    DocumentUrl {
        /// The URL.
        document_url: String,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        document_name: Option<String>,
    },
    /// What the model thought in an earlier turn.
    Thinking {
        /// Text parts.
        thinking: [ThinkingText<'a>; 1],
    },
}

/// An image's address, in the object form that every server takes.
#[derive(Debug, serde::Serialize)]
pub struct ImageUrl {
    /// A data or https URL.
    pub url: String,
}

/// The text inside a thinking part.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "type", rename = "text")]
pub struct ThinkingText<'a> {
    /// The text.
    pub text: Cow<'a, str>,
}

/// A call in an assistant message.
#[derive(Debug)]
pub struct ToolCall<'a> {
    /// Nine letters or digits for Mistral.
    pub id: String,
    /// The tool's name.
    pub name: Cow<'a, str>,
    /// JSON, sent as a string.
    pub arguments: RawText<'a>,
}

impl Serialize for ToolCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: &'a RawText<'a>,
        }
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &Function { name: &self.name, arguments: &self.arguments })?;
        map.end()
    }
}

/// A tool on offer.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "type", rename = "function")]
pub struct Tool<'a> {
    /// The function.
    pub function: Function<'a>,
}

/// A function on offer, its keys in the order in which Mistral's templates render them.
#[derive(Debug, serde::Serialize)]
pub struct Function<'a> {
    /// `^[a-zA-Z0-9_-]{1,64}$`.
    pub name: Cow<'a, str>,
    /// What it does.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub description: Cow<'a, str>,
    /// JSON schema of the arguments.
    pub parameters: Cow<'a, RawValue>,
}

/// Which tool must be called.
#[derive(Debug)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// One at least.
    Required,
    /// This one.
    Function(Cow<'a, str>),
}

impl Serialize for ToolChoice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Name<'a> {
            name: &'a str,
        }
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::None => serializer.serialize_str("none"),
            Self::Required => serializer.serialize_str("required"),
            Self::Function(name) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "function")?;
                map.serialize_entry("function", &Name { name })?;
                map.end()
            }
        }
    }
}

/// The form of the answer.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat<'a> {
    /// JSON after a schema.
    JsonSchema {
        /// The schema and its name.
        json_schema: JsonSchema<'a>,
    },
}

/// A named schema.
#[derive(Debug, serde::Serialize)]
pub struct JsonSchema<'a> {
    /// Any name.
    pub name: &'static str,
    /// The schema.
    pub schema: Cow<'a, RawValue>,
    /// Whether the answer must match to the letter.
    pub strict: bool,
}

/// One chunk of a stream, or an error frame in its place.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Chunk<'a> {
    /// The upstream's id of the answer.
    #[serde(borrow, default)]
    pub id: Option<Text<'a>>,
    /// The model that answers.
    #[serde(borrow, default)]
    pub model: Option<Text<'a>>,
    /// `error` in an error frame.
    #[serde(borrow, default)]
    pub object: Option<Text<'a>>,
    /// One choice, or none.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub choices: Vec<Choice<'a>>,
    /// On the last chunk.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// OpenAI's error frame.
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
    /// Mistral's error frame.
    #[serde(borrow, default)]
    pub message: Option<&'a RawValue>,
}

/// One choice of a chunk (`delta`) or of a whole reply (`message`).
#[derive(Debug, Default, serde::Deserialize)]
pub struct Choice<'a> {
    /// Which of several answers.
    #[serde(default)]
    pub index: Option<u64>,
    /// What is new, or all of it.
    #[serde(borrow, default, alias = "message", deserialize_with = "null_as_default")]
    pub delta: Delta<'a>,
    /// `stop`, `length`, `model_length`, `tool_calls`, `error`, …
    #[serde(borrow, default)]
    pub finish_reason: Option<Text<'a>>,
}

/// What a chunk adds.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Delta<'a> {
    /// Text, or a list of text and thinking.
    #[serde(borrow, default)]
    pub content: Incoming<'a>,
    /// Thinking as DeepSeek, vLLM and LM Studio send it.
    #[serde(borrow, default)]
    pub reasoning_content: Option<Text<'a>>,
    /// Thinking as OpenRouter, Ollama and newer vLLM send it.
    #[serde(borrow, default)]
    pub reasoning: Option<Text<'a>>,
    /// Calls or fragments of calls.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub tool_calls: Vec<CallDelta<'a>>,
}

/// Content of a delta.
#[derive(Debug, Default)]
pub enum Incoming<'a> {
    /// Absent or null.
    #[default]
    Nothing,
    /// Text.
    Text(Text<'a>),
    /// Parts.
    Parts(Vec<IncomingPart<'a>>),
}

/// One part of a delta's content list.
#[derive(Debug, serde::Deserialize)]
pub struct IncomingPart<'a> {
    /// `text`, `thinking`, `reference`.
    #[serde(borrow, default, rename = "type")]
    pub kind: Text<'a>,
    /// Of `text`.
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
    /// Of `thinking`: a list of parts, or a string.
    #[serde(borrow, default)]
    pub thinking: Incoming<'a>,
}

/// A call, or a fragment of one.
#[derive(Debug, Default, serde::Deserialize)]
pub struct CallDelta<'a> {
    /// Which call of the answer.
    #[serde(default)]
    pub index: Option<i64>,
    /// Its id, a number in some servers; empty or the word `null` mean absent.
    #[serde(borrow, default, deserialize_with = "text_or_number")]
    pub id: Option<Text<'a>>,
    /// Name and arguments.
    #[serde(borrow, default, deserialize_with = "null_as_default")]
    pub function: FunctionDelta<'a>,
}

/// Name and arguments of a call, or a fragment of them.
#[derive(Debug, Default, serde::Deserialize)]
pub struct FunctionDelta<'a> {
    /// Empty in later fragments.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// A string holding JSON, or the object itself.
    #[serde(borrow, default)]
    pub arguments: Option<&'a RawValue>,
}

/// Tokens spent, in the upstream's terms.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct Usage {
    /// The prompt, cached part included.
    #[serde(default, deserialize_with = "null_as_default")]
    pub prompt_tokens: u64,
    /// The answer, thinking included.
    #[serde(default, deserialize_with = "null_as_default")]
    pub completion_tokens: u64,
    /// Holds the cached part.
    #[serde(default)]
    pub prompt_tokens_details: Option<PromptDetails>,
    /// The cached part as Mistral once sent it.
    #[serde(default)]
    pub num_cached_tokens: Option<u64>,
}

/// The parts of a prompt.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub struct PromptDetails {
    /// Read from the cache.
    #[serde(default, deserialize_with = "null_as_default")]
    pub cached_tokens: u64,
}

impl Usage {
    /// Prompt tokens that were read from the cache, never more than the prompt.
    pub fn cached(&self) -> u64 {
        let cached = match self.prompt_tokens_details {
            Some(details) => details.cached_tokens,
            None => self.num_cached_tokens.unwrap_or(0),
        };
        cached.min(self.prompt_tokens)
    }
}

fn null_as_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text<'de>>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Id<'a> {
        #[serde(borrow)]
        Text(Text<'a>),
        Number(i64),
    }
    Ok(Option::<Id<'de>>::deserialize(deserializer)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string().into(),
    }))
}

impl<'de: 'a, 'a> Deserialize<'de> for Incoming<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IncomingVisitor;
        impl<'de> Visitor<'de> for IncomingVisitor {
            type Value = Incoming<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of parts")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Incoming::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Incoming::Text(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Incoming::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = list.next_element()? {
                    parts.push(part);
                }
                Ok(Incoming::Parts(parts))
            }
        }
        deserializer.deserialize_any(IncomingVisitor)
    }
}
