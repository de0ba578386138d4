//! The Messages API's request, as Claude Code sends it.
//!
//! Everything is read and nothing is refused for being unknown: blocks are one
//! struct of optional fields and keep their `type` as text, so that a block of a
//! later release reaches the translator, which decides. (serde's tagged enums would
//! also copy the body into a buffer first and could not borrow.)

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Text;

/// Body of `POST /v1/messages` and `/v1/messages/count_tokens`.
#[derive(Debug, Default)]
pub struct MessagesRequest<'a> {
    /// The model the client asks for.
    pub model: Text<'a>,
    /// The conversation; roles need not alternate and may be `system`.
    pub messages: Vec<Message<'a>>,
    /// The system prompt, a string or text blocks.
    pub system: Content<'a>,
    /// Tools on offer.
    pub tools: Vec<Tool<'a>>,
    /// Which tool must be called.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Upper bound of the answer in tokens.
    pub max_tokens: Option<u64>,
    /// Whether the answer is streamed; absent means not.
    pub stream: bool,
    /// Sampling temperature, 0 to 1.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    pub stop_sequences: Vec<Text<'a>>,
    /// Whether thinking is asked for.
    pub thinking: Option<Thinking<'a>>,
    /// Effort and output format.
    pub output_config: Option<OutputConfig<'a>>,
    /// Holds the session's id.
    pub metadata: Option<Metadata<'a>>,
    /// Top-level keys that mean nothing to a chat completions server, by name.
    pub ignored: Vec<Text<'a>>,
}

/// One message.
#[derive(Debug, serde::Deserialize)]
pub struct Message<'a> {
    /// `user`, `assistant` or `system`.
    #[serde(borrow)]
    pub role: Text<'a>,
    /// A string or blocks.
    #[serde(borrow, default)]
    pub content: Content<'a>,
    /// A wish for this turn; only its presence matters.
    #[serde(default)]
    pub output_config: Option<IgnoredAny>,
}

/// A string, a list of blocks, or nothing.
#[derive(Debug, Default)]
pub enum Content<'a> {
    /// Absent or null.
    #[default]
    Empty,
    /// A plain string: one text block.
    Text(Text<'a>),
    /// Blocks in order.
    Blocks(Vec<Block<'a>>),
}

/// One content block of any type; which fields are there follows from `kind`.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Block<'a> {
    /// `text`, `image`, `document`, `tool_use`, `tool_result`, `thinking`, `redacted_thinking`, `tool_reference`, …
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Of `text`.
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
    /// Of `thinking`.
    #[serde(borrow, default)]
    pub thinking: Option<Text<'a>>,
    /// Of `thinking`; ours when it was made here.
    #[serde(borrow, default)]
    pub signature: Option<Text<'a>>,
    /// Of `tool_use` and `server_tool_use`.
    #[serde(borrow, default)]
    pub id: Option<Text<'a>>,
    /// Of `tool_use`.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// Of `tool_use`: the arguments as an object.
    #[serde(borrow, default)]
    pub input: Option<&'a RawValue>,
    /// Of `tool_result`: the call it answers.
    #[serde(borrow, default)]
    pub tool_use_id: Option<Text<'a>>,
    /// Of `tool_result`.
    #[serde(borrow, default)]
    pub content: Content<'a>,
    /// Of `tool_result`.
    #[serde(default)]
    pub is_error: Option<bool>,
    /// Of `image` and `document`; a string in `search_result`, which is read as its URL.
    #[serde(borrow, default, deserialize_with = "source")]
    pub source: Option<Source<'a>>,
    /// Of `document` and `search_result`.
    #[serde(borrow, default)]
    pub title: Option<Text<'a>>,
    /// Of `document`: what the person says of it.
    #[serde(borrow, default)]
    pub context: Option<Text<'a>>,
    /// Of `tool_reference`.
    #[serde(borrow, default)]
    pub tool_name: Option<Text<'a>>,
    /// On any block; only its presence matters.
    #[serde(default)]
    pub cache_control: Option<IgnoredAny>,
}

/// Where an image or document is.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Source<'a> {
    /// `base64`, `url`, `text`, `content` or `file`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Of `base64` and `text`.
    #[serde(borrow, default)]
    pub media_type: Option<Text<'a>>,
    /// Of `base64` and `text`.
    #[serde(borrow, default)]
    pub data: Option<Text<'a>>,
    /// Of `url`.
    #[serde(borrow, default)]
    pub url: Option<Text<'a>>,
    /// Of `content`.
    #[serde(borrow, default)]
    pub content: Content<'a>,
}

/// A tool on offer.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Tool<'a> {
    /// Absent or `custom` for ordinary tools; `web_search_20250305` and the like run at the provider.
    #[serde(borrow, default, rename = "type")]
    pub kind: Option<Text<'a>>,
    /// The name that calls use.
    #[serde(borrow, default)]
    pub name: Text<'a>,
    /// What it does.
    #[serde(borrow, default)]
    pub description: Option<Text<'a>>,
    /// JSON schema of the arguments, carried as it is.
    #[serde(borrow, default)]
    pub input_schema: Option<&'a RawValue>,
    /// Whether the client shows it only when it was searched for; only its presence matters.
    #[serde(default)]
    pub defer_loading: Option<IgnoredAny>,
    /// Whether its arguments are streamed in fragments; only its presence matters.
    #[serde(default)]
    pub eager_input_streaming: Option<IgnoredAny>,
    /// Only its presence matters.
    #[serde(default)]
    pub cache_control: Option<IgnoredAny>,
}

/// Which tool must be called.
#[derive(Debug, serde::Deserialize)]
pub struct ToolChoice<'a> {
    /// `auto`, `any`, `tool` or `none`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Of `tool`.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// At most one call in the answer.
    #[serde(default)]
    pub disable_parallel_tool_use: bool,
}

/// Whether thinking is asked for.
#[derive(Debug, serde::Deserialize)]
pub struct Thinking<'a> {
    /// `enabled`, `adaptive` or `disabled`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Of `enabled`.
    #[serde(default)]
    pub budget_tokens: Option<u64>,
    /// How the client shows it; only its presence matters.
    #[serde(default)]
    pub display: Option<IgnoredAny>,
}

/// Effort and output format.
#[derive(Debug, serde::Deserialize)]
pub struct OutputConfig<'a> {
    /// `low`, `medium`, `high`, `xhigh` or `max`.
    #[serde(borrow, default)]
    pub effort: Option<Text<'a>>,
    /// The form of the answer.
    #[serde(borrow, default)]
    pub format: Option<OutputFormat<'a>>,
}

/// The form of the answer.
#[derive(Debug, serde::Deserialize)]
pub struct OutputFormat<'a> {
    /// `json_schema`.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// The schema.
    #[serde(borrow, default)]
    pub schema: Option<&'a RawValue>,
}

/// Who asks.
#[derive(Debug, serde::Deserialize)]
pub struct Metadata<'a> {
    /// A JSON object in a string since 2.1, `user_<hex>_account__session_<uuid>` before.
    #[serde(borrow, default)]
    pub user_id: Option<Text<'a>>,
}

impl<'a> Content<'a> {
    /// The texts in order, other blocks left out.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (single, blocks) = match self {
            Self::Empty => (None, &[][..]),
            Self::Text(text) => (Some(&**text), &[][..]),
            Self::Blocks(blocks) => (None, &blocks[..]),
        };
        single
            .into_iter()
            .chain(blocks.iter().filter(|block| &*block.kind == "text").filter_map(|block| block.text.as_deref()))
    }

    /// The texts in order, to be changed in place.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text<'a>> {
        let (single, blocks) = match self {
            Self::Empty => (None, &mut [][..]),
            Self::Text(text) => (Some(text), &mut [][..]),
            Self::Blocks(blocks) => (None, &mut blocks[..]),
        };
        single
            .into_iter()
            .chain(blocks.iter_mut().filter(|block| &*block.kind == "text").filter_map(|block| block.text.as_mut()))
    }

    /// The blocks; a plain string has none.
    pub fn blocks(&self) -> &[Block<'a>] {
        match self {
            Self::Blocks(blocks) => blocks,
            Self::Empty | Self::Text(_) => &[],
        }
    }
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Source<'de>>, D::Error> {
    struct SourceVisitor;
    impl<'de> Visitor<'de> for SourceVisitor {
        type Value = Option<Source<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a source or a URL")
        }
        fn visit_borrowed_str<E: Error>(self, url: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Source { url: Some(url.into()), ..Source::default() }))
        }
        fn visit_str<E: Error>(self, url: &str) -> Result<Self::Value, E> {
            Ok(Some(Source { url: Some(url.to_owned().into()), ..Source::default() }))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Source::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }
    deserializer.deserialize_any(SourceVisitor)
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of blocks")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Content::Text(Text(Cow::Owned(text))))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Content::Empty)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut blocks = Vec::with_capacity(list.size_hint().unwrap_or(4));
                while let Some(block) = list.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // Results of tools that run at the provider hold an object here; its shape is theirs.
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Content::Empty)
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for MessagesRequest<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestVisitor;
        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = MessagesRequest<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Messages API request")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut request = MessagesRequest::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match &*key {
                        "model" => request.model = map.next_value()?,
                        "messages" => request.messages = map.next_value()?,
                        "system" => request.system = map.next_value()?,
                        "tools" => request.tools = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "tool_choice" => request.tool_choice = map.next_value()?,
                        "max_tokens" => request.max_tokens = map.next_value()?,
                        "stream" => request.stream = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "temperature" => request.temperature = map.next_value()?,
                        "top_p" => request.top_p = map.next_value()?,
                        "stop_sequences" => {
                            request.stop_sequences = map.next_value::<Option<_>>()?.unwrap_or_default();
                        }
                        "thinking" => request.thinking = map.next_value()?,
                        "output_config" => request.output_config = map.next_value()?,
                        "metadata" => request.metadata = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            request.ignored.push(key);
                        }
                    }
                }
                Ok(request)
            }
        }
        deserializer.deserialize_map(RequestVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_block_is_kept_with_its_type() {
        let request: MessagesRequest<'_> = serde_json::from_str(
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"hologram","depth":3}]}],"safeguards":[]}"#,
        )
        .unwrap();
        assert_eq!(&*request.messages[0].content.blocks()[0].kind, "hologram");
        assert_eq!(request.ignored, [Text::from("safeguards")]);
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let request: MessagesRequest<'_> = serde_json::from_str(
            r#"{"messages":[{"role":"user","content":"hi"}],"system":[{"type":"text","text":"be"}]}"#,
        )
        .unwrap();
        let Content::Text(Text(Cow::Borrowed("hi"))) = request.messages[0].content else { panic!("{request:?}") };
        let Some(Text(Cow::Borrowed("be"))) = request.system.blocks()[0].text else { panic!("{request:?}") };
    }

    #[test]
    fn nulls_read_as_absent() {
        let request: MessagesRequest<'_> =
            serde_json::from_str(r#"{"tools":null,"system":null,"stream":null,"temperature":null,"messages":[]}"#)
                .unwrap();
        assert!(request.tools.is_empty() && !request.stream && request.temperature.is_none());
    }
}
