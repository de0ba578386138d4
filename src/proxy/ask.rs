//! Where a question goes: the straight line from a question that was read to its attempts.

use std::sync::Arc;

use http::{HeaderMap, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::body::{self, Body, BodyLimits};
use super::fallback::Routed;
use super::noted::Noted;
use super::protocol::Protocol;
use super::question::Question;
use super::record::Record;
use super::snapshot::Snapshot;
use super::stage::{Answered, Stage};
use super::{Proxy, turned_away};
use crate::config::{Endpoint, Scenario};
use crate::observe::sessions::Part;
use crate::route::{self, Choice, Facts, Impossible};
use crate::upstream::queue::Rank;
use crate::wire::error::ApiError;

/// What is asked, by its path.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// For a message.
    Messages,
    /// What OpenAI's clients ask.
    OpenAi(Endpoint),
}

impl Proxy {
    /// Reads a request to its end, and answers it.
    pub(super) async fn answered(
        self: &Arc<Self>,
        asked: Asked,
        snapshot: Arc<Snapshot>,
        headers: HeaderMap,
        body: Incoming,
    ) -> Response<Body> {
        let started = Instant::now();
        let protocol = match asked {
            Asked::Messages => Protocol::Messages,
            Asked::OpenAi(_) => Protocol::OpenAi,
        };
        let id = self.next_id();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal, protocol),
        };
        if let Some(trace) = &self.trace {
            trace.write(&id, "request", &bytes);
        }
        let stage = Arc::new(Stage::new(id, started, protocol));
        let (proxy, at) = (Arc::clone(self), Arc::clone(&stage));
        let work = async move {
            let answered = match asked {
                Asked::Messages => proxy.answer_messages(&snapshot, &at, &bytes, &headers).await,
                Asked::OpenAi(endpoint) => proxy.answer_openai(endpoint, &snapshot, &at, &bytes, &headers).await,
            };
            answered.unwrap_or_else(|error| at.refused(error))
        };
        Arc::clone(self).respond(Box::pin(work), stage).await
    }

    /// Chooses a question's target and asks it; fails where the question goes nowhere. `facts` lack the count.
    pub(super) async fn ask(
        &self,
        stage: &Stage,
        snapshot: &Snapshot,
        question: Question<'_>,
        mut facts: Facts,
        session: Option<&str>,
        part: Part,
    ) -> Result<Answered, ApiError> {
        // Made for the route that would be taken without a count, which is nearly always the one that is taken.
        let chosen = choose(snapshot, &facts)?;
        let first = snapshot.balanced(chosen.clone(), &facts, session, &self.health);
        let draft = question.draft(&first.target, session)?;
        facts.tokens = draft.tokens(&self.counter, &first.target);
        let choice = match question.endpoint() {
            Endpoint::Chat => choose(snapshot, &facts)?,
            // No other route's model has what was asked for.
            Endpoint::Embeddings | Endpoint::Fim => chosen.clone(),
        };
        // A turn is taken once; with the count the request may be too long for whose turn it was.
        let is_same = Arc::ptr_eq(&choice.target, &chosen.target) && choice.scenario == chosen.scenario;
        let choice = if is_same && route::obstacle(&first.target, &facts).is_none() {
            Choice { target: Arc::clone(&first.target), reason: first.reason, ..choice }
        } else {
            snapshot.balanced(choice, &facts, session, &self.health)
        };
        let (choice, reservation) = self.afford(snapshot, question, choice, &mut facts, session)?;
        let draft = Arc::ptr_eq(&choice.target, &first.target).then_some(draft);
        let mut record = Record::open(
            &stage.id,
            stage.started,
            Arc::clone(&choice.target),
            &choice.reason,
            question.wants_stream(),
            Arc::clone(&self.usage),
        )
        .of_session(&self.sessions, session, part)
        .noted(Noted::new(&self.audit, snapshot, &facts.model, session));
        record.payment().reserve(reservation);
        let rank = rank(part, choice.scenario);
        let routed = Routed { stage, snapshot, question, session, rank, choice, facts };
        let result = self.attempts(&routed, draft, &mut record).await;
        Ok(Answered::new(result, record))
    }
}

/// The person waits for the conversation; what is asked beside it, or by subagents, may wait for that.
fn rank(part: Part, scenario: Scenario) -> Rank {
    match part {
        Part::Conversation if scenario != Scenario::Background => Rank::Conversation,
        Part::Conversation | Part::Aside => Rank::Aside,
    }
}

/// Chooses a request's target by the rules.
pub(super) fn choose(snapshot: &Snapshot, facts: &Facts) -> Result<Choice, ApiError> {
    route::choose(&snapshot.config, facts).map_err(|error| match error {
        Impossible::Unknown { .. } => ApiError::refused(format!("mcr: {error}")),
        Impossible::TooLong { tokens, window } => ApiError::too_long(tokens, window),
    })
}
