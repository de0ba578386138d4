//! Errors in Anthropic's shape, and in OpenAI's.

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;

/// The `type` of an error; Claude Code decides by it and by the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is wrong; up to six tries by the client.
    InvalidRequestError,
    /// No key or a wrong one.
    AuthenticationError,
    /// Not allowed.
    PermissionError,
    /// No such model or path.
    NotFoundError,
    /// The body is too large.
    RequestTooLarge,
    /// Too many requests or tokens.
    RateLimitError,
    /// Something failed upstream.
    ApiError,
    /// Full for the moment.
    OverloadedError,
    /// A clock ran out.
    TimeoutError,
    /// A budget is spent; the client shows the words and does not try again.
    BillingError,
    /// Refused by mcr; the client shows the words and does not try again.
    PolicyBlocked,
}

/// What went wrong, in words that begin with who failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status, where the answer has not begun.
    pub status: u16,
    /// The error's type.
    pub kind: ErrorKind,
    /// Shown to the person by Claude Code.
    pub message: String,
    /// Seconds until another try makes sense.
    pub retry_after: Option<u64>,
    /// What the upstream said, where `status` says it in the client's terms and more than that.
    pub said: Option<u16>,
    /// False where another try cannot help.
    pub retry: bool,
    /// Tokens that the largest prompt may have, where this one has more.
    pub maximum: Option<u64>,
    /// Where in the message stands what the upstream wrote, which may repeat the prompt.
    quoted: Range<usize>,
}

impl ApiError {
    /// Makes an error that a second try may mend.
    pub fn new(status: u16, kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, kind, message, retry_after: None, said: None, retry: true, maximum: None, quoted: 0..0 }
    }

    /// Makes an error that another try cannot mend.
    pub fn last(status: u16, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { retry: false, ..Self::new(status, kind, message) }
    }

    /// Makes a 400 whose words reach the person at the first try.
    ///
    /// Claude Code sends a plain `invalid_request_error` up to six times, leaving out
    /// one feature after another; `policy_blocked` it shows at once.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::last(400, ErrorKind::PolicyBlocked, message)
    }

    /// Makes the 400 of a budget that is spent; Claude Code shows its words at the first try.
    pub fn spent(message: impl Into<String>) -> Self {
        Self::last(400, ErrorKind::BillingError, message)
    }

    /// Makes the 400 that lets Claude Code compact the conversation.
    pub fn too_long(tokens: u64, maximum: u64) -> Self {
        // The client looks for these words and reads the numbers.
        let message = format!("prompt is too long: {tokens} tokens > {maximum} maximum");
        Self { maximum: Some(maximum), ..Self::new(400, ErrorKind::InvalidRequestError, message) }
    }

    /// Says after how many seconds another try makes sense.
    #[must_use]
    pub fn after(self, seconds: Option<u64>) -> Self {
        Self { retry_after: seconds, ..self }
    }

    /// Says which status of the upstream's this one stands for.
    #[must_use]
    pub fn said(self, status: u16) -> Self {
        Self { said: Some(status), ..self }
    }

    /// Marks what the upstream wrote: the end of the message, before `behind`.
    #[must_use]
    pub fn quoting(mut self, said: &str, behind: &str) -> Self {
        let end = self.message.len().saturating_sub(behind.len());
        self.quoted = end.saturating_sub(said.len())..end;
        debug_assert_eq!(self.message.get(self.quoted.clone()), Some(said));
        self
    }

    /// Adds words of our own behind the message.
    pub fn add(&mut self, words: &str) {
        self.message.extend(["; ", words]);
    }

    /// The message for a log, which must hold nothing of a prompt: llama.cpp, for one, repeats it whole.
    pub fn unquoted(&self) -> Cow<'_, str> {
        if self.quoted.is_empty() {
            return Cow::Borrowed(&self.message);
        }
        let before = self.message.get(..self.quoted.start).unwrap_or_default();
        let behind = self.message.get(self.quoted.end..).unwrap_or_default();
        Cow::Owned(format!("{before}[…]{behind}"))
    }

    /// The JSON body.
    pub fn body(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            r#type: &'static str,
            error: Inner<'a>,
            request_id: &'a str,
        }
        serde_json::to_vec(&Envelope { r#type: "error", error: self.inner(), request_id }).unwrap_or_default()
    }

    /// The JSON body in OpenAI's shape, which is also what an error in the middle of a stream looks like.
    pub fn openai_body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            error: Error<'a>,
        }
        #[derive(Serialize)]
        struct Error<'a> {
            message: &'a str,
            r#type: &'static str,
            param: Option<&'static str>,
            code: Option<&'static str>,
        }
        let (r#type, code) = self.in_openais_words();
        // Whoever reads the parameter's name looks for the model's.
        let param = (code == Some("model_not_found")).then_some("model");
        serde_json::to_vec(&Envelope { error: Error { message: &self.message, r#type, param, code } })
            .unwrap_or_default()
    }

    /// The type and the code; clients decide by the status, people and few programs by these.
    fn in_openais_words(&self) -> (&'static str, Option<&'static str>) {
        const INVALID: &str = "invalid_request_error";
        match self.kind {
            ErrorKind::InvalidRequestError if self.maximum.is_some() => (INVALID, Some("context_length_exceeded")),
            ErrorKind::BillingError => ("insufficient_quota", Some("insufficient_quota")),
            ErrorKind::InvalidRequestError | ErrorKind::RequestTooLarge => (INVALID, None),
            ErrorKind::AuthenticationError => ("authentication_error", Some("invalid_api_key")),
            ErrorKind::PermissionError => ("permission_error", None),
            ErrorKind::NotFoundError => (INVALID, Some("model_not_found")),
            ErrorKind::RateLimitError => ("rate_limit_error", Some("rate_limit_exceeded")),
            ErrorKind::ApiError => ("server_error", None),
            ErrorKind::OverloadedError => ("server_error", Some("overloaded")),
            ErrorKind::TimeoutError => ("server_error", Some("timeout")),
            ErrorKind::PolicyBlocked => (INVALID, Some("policy_blocked")),
        }
    }

    pub(super) fn inner(&self) -> Inner<'_> {
        Inner { r#type: self.kind, message: &self.message }
    }
}

#[derive(Serialize)]
pub(super) struct Inner<'a> {
    r#type: ErrorKind,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_the_message_without_what_the_upstream_wrote() {
        let error = ApiError::new(400, ErrorKind::ApiError, "m: refused (400): a plan [request 1]");
        assert_eq!(error.unquoted(), error.message);
        assert_eq!(error.quoting("a plan", " [request 1]").unquoted(), "m: refused (400): […] [request 1]");
    }

    #[test]
    fn a_short_word_of_the_upstreams_is_hidden_where_it_stands_and_nowhere_else() {
        let error = ApiError::new(500, ErrorKind::ApiError, "w: the upstream failed (500): a").quoting("a", "");
        assert_eq!(error.unquoted(), "w: the upstream failed (500): […]");
    }

    #[test]
    fn in_openais_shape_there_are_message_type_param_and_code() {
        let body = |error: ApiError| String::from_utf8(error.openai_body()).unwrap();
        assert_eq!(
            body(ApiError::last(404, ErrorKind::NotFoundError, "no")),
            r#"{"error":{"message":"no","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#
        );
        assert_eq!(
            body(ApiError::too_long(10, 5)),
            r#"{"error":{"message":"prompt is too long: 10 tokens > 5 maximum","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}"#
        );
    }

    #[test]
    fn the_body_is_anthropics_envelope() {
        let error = ApiError::too_long(10, 5);
        assert_eq!(
            String::from_utf8(error.body("req_1")).unwrap(),
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 10 tokens > 5 maximum"},"request_id":"req_1"}"#
        );
    }
}
