//! A conversation as the counter reads it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::config::Target;
use crate::wire::openai::{Chat, Content, Message};
use crate::wire::{RawText, chat};

/// Returns what there is to count: nothing else is right in it.
pub(super) fn prompt<'a>(asked: &'a Chat<'_>, target: &'a Target, effort: Option<&'static str>) -> chat::Request<'a> {
    chat::Request {
        model: &target.model,
        messages: asked.messages.iter().map(message).collect(),
        tools: asked.tools.iter().filter_map(|tool| Some(self::tool(tool.function.as_ref()?))).collect(),
        tool_choice: None,
        parallel_tool_calls: None,
        max_tokens: None,
        max_completion_tokens: None,
        temperature: None,
        top_p: None,
        stop: Vec::new(),
        reasoning_effort: effort,
        response_format: None,
        prompt_cache_key: None,
        stream: false,
        stream_options: None,
    }
}

fn tool<'a>(function: &'a crate::wire::openai::Function<'_>) -> chat::Tool<'a> {
    chat::Tool {
        function: chat::Function {
            name: Cow::Borrowed(function.name.as_deref().unwrap_or_default()),
            description: Cow::Borrowed(function.description.as_deref().unwrap_or_default()),
            parameters: Cow::Borrowed(function.parameters.unwrap_or(RawValue::NULL)),
        },
    }
}

fn message<'a>(message: &'a Message<'_>) -> chat::Message<'a> {
    match &*message.role {
        "system" | "developer" => chat::Message::System { content: text(&message.content) },
        "assistant" => chat::Message::Assistant {
            content: match &message.content {
                Content::Nothing => None,
                content => Some(self::content(content)),
            },
            tool_calls: message.tool_calls.iter().flatten().filter_map(call).collect(),
            prefix: false,
        },
        "tool" | "function" => chat::Message::Tool {
            tool_call_id: String::new(),
            name: Cow::Borrowed(""),
            content: content(&message.content),
        },
        _ => chat::Message::User { content: content(&message.content) },
    }
}

fn call<'a>(call: &'a crate::wire::openai::Call<'_>) -> Option<chat::ToolCall<'a>> {
    let function = call.function.as_ref()?;
    let arguments = function.arguments.map(RawValue::get).unwrap_or_default();
    Some(chat::ToolCall {
        id: String::new(),
        name: Cow::Borrowed(function.name.as_deref().unwrap_or_default()),
        // A string that holds JSON, or with some clients the JSON itself.
        arguments: RawText::Owned(serde_json::from_str(arguments).unwrap_or_else(|_| arguments.to_owned())),
    })
}

fn text<'a>(content: &'a Content<'_>) -> Cow<'a, str> {
    match content {
        Content::Nothing => Cow::Borrowed(""),
        Content::Text(text) => Cow::Borrowed(text),
        Content::Parts(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.text.as_deref()).collect();
            Cow::Owned(texts.join("\n\n"))
        }
    }
}

fn content<'a>(content: &'a Content<'_>) -> chat::Content<'a> {
    let Content::Parts(parts) = content else { return chat::Content::Text(text(content)) };
    let part = |part: &'a crate::wire::openai::Part<'_>| {
        if let Some(url) = part.image() {
            return Some(chat::Part::ImageUrl { image_url: chat::ImageUrl { url: url.into_owned() } });
        }
        if let Some(text) = &part.text {
            return Some(chat::Part::Text { text: Cow::Borrowed(text) });
        }
        let thought = text(&part.thinking);
        (!thought.is_empty()).then_some(chat::Part::Thinking { thinking: [chat::ThinkingText { text: thought }] })
    };
    chat::Content::Parts(parts.iter().filter_map(part).collect())
}
