//! One attempt: a request to one target, until its answer can no longer be taken back.

use bytes::Bytes;
use tokio::time::Instant;

use super::Proxy;
use super::answer::Answer;
use super::events::Events;
use super::fallback::Routed;
use super::question::Draft;
use super::record::Record;
use crate::config::Target;
use crate::observe::trace::Tap;
use crate::upstream::health::Entry;
use crate::upstream::{self, Outbound, Reply, Unanswered};
use crate::wire::error::ApiError;
use crate::wire::event::Usage;

/// An answer in the client's terms.
pub(super) enum Translated {
    /// A message.
    Message(Bytes, Usage),
    /// A stream that has come whole.
    Events(Events, Usage),
    /// A stream whose first content is there.
    Stream(Box<Answer>),
}

impl Proxy {
    /// Makes the question one that a target takes, and sends it there.
    pub(super) async fn attempt(
        &self,
        routed: &Routed<'_>,
        target: &Target,
        tokens: u64,
        entry: Entry,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let draft = routed.question.draft(target, routed.session)?;
        self.send(routed, draft, target, tokens, entry, record).await
    }

    /// Sends what was made for a target and waits until its answer has begun.
    pub(super) async fn send(
        &self,
        routed: &Routed<'_>,
        mut draft: Draft<'_>,
        target: &Target,
        tokens: u64,
        entry: Entry,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let Routed { stage, snapshot, question, session, .. } = *routed;
        let id = &*stage.id;
        let clocks = &snapshot.config.clocks;
        draft.fit(tokens, target.facts.window);
        if !draft.dropped().is_empty() {
            tracing::debug!(request = id, dropped = %draft.dropped(), "left out of the request");
        }
        let body = Bytes::from(draft.body(target));
        if let Some(trace) = &self.trace {
            trace.write(id, "upstream request", &body);
        }
        let stream = question.wants_stream();
        let provider = &target.provider.name;
        let mut reader = draft.reader(target, &stage.message_id(), tokens);
        let outbound = Outbound { body, stream, session, prompt: tokens };
        let pass = self.health.enter(target, record.attempt(), entry)?;
        record.sending();
        if stream {
            stage.asks(record, tokens);
        }
        let sent = Instant::now();
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
                let mut answer = Answer::new(incoming, decoder, reader, provider, clocks.idle(&target.provider), tap);
                answer.until_content().await.map(|()| Translated::Stream(Box::new(answer)))
            }
            Reply::Whole(body) if stream => {
                reader.whole_as_stream(provider, &body).map(|events| Translated::Events(events, reader.usage()))
            }
            Reply::Whole(body) => {
                reader.whole(provider, &body).map(|message| Translated::Message(message, reader.usage()))
            }
        };
        translated.inspect_err(|error| record.attempt_failed(error))
    }
}
