//! `POST /v1/messages`, a straight line.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Response, request::Parts};
use hyper::body::Incoming;

use super::answer::Answer;
use super::body::{self, Body, BodyLimits};
use super::record::{self, Record};
use super::snapshot::Snapshot;
use super::{Proxy, answered, failed, identify, json, turned_away};
use crate::config::Target;
use crate::route::{self, Choice, Facts, Impossible, TokenCount};
use crate::translate::{self, Outgoing, StreamTranslator};
use crate::upstream::{self, Outbound, Reply};
use crate::wire::anthropic::MessagesRequest;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Usage;

const ROUTE: HeaderName = HeaderName::from_static("x-mcr-route");
const TOKEN_COUNT: HeaderName = HeaderName::from_static("x-mcr-token-count");
/// Where Claude Code says which session a request belongs to, beside the metadata.
const SESSION: &str = "x-claude-code-session-id";

/// A request that was read, and where it goes.
struct Routed<'a> {
    request: &'a MessagesRequest<'a>,
    session: Option<String>,
    choice: Choice,
    tokens: TokenCount,
}

impl Proxy {
    pub(super) async fn messages(&self, parts: &Parts, body: Incoming) -> Response<Body> {
        let started = Instant::now();
        let id = self.next_id();
        let snapshot = self.snapshot.load_full();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal),
        };
        if let Some(trace) = &self.trace {
            trace.write(&id, "request", &bytes);
        }
        let header = parts.headers.get(SESSION).and_then(|value| value.to_str().ok());
        match self.answer(&snapshot, &id, started, &bytes, header).await {
            Ok(mut response) => {
                identify(&mut response, &id);
                response
            }
            Err(error) => failed(&error, &id),
        }
    }

    async fn answer(
        &self,
        snapshot: &Snapshot,
        id: &str,
        started: Instant,
        bytes: &Bytes,
        session: Option<&str>,
    ) -> Result<Response<Body>, ApiError> {
        let refused = |error: &ApiError| record::refused(id, started, error);
        let mut request = parse(bytes).inspect_err(refused)?;
        let tag = prepare(&mut request, snapshot);
        let routed = self.route(snapshot, &request, tag, session).inspect_err(refused)?;
        let choice = &routed.choice;
        let mut record = Record::open(
            id,
            started,
            Arc::clone(&choice.target),
            &choice.reason,
            request.stream,
            Arc::clone(&self.usage),
        );
        let mut result = self.attempt(snapshot, id, &routed, &choice.target, &mut record).await;
        for target in snapshot.config.fallback.targets(choice.scenario) {
            let Err(error) = &result else { break };
            if !another_may_help(error) || Arc::ptr_eq(target, &choice.target) {
                continue;
            }
            let reason = format!("fallback from {}: {}", choice.target.name(), error.status);
            tracing::warn!(request = id, target = %target.name(), %reason, error = %error.unquoted(), "falling back");
            record.retarget(target, &reason);
            result = self.attempt(snapshot, id, &routed, target, &mut record).await;
        }
        let reason = record.reason().to_owned();
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                record.failed(&error, Usage::default());
                return Err(error);
            }
        };
        let mut response = match reply {
            Translated::Whole(kind, body, spent) => {
                record.finished(spent);
                answered(kind, Body::from(Bytes::from(body)))
            }
            Translated::Stream(answer) => answered("text/event-stream", Body::stream(answer.recorded(record))),
        };
        response.headers_mut().insert(ROUTE, header_value(&reason));
        Ok(response)
    }

    /// Finds the target: translated for the route that would be taken without a count, counted, and chosen for good.
    fn route<'a>(
        &self,
        snapshot: &Snapshot,
        request: &'a MessagesRequest<'a>,
        tag: Option<String>,
        session_header: Option<&str>,
    ) -> Result<Routed<'a>, ApiError> {
        let config = &snapshot.config;
        let mut facts = Facts::new(request, tag, TokenCount::Estimate(0));
        let first = route::choose(config, &facts).map_err(|error| impossible(&error))?;
        facts.tokens = self.counter.count(&translate::request(request, &first.target, None)?.request, &first.target);
        let choice = route::choose(config, &facts).map_err(|error| impossible(&error))?;
        let session = translate::session_id(request).map(std::borrow::Cow::into_owned);
        let session = session.or_else(|| session_header.map(str::to_owned));
        Ok(Routed { request, session, choice, tokens: facts.tokens })
    }

    /// Sends a request to one target and waits until its answer has begun.
    async fn attempt(
        &self,
        snapshot: &Snapshot,
        id: &str,
        routed: &Routed<'_>,
        target: &Target,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let clocks = &snapshot.config.clocks;
        let session = routed.session.as_deref();
        let mut outgoing = translate::request(routed.request, target, session)?;
        let tokens = routed.tokens.number();
        outgoing.fit(tokens, target.facts.window);
        if !outgoing.dropped.is_empty() {
            tracing::debug!(request = id, dropped = %outgoing.dropped, "left out of the request");
        }
        let body = Bytes::from(outgoing.body(target));
        if let Some(trace) = &self.trace {
            trace.write(id, "upstream request", &body);
        }
        let stream = routed.request.stream;
        let Outgoing { reply, .. } = outgoing;
        let provider = &target.provider.name;
        let message_id = id.replacen("req_", "msg_", 1);
        let mut translator = StreamTranslator::new(reply, provider, &target.model, &message_id, tokens);
        let outbound = Outbound { body, stream, session, prompt: tokens };
        let reply = upstream::send(&self.egress, &self.keys, target, clocks, outbound).await?;
        record.first_event();
        match reply {
            Reply::Stream(incoming, decoder) => {
                let answer = Answer::new(incoming, decoder, translator, provider, clocks.idle(&target.provider));
                // An error in place of the first event is one that another target may help with.
                answer.refusal().map_or_else(|| Ok(Translated::Stream(Box::new(answer))), Err)
            }
            Reply::Whole(body) if stream => {
                // A server that cannot stream, or did not understand that it should.
                let mut events = Vec::new();
                translate::whole_as_stream(&mut translator, provider, &body, &mut events)?;
                Ok(Translated::Whole("text/event-stream", events, translator.usage()))
            }
            Reply::Whole(body) => {
                let message = translate::response(&mut translator, provider, &body)?;
                Ok(Translated::Whole("application/json", message, translator.usage()))
            }
        }
    }

    pub(super) async fn count_tokens(&self, body: Incoming) -> Response<Body> {
        let id = self.next_id();
        let snapshot = self.snapshot.load_full();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal),
        };
        match self.count(&snapshot, &bytes) {
            Ok(tokens) => {
                let mut response = json(&serde_json::json!({ "input_tokens": tokens.number() }));
                response.headers_mut().insert(TOKEN_COUNT, HeaderValue::from_static(tokens.as_str()));
                identify(&mut response, &id);
                response
            }
            Err(error) => failed(&error, &id),
        }
    }

    /// Counts for the target that the request would go to; one that is too long for it is counted all the same.
    fn count(&self, snapshot: &Snapshot, bytes: &[u8]) -> Result<TokenCount, ApiError> {
        let mut request = parse(bytes)?;
        let tag = prepare(&mut request, snapshot);
        let facts = Facts::new(&request, tag, TokenCount::Estimate(0));
        let target = route::choose(&snapshot.config, &facts).map_err(|error| impossible(&error))?.target;
        Ok(self.counter.count(&translate::request(&request, &target, None)?.request, &target))
    }
}

/// An answer in the client's terms.
enum Translated {
    Whole(&'static str, Vec<u8>, Usage),
    Stream(Box<Answer>),
}

fn parse(bytes: &[u8]) -> Result<MessagesRequest<'_>, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        // serde's words name the place and the kind of what it met, and may quote a key of the body, never a text.
        let place = format!("line {}, column {}", error.line(), error.column());
        let what = if error.is_data() { "is not a Messages API request" } else { "is not JSON" };
        ApiError::last(400, ErrorKind::InvalidRequestError, format!("mcr: the body {what} ({place})"))
    })
}

/// Does to a request what the configuration asks for, and takes the subagent's tag out.
fn prepare(request: &mut MessagesRequest<'_>, snapshot: &Snapshot) -> Option<String> {
    if let Some(head) = &snapshot.system_head {
        translate::rewrite_system(request, head);
    }
    route::take_tag(request)
}

fn impossible(error: &Impossible) -> ApiError {
    match error {
        Impossible::Unknown { .. } => ApiError::refused(format!("mcr: {error}")),
        Impossible::TooLong { tokens, window } => ApiError::too_long(*tokens, *window),
    }
}

/// Whether the next target of a fallback list may do better: not where the request itself is at fault.
fn another_may_help(error: &ApiError) -> bool {
    matches!(error.status, 401 | 403 | 404 | 408 | 429) || error.status >= 500
}

/// Text that a header can carry.
fn header_value(text: &str) -> HeaderValue {
    let clean: String =
        text.chars().map(|character| if (' '..='~').contains(&character) { character } else { '?' }).collect();
    HeaderValue::try_from(clean).unwrap_or(HeaderValue::from_static(""))
}
