//! A client of the Messages API that accepts only lawful answers.
//!
//! It speaks to loopback addresses and no others, one connection for each
//! request; dropping an answer closes its connection, as an interrupted agent
//! does. What Claude Code puts into its requests stands in `costume`.

mod connection;
mod costume;
pub mod session;
mod stream;
#[cfg(test)]
mod tests;
mod workspace;

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use hyper::body::Bytes;
use serde_json::Value;

pub use self::connection::Arriving;
use self::connection::Base;
pub use self::session::session;
pub use self::stream::{Answer, Stream};
use super::grammar::Unlawful;

/// Why there is no lawful answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL is of no use.
    #[error("not an http address of this machine: {0}")]
    Address(String),
    /// A header or path cannot be sent.
    #[error("cannot make the request")]
    Request(#[source] http::Error),
    /// Nobody listens.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The connection ended before the head of the answer.
    #[error("no answer")]
    NoAnswer(#[source] hyper::Error),
    /// The connection ended inside the answer.
    #[error("the answer was cut off after {events} events")]
    Cut {
        /// Complete events before the cut.
        events: usize,
        /// What the connection says.
        source: hyper::Error,
    },
    /// The answer breaks the grammar.
    #[error(transparent)]
    Unlawful(#[from] Unlawful),
}

/// A client with an address and a token.
#[derive(Debug, Clone)]
pub struct Client {
    base: Base,
    headers: HeaderMap,
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// Makes a client; the path of the URL stands before every path of a request.
    pub fn new(base_url: &str, token: &str) -> Result<Self, ClientError> {
        let base = Base::parse(base_url)?;
        let client = Self { base, headers: HeaderMap::new() };
        client
            .header("authorization", &format!("Bearer {token}"))?
            .header("anthropic-version", "2023-06-01")?
            .header("content-type", "application/json")
    }

    /// Sends this header with every request.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, ClientError> {
        let name = HeaderName::try_from(name).map_err(|error| ClientError::Request(error.into()))?;
        let value = HeaderValue::try_from(value).map_err(|error| ClientError::Request(error.into()))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sends no such header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Asks for a message and reads the answer to its end.
    pub async fn messages(&self, body: &Value) -> Result<Answer, ClientError> {
        self.open(body).await?.finish().await
    }

    /// Asks for a message and returns at the head of the answer.
    pub async fn open(&self, body: &Value) -> Result<Stream, ClientError> {
        let bytes = body.to_string();
        let sent = tokio::time::Instant::now();
        let arriving = connection::send(&self.base, &Method::POST, MESSAGES, &self.headers, bytes).await?;
        Stream::new(arriving, body["stream"] == true, sent)
    }

    /// Counts the tokens of a request; the answer is left to the caller.
    pub async fn count_tokens(&self, body: &Value) -> Result<Raw, ClientError> {
        self.raw(&Method::POST, COUNT_TOKENS, body.to_string()).await
    }

    /// Sends anything and returns whatever comes.
    pub async fn raw(&self, method: &Method, path: &str, body: impl Into<Bytes>) -> Result<Raw, ClientError> {
        let mut arriving = self.raw_open(method, path, body).await?;
        let body = arriving.rest().await.map_err(|source| ClientError::Cut { events: 0, source })?;
        Ok(Raw { status: arriving.status, headers: std::mem::take(&mut arriving.headers), body })
    }

    /// Sends anything and returns at the head of the answer.
    pub async fn raw_open(&self, method: &Method, path: &str, body: impl Into<Bytes>) -> Result<Arriving, ClientError> {
        connection::send(&self.base, method, path, &self.headers, body).await
    }
}

impl Raw {
    /// Reads the body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Reads the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Every inference of Claude Code's has the query.
const MESSAGES: &str = "/v1/messages?beta=true";
const COUNT_TOKENS: &str = "/v1/messages/count_tokens?beta=true";

/// Returns a header as text.
fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
