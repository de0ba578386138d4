//! One line in the log for one request, whatever becomes of it.
//!
//! Metadata only: no body, no key, no path of the person's.

use std::sync::Arc;
use std::time::Instant;

use crate::config::{Connection, Target};
use crate::observe::usage::{self, Tokens, Usage};
use crate::wire::error::ApiError;
use crate::wire::event;

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
    closed: bool,
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
            closed: false,
        }
    }

    /// Another target was taken.
    pub fn retarget(&mut self, target: &Arc<Target>, reason: &str) {
        self.target = Arc::clone(target);
        reason.clone_into(&mut self.reason);
    }

    /// The request is on its way to the target; whoever gives up from here on may have left it there.
    pub fn sending(&mut self) {
        self.asked = host(&self.target).map(str::to_owned);
    }

    /// The attempt is over; `sent` is false where nothing of it has left this machine.
    pub fn sent(&mut self, sent: bool) {
        let Some(host) = self.asked.take().filter(|_| sent) else { return };
        if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
    }

    /// Why the target was chosen.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The first event is in.
    pub fn first_event(&mut self) {
        self.first.get_or_insert_with(Instant::now);
    }

    /// Closes the record of an answer that came to its end.
    pub fn finished(&mut self, spent: event::Usage) {
        self.close("ok", 200, spent, None);
    }

    /// Closes the record of an answer that failed.
    pub fn failed(&mut self, error: &ApiError, spent: event::Usage) {
        self.close("error", error.status, spent, Some(&error.unquoted()));
    }

    fn close(&mut self, outcome: &'static str, status: u16, spent: event::Usage, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.sent(true);
        let host = host(&self.target).filter(|host| self.hosts.iter().any(|other| other == host));
        let hosts = (self.hosts.len() > 1).then(|| self.hosts.join(","));
        let tokens = Tokens {
            input: spent.input_tokens + spent.cache_read_input_tokens,
            cached: spent.cache_read_input_tokens,
            output: spent.output_tokens,
        };
        let ttft = self.first.map(|first| milliseconds(self.started, first));
        tracing::info!(
            request = %self.id,
            outcome,
            status,
            provider = %self.target.provider.name,
            host,
            hosts,
            model = %self.target.model,
            route = %self.reason,
            stream = self.stream,
            input = tokens.input,
            cached = tokens.cached,
            output = tokens.output,
            ttft_ms = ttft,
            duration_ms = milliseconds(self.started, Instant::now()),
            error,
            "request"
        );
        self.usage.record(usage::Request {
            model: &self.target.model,
            hosts: &self.hosts,
            tokens,
            failed: error.is_some(),
        });
    }
}

/// Where a target is, unless that is not known.
fn host(target: &Target) -> Option<&str> {
    target.provider.connection.as_ref().ok().map(Connection::host)
}

/// Writes the line of a request that has no target: it could not be read, or nothing is configured for it.
pub fn refused(id: &str, started: Instant, error: &ApiError) {
    let duration_ms = milliseconds(started, Instant::now());
    tracing::info!(
        request = id,
        outcome = "refused",
        status = error.status,
        duration_ms,
        error = %error.unquoted(),
        "request"
    );
}

fn milliseconds(from: Instant, to: Instant) -> u64 {
    u64::try_from((to - from).as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    fn drop(&mut self) {
        self.close("cancelled", 499, event::Usage::default(), None);
    }
}
