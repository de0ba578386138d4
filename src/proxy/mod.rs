//! The loopback proxy: the listener, who may enter, and what is done for them.
//!
//! The same proxy has two lives: inside `mcr code`, and behind `mcr start`.

pub mod auth;
pub mod body;
pub mod refusal;
pub mod server;

mod answer;
mod ask;
mod attempt;
mod budget;
mod clocked;
mod closing;
mod events;
mod fallback;
mod messages;
mod models;
mod noted;
mod openai;
mod payment;
mod probing;
pub mod protocol;
mod question;
mod reader;
mod record;
pub mod routes;
mod seats;
mod shelf;
#[cfg(test)]
mod simulation;
mod snapshot;
mod stage;
mod status;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::audit::Audit;
use crate::config::{Config, Secret};
use crate::egress::Egress;
use crate::error::{Exit, Failure};
use crate::keys::Resolver;
use crate::observe::sessions::Sessions;
use crate::observe::spending::Spending;
use crate::observe::trace::Trace;
use crate::observe::usage::Usage;
use crate::route::{Counter, needs_vocabulary, unpack_vocabulary};
use crate::upstream::health::Health;
use crate::upstream::self_repair::SelfRepair;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::session::Session;
use ask::Asked;
use auth::{Door, admit};
use body::Body;
use protocol::Protocol;
use refusal::Refusal;
use routes::{Found, Own, What};
pub use shelf::{PRESET, Shelf, Source};
pub use snapshot::{Allowances, Current, Open, Read, Reload, Snapshot, watch};
pub use status::{RESET, STATUS, STOP, Service, Stop};

/// Everything a request needs; one for the life of a listener.
pub struct Proxy {
    door: Door,
    current: Arc<Current>,
    service: Option<Service>,
    keys: Arc<Resolver>,
    health: Arc<Health>,
    repairs: SelfRepair,
    counter: Counter,
    usage: Arc<Usage>,
    spending: Arc<Spending>,
    sessions: Arc<Sessions>,
    trace: Option<Arc<Trace>>,
    audit: Audit,
    /// Tells this process's request ids from another's.
    instance: String,
    requests: AtomicU64,
}

/// What a proxy is made of.
pub struct Parts {
    /// The port it listens on.
    pub port: u16,
    /// What clients must show.
    pub token: Secret,
    /// The first configuration.
    pub config: Config,
    /// The door out, for this configuration.
    pub egress: Egress,
    /// Finds the providers' keys.
    pub keys: Resolver,
    /// Sums up what passes.
    pub usage: Arc<Usage>,
    /// Keeps the books for the budgets.
    pub spending: Spending,
    /// Where bodies are written, when the person asked for that.
    pub trace: Option<Trace>,
    /// Where it is recorded what left this machine.
    pub audit: Audit,
    /// The preset that the configuration is, where it is one.
    pub preset: Option<Arc<str>>,
    /// What the background service has beside it; absent where one agent is the only client.
    pub service: Option<Service>,
}

impl Proxy {
    /// Puts a proxy together.
    pub fn new(parts: Parts) -> Result<Self, Failure> {
        let door = Door::new(parts.port, &parts.token).map_err(|error| {
            Failure::new(Exit::Config, error).hint("set `APIKEY` to a text of letters and digits, or leave it out")
        })?;
        let random = auth::new_token().map_err(|error| Failure::new(Exit::Io, error))?;
        let snapshot = Snapshot::new(parts.config, parts.egress).of_preset(parts.preset);
        Ok(Self {
            door,
            current: Arc::new(Current::new(snapshot, parts.audit.clone())),
            service: parts.service,
            keys: Arc::new(parts.keys),
            health: Arc::default(),
            repairs: SelfRepair::default(),
            counter: Counter::default(),
            usage: parts.usage,
            spending: Arc::new(parts.spending),
            sessions: Arc::default(),
            trace: parts.trace.map(Arc::new),
            audit: parts.audit,
            instance: random.expose().chars().take(12).collect(),
            requests: AtomicU64::new(0),
        })
    }

    /// The configuration in use, to be swapped by [`watch`].
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current)
    }

    /// Connects to the default route's provider and unpacks the vocabulary, so that the first request need not wait.
    pub fn warm(&self) {
        let snapshot = self.current.load();
        if needs_vocabulary(snapshot.config.targets.iter().map(|target| &**target)) {
            tokio::task::spawn_blocking(unpack_vocabulary);
        }
        let provider = &snapshot.config.routes.default.provider;
        if let Ok(connection) = &provider.connection {
            snapshot.egress.warm(&connection.endpoint, &provider.name, snapshot.preset.as_deref());
        }
    }

    /// Answers one request.
    pub async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Err(refusal) = admit(&parts, &self.door) {
            return turned_away(&refusal, Protocol::of(parts.uri.path()));
        }
        // The path goes beside the parts, which are handed on whole.
        let uri = parts.uri.clone();
        let path = uri.path();
        match (shelf::split(path), &self.service) {
            (None, None) => self.answer_at(path, self.current.load(), parts, body).await,
            (None, Some(service)) => match routes::find(routes::OWN, &parts.method, path) {
                Found::What(Own::Status, _) => self.status(service),
                Found::What(Own::Stop, _) => self.stop(service, parts.uri.query()),
                Found::What(Own::Reset, _) => self.reset_breakers(parts.uri.query()),
                Found::NoMethod(path) => self.no_method(&parts.method, path),
                Found::NoPath => self.answer_at(path, self.current.load(), parts, body).await,
            },
            (Some((name, path)), Some(service)) => match service.shelf.get(name, &self.audit).await {
                Ok(snapshot) => self.answer_at(path, snapshot, parts, body).await,
                Err(error) => Protocol::of(path).failed(&error, &self.next_id()),
            },
            (Some(_), None) => self.no_path(path),
        }
    }

    /// Answers what stands at the root for the configuration, and below a preset's name for the preset.
    async fn answer_at(
        self: &Arc<Self>,
        path: &str,
        snapshot: Arc<Snapshot>,
        parts: http::request::Parts,
        body: Incoming,
    ) -> Response<Body> {
        let (what, id) = match routes::find(routes::ROUTES, &parts.method, path) {
            Found::What(what, id) => (what, id),
            Found::NoMethod(path) => return self.no_method(&parts.method, path),
            Found::NoPath => return self.no_path(path),
        };
        match what {
            What::Messages => self.answered(Asked::Messages, snapshot, parts.headers, body).await,
            What::CountTokens => self.count_tokens(&snapshot, body).await,
            What::OpenAi(endpoint) => self.answered(Asked::OpenAi(endpoint), snapshot, parts.headers, body).await,
            What::Models => models::list(&snapshot.config, models::shape(&parts.headers)),
            What::Model => {
                let shape = models::shape(&parts.headers);
                models::one(&snapshot.config, shape, id).unwrap_or_else(|error| shape.failed(&error, &self.next_id()))
            }
            What::Session => self.session(&snapshot, id),
            What::Health => json(&serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })),
            What::Sign => Response::new(Body::empty()),
        }
    }

    fn no_method(&self, method: &Method, path: &str) -> Response<Body> {
        let what = format!("{method} is not a method of {path}");
        Protocol::of(path).failed(&ApiError::last(405, ErrorKind::InvalidRequestError, what), &self.next_id())
    }

    fn no_path(&self, path: &str) -> Response<Body> {
        let what = format!("mcr: there is no {path}");
        Protocol::of(path).failed(&ApiError::last(404, ErrorKind::NotFoundError, what), &self.next_id())
    }

    /// Says what is known of a session, as [`crate::wire::session::Session`].
    fn session(&self, snapshot: &Snapshot, id: &str) -> Response<Body> {
        let known =
            self.sessions.get(id).map(|session| Session { budgets: self.budgets(snapshot, Some(id)), ..session });
        let Some(session) = known.and_then(|session| serde_json::to_value(session).ok()) else {
            let what = "mcr: no answer is known of this session";
            return Protocol::Messages.failed(&ApiError::last(404, ErrorKind::NotFoundError, what), &self.next_id());
        };
        json(&session)
    }

    /// Makes a request's id, unique among processes; message ids are made of it, and the agent merges equal ones.
    fn next_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("req_{}{number:06}", self.instance)
    }
}

fn turned_away(refusal: &Refusal, protocol: Protocol) -> Response<Body> {
    tracing::warn!(status = refusal.status.as_u16(), reason = %refusal.message, "request turned away");
    refusal.response_in(protocol)
}

fn json(value: &serde_json::Value) -> Response<Body> {
    answered("application/json", Body::from(Bytes::from(value.to_string())))
}

fn answered(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
