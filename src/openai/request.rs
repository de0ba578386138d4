//! A body, read as far as it has to be.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::Endpoint;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::openai::{Chat, Fields};

/// A request that was read.
#[derive(Debug)]
pub struct Request<'a> {
    /// What is asked for.
    pub endpoint: Endpoint,
    /// The model that the client names.
    pub model: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// What is read of a conversation; empty for other endpoints.
    pub chat: Chat<'a>,
    /// All of it.
    pub(super) fields: Fields<'a>,
}

impl Request<'_> {
    /// The tokens of the longest answer that is asked for.
    pub fn longest(&self) -> u64 {
        match self.endpoint {
            Endpoint::Embeddings => 0,
            Endpoint::Chat | Endpoint::Fim => {
                let limits = ["max_completion_tokens", "max_tokens"].map(|key| self.fields.read(key));
                limits.into_iter().flatten().min().unwrap_or(u64::MAX)
            }
        }
    }
}

/// Reads a body.
///
/// # Errors
/// Fails where it is no object, names no model, or its messages or tools are nothing of the kind.
pub fn read(endpoint: Endpoint, bytes: &[u8]) -> Result<Request<'_>, ApiError> {
    // Text that is known to be UTF-8 is read faster than bytes that might not be.
    let read = str::from_utf8(bytes).map_or_else(|_| serde_json::from_slice(bytes), serde_json::from_str);
    let fields: Fields<'_> = read.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        refused(&if error.is_data() { format!("is no object ({place})") } else { format!("is not JSON ({place})") })
    })?;
    let Some(model) = fields.read::<String>("model").filter(|model| !model.trim().is_empty()) else {
        return Err(refused("names no `model`"));
    };
    let chat = match endpoint {
        Endpoint::Chat => Chat {
            messages: part(&fields, "messages")?.ok_or_else(|| refused("has no `messages`"))?,
            tools: part(&fields, "tools")?.unwrap_or_default(),
            reasoning_effort: part(&fields, "reasoning_effort")?,
        },
        Endpoint::Embeddings | Endpoint::Fim => Chat::default(),
    };
    let stream = endpoint != Endpoint::Embeddings && fields.read("stream") == Some(true);
    Ok(Request { endpoint, model, stream, chat, fields })
}

fn part<'a, T: Deserialize<'a>>(fields: &Fields<'a>, key: &str) -> Result<Option<T>, ApiError> {
    let Some(raw) = fields.borrowed(key) else { return Ok(None) };
    read_part(raw).map_err(|error| {
        // serde's words may quote what it met; the place says enough.
        let (line, column) = (error.line(), error.column());
        refused(&format!(
            "has `{key}` of a form that chat completions do not have (line {line}, column {column} of it)"
        ))
    })
}

fn read_part<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> serde_json::Result<Option<T>> {
    serde_json::from_str(raw.get())
}

fn refused(what: &str) -> ApiError {
    ApiError::last(400, ErrorKind::InvalidRequestError, format!("mcr: the body {what}"))
}
