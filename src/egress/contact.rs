//! Questions without a prompt: whether somebody is there, which models there are, for a preset's archive.
//!
//! Who is asked is on record, as whoever gets a prompt is: afterwards, and where the record is required before, too.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{Egress, Reached, failure::ConnectError, failure::host_of};
use crate::audit::{Audit, Event, Kind};

/// What is asked for, and on whose behalf.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What is asked for, in mcr's own words.
    pub what: &'a str,
    /// The provider, as configured, where it is one.
    pub provider: Option<&'a str>,
    /// The preset that it is for, where it is known.
    pub preset: Option<&'a str>,
}

impl<'a> About<'a> {
    /// Something that a provider is asked for.
    pub fn of(provider: &'a str, what: &'a str) -> Self {
        Self { what, provider: Some(provider), preset: None }
    }
}

/// A question on its way; whatever becomes of it, it is noted when this is dropped.
#[derive(Debug)]
pub struct Contact {
    audit: Audit,
    event: Option<Event>,
}

impl Contact {
    /// So many bytes of the answer's body are there.
    pub fn received(&mut self, bytes: u64) {
        if let Some(event) = &mut self.event {
            event.bytes_in = Some(bytes);
        }
    }

    fn heard<B>(&mut self, answer: &Response<B>) {
        if let Some(event) = &mut self.event {
            event.status = Some(answer.status().as_u16());
            event.address = answer.extensions().get().map(|reached: &Reached| reached.address);
        }
    }

    /// Nobody was asked: what was refused at the door is on record already.
    fn forget(mut self) {
        self.event = None;
    }
}

impl Drop for Contact {
    fn drop(&mut self) {
        if let Some(event) = self.event.take() {
            self.audit.note(event);
        }
    }
}

impl Egress {
    /// Sends a question without a prompt, as [`Egress::send`] does, and puts it on record.
    ///
    /// # Errors
    /// Besides those of `send`, fails with [`ConnectError::Unrecorded`] where the record is required and cannot be
    /// written; then nothing is sent.
    pub async fn ask(
        &self,
        request: Request<Full<Bytes>>,
        about: About<'_>,
    ) -> Result<(Response<Incoming>, Contact), ConnectError> {
        // Who may not be asked is not on record as one who will be.
        self.refuse(&self.guard().judge_uri(request.uri()), about.provider)?;
        let event = self.contact(request.uri(), about);
        if self.options.required {
            self.begin(request.uri(), &event)?;
        }
        let mut contact = Contact { audit: self.options.audit.clone(), event: Some(event) };
        match self.send(request).await {
            Ok(answer) => {
                contact.heard(&answer);
                Ok((answer, contact))
            }
            Err(error @ ConnectError::Denied { .. }) => {
                contact.forget();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    fn contact(&self, uri: &Uri, about: About<'_>) -> Event {
        let verdict = self.guard().judge_uri(uri);
        Event {
            kind: Kind::Probe,
            port: Some(uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 })),
            preset: about.preset.map(str::to_owned),
            route: Some("probe".to_owned()),
            reason: Some(about.what.to_owned()),
            ..verdict.event(about.provider)
        }
    }

    fn begin(&self, uri: &Uri, event: &Event) -> Result<(), ConnectError> {
        self.options.audit.begin(Event { kind: Kind::Begin, ..event.clone() }).map_err(|error| {
            let (host, reason) = (host_of(uri), error.kind().to_string());
            tracing::error!(%host, %error, "nothing is asked: the audit record is required and cannot be written");
            ConnectError::Unrecorded { host, reason }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::path::Path;

    use super::*;
    use crate::audit::{Decision, read};
    use crate::config::EgressRules;
    use crate::egress::{Guard, Options};

    fn door(folder: &Path, required: bool) -> Egress {
        let rules = EgressRules { deny: vec!["evil.test".to_owned()], ..EgressRules::default() };
        let guard = Guard::by_hand(rules, Vec::new());
        Egress::new(&Options { guard, required, audit: Audit::open(folder.to_owned()), ..Options::default() }).unwrap()
    }

    fn question(uri: &str) -> Request<Full<Bytes>> {
        Request::get(uri).body(Full::default()).unwrap()
    }

    /// A kind, the host, the provider and the decision.
    type Noted = (Kind, Option<String>, Option<String>, Option<Decision>);

    /// What is on record of who was asked what, in its order.
    fn noted(folder: &Path) -> Vec<Noted> {
        let records = read(folder, None).unwrap().records.into_iter().map(|record| record.event);
        records.map(|it| (it.kind, it.host, it.target, it.decision)).collect()
    }

    #[tokio::test]
    async fn nobody_is_asked_where_that_must_be_on_record_and_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit");
        std::fs::write(&file, "a file").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let uri = format!("http://{}/v1/models", listener.local_addr().unwrap());
        let asked = door(&file, true).ask(question(&uri), About::of("p", "a sign of life")).await;
        let error = asked.err().unwrap();
        assert!(matches!(error, ConnectError::Unrecorded { .. }) && error.nothing_was_sent(), "{error}");
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody was connected to");
    }

    #[tokio::test]
    async fn whoever_is_asked_is_on_record_also_where_the_question_is_given_up() {
        let begin = (Kind::Begin, Some("127.0.0.1".to_owned()), Some("p".to_owned()), Some(Decision::Allowed));
        let probe = (Kind::Probe, begin.1.clone(), begin.2.clone(), begin.3);
        for (required, expect) in [(true, vec![begin, probe.clone()]), (false, vec![probe])] {
            let folder = tempfile::tempdir().unwrap();
            let door = door(folder.path(), required);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let uri = format!("http://{}/v1/models", listener.local_addr().unwrap());
            tokio::select! {
                // Who connects gets no answer.
                _connected = listener.accept() => {}
                _answer = door.ask(question(&uri), About::of("p", "a sign of life")) => {}
            }
            assert_eq!(noted(folder.path()), expect, "{required}");
        }
    }

    #[tokio::test]
    async fn who_may_not_be_asked_is_on_record_as_denied_and_as_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let asked = door(folder.path(), true).ask(question("https://evil.test/"), About::of("p", "its models")).await;
        assert!(matches!(asked, Err(ConnectError::Denied { .. })));
        assert_eq!(
            noted(folder.path()),
            [(Kind::Deny, Some("evil.test".to_owned()), Some("p".to_owned()), Some(Decision::Denied))]
        );
    }
}
