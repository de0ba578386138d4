//! `POST /v1/chat/completions`, `/v1/embeddings` and `/v1/fim/completions`, a straight line each.

use bytes::Bytes;
use http::header::HeaderMap;

use super::Proxy;
use super::question::Question;
use super::snapshot::Snapshot;
use super::stage::{Answered, Stage};
use crate::config::Endpoint;
use crate::observe::sessions::Part;
use crate::openai;
use crate::route::{self, Facts};
use crate::wire::error::{ApiError, ErrorKind};

/// What Mistral's own clients name a session with, so that it stays where its prompt is in the cache.
const AFFINITY: &str = "x-affinity";
/// Longer ones are no id.
const LONGEST_SESSION: usize = 128;

impl Proxy {
    /// Answers a request that has been read; fails where it goes nowhere.
    pub(super) async fn answer_openai(
        &self,
        endpoint: Endpoint,
        snapshot: &Snapshot,
        stage: &Stage,
        bytes: &Bytes,
        headers: &HeaderMap,
    ) -> Result<Answered, ApiError> {
        let request = openai::read(endpoint, bytes)?;
        let model = route::resolve(&snapshot.config, &request.model).map_err(|error| unknown(&error))?;
        let facts = Facts::of_chat(&request.chat, model);
        let session = headers.get(AFFINITY).and_then(|value| value.to_str().ok());
        let session = session.filter(|session| !session.is_empty() && session.len() <= LONGEST_SESSION);
        self.ask(stage, snapshot, Question::OpenAi(&request), facts, session, Part::Conversation).await
    }
}

fn unknown(error: &route::Impossible) -> ApiError {
    let words = format!("mcr: {error}; for another, add it to the `models` of its provider");
    ApiError::last(404, ErrorKind::NotFoundError, words)
}
