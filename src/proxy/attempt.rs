//! One attempt: a request to one target, until its answer can no longer be taken back.

use bytes::Bytes;
use tokio::time::Instant;

use super::Proxy;
use super::answer::Answer;
use super::events::Events;
use super::fallback::Routed;
use super::question::{Draft, Question};
use super::record::Record;
use crate::config::Target;
use crate::observe::trace::Tap;
use crate::translate;
use crate::upstream::gate::{Asking, NotAdmitted};
use crate::upstream::health::Entry;
use crate::upstream::{self, Admitted, Outbound, Reply, Unanswered};
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
        self.afford_spare(routed, target, tokens, record)?;
        let id = &*stage.id;
        let clocks = &snapshot.config.clocks;
        draft.fit(tokens, target.facts.window);
        if !draft.dropped().is_empty() {
            tracing::debug!(request = id, dropped = %draft.dropped(), "left out of the request");
        }
        let body = self.repairs.apply(target, Bytes::from(draft.body(target)));
        let mut reader = draft.reader(target, &stage.message_id(), tokens);
        let stream = question.wants_stream();
        let keeps_raw = matches!(question, Question::OpenAi(_));
        let outbound = Outbound { endpoint: question.endpoint(), body, stream, keeps_raw, session, prompt: tokens };
        let reply = match self.post(routed, outbound.clone(), target, entry, record).await {
            Err(Unanswered { forbidden, .. }) if !forbidden.is_empty() => {
                // At once and once: nothing was done with the request.
                let less = translate::without(&outbound.body, &forbidden).map_or(outbound.body, Bytes::from);
                let reply = self.post(routed, Outbound { body: less, ..outbound }, target, entry, record).await;
                self.repairs.learn(target, &forbidden, reply.as_ref().map(drop));
                reply
            }
            reply => reply,
        };
        let (reply, asked) = reply.map_err(|unanswered| unanswered.error)?;
        let provider = &target.provider.name;
        if let Reply::Whole(body) = &reply {
            record.audit().received(body.len() as u64);
        }
        if let (Some(trace), Reply::Whole(body)) = (&self.trace, &reply) {
            trace.write(id, "upstream answer", body);
        }
        let translated = match reply {
            Reply::Stream(incoming, decoder) => {
                let tap = self.trace.as_ref().map(|trace| Tap::new(trace, id));
                let mut answer = Answer::new(incoming, decoder, reader, provider, clocks.idle(&target.provider), tap)
                    .within(clocks.stream(&target.provider), asked.elapsed());
                answer.until_content().await.map(|()| Translated::Stream(Box::new(answer)))
            }
            Reply::Whole(body) if stream => {
                reader.whole_as_stream(provider, &body).map(|events| Translated::Events(events, reader.usage()))
            }
            Reply::Whole(body) => {
                reader.whole(provider, &body).map(|message| Translated::Message(message, reader.usage()))
            }
        };
        translated.inspect_err(|error| {
            record.attempt_failed(error);
            record.write_off();
        })
    }

    /// Sends a request to a target when that has a place, and notes how the target fares; returns when it was sent, too.
    async fn post(
        &self,
        routed: &Routed<'_>,
        outbound: Outbound<'_>,
        target: &Target,
        entry: Entry,
        record: &mut Record,
    ) -> Result<(Reply, Instant), Unanswered> {
        let Routed { stage, snapshot, .. } = *routed;
        let asking = Asking {
            session: outbound.session.unwrap_or_default(),
            rank: routed.rank,
            tokens: outbound.prompt,
            attempt: record.attempt(),
            entry,
            egress: &snapshot.egress,
        };
        let mut admitted = match upstream::admit(&self.health, &self.keys, target, asking).await {
            Ok(admitted) => admitted,
            Err(NotAdmitted::LeftAlone(error)) => return Err(Unanswered::unsent(error)),
            Err(NotAdmitted::TurnedAway(error)) => {
                record.turned_away();
                return Err(Unanswered::unsent(error));
            }
        };
        if let Ok(connection) = &target.provider.connection {
            record.audit().judged(&snapshot.egress.guard().judge_at(&connection.endpoint, &target.model));
        }
        if let Some(trace) = &self.trace {
            trace.write(&stage.id, "upstream request", &outbound.body);
        }
        if let Err(error) = record.begin(&outbound.body) {
            record.turned_away();
            return Err(Unanswered::unsent(error));
        }
        record.sending();
        record.audit().sending(&outbound.body);
        if outbound.stream {
            stage.asks(record, outbound.prompt);
        }
        let asked = Instant::now();
        let reply = upstream::send(&snapshot.egress, target, &snapshot.config.clocks, outbound, &mut admitted).await;
        let Admitted { pass, request, address, .. } = admitted;
        record.audit().heard(request, address);
        record.sent(reply.as_ref().err().is_none_or(|unanswered| unanswered.sent));
        match &reply {
            Ok(_) => {
                pass.began(asked.elapsed());
                record.carry(pass);
                record.first_event();
            }
            Err(Unanswered { error, sent, refused, .. }) => {
                pass.failed(error, *sent);
                if *sent && !refused {
                    record.write_off();
                }
            }
        }
        reply.map(|reply| (reply, asked))
    }
}
