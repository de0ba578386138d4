//! A request turned away at the door, in the shape that the agent understands.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::body::Body;

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
        let error = json!({ "type": "error", "error": { "type": self.kind, "message": self.message } });
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
