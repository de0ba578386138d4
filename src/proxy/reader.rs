//! An upstream's answer in, bytes for the client out, in the protocol that it speaks.

use bytes::Bytes;

use super::events::Events;
use super::protocol::Protocol;
use crate::openai::Relay;
use crate::translate::{self, StreamTranslator};
use crate::wire::error::ApiError;
use crate::wire::event::Usage;
use crate::wire::sse;

/// Reads one answer.
pub(super) enum Reader {
    /// Into a message.
    Messages(StreamTranslator),
    /// As it is.
    OpenAi(Relay),
}

impl Reader {
    /// Takes in one event of the upstream's stream.
    pub(super) fn event(&mut self, event: sse::Event<'_>, out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.data(event.data, &mut |event| out.push(event)),
            Self::OpenAi(relay) => relay.event(event, out.bytes()),
        }
    }

    /// The upstream's stream is at its end; `rest` stands behind its last event.
    pub(super) fn finish(&mut self, rest: &[u8], out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.finish(&mut |event| out.push(event)),
            Self::OpenAi(relay) => relay.finish(rest, out.bytes()),
        }
    }

    /// Ends the answer with an error; after it nothing goes out.
    pub(super) fn fail(&mut self, error: &ApiError, out: &mut Events) {
        match self {
            Self::Messages(translator) => translator.fail(error, &mut |event| out.push(event)),
            Self::OpenAi(relay) => relay.fail(error, out.bytes()),
        }
    }

    /// Lets the client hear that somebody is there.
    pub(super) fn ping(&self, out: &mut Events) {
        self.protocol().ping(out.bytes());
    }

    /// Returns the whole answer for a client that wants it whole.
    pub(super) fn whole(&mut self, provider: &str, body: &Bytes) -> Result<Bytes, ApiError> {
        match self {
            Self::Messages(translator) => translate::response(translator, provider, body).map(Bytes::from),
            Self::OpenAi(relay) => relay.whole(body).map(|()| body.clone()),
        }
    }

    /// Returns a whole answer as a stream: a server cannot stream, or did not understand that it should.
    pub(super) fn whole_as_stream(&mut self, provider: &str, body: &[u8]) -> Result<Events, ApiError> {
        let mut out = Events::default();
        match self {
            Self::Messages(translator) => {
                translate::whole_as_stream(translator, provider, body, &mut |event| out.push(event))?;
            }
            Self::OpenAi(relay) => relay.whole_as_stream(body, out.bytes())?,
        }
        Ok(out)
    }

    /// What the client speaks.
    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::Messages(_) => Protocol::Messages,
            Self::OpenAi(_) => Protocol::OpenAi,
        }
    }

    /// Whether content is on its way, or all is said.
    pub(super) fn has_content(&self) -> bool {
        match self {
            Self::Messages(translator) => translator.has_content(),
            Self::OpenAi(relay) => relay.has_content(),
        }
    }

    /// Whether the last event is out.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Messages(translator) => translator.is_over(),
            Self::OpenAi(relay) => relay.is_over(),
        }
    }

    /// What the answer failed with.
    pub(super) fn failure(&self) -> Option<&ApiError> {
        match self {
            Self::Messages(translator) => translator.failure(),
            Self::OpenAi(relay) => relay.failure(),
        }
    }

    /// What was spent, as far as it is known.
    pub(super) fn usage(&self) -> Usage {
        match self {
            Self::Messages(translator) => translator.usage(),
            Self::OpenAi(relay) => relay.usage(),
        }
    }
}
