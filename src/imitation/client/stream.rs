//! An answer as it arrives, judged event by event.

use std::time::Duration;

use http::{HeaderMap, header};
use serde_json::Value;
use tokio::time::Instant;

use super::connection::Arriving;
use super::{ClientError, header_text};
use crate::imitation::grammar::{ApiError, Event, Grammar, Lines, Message, Unlawful, sketch, whole, whole_error};

/// An answer that is complete and lawful.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// What was said; with an error, what was said before it.
    pub message: Message,
    /// The error, in the stream or in place of an answer.
    pub error: Option<ApiError>,
    /// Every event of the stream; none for a whole answer.
    pub events: Vec<Event>,
    /// From the request to the first event, or to the end of a whole answer.
    pub first_event: Duration,
    /// From the request to the end.
    pub total: Duration,
}

impl Answer {
    /// Returns a header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Draws the stream in one line.
    pub fn sketch(&self) -> String {
        sketch(&self.events)
    }
}

/// An answer whose head has come. Dropping it leaves, as an interrupted agent does.
#[derive(Debug)]
pub struct Stream {
    arriving: Arriving,
    streaming: bool,
    sent: Instant,
    first: Option<Duration>,
    lines: Lines,
    grammar: Grammar,
    events: Vec<Event>,
}

impl Stream {
    pub(super) fn new(arriving: Arriving, asked: bool, sent: Instant) -> Result<Self, ClientError> {
        let streaming = asked && arriving.status == 200;
        let expected = if streaming { "text/event-stream" } else { "application/json" };
        let kind = header_text(&arriving.headers, &header::CONTENT_TYPE);
        if !kind.starts_with(expected) {
            return Err(unlawful(format!("status {} with content type `{kind}`", arriving.status)));
        }
        let encoding = header_text(&arriving.headers, &header::CONTENT_ENCODING);
        if !encoding.is_empty() {
            return Err(unlawful(format!("content encoding `{encoding}`, which this client cannot read")));
        }
        let (lines, grammar) = (Lines::default(), Grammar::default());
        Ok(Self { arriving, streaming, sent, first: None, lines, grammar, events: Vec::new() })
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.arriving.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.arriving.headers
    }

    /// Returns the next event as soon as it is there; `None` at the end of the stream.
    pub async fn next_event(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.lines.next_event()? {
                self.first.get_or_insert_with(|| self.sent.elapsed());
                self.grammar.event(&event)?;
                self.events.push(event.clone());
                return Ok(Some(event));
            }
            let events = self.events.len();
            let arrived = self.arriving.next().await.map_err(|source| ClientError::Cut { events, source })?;
            let Some(bytes) = arrived else {
                self.lines.end()?;
                return Ok(None);
            };
            self.lines.push(&bytes);
        }
    }

    /// Reads text until it holds these words, and returns it.
    ///
    /// # Errors
    /// Also when the stream ends without them.
    pub async fn wait_for_text(&mut self, words: &str) -> Result<String, ClientError> {
        let mut text = String::new();
        while !text.contains(words) {
            let Some(event) = self.next_event().await? else {
                return Err(unlawful(format!("the stream ended before `{words}`: `{text}`")));
            };
            text.push_str(event.data["delta"]["text"].as_str().unwrap_or_default());
        }
        Ok(text)
    }

    /// Reads the rest and returns the whole.
    pub async fn finish(mut self) -> Result<Answer, ClientError> {
        let (message, error) = if self.streaming {
            while self.next_event().await?.is_some() {}
            std::mem::take(&mut self.grammar).end()?
        } else {
            self.whole().await?
        };
        let total = self.sent.elapsed();
        Ok(Answer {
            status: self.arriving.status,
            headers: std::mem::take(&mut self.arriving.headers),
            message,
            error,
            events: self.events,
            first_event: self.first.unwrap_or(total),
            total,
        })
    }

    async fn whole(&mut self) -> Result<(Message, Option<ApiError>), ClientError> {
        let bytes = self.arriving.rest().await.map_err(|source| ClientError::Cut { events: 0, source })?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|error| unlawful(format!("not JSON: {error}")))?;
        if self.arriving.status == 200 {
            Ok((whole(&body)?, None))
        } else {
            Ok((Message::default(), Some(whole_error(&body)?)))
        }
    }
}

fn unlawful(what: String) -> ClientError {
    ClientError::Unlawful(Unlawful { event: 0, what })
}
