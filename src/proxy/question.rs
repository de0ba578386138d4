//! What a client asks, whatever protocol it speaks: what the attempts need to know of it.

use super::reader::Reader;
use crate::config::{Endpoint, Target};
use crate::observe::spending::Asking;
use crate::openai;
use crate::route::{Counter, TokenCount};
use crate::translate::{self, Dropped, Outgoing, StreamTranslator};
use crate::wire::anthropic::MessagesRequest;
use crate::wire::error::ApiError;

/// A question that was read.
#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    /// For the next turn of a conversation, of the Messages API.
    Messages(&'a MessagesRequest<'a>),
    /// For whatever OpenAI's clients ask.
    OpenAi(&'a openai::Request<'a>),
}

impl<'a> Question<'a> {
    /// Whether a stream is asked for.
    pub(super) fn wants_stream(self) -> bool {
        match self {
            Self::Messages(request) => request.stream,
            Self::OpenAi(request) => request.stream,
        }
    }

    /// What it is to be paid for at a target that counts the prompt as so many tokens.
    pub(super) fn asking(self, target: &'a Target, tokens: u64) -> Asking<'a> {
        let longest = match self {
            Self::Messages(request) => request.max_tokens.unwrap_or(u64::MAX),
            Self::OpenAi(request) => request.longest(),
        };
        Asking { target, prompt: tokens, longest: longest.min(target.facts.window.saturating_sub(tokens).max(1)) }
    }

    /// Makes the question one that a target takes.
    ///
    /// # Errors
    /// Fails only where something the person gave cannot be sent at all.
    pub(super) fn draft(self, target: &'a Target, session: Option<&str>) -> Result<Draft<'a>, ApiError> {
        match self {
            Self::Messages(request) => translate::request(request, target, session).map(Draft::Messages),
            Self::OpenAi(request) => {
                openai::outgoing(request, target).map(|outgoing| Draft::OpenAi(outgoing, request.endpoint))
            }
        }
    }

    /// What the provider is asked for.
    pub(super) fn endpoint(self) -> Endpoint {
        match self {
            Self::Messages(_) => Endpoint::Chat,
            Self::OpenAi(request) => request.endpoint,
        }
    }

    /// Whether another target answers the same question as well.
    ///
    /// Another model's vectors mean nothing beside the first one's, and completing code is asked of a model that was
    /// trained for it: there only the same model of another provider will do.
    pub(super) fn suits(self, chosen: &Target, other: &Target) -> bool {
        match self.endpoint() {
            Endpoint::Chat => true,
            Endpoint::Embeddings => other.model == chosen.model,
            Endpoint::Fim => other.model == chosen.model && other.provider.dialect.has_fim(),
        }
    }
}

/// A question as one target is asked it.
pub(super) enum Draft<'a> {
    /// Translated from the Messages API.
    Messages(Outgoing<'a>),
    /// Nearly as it came.
    OpenAi(openai::Outgoing<'a>, Endpoint),
}

impl Draft<'_> {
    /// Counts the prompt as the target does.
    pub(super) fn tokens(&self, counter: &Counter, target: &Target) -> TokenCount {
        match self {
            Self::Messages(outgoing) => counter.count(&outgoing.request, target),
            Self::OpenAi(outgoing, _) => match &outgoing.prompt {
                Some(prompt) => counter.count(prompt, target),
                None => TokenCount::Estimate(outgoing.estimate()),
            },
        }
    }

    /// Fits the longest answer to what the window leaves beside a prompt of so many tokens.
    pub(super) fn fit(&mut self, tokens: u64, window: u64) {
        match self {
            Self::Messages(outgoing) => outgoing.fit(tokens, window),
            Self::OpenAi(outgoing, _) => outgoing.fit(tokens, window),
        }
    }

    /// What was left out.
    pub(super) fn dropped(&self) -> &Dropped {
        match self {
            Self::Messages(outgoing) => &outgoing.dropped,
            Self::OpenAi(outgoing, _) => &outgoing.dropped,
        }
    }

    /// The bytes to send.
    pub(super) fn body(&self, target: &Target) -> Vec<u8> {
        match self {
            Self::Messages(outgoing) => outgoing.body(target),
            Self::OpenAi(outgoing, _) => outgoing.body(target),
        }
    }

    /// Begins to read the answer, whose id will be `id`.
    pub(super) fn reader(self, target: &Target, id: &str, tokens: u64) -> Reader {
        let provider = &target.provider.name;
        match self {
            Self::Messages(Outgoing { reply, .. }) => {
                Reader::Messages(StreamTranslator::new(reply, provider, &target.model, id, tokens))
            }
            Self::OpenAi(outgoing, endpoint) => {
                Reader::OpenAi(openai::Relay::new(endpoint, provider, &target.model, tokens, outgoing.strips_usage))
            }
        }
    }
}
