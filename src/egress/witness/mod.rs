//! The agent's own traffic: a proxy on a loopback port that sees which hosts it asks for, and denies some.
//!
//! It takes `CONNECT`, and plain requests in absolute form. What goes through a tunnel is not looked at. A program
//! that opens sockets past `HTTPS_PROXY` and its kin is not seen, unless it is sealed in where there is no other way.

mod door;
mod forward;
mod rules;
mod tally;
mod tunnel;

use std::{
    collections::BTreeMap, convert::Infallible, io, net::Ipv4Addr, net::TcpListener, pin::pin, sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    select,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

use super::{
    Egress, accept,
    reach::{Reached, Unreached},
};
use crate::audit::{Audit, Decision};
use crate::config::Secret;
use door::Door;
pub use door::url;
pub use rules::Policy;
use rules::Verdict;
pub use tally::{Asked, Seen, summary};
use tally::{Record, Tally};

type Body = BoxBody<Bytes, hyper::Error>;
/// A place among the connections that are served at a time; the tunnel keeps it.
type Seat = Arc<OwnedSemaphorePermit>;

/// What the agent may take, and for how long. Tests set the clocks to milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the connection's start, or an answer, to the end of the next request's head.
    pub header_read: Duration,
    /// How long a connection through it may be silent, both ways.
    pub idle: Duration,
    /// Connections at a time.
    pub connections: u32,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of a request's head.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            idle: Duration::from_mins(10),
            connections: 256,
            headers: 100,
            header_bytes: 32 << 10,
        }
    }
}

/// Sees and judges what the agent asks for; clones share one tally.
#[derive(Debug, Clone)]
pub struct Witness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    egress: Egress,
    audit: Audit,
    door: Door,
    limits: Limits,
    tally: Arc<Tally>,
    seats: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

/// Takes a free loopback port; who connects waits until it is served.
pub fn bind() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Witness {
    /// Makes a witness that lets go what `policy` says by way of `egress`; `token` opens it.
    pub fn new(policy: Policy, egress: Egress, audit: Audit, token: &Secret, limits: Limits) -> Self {
        let seats = Arc::new(Semaphore::new(limits.connections as usize));
        let (closing, _) = watch::channel(false);
        let (door, tally) = (Door::new(token), Arc::default());
        Self(Arc::new(Shared { policy, egress, audit, door, limits, tally, seats, closing }))
    }

    /// Everything that was asked for until now.
    pub fn seen(&self) -> BTreeMap<Asked, Seen> {
        self.0.tally.seen()
    }

    /// Serves a listener until [`Witness::end`]; several may be served.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut closing = self.0.closing.subscribe();
        loop {
            let next = async {
                let tcp = accept(&listener).await;
                (tcp, Arc::clone(&self.0.seats).acquire_owned().await)
            };
            select! {
                biased;
                _ = closing.wait_for(|closed| *closed) => return Ok(()),
                (tcp, seat) = next => {
                    let Ok(seat) = seat else { return Ok(()) };
                    tokio::spawn(attend(Arc::clone(&self.0), tcp, Arc::new(seat)));
                }
            }
        }
    }

    /// Closes every connection and waits until each is noted.
    pub async fn end(&self) {
        // What hangs on to its place all the same is noted as far as it is known.
        const PATIENCE: Duration = Duration::from_secs(2);
        self.0.closing.send_replace(true);
        let _ = timeout(PATIENCE, self.0.seats.acquire_many(self.0.limits.connections)).await;
    }
}

/// Serves one connection until it ends, or becomes a tunnel.
async fn attend(shared: Arc<Shared>, tcp: TcpStream, seat: Seat) {
    let _ = tcp.set_nodelay(true);
    let limits = shared.limits;
    let mut closing = shared.closing.subscribe();
    let service = service_fn(|request| {
        let (shared, seat) = (Arc::clone(&shared), Arc::clone(&seat));
        async move { Ok::<_, Infallible>(answer(&shared, seat, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_read);
    http.max_headers(limits.headers).max_header_size(limits.header_bytes);
    let mut connection = pin!(http.serve_connection(TokioIo::new(tcp), service).with_upgrades());
    select! {
        biased;
        _ = closing.wait_for(|closed| *closed) => {}
        end = connection.as_mut() => if let Err(error) = end {
            tracing::debug!(%error, "a connection of the agent's ended early");
        }
    }
}

async fn answer(shared: &Arc<Shared>, seat: Seat, request: Request<Incoming>) -> Response<Body> {
    if !shared.door.admits(request.headers()) {
        let words = "mcr: this proxy is for the agent that mcr started, with the token in its HTTPS_PROXY";
        let mut refusal = say(StatusCode::PROXY_AUTHENTICATION_REQUIRED, words);
        refusal.headers_mut().insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"mcr\""));
        return refusal;
    }
    match *request.method() {
        Method::CONNECT => tunnel::open(shared, seat, request).await,
        _ => forward::pass(shared, seat, request).await,
    }
}

impl Shared {
    /// Judges a host, and connects to it if it may be.
    async fn reach(&self, target: &Uri, port: u16) -> Result<(Reached, Record), Response<Body>> {
        let host = bare(target.host().unwrap_or_default());
        let begin = |decision| Record::begin(&self.tally, &self.audit, host.clone(), port, decision);
        let in_url = target.host().unwrap_or_default();
        let may_mcr = || self.egress.guard().judge(in_url).decision == Decision::Allowed;
        let mut record = match self.policy.judge(&host, may_mcr) {
            Verdict::Allowed => begin(Decision::Allowed),
            Verdict::Observed(reason) => {
                let mut record = begin(Decision::Observed);
                record.because(&reason);
                record
            }
            Verdict::Denied(reason) => {
                begin(Decision::Denied).because(&reason);
                return Err(denied(&host, port, &reason));
            }
        };
        if self.egress.options.required
            && let Err(error) = record.ahead()
        {
            tracing::error!(host, %error, "the agent is refused: the audit record is required and cannot be written");
            let what = "mcr: the audit record cannot be written and `Audit.required` is set, so nothing was sent; run \
                        `mcr audit checkpoint` in a terminal to see what is in the way";
            record.fail("it cannot be recorded");
            return Err(say(StatusCode::SERVICE_UNAVAILABLE, what));
        }
        let may = |address, class| self.policy.objects(&host, address, class);
        match self.egress.connector.reach(target, port, may).await {
            Ok(reached) => {
                record.at(reached.address);
                Ok((reached, record))
            }
            Err(Unreached::Denied(class, reason)) => {
                record.at(class);
                record.deny(&reason);
                Err(denied(&host, port, &reason))
            }
            Err(Unreached::Failed(error)) => {
                let words = error.to_string();
                record.fail(&words);
                Err(say(StatusCode::BAD_GATEWAY, &format!("mcr: {words}")))
            }
        }
    }
}

/// A host as it is compared: in lower case, without brackets and without the last dot.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

fn denied(host: &str, port: u16, reason: &str) -> Response<Body> {
    tracing::info!(host, port, reason, "denied to the agent");
    say(StatusCode::FORBIDDEN, &format!("mcr denied {host}:{port} to the agent: {reason}"))
}

fn say(status: StatusCode, words: &str) -> Response<Body> {
    let mut response = Response::new(whole(format!("{words}\n").into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// Waits until nothing has passed for as long as `limit`, or up to twice that.
async fn silence(counts: &tally::Counts, limit: Duration) {
    let mut before = counts.total();
    loop {
        tokio::time::sleep(limit).await;
        let now = counts.total();
        if now == before {
            return;
        }
        before = now;
    }
}
