//! What a client speaks: how it is told of errors, and how it is kept waiting.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::answered;
use super::body::Body;
use crate::openai::Relay;
use crate::wire::error::ApiError;
use crate::wire::event::{Event, Usage};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// OpenAI's name for the same.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The protocol of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Anthropic's.
    Messages,
    /// OpenAI's, and Mistral's own.
    OpenAi,
}

impl Protocol {
    /// The protocol of a path below which it stands alone; what both speak counts as Anthropic's.
    pub fn of(path: &str) -> Self {
        let is = |end: &str| path.ends_with(end);
        if is("/v1/chat/completions") || is("/v1/embeddings") || is("/v1/fim/completions") {
            Self::OpenAi
        } else {
            Self::Messages
        }
    }

    /// Writes the beginning of a stream to which nobody has an answer yet.
    pub(super) fn begin(self, id: &str, model: &str, tokens: u64, out: &mut Vec<u8>) {
        match self {
            Self::Messages => {
                let usage = Usage { input_tokens: tokens, ..Usage::default() };
                Event::Start { id, model, usage }.encode(out);
            }
            // The upstream's first chunk says who answers.
            Self::OpenAi => {}
        }
        self.ping(out);
    }

    /// Writes what keeps a client waiting.
    pub(super) fn ping(self, out: &mut Vec<u8>) {
        match self {
            Self::Messages => Event::Ping.encode(out),
            Self::OpenAi => Relay::ping(out),
        }
    }

    /// Writes an error that ends a stream.
    pub(super) fn error(self, error: &ApiError, out: &mut Vec<u8>) {
        match self {
            Self::Messages => Event::Error(error).encode(out),
            Self::OpenAi => Relay::error(error, out),
        }
    }

    /// Whether a stream that failed is broken off: OpenAI's clients take an error for a chunk like others, and the end
    /// of the connection for the end of the answer.
    pub(super) fn breaks_off(self) -> bool {
        self == Self::OpenAi
    }

    /// Writes an error as the client expects it, with the headers that decide whether it tries again.
    pub(super) fn failed(self, error: &ApiError, request_id: &str) -> Response<Body> {
        let body = match self {
            Self::Messages => error.body(request_id),
            Self::OpenAi => error.openai_body(),
        };
        let mut response = answered("application/json", Body::from(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let headers = response.headers_mut();
        if let Some(seconds) = error.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if !error.retry {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        self.identify(&mut response, request_id);
        response
    }

    /// Puts the request's id into the headers, under the name that the client's library reads.
    pub(super) fn identify(self, response: &mut Response<Body>, request_id: &str) {
        let Ok(id) = HeaderValue::from_str(request_id) else { return };
        if self == Self::OpenAi {
            response.headers_mut().insert(X_REQUEST_ID, id.clone());
        }
        response.headers_mut().insert(REQUEST_ID, id);
    }
}
