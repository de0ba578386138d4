//! An upstream's answer in, bytes for the client out, in the protocol that it speaks.

use bytes::Bytes;

use super::events::Events;
use crate::translate::{self, StreamTranslator};
use crate::wire::error::ApiError;
use crate::wire::event::{Event, Usage};
use crate::wire::sse;

/// Reads one answer.
pub(super) enum Reader {
    /// Into a message.
    Messages(StreamTranslator),
}

impl Reader {
    /// Takes in one event of the upstream's stream.
    pub(super) fn event(&mut self, event: sse::Event<'_>, out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.data(event.data, &mut |event| out.push(event)),
        }
    }

    /// The upstream's stream is at its end; `rest` stands behind its last event.
    pub(super) fn finish(&mut self, _rest: &[u8], out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.finish(&mut |event| out.push(event)),
        }
    }

    /// Ends the answer with an error; after it nothing goes out.
    pub(super) fn fail(&mut self, error: &ApiError, out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.fail(error, &mut |event| out.push(event)),
        }
    }

    /// Lets the client hear that somebody is there.
    pub(super) fn ping(&self, out: &mut Events) {
        match self {
            Self::Messages(_) => out.push(Event::Ping),
        }
    }

    /// Returns the whole answer for a client that wants it whole.
    pub(super) fn whole(&mut self, provider: &str, body: &Bytes) -> Result<Bytes, ApiError> {
        match self {
            Self::Messages(translator) => translate::response(translator, provider, body).map(Bytes::from),
        }
    }

    /// Returns a whole answer as a stream: a server cannot stream, or did not understand that it should.
    pub(super) fn whole_as_stream(&mut self, provider: &str, body: &[u8]) -> Result<Events, ApiError> {
        let mut out = Events::default();
        match self {
            Self::Messages(translator) => {
                translate::whole_as_stream(translator, provider, body, &mut |event| out.push(event))?;
            }
        }
        Ok(out)
    }

    /// Whether content is on its way, or all is said.
    pub(super) fn has_content(&self) -> bool {
        match self {
            Self::Messages(translator) => translator.has_content(),
        }
    }

    /// Whether the last event is out.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Messages(translator) => translator.is_over(),
        }
    }

    /// What the answer failed with.
    pub(super) fn failure(&self) -> Option<&ApiError> {
        match self {
            Self::Messages(translator) => translator.failure(),
        }
    }

    /// What was spent, as far as it is known.
    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Messages(translator) => translator.usage(),
        }
    }
}
