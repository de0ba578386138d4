//! A request turned away at the door, in the shape that the client understands.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::body::Body;
use super::protocol::Protocol;

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({status})")]
pub struct Refusal {
    /// The status to answer with.
    pub status: StatusCode,
    /// Anthropic's error type.
    pub kind: &'static str,
    /// What is wrong, and what would be right.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// Makes a refusal; the error type follows from the status.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        let kind = match status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            _ => "invalid_request_error",
        };
        Self { status, kind, message: message.into() }
    }

    /// Writes the answer, and ends the connection where what follows on it cannot be trusted.
    pub fn response(&self) -> Response<Body> {
        self.response_in(Protocol::Messages)
    }

    /// The same in the client's own protocol.
    pub fn response_in(&self, protocol: Protocol) -> Response<Body> {
        let error = match protocol {
            Protocol::Messages => json!({ "type": "error", "error": { "type": self.kind, "message": self.message } }),
            Protocol::OpenAi => {
                let code = (self.status == StatusCode::UNAUTHORIZED).then_some("invalid_api_key");
                json!({ "error": { "message": self.message, "type": self.kind, "param": null, "code": code } })
            }
        };
        let mut response = Response::new(Body::from(Bytes::from(error.to_string())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if !matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        }
        response
    }
}
