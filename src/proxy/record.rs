//! One line in the log for one request, whatever becomes of it, and what the status line shows of its session.
//!
//! Metadata only: no body, no key, no path of the person's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::closing::later;
use super::noted::{Ending, Noted};
use super::payment::{Costing, Payment};
use crate::catalog;
use crate::config::{Connection, Cost, Currency, Target};
use crate::egress;
use crate::observe::sessions::{Part, Sessions, speed};
use crate::observe::usage::{self, Tokens, Usage};
use crate::upstream::health::Attempt;
use crate::upstream::pass::Pass;
use crate::wire::error::ApiError;
use crate::wire::event;
use crate::wire::session::Answered;

/// A request in progress; dropped open, it was given up by the client.
#[derive(Debug)]
pub struct Record {
    id: String,
    started: Instant,
    reason: String,
    target: Arc<Target>,
    stream: bool,
    first: Option<Instant>,
    /// Who had the request, in the order of the attempts.
    hosts: Vec<String>,
    /// Whom the attempt in progress goes to; whether it arrived is not known yet.
    asked: Option<String>,
    usage: Arc<Usage>,
    session: Option<Of>,
    fallback: bool,
    /// Attempts that found no place in time, or no key.
    turned_away: u32,
    /// Requests that were sent, or would have been had their target been reached.
    attempts: u32,
    /// Those to the target that is asked now.
    of_target: u32,
    /// Targets that failed or were left alone before this one.
    passed_over: Vec<String>,
    /// What the answer will say of its target.
    pass: Option<Pass>,
    payment: Payment,
    /// What it came to, once that is settled.
    costing: Option<Costing>,
    noted: Noted,
    closed: bool,
}

/// The session that a request belongs to.
#[derive(Debug)]
struct Of {
    sessions: Arc<Sessions>,
    id: String,
    part: Part,
}

impl Record {
    /// Opens the record of a request that has a target.
    pub fn open(
        id: &str,
        started: Instant,
        target: Arc<Target>,
        reason: &str,
        stream: bool,
        usage: Arc<Usage>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            started,
            reason: reason.to_owned(),
            target,
            stream,
            first: None,
            hosts: Vec::new(),
            asked: None,
            usage,
            session: None,
            fallback: false,
            turned_away: 0,
            attempts: 0,
            of_target: 0,
            passed_over: Vec::new(),
            pass: None,
            payment: Payment::default(),
            costing: None,
            noted: Noted::default(),
            closed: false,
        }
    }

    /// Names the session that the request belongs to.
    #[must_use]
    pub fn of_session(mut self, sessions: &Arc<Sessions>, id: Option<&str>, part: Part) -> Self {
        self.session = id.map(|id| Of { sessions: Arc::clone(sessions), id: id.to_owned(), part });
        self
    }

    /// Has it recorded what left this machine.
    #[must_use]
    pub(super) fn noted(mut self, noted: Noted) -> Self {
        self.noted = noted;
        self
    }

    /// What the audit record will say of it.
    pub(super) fn audit(&mut self) -> &mut Noted {
        &mut self.noted
    }

    /// Writes that a body is about to be sent, where that must be on record before.
    pub(super) fn begin(&self, body: &Bytes) -> Result<(), ApiError> {
        self.noted.begin(&self.target, &self.reason, body)
    }

    /// What is kept back for it.
    pub(super) fn payment(&mut self) -> &mut Payment {
        &mut self.payment
    }

    /// The attempt failed, and may be billed all the same.
    pub(super) fn write_off(&mut self) {
        self.payment.write_off(self.session.as_ref().map(|of| of.id.as_str()));
    }

    /// Another target was taken.
    pub fn retarget(&mut self, target: &Arc<Target>, reason: &str) {
        if !Arc::ptr_eq(&self.target, target) {
            self.payment.release();
        }
        self.of_target = 0;
        self.noted.heard(None, None);
        let before = self.target.name();
        if !Arc::ptr_eq(&self.target, target) && !self.passed_over.contains(&before) {
            self.passed_over.push(before);
        }
        self.target = Arc::clone(target);
        reason.clone_into(&mut self.reason);
        self.first = None;
        self.fallback = true;
    }

    /// The target had no place for the request, or there is no key for it.
    pub fn turned_away(&mut self) {
        self.turned_away += 1;
    }

    /// The request is on its way to the target; whoever gives up from here on may have left it there.
    pub fn sending(&mut self) {
        self.payment.send();
        self.attempts += 1;
        self.of_target += 1;
        self.asked = host(&self.target).map(str::to_owned);
    }

    /// The attempt is over; `sent` is false where nothing of it has left this machine.
    pub fn sent(&mut self, sent: bool) {
        if !sent {
            self.noted.unsent();
        }
        let Some(host) = self.asked.take().filter(|_| sent) else { return };
        if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
    }

    /// The answer has begun; how it ends says how its target fares.
    pub fn carry(&mut self, pass: Pass) {
        self.pass = Some(pass);
    }

    /// The answer began with what cannot be used; another target may be asked.
    pub fn attempt_failed(&mut self, error: &ApiError) {
        if let Some(pass) = self.pass.take() {
            pass.failed(error, true);
        }
    }

    /// Whether the target that is to be asked was asked before.
    pub fn attempt(&self) -> Attempt {
        if self.of_target > 0 { Attempt::Again } else { Attempt::First }
    }

    /// How old the request is.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Attempts that were made, whether or not anything was sent.
    pub fn tries(&self) -> u32 {
        self.attempts + self.turned_away
    }

    /// Requests that were sent.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The target that is asked.
    pub fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// The targets that failed or were left alone, joined; nothing where the first one answered.
    pub fn passed_over(&self) -> Option<String> {
        let others: Vec<&str> =
            self.passed_over.iter().map(String::as_str).filter(|name| *name != self.target.name()).collect();
        (!others.is_empty()).then(|| others.join(" "))
    }

    /// Why the target was chosen.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The first event is in.
    pub fn first_event(&mut self) {
        self.payment.begin();
        self.first.get_or_insert_with(Instant::now);
    }

    /// The target has answered to the end: its place is free, and what the answer cost counts for the next request.
    fn answered(&mut self, spent: event::Usage) {
        if let Some(pass) = self.pass.take() {
            pass.answered(spent.input_tokens + spent.cache_read_input_tokens + spent.output_tokens);
        }
        self.settle(tokens(spent), false);
    }

    /// Settles what the request cost, once; `underway` is true where it is not known what became of it.
    fn settle(&mut self, tokens: Tokens, underway: bool) -> Costing {
        if let Some(costing) = self.costing {
            return costing;
        }
        let session = self.session.as_ref().map(|of| of.id.as_str());
        let reached = self.reached().is_some();
        *self.costing.insert(self.payment.settle(&self.target, session, tokens, reached, underway))
    }

    /// Where the target is, if it had the request.
    fn reached(&self) -> Option<&str> {
        host(&self.target).filter(|host| self.hosts.iter().any(|other| other == host))
    }

    /// Closes the record of an answer that came to its end.
    pub fn finished(&mut self, spent: event::Usage) {
        self.answered(spent);
        self.close("ok", 200, spent, None);
    }

    /// Closes the record of an answer that failed.
    pub fn failed(&mut self, error: &ApiError, spent: event::Usage) {
        self.attempt_failed(error);
        self.close("error", error.status, spent, Some(&error.unquoted()));
    }

    fn close(&mut self, outcome: &'static str, status: u16, spent: event::Usage, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let underway = self.asked.is_some();
        self.sent(true);
        let tokens = tokens(spent);
        let Costing { cost, estimate } = self.settle(tokens, underway);
        let host = self.reached();
        let hosts = (self.hosts.len() > 1).then(|| self.hosts.join(","));
        let session = self.session.as_ref().map(|of| of.id.as_str());
        let now = Instant::now();
        let ttft = self.first.map(|first| milliseconds(self.started, first));
        let request = usage::Request {
            session,
            provider: &self.target.provider.name,
            model: &self.target.model,
            hosts: &self.hosts,
            tokens,
            cost,
            estimate,
            failed: error.is_some(),
        };
        self.usage.add(&request);
        let mut entry = self.usage.entry(&request);
        if let Some(entry) = entry.take_if(|_| self.payment.is_counted()) {
            self.usage.note(entry);
        }
        if let Some(Of { sessions, id, part }) = &self.session {
            match outcome {
                "ok" => sessions.answered(id, *part, self.told(host.unwrap_or_default(), tokens, cost, ttft, now)),
                // The provider bills what it wrote until then.
                _ if self.first.is_some() && cost.is_none() => sessions.broken_off(id),
                _ => {}
            }
        }
        let (host, error) = (host.map(str::to_owned), error.map(str::to_owned));
        let (id, reason) = (std::mem::take(&mut self.id), std::mem::take(&mut self.reason));
        let (usage, target) = (Arc::clone(&self.usage), Arc::clone(&self.target));
        let (stream, duration_ms) = (self.stream, milliseconds(self.started, now));
        let (noted, asked, attempts) =
            (std::mem::take(&mut self.noted), std::mem::take(&mut self.hosts), self.attempts);
        later(move || {
            if let Some(entry) = entry {
                usage.note(entry);
            }
            let (target, reason) = (&*target, &*reason);
            noted.close(&Ending { target, hosts: &asked, reason, status, attempts, tokens, cost, duration_ms });
            tracing::info!(
                request = %id,
                outcome,
                status,
                provider = %target.provider.name,
                host,
                hosts,
                model = %target.model,
                route = %reason,
                stream,
                input = tokens.input,
                cached = tokens.cached,
                output = tokens.output,
                ttft_ms = ttft,
                duration_ms,
                error,
                "request"
            );
        });
    }

    fn told(&self, host: &str, tokens: Tokens, cost: Option<Cost>, ttft_ms: Option<u64>, now: Instant) -> Answered {
        let Target { provider, model, facts, .. } = &*self.target;
        let is_local = provider.is_local() && !egress::is_passed_on(model);
        let known = if provider.is_local() { None } else { catalog::host(host).map(|host| &*host.region) };
        let region = if is_local { Some("local") } else { known };
        Answered {
            provider: provider.name.clone(),
            model: model.clone(),
            host: host.to_owned(),
            region: region.map(str::to_owned),
            window: facts.window,
            input: tokens.input,
            cached: tokens.cached,
            output: tokens.output,
            cost_usd: cost.and_then(|cost| cost.within(Currency::Usd)),
            cost_eur: cost.and_then(|cost| cost.within(Currency::Eur)),
            ttft_ms,
            tokens_per_second: self.first.and_then(|first| speed(tokens.output, now - first)),
            route: self.reason.clone(),
            fallback: self.fallback,
        }
    }
}

fn tokens(spent: event::Usage) -> Tokens {
    let event::Usage { input_tokens, cache_read_input_tokens: cached, output_tokens: output, .. } = spent;
    Tokens { input: input_tokens + cached, cached, output }
}

/// Where a target is, unless that is not known.
fn host(target: &Target) -> Option<&str> {
    target.provider.connection.as_ref().ok().map(Connection::host)
}

/// The time between two moments, in milliseconds.
pub(super) fn milliseconds(from: Instant, to: Instant) -> u64 {
    u64::try_from((to - from).as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    fn drop(&mut self) {
        self.close("cancelled", 499, event::Usage::default(), None);
    }
}
