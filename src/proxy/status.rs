//! What the service says of itself, and how it is asked to end.

use std::path::PathBuf;

use http::{Response, StatusCode};
use jiff::{Timestamp, Unit};
use tokio::sync::mpsc;

use super::body::Body;
use super::protocol::Protocol;
use super::shelf::Shelf;
use super::snapshot::{Current, Snapshot};
use super::{Proxy, json};
use crate::config::Scenario;
use crate::egress::{Judged, judged};
use crate::upstream::breaker::Standing;
use crate::upstream::health::Told;
use crate::upstream::limits;
use crate::wire::error::{ApiError, ErrorKind};
use crate::wire::status::{
    Configuration, Denied, Invalid, Left, LeftOut, Preset, Provider, Requests, Route, Status, Target,
};

/// Where the service tells its state.
pub const STATUS: &str = "/mcr/status";
/// Where it is asked to end.
pub const STOP: &str = "/mcr/stop";
/// Where targets are taken for well again; the query is a target's name.
pub const RESET: &str = "/mcr/breaker/reset";

/// What only the background service has.
pub struct Service {
    /// The presets it offers.
    pub shelf: Shelf,
    /// The base URL for clients.
    pub url: String,
    /// Its log, once there is a line in it.
    pub log: Box<dyn Fn() -> Option<PathBuf> + Send + Sync>,
    /// When it began to listen.
    pub started: Timestamp,
    /// Hears how it is to end.
    pub stop: mpsc::Sender<Stop>,
}

/// How the service is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// When the answers in progress have ended.
    Finish,
    /// At once.
    Now,
}

/// This moment as RFC 3339 has it, to the second.
pub(super) fn now() -> String {
    to_the_second(Timestamp::now())
}

fn to_the_second(when: Timestamp) -> String {
    when.round(Unit::Second).unwrap_or(when).to_string()
}

impl Proxy {
    /// Says how the service is; an embedded proxy has none.
    pub(super) fn status(&self, service: &Service) -> Response<Body> {
        let presets = service.shelf.list().into_iter();
        let (ended, failed) = self.usage.requests();
        let status = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            url: service.url.clone(),
            started: to_the_second(service.started),
            uptime_seconds: u64::try_from(Timestamp::now().duration_since(service.started).as_secs()).unwrap_or(0),
            requests: Requests { ended, failed },
            configuration: self.configuration(&self.current),
            presets: presets
                .map(|(name, current)| Preset {
                    name,
                    configuration: current.as_deref().map(|current| self.configuration(current)),
                })
                .collect(),
            targets: self.health.list().into_iter().map(|told| self.target(told)).collect(),
            log: (service.log)().map(|path| path.display().to_string()),
        };
        json(&serde_json::to_value(&status).unwrap_or_default())
    }

    fn configuration(&self, current: &Current) -> Configuration {
        Configuration { budgets: self.budgets(&current.load(), None), ..configuration(current) }
    }

    /// Takes targets for well again: the one that the query names, or all.
    pub(super) fn reset_breakers(&self, query: Option<&str>) -> Response<Body> {
        json(&serde_json::json!({ "reset": self.health.reset(query.filter(|name| !name.is_empty())) }))
    }

    /// Tells the service to end, at once where the query says `now`.
    pub(super) fn stop(&self, service: &Service, query: Option<&str>) -> Response<Body> {
        let how = if query == Some("now") { Stop::Now } else { Stop::Finish };
        if service.stop.try_send(how).is_err() {
            let what = "mcr: the service is stopping already";
            return Protocol::Messages
                .failed(&ApiError::last(409, ErrorKind::InvalidRequestError, what), &self.next_id());
        }
        let mut response = json(&serde_json::json!({ "stopping": true }));
        *response.status_mut() = StatusCode::ACCEPTED;
        response
    }

    fn target(&self, told: Told) -> Target {
        let left_out = self.repairs.told(&told.host, &told.target);
        Target { left_out: left_out.map(|(fields, requests)| LeftOut { fields, requests }), ..target(told) }
    }
}

fn target(told: Told) -> Target {
    let seconds = match told.standing {
        Standing::Open(wait) | Standing::Cooling(wait) => Some(wait.as_secs() + 1),
        Standing::Closed | Standing::HalfOpen => None,
    };
    Target {
        name: told.target,
        host: told.host,
        state: told.standing.as_str().to_owned(),
        seconds,
        in_flight: told.in_flight,
        max_concurrency: told.most,
        waiting: told.waiting,
        requests: told.left.0.map(left),
        tokens: told.left.1.map(left),
        ttft_ms: told.first_event.and_then(|wait| u64::try_from(wait.as_millis()).ok()),
        failure: told.failure.map(since),
        refused: told.refused.map(since),
        left_out: None,
    }
}

fn left(limits::Left { left, limit }: limits::Left) -> Left {
    Left { left, limit }
}

fn since((when, problem): (Timestamp, String)) -> Invalid {
    Invalid { since: to_the_second(when), problem }
}

fn denied(snapshot: &Snapshot) -> Vec<Denied> {
    let judged = judged(&snapshot.config, &snapshot.egress.guard()).into_iter();
    let denied = judged.filter(|judged| !judged.verdict.lets_go());
    let told = denied.map(|Judged { target, verdict, .. }| Denied {
        target: target.name(),
        host: verdict.host.clone(),
        why: verdict.why.clone(),
    });
    told.collect()
}

fn configuration(current: &Current) -> Configuration {
    let snapshot = current.load();
    let config = &snapshot.config;
    let providers = config.providers.iter().map(|provider| Provider {
        name: provider.name.clone(),
        host: provider.connection.as_ref().ok().map(|connection| connection.host().to_owned()),
        models: provider.models.clone(),
        description: provider.description.clone(),
    });
    let routes = Scenario::ALL.into_iter().filter_map(|scenario| {
        let target = config.routes.names(scenario)?;
        Some(Route { name: scenario.as_str().to_owned(), target })
    });
    Configuration {
        file: config.origin.to_string(),
        hash: config.hash(),
        invalid: current.invalid().as_deref().cloned(),
        rules: snapshot.egress.guard().hash(),
        denied: denied(&snapshot),
        providers: providers.collect(),
        routes: routes.collect(),
        budgets: Vec::new(),
    }
}
