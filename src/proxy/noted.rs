//! What the audit record says of a request, collected while it is answered.

use bytes::Bytes;

use super::snapshot::Snapshot;
use crate::audit::{AddressClass, Audit, Event, Kind};
use crate::catalog;
use crate::config::{Cost, Provider, Target};
use crate::egress::Verdict;
use crate::observe::usage::Tokens;
use crate::wire::error::{ApiError, ErrorKind};

/// An id of an upstream's is cut there.
const LONGEST_ID: usize = 80;
/// And a model's name, which a client may write what it likes into.
const LONGEST_MODEL: usize = 128;

/// The request so far; of one that is not recorded nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Noted {
    audit: Audit,
    required: bool,
    digests_body: bool,
    session: Option<String>,
    /// What is known from the beginning.
    event: Event,
    /// The last body that was sent.
    body: Option<Bytes>,
    sent: u64,
    /// The length of the last.
    last: u64,
    received: u64,
}

/// How it ended.
pub(super) struct Ending<'a> {
    pub(super) target: &'a Target,
    /// Who had it, in the order of the attempts.
    pub(super) hosts: &'a [String],
    pub(super) reason: &'a str,
    pub(super) status: u16,
    pub(super) attempts: u32,
    pub(super) tokens: Tokens,
    pub(super) cost: Option<Cost>,
    pub(super) duration_ms: u64,
}

impl Noted {
    /// Begins with what the client asks for.
    pub(super) fn new(audit: &Audit, snapshot: &Snapshot, model: &str, session: Option<&str>) -> Self {
        if !audit.is_on() {
            return Self::default();
        }
        let event = Event {
            preset: snapshot.preset.as_deref().map(str::to_owned),
            model_asked: Some(model.chars().filter(|it| !it.is_control()).take(LONGEST_MODEL).collect()),
            config_hash: Some(snapshot.config_hash.clone()),
            catalogue_hash: Some(catalog::hash().to_owned()),
            ..Event::new(Kind::Request)
        };
        Self {
            audit: audit.clone(),
            required: snapshot.config.audit.required,
            digests_body: snapshot.config.audit.body_digest,
            session: session.map(str::to_owned),
            event,
            ..Self::default()
        }
    }

    /// Writes that a body is about to be sent, where that must be on record before.
    ///
    /// # Errors
    /// Fails where it cannot be written; then nothing may be sent.
    pub(super) fn begin(&self, target: &Target, reason: &str, body: &Bytes) -> Result<(), ApiError> {
        if !self.required || !self.audit.is_on() {
            return Ok(());
        }
        let event = Event {
            kind: Kind::Begin,
            route: Some(reason.to_owned()),
            bytes_out: Some(body.len() as u64),
            session: self.session(),
            ..at(target, self.event.clone())
        };
        self.audit.begin(event).map_err(|error| {
            tracing::error!(%error, "a request is refused: the audit record is required and cannot be written");
            let why = error.kind();
            let words = format!(
                "mcr: the audit record cannot be written ({why}) and `Audit.required` is set, so nothing was sent; run \
                 `mcr audit checkpoint` in a terminal to see what is in the way"
            );
            ApiError::last(503, ErrorKind::ApiError, words)
        })
    }

    /// What the guard has decided of the target that is asked.
    pub(super) fn judged(&mut self, verdict: &Verdict) {
        self.event.decision = Some(verdict.decision);
        self.event.operator.clone_from(&verdict.operator);
        self.event.region.clone_from(&verdict.region);
    }

    /// A body is on its way.
    pub(super) fn sending(&mut self, body: &Bytes) {
        self.last = body.len() as u64;
        self.sent += self.last;
        if self.digests_body && self.audit.is_on() {
            self.body = Some(body.clone());
        }
    }

    /// Nothing of the last body has left this machine.
    pub(super) fn unsent(&mut self) {
        self.sent -= std::mem::take(&mut self.last);
    }

    /// The head of an answer is there: what the upstream calls the request.
    pub(super) fn heard(&mut self, request: Option<String>, address: Option<AddressClass>) {
        let is_plain = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        self.event.upstream_request = request.filter(is_plain).map(|mut id| {
            id.truncate(LONGEST_ID);
            id
        });
        self.event.address = address;
    }

    /// So many bytes of the answer's body are there.
    pub(super) fn received(&mut self, bytes: u64) {
        self.received = bytes;
    }

    /// Writes the record of the request; computes digests, so it is for behind the answer.
    pub(super) fn close(self, ending: &Ending<'_>) {
        if !self.audit.is_on() {
            return;
        }
        let Ending { target, hosts, reason, status, attempts, tokens, cost, duration_ms } = *ending;
        let session = self.session();
        let body_digest = self.body.as_ref().and_then(|body| self.audit.body(body));
        let mut event = at(target, self.event);
        let own = event.host.as_deref().unwrap_or_default();
        event.hosts_before = hosts.iter().filter(|host| *host != own).cloned().collect();
        self.audit.note(Event {
            session,
            body_digest,
            route: Some(reason.to_owned()),
            status: Some(status),
            attempts: Some(attempts),
            tokens_in: Some(tokens.input),
            tokens_cached: Some(tokens.cached),
            tokens_out: Some(tokens.output),
            cost: cost.map(|cost| format!("{:.6} {}", cost.amount, cost.currency.as_str())),
            bytes_out: Some(self.sent),
            bytes_in: Some(self.received),
            duration_ms: Some(duration_ms),
            ..event
        });
    }

    fn session(&self) -> Option<String> {
        self.session.as_deref().and_then(|session| self.audit.session(session))
    }
}

fn at(target: &Target, event: Event) -> Event {
    Event { model_sent: Some(target.model.clone()), ..destined(&target.provider, event) }
}

/// Adds to an event where its provider is, and what is known of that.
fn destined(provider: &Provider, event: Event) -> Event {
    let connection = provider.connection.as_ref().ok();
    let host = connection.map(|connection| connection.host().to_ascii_lowercase());
    let standing = host.as_deref().and_then(catalog::standing);
    let known = host.as_deref().and_then(catalog::host).map(|host| &*host.region);
    let region = if provider.is_local() { Some("local") } else { known };
    let (region, operator) = match event.decision {
        // The guard knows the user's own facts, too, and whom a local server passes a model on to.
        Some(_) => (event.region.clone(), event.operator.clone()),
        None => (region.map(str::to_owned), standing.map(|standing| standing.operator.to_owned())),
    };
    Event {
        target: Some(provider.name.clone()),
        port: connection.and_then(|connection| port(&connection.endpoint)),
        region,
        operator,
        host,
        ..event
    }
}

fn port(endpoint: &http::Uri) -> Option<u16> {
    let usual = if endpoint.scheme_str() == Some("http") { 80 } else { 443 };
    endpoint.host().map(|_| endpoint.port_u16().unwrap_or(usual))
}
