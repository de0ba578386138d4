//! A content block from its start to its stop.

use serde_json::{Value, json};

use super::message::Block;
use super::{exactly, field, filled, text};

/// The one block that is open.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: u64,
    said: Said,
}

#[derive(Debug)]
enum Said {
    Text(String),
    Thinking {
        text: String,
        signature: String,
    },
    ToolUse {
        id: String,
        name: String,
        arguments: String,
    },
    /// A block of the server's own tools, or one that is complete from its start.
    Other {
        start: Value,
        arguments: String,
    },
}

impl Open {
    pub(super) fn start(index: u64, block: &Value) -> Result<Self, String> {
        let said = match text(block, "type")? {
            "text" => {
                exactly(block, "text", &json!(""))?;
                Said::Text(String::new())
            }
            "thinking" => {
                exactly(block, "thinking", &json!(""))?;
                let signature = block["signature"].as_str().unwrap_or_default().to_owned();
                Said::Thinking { text: String::new(), signature }
            }
            "tool_use" => {
                // A client reads the arguments from the deltas only.
                exactly(block, "input", &json!({}))?;
                let (id, name) = (filled(block, "id")?.to_owned(), filled(block, "name")?.to_owned());
                Said::ToolUse { id, name, arguments: String::new() }
            }
            "redacted_thinking" | "server_tool_use" | "web_search_tool_result" => {
                Said::Other { start: block.clone(), arguments: String::new() }
            }
            kind => return Err(format!("unknown block `{kind}`")),
        };
        Ok(Self { index, said })
    }

    pub(super) fn delta(&mut self, delta: &Value) -> Result<(), String> {
        let kind = text(delta, "type")?;
        match (&mut self.said, kind) {
            (Said::Text(said), "text_delta") => said.push_str(text(delta, "text")?),
            (Said::Text(_), "citations_delta") => drop(field(delta, "citation")?),
            (Said::Thinking { signature, .. }, "thinking_delta") if !signature.is_empty() => {
                return Err("thinking after its signature".to_owned());
            }
            (Said::Thinking { text: said, .. }, "thinking_delta") => said.push_str(text(delta, "thinking")?),
            (Said::Thinking { signature, .. }, "signature_delta") => signature.push_str(text(delta, "signature")?),
            (Said::ToolUse { arguments, .. }, "input_json_delta") => arguments.push_str(text(delta, "partial_json")?),
            (Said::Other { start, arguments }, "input_json_delta") if start["type"] == "server_tool_use" => {
                arguments.push_str(text(delta, "partial_json")?);
            }
            (said, kind) => return Err(format!("`{kind}` in a block of type `{}`", said.kind())),
        }
        Ok(())
    }

    /// Returns the block, and the name of the call whose arguments are no JSON object.
    pub(super) fn stop(self) -> (Block, Option<String>) {
        match self.said {
            Said::Text(text) => (Block::Text(text), None),
            Said::Thinking { text, signature } => (Block::Thinking { text, signature }, None),
            Said::ToolUse { id, name, arguments } => {
                if let Some(input) = parse(&arguments) {
                    return (Block::ToolUse { id, name, input }, None);
                }
                // What Claude Code makes of it.
                let input = json!({"__unparsedToolInput": {"raw": arguments, "len": arguments.len()}});
                (Block::ToolUse { id, name: name.clone(), input }, Some(name))
            }
            Said::Other { mut start, arguments } => match parse(&arguments) {
                Some(input) if !arguments.is_empty() => {
                    start["input"] = input;
                    (Block::Other(start), None)
                }
                Some(_) => (Block::Other(start), None),
                None => (Block::Other(start), Some("server_tool_use".to_owned())),
            },
        }
    }
}

impl Said {
    fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Thinking { .. } => "thinking",
            Self::ToolUse { .. } => "tool_use",
            Self::Other { start, .. } => start["type"].as_str().unwrap_or_default(),
        }
    }
}

/// No delta at all means no arguments.
fn parse(arguments: &str) -> Option<Value> {
    if arguments.is_empty() {
        return Some(json!({}));
    }
    serde_json::from_str(arguments).ok().filter(Value::is_object)
}
