//! One attempt: a request to one target, until its answer can no longer be taken back.

use bytes::Bytes;
use tokio::time::Instant;

use super::Proxy;
use super::answer::{Answer, Events};
use super::fallback::Routed;
use super::record::Record;
use crate::config::Target;
use crate::observe::trace::Tap;
use crate::translate::{self, Outgoing, StreamTranslator};
use crate::upstream::health::Entry;
use crate::upstream::{self, Outbound, Reply, Unanswered};
use crate::wire::error::ApiError;
use crate::wire::event::Usage;

/// An answer in the client's terms.
pub(super) enum Translated {
    /// A message.
    Message(Vec<u8>, Usage),
    /// A stream that has come whole.
    Events(Events, Usage),
    /// A stream whose first content is there.
    Stream(Box<Answer>),
}

impl Proxy {
    /// Translates a request for one target and sends it there.
    pub(super) async fn attempt(
        &self,
        routed: &Routed<'_>,
        target: &Target,
        tokens: u64,
        entry: Entry,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let outgoing = translate::request(routed.request, target, routed.session)?;
        self.send(routed, outgoing, target, tokens, entry, record).await
    }

    /// Sends what was translated for a target and waits until its answer has begun.
    pub(super) async fn send(
        &self,
        routed: &Routed<'_>,
        mut outgoing: Outgoing<'_>,
        target: &Target,
        tokens: u64,
        entry: Entry,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let Routed { stage, snapshot, request, session, .. } = *routed;
        let id = &*stage.id;
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
        let mut translator = StreamTranslator::new(reply, provider, &target.model, &stage.message_id(), tokens);
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
                let mut answer =
                    Answer::new(incoming, decoder, translator, provider, clocks.idle(&target.provider), tap);
                answer.until_content().await.map(|()| Translated::Stream(Box::new(answer)))
            }
            Reply::Whole(body) if stream => {
                // A server that cannot stream, or did not understand that it should.
                let mut events = Events::default();
                translate::whole_as_stream(&mut translator, provider, &body, &mut |event| events.push(event))
                    .map(|()| Translated::Events(events, translator.usage()))
            }
            Reply::Whole(body) => translate::response(&mut translator, provider, &body)
                .map(|message| Translated::Message(message, translator.usage())),
        };
        translated.inspect_err(|error| record.attempt_failed(error))
    }
}
