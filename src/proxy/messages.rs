//! `POST /v1/messages`, a straight line.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Response, request::Parts};
use hyper::body::Incoming;

use super::answer::Answer;
use super::body::{self, Body, BodyLimits};
use super::fallback::another_may_help;
use super::record::{self, Record};
use super::snapshot::Snapshot;
use super::{Proxy, answered, failed, identify, json, turned_away};
use crate::config::Target;
use crate::observe::sessions::Part;
use crate::observe::trace::Tap;
use crate::route::{self, Choice, Facts, Impossible, TokenCount};
use crate::translate::{self, Outgoing, StreamTranslator};
use crate::upstream::{self, Outbound, Reply, Unanswered};
use crate::wire::anthropic::MessagesRequest;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::event::Usage;

const ROUTE: HeaderName = HeaderName::from_static("x-mcr-route");
/// Who answered, or failed last: `provider,model`.
const TARGET: HeaderName = HeaderName::from_static("x-mcr-target");
/// Requests that were sent for this one.
const ATTEMPTS: HeaderName = HeaderName::from_static("x-mcr-attempts");
/// The targets that failed or were left alone before.
const FALLBACK_FROM: HeaderName = HeaderName::from_static("x-mcr-fallback-from");
const TOKEN_COUNT: HeaderName = HeaderName::from_static("x-mcr-token-count");
/// Where Claude Code says which session a request belongs to, beside the metadata.
const SESSION: &str = "x-claude-code-session-id";
/// What a subagent's requests carry.
const AGENT: &str = "x-claude-code-agent-id";

/// A request that was read, and where it goes.
pub(super) struct Routed<'a> {
    pub(super) id: &'a str,
    pub(super) snapshot: &'a Snapshot,
    pub(super) request: &'a MessagesRequest<'a>,
    session: Option<&'a str>,
    pub(super) choice: Choice,
    pub(super) facts: Facts,
}

impl Proxy {
    pub(super) async fn messages(&self, snapshot: &Snapshot, parts: &Parts, body: Incoming) -> Response<Body> {
        let started = Instant::now();
        let id = self.next_id();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal),
        };
        if let Some(trace) = &self.trace {
            trace.write(&id, "request", &bytes);
        }
        match self.answer(snapshot, &id, started, &bytes, &parts.headers).await {
            Ok(mut response) => {
                identify(&mut response, &id);
                response
            }
            Err(error) => self.tell(&error, &id),
        }
    }

    fn tell(&self, error: &ApiError, id: &str) -> Response<Body> {
        if let Some(trace) = &self.trace {
            trace.write(id, "error", &error.body(id));
        }
        failed(error, id)
    }

    /// Answers a request that has been read; fails where it goes nowhere.
    async fn answer(
        &self,
        snapshot: &Snapshot,
        id: &str,
        started: Instant,
        bytes: &Bytes,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, ApiError> {
        let refused = |error: &ApiError| record::refused(id, started, error);
        let mut request = parse(bytes).inspect_err(refused)?;
        let mut facts = prepare(&mut request, snapshot, id);
        let own = translate::session_id(&request);
        let session = own.as_deref().or_else(|| headers.get(SESSION).and_then(|value| value.to_str().ok()));
        // Translated for the route that would be taken without a count, which is nearly always the one that is taken.
        let chosen = choose(snapshot, &facts).inspect_err(refused)?;
        let first = snapshot.balanced(chosen.clone(), &facts, session, &self.health);
        let draft = translate::request(&request, &first.target, session).inspect_err(refused)?;
        facts.tokens = self.counter.count(&draft.request, &first.target);
        let choice = choose(snapshot, &facts).inspect_err(refused)?;
        // A turn is taken once; with the count the request may be too long for whose turn it was.
        let is_same = Arc::ptr_eq(&choice.target, &chosen.target) && choice.scenario == chosen.scenario;
        let choice = if is_same && route::obstacle(&first.target, &facts).is_none() {
            Choice { target: Arc::clone(&first.target), reason: first.reason, ..choice }
        } else {
            snapshot.balanced(choice, &facts, session, &self.health)
        };
        let routed = Routed { id, snapshot, request: &request, session, choice, facts };
        let choice = &routed.choice;
        let mut record = Record::open(
            id,
            started,
            Arc::clone(&choice.target),
            &choice.reason,
            request.stream,
            Arc::clone(&self.usage),
        )
        .of_session(&self.sessions, routed.session, part(&request, headers));
        let tokens = routed.facts.tokens.number();
        let result = if let Some(error) = self.left_alone(&routed) {
            drop(draft);
            Err(error)
        } else if Arc::ptr_eq(&choice.target, &first.target) {
            self.send(&routed, draft, &choice.target, tokens, &mut record).await
        } else {
            drop(draft);
            self.attempt(&routed, &choice.target, tokens, &mut record).await
        };
        let result = match result {
            Err(error) if another_may_help(&error) => self.fall_back(&routed, error, &mut record).await,
            result => result,
        };
        let told = [
            (ROUTE, Some(record.reason().to_owned())),
            (TARGET, Some(record.target().name())),
            (ATTEMPTS, Some(record.attempts().to_string())),
            (FALLBACK_FROM, record.passed_over()),
        ];
        let mut response = match result {
            Ok(Translated::Whole(kind, body, spent)) => {
                record.finished(spent);
                answered(kind, Body::from(Bytes::from(body)))
            }
            Ok(Translated::Stream(answer)) => answered("text/event-stream", Body::stream(answer.recorded(record))),
            Err(error) => {
                record.failed(&error, Usage::default());
                self.tell(&error, id)
            }
        };
        for (name, value) in told {
            value.map(|value| response.headers_mut().insert(name, header_value(&value)));
        }
        Ok(response)
    }

    /// Counts a prompt as a target does.
    pub(super) fn counted(&self, request: &MessagesRequest<'_>, target: &Target) -> Result<TokenCount, ApiError> {
        Ok(self.counter.count(&translate::request(request, target, None)?.request, target))
    }

    /// Translates a request for one target and sends it there.
    pub(super) async fn attempt(
        &self,
        routed: &Routed<'_>,
        target: &Target,
        tokens: u64,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let outgoing = translate::request(routed.request, target, routed.session)?;
        self.send(routed, outgoing, target, tokens, record).await
    }

    /// Sends what was translated for a target and waits until its answer has begun.
    async fn send(
        &self,
        routed: &Routed<'_>,
        mut outgoing: Outgoing<'_>,
        target: &Target,
        tokens: u64,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let Routed { id, snapshot, request, session, .. } = *routed;
        let clocks = &snapshot.config.clocks;
        outgoing.fit(tokens, target.facts.window);
        if !outgoing.dropped.is_empty() {
            tracing::debug!(request = id, dropped = %outgoing.dropped, "left out of the request");
        }
        let body = Bytes::from(outgoing.body(target));
        if let Some(trace) = &self.trace {
            trace.write(id, "upstream request", &body);
        }
        let stream = request.stream;
        let Outgoing { reply, .. } = outgoing;
        let provider = &target.provider.name;
        let message_id = id.replacen("req_", "msg_", 1);
        let mut translator = StreamTranslator::new(reply, provider, &target.model, &message_id, tokens);
        let outbound = Outbound { body, stream, session, prompt: tokens };
        record.sending();
        let sent = Instant::now();
        let pass = self.health.enter(target, record.attempt());
        let reply = upstream::send(&snapshot.egress, &self.keys, target, clocks, outbound).await;
        record.sent(reply.as_ref().err().is_none_or(|unanswered| unanswered.sent));
        let reply = match reply {
            Ok(reply) => reply,
            Err(Unanswered { error, sent }) => {
                pass.failed(&error, sent);
                return Err(error);
            }
        };
        pass.began(sent.elapsed());
        record.carry(pass);
        record.first_event();
        if let (Some(trace), Reply::Whole(body)) = (&self.trace, &reply) {
            trace.write(id, "upstream answer", body);
        }
        let translated = match reply {
            Reply::Stream(incoming, decoder) => {
                let tap = self.trace.as_ref().map(|trace| Tap::new(trace, id));
                let answer = Answer::new(incoming, decoder, translator, provider, clocks.idle(&target.provider), tap);
                // An error in place of the first event is one that another target may help with.
                answer.refusal().map_or_else(|| Ok(Translated::Stream(Box::new(answer))), Err)
            }
            Reply::Whole(body) if stream => {
                // A server that cannot stream, or did not understand that it should.
                let mut events = Vec::new();
                translate::whole_as_stream(&mut translator, provider, &body, &mut events)
                    .map(|()| Translated::Whole("text/event-stream", events, translator.usage()))
            }
            Reply::Whole(body) => translate::response(&mut translator, provider, &body)
                .map(|message| Translated::Whole("application/json", message, translator.usage())),
        };
        translated.inspect_err(|error| record.attempt_failed(error))
    }

    pub(super) async fn count_tokens(&self, snapshot: &Snapshot, body: Incoming) -> Response<Body> {
        let id = self.next_id();
        let bytes = match body::read(body, BodyLimits::default()).await {
            Ok(bytes) => bytes,
            Err(refusal) => return turned_away(&refusal),
        };
        match self.count(snapshot, &id, &bytes) {
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
    fn count(&self, snapshot: &Snapshot, id: &str, bytes: &[u8]) -> Result<TokenCount, ApiError> {
        let mut request = parse(bytes)?;
        let facts = prepare(&mut request, snapshot, id);
        self.counted(&request, &choose(snapshot, &facts)?.target)
    }
}

/// An answer in the client's terms.
pub(super) enum Translated {
    Whole(&'static str, Vec<u8>, Usage),
    Stream(Box<Answer>),
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

fn choose(snapshot: &Snapshot, facts: &Facts) -> Result<Choice, ApiError> {
    route::choose(&snapshot.config, facts).map_err(|error| match error {
        Impossible::Unknown { .. } => ApiError::refused(format!("mcr: {error}")),
        Impossible::TooLong { tokens, window } => ApiError::too_long(tokens, window),
    })
}

/// Text that a header can carry.
fn header_value(text: &str) -> HeaderValue {
    let clean: String =
        text.chars().map(|character| if (' '..='~').contains(&character) { character } else { '?' }).collect();
    HeaderValue::try_from(clean).unwrap_or(HeaderValue::from_static(""))
}
