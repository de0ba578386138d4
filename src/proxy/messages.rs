//! `POST /v1/messages`, a straight line.

use bytes::Bytes;
use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::Incoming;

use super::ask::choose;
use super::body::{self, Body, BodyLimits};
use super::protocol::Protocol;
use super::question::Question;
use super::snapshot::Snapshot;
use super::stage::{Answered, Stage};
use super::{Proxy, json, turned_away};
use crate::observe::sessions::Part;
use crate::route::{self, Facts, TokenCount};
use crate::translate;
use crate::wire::anthropic::MessagesRequest;
use crate::wire::error::{ApiError, ErrorKind};

const TOKEN_COUNT: HeaderName = HeaderName::from_static("x-mcr-token-count");
/// Where Claude Code says which session a request belongs to, beside the metadata.
const SESSION: &str = "x-claude-code-session-id";
/// What a subagent's requests carry.
const AGENT: &str = "x-claude-code-agent-id";

impl Proxy {
    /// Answers a request that has been read; fails where it goes nowhere.
    pub(super) async fn answer_messages(
        &self,
        snapshot: &Snapshot,
        stage: &Stage,
        bytes: &Bytes,
        headers: &HeaderMap,
    ) -> Result<Answered, ApiError> {
        let mut request = parse(bytes)?;
        let facts = prepare(&mut request, snapshot, &stage.id);
        let own = translate::session_id(&request);
        let session = own.as_deref().or_else(|| headers.get(SESSION).and_then(|value| value.to_str().ok()));
        let part = part(&request, headers);
        self.ask(stage, snapshot, Question::Messages(&request), facts, session, part).await
    }

    pub(super) async fn count_tokens(&self, snapshot: &Snapshot, body: Incoming) -> Response<Body> {
        let id = self.next_id();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal, Protocol::Messages),
        };
        match self.count(snapshot, &id, &bytes) {
            Ok(tokens) => {
                let mut response = json(&serde_json::json!({ "input_tokens": tokens.number() }));
                response.headers_mut().insert(TOKEN_COUNT, HeaderValue::from_static(tokens.as_str()));
                Protocol::Messages.identify(&mut response, &id);
                response
            }
            Err(error) => Protocol::Messages.failed(&error, &id),
        }
    }

    /// Counts for the target that the request would go to; one that is too long for it is counted all the same.
    fn count(&self, snapshot: &Snapshot, id: &str, bytes: &[u8]) -> Result<TokenCount, ApiError> {
        let mut request = parse(bytes)?;
        let facts = prepare(&mut request, snapshot, id);
        let target = choose(snapshot, &facts)?.target;
        Ok(Question::Messages(&request).draft(&target, None)?.tokens(&self.counter, &target))
    }
}

/// Tells the conversation from what Claude Code asks beside it.
///
/// The conversation offers tools; titles, summaries and web searches offer none of the
/// client's, and subagents say who they are (seen with 2.1.329).
fn part(request: &MessagesRequest<'_>, headers: &HeaderMap) -> Part {
    let offers_tools = request.tools.iter().any(|tool| tool.kind.as_deref().is_none_or(|kind| kind == "custom"));
    if offers_tools && !headers.contains_key(AGENT) { Part::Conversation } else { Part::Aside }
}

fn parse(bytes: &[u8]) -> Result<MessagesRequest<'_>, ApiError> {
    // Text that is known to be UTF-8 is read faster than bytes that might not be.
    let read = str::from_utf8(bytes).map_or_else(|_| serde_json::from_slice(bytes), serde_json::from_str);
    read.map_err(|error| {
        // serde's words name the place and the kind of what it met, and may quote a key of the body, never a text.
        let place = format!("line {}, column {}", error.line(), error.column());
        let what = if error.is_data() { "is not a Messages API request" } else { "is not JSON" };
        ApiError::last(400, ErrorKind::InvalidRequestError, format!("mcr: the body {what} ({place})"))
    })
}

/// Does to a request what the configuration asks for, takes the subagent's tag out, and collects the facts but for the count.
fn prepare(request: &mut MessagesRequest<'_>, snapshot: &Snapshot, id: &str) -> Facts {
    if let Some(head) = &snapshot.config.system_head {
        translate::rewrite_system(request, head);
    }
    let tags = route::take_tags(request, |name| route::named_target(&snapshot.config, name).is_some());
    if tags.left > 0 {
        tracing::warn!(request = id, tags = tags.left, "left a subagent tag in a turn: no such model is configured");
    }
    Facts::new(request, tags.named, TokenCount::Estimate(0))
}
