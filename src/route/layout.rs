//! How Mistral's templates lay a prompt out, and what that costs in tokens.
//!
//! ```text
//! <s>[SYSTEM_PROMPT]…[/SYSTEM_PROMPT][AVAILABLE_TOOLS]<json>[/AVAILABLE_TOOLS]
//! [MODEL_SETTINGS]{"reasoning_effort": "high"}[/MODEL_SETTINGS]        (v15)
//! [INST]…[/INST][THINK]…[/THINK]answer[TOOL_CALLS]name[ARGS]{…}</s>[TOOL_RESULTS]…[/TOOL_RESULTS]
//! ```
//!
//! Read off `mistral_common` 1.13.1 by decoding what it encodes. Every bracket is one
//! token; JSON is as Python's `json.dumps` writes it. Text between two brackets is
//! one piece for the tokenizer.

use serde_json::{Value, json};

use super::{Counter, image_size};
use crate::catalog::Tokenizer;
use crate::wire::chat::{Content, Message, Part, Request, Tool};

/// Counts a request's prompt.
pub(super) fn count(request: &Request<'_>, tokenizer: Tokenizer, counter: &Counter) -> u64 {
    let v15 = tokenizer == Tokenizer::TekkenV15;
    let mut tokens = 1;
    if v15 {
        tokens += settings(request, counter);
    }
    tokens += tools(&request.tools, counter);
    for message in &request.messages {
        tokens += match message {
            Message::System { content } => 2 + counter.text(content),
            Message::User { content } | Message::Tool { content, .. } => 2 + content_tokens(content, v15, counter),
            Message::Assistant { content, tool_calls, prefix } => {
                let content = match content {
                    None => 0,
                    // The template cuts the spaces at the end of an answer that is a string.
                    Some(Content::Text(text)) => counter.text(text.trim_end_matches(' ')),
                    Some(parts) => content_tokens(parts, v15, counter),
                };
                let calls: u64 = tool_calls
                    .iter()
                    .map(|call| 2 + counter.text(&call.name) + arguments(call.arguments.get(), counter))
                    .sum();
                content + calls + u64::from(!prefix)
            }
        };
    }
    tokens
}

fn settings(request: &Request<'_>, counter: &Counter) -> u64 {
    let effort = request.reasoning_effort.unwrap_or("none");
    2 + counter.text(&format!("{{\"reasoning_effort\": \"{effort}\"}}"))
}

fn tools(tools: &[Tool<'_>], counter: &Counter) -> u64 {
    if tools.is_empty() {
        return 0;
    }
    let mut parts: Vec<&[u8]> = Vec::with_capacity(tools.len() * 3);
    for tool in tools {
        let function = &tool.function;
        parts.extend([function.name.as_bytes(), function.description.as_bytes(), function.parameters.get().as_bytes()]);
    }
    2 + counter.remember(counter.hash(&parts), || super::tekken::Tekken::shared().count(&rendered(tools)))
}

/// Tools as the template writes them: name, description, parameters. It writes an empty description out.
fn rendered(tools: &[Tool<'_>]) -> String {
    let functions = tools.iter().map(|Tool { function }| {
        let parameters = serde_json::from_str::<Value>(function.parameters.get()).unwrap_or_default();
        json!({"type": "function", "function": {
            "name": function.name, "description": function.description, "parameters": parameters,
        }})
    });
    python(&Value::Array(functions.collect()))
}

/// Arguments as the template writes them, which is not how they came.
fn arguments(text: &str, counter: &Counter) -> u64 {
    let key = counter.hash(&[b"json", text.as_bytes()]);
    counter.remember(key, || {
        let rendered = serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value| python(&value));
        super::tekken::Tekken::shared().count(&rendered)
    })
}

/// Writes JSON as Python's `json.dumps(…, ensure_ascii=False)` does.
fn python(value: &Value) -> String {
    struct Python;
    impl serde_json::ser::Formatter for Python {
        fn write_f64<W: ?Sized + std::io::Write>(&mut self, out: &mut W, number: f64) -> std::io::Result<()> {
            let short = format!("{number:e}");
            match short.split_once('e').and_then(|(digits, power)| Some((digits, power.parse::<i32>().ok()?))) {
                Some((digits, power)) if !(-4..16).contains(&power) => write!(out, "{digits}e{power:+03}"),
                _ => write!(out, "{number:?}"),
            }
        }
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Python);
    let _ = serde::Serialize::serialize(value, &mut serializer);
    String::from_utf8(out).unwrap_or_default()
}

fn content_tokens(content: &Content<'_>, v15: bool, counter: &Counter) -> u64 {
    let parts = match content {
        Content::Text(text) => return counter.text(text),
        Content::Parts(parts) => parts,
    };
    let mut tokens = 0;
    // Neighbouring texts are one piece.
    let mut run = String::new();
    for part in parts {
        match part {
            Part::Text { text } => {
                if !v15 && !run.is_empty() {
                    run.push_str("\n\n");
                }
                run.push_str(text);
                continue;
            }
            Part::Thinking { thinking } => tokens += 2 + counter.text(&thinking[0].text),
            Part::ImageUrl { image_url } => tokens += image_size::tokens(&image_url.url),
            // A page is an image; how many there are only the server finds out.
            Part::DocumentUrl { document_url, .. } => tokens += document_url.len() as u64 / 100,
        }
        tokens += counter.text(&run);
        run.clear();
    }
    tokens + counter.text(&run)
}

/// The tokens of all images of a request.
pub(super) fn image_tokens(request: &Request<'_>) -> u64 {
    let contents = request.messages.iter().filter_map(|message| match message {
        Message::User { content } | Message::Tool { content, .. } => Some(content),
        Message::Assistant { .. } | Message::System { .. } => None,
    });
    let parts = contents.flat_map(|content| match content {
        Content::Parts(parts) => &parts[..],
        Content::Text(_) => &[],
    });
    parts.map(|part| if let Part::ImageUrl { image_url } = part { image_size::tokens(&image_url.url) } else { 0 }).sum()
}

/// The bytes of a request that are text.
pub(super) fn bytes(request: &Request<'_>) -> usize {
    let content = |content: &Content<'_>| match content {
        Content::Text(text) => text.len(),
        Content::Parts(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Text { text } => text.len(),
                Part::Thinking { thinking } => thinking[0].text.len(),
                Part::ImageUrl { .. } | Part::DocumentUrl { .. } => 0,
            })
            .sum(),
    };
    let messages = request.messages.iter().map(|message| match message {
        Message::System { content } => content.len(),
        Message::User { content: inner } | Message::Tool { content: inner, .. } => content(inner),
        Message::Assistant { content: inner, tool_calls, .. } => {
            let calls: usize = tool_calls.iter().map(|call| call.name.len() + call.arguments.get().len()).sum();
            inner.as_ref().map_or(0, content) + calls
        }
    });
    let tools = request
        .tools
        .iter()
        .map(|tool| tool.function.name.len() + tool.function.description.len() + tool.function.parameters.get().len());
    messages.sum::<usize>() + tools.sum::<usize>()
}
