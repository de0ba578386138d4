//! A whole chat completion in, a whole message out.
//!
//! A reply is read as a stream of one chunk, so that both forms of an answer obey
//! the same rules.

use crate::wire::chat::Chunk;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::message::Message;

use super::StreamTranslator;

/// Translates a reply; `translator` is fresh and holds the usage afterwards.
pub fn response(translator: &mut StreamTranslator, provider: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let chunk: Chunk<'_> = serde_json::from_slice(body).map_err(|_| {
        ApiError::new(502, ErrorKind::ApiError, format!("{provider}: the answer is not a chat completion"))
    })?;
    let mut message = Message::default();
    translator.chunk(&chunk, &mut |event| message.event(event));
    translator.finish(&mut |event| message.event(event));
    message.finish()
}
