//! `POST /v1/chat/completions`, `/v1/embeddings` and `/v1/fim/completions`, a straight line each.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::header::HeaderMap;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::body::{self, Body, BodyLimits};
use super::protocol::Protocol;
use super::question::Question;
use super::snapshot::Snapshot;
use super::stage::{Answered, Stage};
use super::{Proxy, turned_away};
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
    pub(super) async fn openai(
        self: &Arc<Self>,
        endpoint: Endpoint,
        snapshot: Arc<Snapshot>,
        headers: HeaderMap,
        body: Incoming,
    ) -> Response<Body> {
        let started = Instant::now();
        let id = self.next_id();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal, Protocol::OpenAi),
        };
        if let Some(trace) = &self.trace {
            trace.write(&id, "request", &bytes);
        }
        let stage = Arc::new(Stage::new(id, started, Protocol::OpenAi));
        let (proxy, at) = (Arc::clone(self), Arc::clone(&stage));
        let work = async move {
            let answered = proxy.answer_openai(endpoint, &snapshot, &at, &bytes, &headers).await;
            answered.unwrap_or_else(|error| at.refused(error))
        };
        Arc::clone(self).respond(Box::pin(work), stage).await
    }

    async fn answer_openai(
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
