//! A whole chat completion in, a whole message out.
//!
//! A reply is read as a stream of one chunk, so that both forms of an answer obey
//! the same rules.

use crate::wire::chat::Chunk;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Event;
use crate::wire::message::Message;

use super::StreamTranslator;

/// Translates a reply; `translator` is fresh and holds the usage afterwards.
pub fn response(translator: &mut StreamTranslator, provider: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let chunk = parse(provider, body)?;
    let mut message = Message::default();
    translator.chunk(&chunk, &mut |event| message.event(event));
    translator.finish(&mut |event| message.event(event));
    message.finish()
}

/// Translates a whole reply into a stream, for a client that asked for one and a server that sent none.
pub fn whole_as_stream(
    translator: &mut StreamTranslator,
    provider: &str,
    body: &[u8],
    emit: &mut impl FnMut(Event<'_>),
) -> Result<(), ApiError> {
    let chunk = parse(provider, body)?;
    translator.chunk(&chunk, emit);
    translator.finish(emit);
    translator.failure().map_or(Ok(()), |error| Err(error.clone()))
}

fn parse<'a>(provider: &str, body: &'a [u8]) -> Result<Chunk<'a>, ApiError> {
    serde_json::from_slice(body).map_err(|_| {
        ApiError::new(502, ErrorKind::ApiError, format!("{provider}: the answer is not a chat completion"))
    })
}
