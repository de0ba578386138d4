//! The bytes of a chat completions request.
//!
//! Says what `Serialize` says, in a third of the time: nearly all of a body is long
//! texts, which serde_json looks at byte by byte where blocks can be looked at as
//! a whole. Everything short is left to serde_json.

use serde::Serialize;

use super::chat::{Content, Message, Part, Request, Tool, ToolCall};

/// Bytes that are looked at as a whole.
const BLOCK: usize = 16;

impl Request<'_> {
    /// Writes the body of the request.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.room());
        out.extend_from_slice(b"{\"model\":");
        string(&mut out, self.model);
        out.extend_from_slice(b",\"messages\":");
        list(&mut out, &self.messages, message);
        if !self.tools.is_empty() {
            out.extend_from_slice(b",\"tools\":");
            list(&mut out, &self.tools, tool);
        }
        option(&mut out, "tool_choice", self.tool_choice.as_ref());
        option(&mut out, "parallel_tool_calls", self.parallel_tool_calls);
        option(&mut out, "max_tokens", self.max_tokens);
        option(&mut out, "max_completion_tokens", self.max_completion_tokens);
        option(&mut out, "temperature", self.temperature);
        option(&mut out, "top_p", self.top_p);
        option(&mut out, "stop", Some(&self.stop).filter(|stop| !stop.is_empty()));
        option(&mut out, "reasoning_effort", self.reasoning_effort);
        option(&mut out, "response_format", self.response_format.as_ref());
        option(&mut out, "prompt_cache_key", self.prompt_cache_key.as_ref());
        option(&mut out, "stream", self.stream.then_some(true));
        option(&mut out, "stream_options", self.stream_options);
        out.push(b'}');
        out
    }

    /// What the body will take, a little more rather than less: growing copies it.
    fn room(&self) -> usize {
        let content = |content: &Content<'_>| match content {
            Content::Text(text) => text.len(),
            Content::Parts(parts) => parts.iter().map(part_length).sum(),
        };
        let messages = self.messages.iter().map(|message| match message {
            Message::System { content } => content.len(),
            Message::User { content: inner } | Message::Tool { content: inner, .. } => content(inner),
            Message::Assistant { content: inner, tool_calls, .. } => {
                inner.as_ref().map_or(0, content)
                    + tool_calls.iter().map(|call| call.arguments.get().len()).sum::<usize>()
            }
        });
        let tools = self.tools.iter().map(|tool| {
            let function = &tool.function;
            function.description.len() + function.parameters.get().len()
        });
        let texts = messages.sum::<usize>() + tools.sum::<usize>();
        texts + texts / 16 + 128 * (self.messages.len() + self.tools.len() + 4)
    }
}

fn part_length(part: &Part<'_>) -> usize {
    match part {
        Part::Text { text } => text.len(),
        Part::ImageUrl { image_url } => image_url.url.len(),
        Part::DocumentUrl { document_url, .. } => document_url.len(),
        Part::Thinking { thinking } => thinking[0].text.len(),
    }
}

fn message(out: &mut Vec<u8>, message: &Message<'_>) {
    match message {
        Message::System { content: text } => {
            out.extend_from_slice(b"{\"role\":\"system\",\"content\":");
            string(out, text);
        }
        Message::User { content: inner } => {
            out.extend_from_slice(b"{\"role\":\"user\",\"content\":");
            content(out, inner);
        }
        Message::Assistant { content: inner, tool_calls, prefix } => {
            out.extend_from_slice(b"{\"role\":\"assistant\"");
            if let Some(inner) = inner {
                out.extend_from_slice(b",\"content\":");
                content(out, inner);
            }
            if !tool_calls.is_empty() {
                out.extend_from_slice(b",\"tool_calls\":");
                list(out, tool_calls, call);
            }
            option(out, "prefix", prefix.then_some(true));
        }
        Message::Tool { tool_call_id, name, content: inner } => {
            out.extend_from_slice(b"{\"role\":\"tool\",\"tool_call_id\":");
            string(out, tool_call_id);
            out.extend_from_slice(b",\"name\":");
            string(out, name);
            out.extend_from_slice(b",\"content\":");
            content(out, inner);
        }
    }
    out.push(b'}');
}

fn content(out: &mut Vec<u8>, content: &Content<'_>) {
    match content {
        Content::Text(text) => string(out, text),
        Content::Parts(parts) => list(out, parts, part),
    }
}

fn part(out: &mut Vec<u8>, part: &Part<'_>) {
    match part {
        Part::Text { text } => {
            out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
            string(out, text);
            out.push(b'}');
        }
        Part::ImageUrl { image_url } => {
            out.extend_from_slice(b"{\"type\":\"image_url\",\"image_url\":{\"url\":");
            string(out, &image_url.url);
            out.extend_from_slice(b"}}");
        }
        Part::DocumentUrl { document_url, document_name } => {
            out.extend_from_slice(b"{\"type\":\"document_url\",\"document_url\":");
            string(out, document_url);
            option(out, "document_name", document_name.as_ref());
            out.push(b'}');
        }
        Part::Thinking { .. } => value(out, part),
    }
}

fn call(out: &mut Vec<u8>, call: &ToolCall<'_>) {
    out.extend_from_slice(b"{\"id\":");
    string(out, &call.id);
    out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
    string(out, &call.name);
    out.extend_from_slice(b",\"arguments\":");
    string(out, call.arguments.get());
    out.extend_from_slice(b"}}");
}

fn tool(out: &mut Vec<u8>, tool: &Tool<'_>) {
    let function = &tool.function;
    out.extend_from_slice(b"{\"type\":\"function\",\"function\":{\"name\":");
    string(out, &function.name);
    if !function.description.is_empty() {
        out.extend_from_slice(b",\"description\":");
        string(out, &function.description);
    }
    out.extend_from_slice(b",\"parameters\":");
    out.extend_from_slice(function.parameters.get().as_bytes());
    out.extend_from_slice(b"}}");
}

fn list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn option(out: &mut Vec<u8>, key: &str, content: Option<impl Serialize>) {
    if let Some(content) = content {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        value(out, &content);
    }
}

fn value(out: &mut Vec<u8>, value: &impl Serialize) {
    // Writing to memory cannot fail, and no type here has a map with keys that are not strings.
    let _ = serde_json::to_writer(out, value);
}

/// Writes a string, quoted and escaped.
fn string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = end_of_plain(rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            byte => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Returns where the first byte stands that a string cannot hold as it is.
fn end_of_plain(bytes: &[u8]) -> Option<usize> {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    // Without a way out in the middle of a block, this becomes a few vector instructions.
    let plain = |block: &&[u8; BLOCK]| block.iter().fold(true, |plain, &byte| plain & is_plain(byte));
    let seen = blocks.iter().take_while(plain).count() * BLOCK;
    bytes[seen..].iter().position(|&byte| !is_plain(byte)).map(|at| seen + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_string_is_written_as_serde_json_writes_it(text in "([a-zé]{0,40}|[\u{0}-\u{7f}]{0,3}|\u{1F600}){0,12}") {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
