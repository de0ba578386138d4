//! The configuration, valid by construction.
//!
//! A [`Config`] is made by [`load()`] (or, from a text, by [`read()`]) and cannot name a
//! provider or a model that is not there. What only a provider's use needs (its key) is
//! checked when the provider is used.
//!
//! The format is JSON5 and claude-code-router 2's: every key means what it means there.
//! `$NAME` and `${NAME}` in any string stand for environment variables, `$$` for a dollar.
//! `null` and the empty string count as absent. Keys that nobody knows are warnings.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `PORT`, `HOST` | 3456, 127.0.0.1 | where the background service listens; loopback only |
//! | `APIKEY` | made up | the token that clients must show, or where it is ([`SecretRef`]) |
//! | `PROXY_URL`; also `HTTPS_PROXY`, `https_proxy`, `httpsProxy` | - | the proxy on the way to providers: `http`, `socks5`, `socks5h` |
//! | `LOG`, `LOG_LEVEL` | true, info | whether and what to log |
//! | `API_TIMEOUT_MS` | 600000 | how long the agent waits; also `Clocks.total_ms` |
//! | `NON_INTERACTIVE_MODE` | false | nobody is at the terminal |
//! | `CLAUDE_PATH` | from the path | the agent's executable |
//! | `Providers` or `providers` | - | see below; at least one |
//! | `transformers` | - | plugins: `strip-reasoning.js` is built in, no other is run |
//! | `Router` | first model | `default`, `background`, `think`, `longContext`, `webSearch`, `image`: `"provider,model"`; or several |
//! | `Router.<route>` with several | - | a list in the order of preference, or `{strategy, targets: [{target, weight}]}`; strategies: `single`, `fallback`, `weighted_round_robin`, `cost`, `latency` |
//! | `Router.longContextThreshold` | 60000 | tokens above which a request is long |
//! | `fallback` | - | lists of `"provider,model"` under the names of `Router` |
//! | `StatusLine.enabled` | false | whether the agent shows mcr's status line |
//! | `StatusLine.currentStyle` | default | `default`, `powerline`, `simple`, `full`, or a key of `StatusLine` |
//! | `StatusLine.<style>` | - | `modules`, and `separator` (mcr's own); see [`StatusLine`] |
//! | `REWRITE_SYSTEM_PROMPT` | - | a file, seen from the configuration's folder, for the head of the system prompt |
//! | `Retry.attempts` (mcr's own), or `max_attempts` | 3 | requests to a target that fails and has no spare, from 1 to 10 |
//! | `Retry.on_status` (mcr's own) | 408, 425, `5xx` | after which statuses: 408, 425, 429, 500 to 599, and `5xx` for those from 500 but 504; see [`may_pass`] |
//! | `Breaker` (mcr's own) | see [`BreakerRules`] | `consecutive`, `failure_rate`, `window_seconds`, `min_requests`, `open_seconds`, `open_max_seconds`, `close_after` |
//! | `Budget.session`, `.day`, `.month` (mcr's own) | - | `{limit, currency, action}`: how much may be spent; `block` (default), `warn`, `fallback:provider,model` |
//! | `Egress` (mcr's own) | Europe's operators and local addresses | `allow`, `deny`, `region`, `mode`, `agent`, `agent_allow`: see [`EgressRules`]; hosts that the user vouches for stand in `egress.json` ([`allowances`]) |
//! | `Audit` (mcr's own) | on | `enabled`, `required`, `body_digest`, `retention_days`: see [`AuditRules`] |
//! | `Clocks` (mcr's own) | see below | `connect_ms`, `headers_ms`, `first_event_ms`, `idle_ms`, `total_ms` |
//!
//! | clock | runs | hosted service | Mistral's | local server |
//! |---|---|---|---|---|
//! | `connect_ms` | until the connection stands, TLS included | 5 s | 5 s | 5 s |
//! | `headers_ms` | until the headers of a stream | 60 s | 720 s | 300 s |
//! | `first_event_ms` | from there to the first event | 60 s | 720 s | 300 s |
//! | `idle_ms` | between two events | 90 s | 300 s | 90 s |
//! | `total_ms` | over an answer that comes whole | `API_TIMEOUT_MS` | the same | the same |
//!
//! | key of a provider | meaning |
//! |---|---|
//! | `name` | what routes call it; case makes no difference |
//! | `api_base_url` | the endpoint (`…/v1/chat/completions`) or its base (`…/v1`); `http` for local servers only |
//! | `api_key` | the bearer token, or where it is ([`SecretRef`]): `env:`, `file:`, `cmd:`, `store:`; empty for servers that want none |
//! | `models` | the ids that routes may name |
//! | `transformer` | `use` lists for all models, and below the id of one for that: see [`Transformer`] |
//! | `dialect` (mcr's own) | whose rules the server follows ([`Dialect`]); inferred from host and name |
//! | `timeout_seconds`, `stream_timeout_seconds` | its own `total` clock, and the time that a whole stream may take; the second is the first unless it is given |
//! | `max_context_tokens` | prompt and answer together, where that is less than the model's window |
//! | `description`, `weight` | words for lists; its share of a `weighted_round_robin` that gives it none |
//! | `id`, `provider`, `model`, `base_url`, `secret_key_ref`, `provider_type`, `format` | Keeptrusts' names: see `target_keys` |
//! | `facts` (mcr's own) | `{"<id>": {"window", "vision", "tool_result_images", "reasoning", "tokenizer", "pricing"}}`, over the catalogue's |
//! | `pricing` (mcr's own) | `{prompt, completion, cached, currency}` for a million tokens of all its models, over the catalogue's; in `facts` for one |
//! | `limits` (mcr's own) | `max_concurrency`, `queue`, `queue_timeout_seconds`, `requests_per_minute`, `tokens_per_minute`, for each of its models ([`Capacity`]) |
//! | `health_probe` (mcr's own) | `enabled`, `interval_seconds`, `timeout_seconds` ([`HealthProbe`]) |
//!
//! From text to value: `locate` finds where each value stands, `interpolate` puts the
//! variables in, `reader` checks types and keeps the problems and the [`Setting`]s;
//! `edit` goes the other way: it changes single values of a text and leaves the rest as it is.
//! `providing`, `target_keys`, `resilience`, `transforming`, `facts`, `pricing`, `limits`, `health_probe`, `routing`,
//! `budgeting`, `egress_rules`, `audit_rules`, `styling` and `scalars` each read their part.

mod allowance;
mod audit_rules;
mod balance;
mod budget;
mod budgeting;
mod clocks;
mod color;
mod dialect;
mod document;
pub mod edit;
mod egress_rules;
mod endpoint;
mod facts;
mod hash;
mod health_probe;
mod host;
mod interpolate;
mod key_name;
mod limits;
mod load;
mod local;
mod locate;
mod own_facts;
pub mod path;
mod pricing;
mod problem;
mod provider;
mod providing;
mod read;
mod reader;
mod resilience;
mod routes;
mod routing;
mod scalars;
mod secret;
mod secret_ref;
mod setting;
mod start_only;
mod status_line;
mod styling;
pub mod suggest;
mod target_keys;
mod template;
#[cfg(test)]
mod tests;
mod transformer;
mod transforming;
mod usual;

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use crate::catalog::{Cost, Costs, Currency, Price};
pub use allowance::{Allowance, Network, allowances, country_code};
pub use audit_rules::AuditRules;
pub use balance::{Balance, Strategy};
pub use budget::{Action, Budget, Budgets, Said, Span};
pub use budgeting::unseen;
pub use clocks::Clocks;
pub use color::Color;
pub use dialect::Dialect;
pub use document::{Document, kind};
pub use egress_rules::{AgentTraffic, By, EgressRules, Mode, Narrowing, is_word_for_several};
pub use endpoint::parse as endpoint;
pub use hash::sha256;
pub use health_probe::HealthProbe;
pub use host::Host;
pub use interpolate::variables;
pub use key_name::KeyName;
pub use limits::Capacity;
pub use load::{
    Look, Reading, Text, built_in_alone, examine, failure, file, is_missing, load, named, overlay, read_again, read_in,
    status_line, text,
};
pub use local::{is_local, is_this_machine, may_listen};
pub use own_facts::own_facts;
pub use problem::{Position, Problem, Problems, Severity};
pub use provider::{Connection, Endpoint, Limits, Provider, Target, Unset};
pub use read::{read, read_document, read_status_line};
pub use reader::{IDLE, UNKNOWN};
pub use resilience::{Attempts, BreakerRules, may_pass};
pub use routes::{Fallback, Routes, Scenario};
pub use scalars::{PROXY_SCHEMES, unusable_proxy};
pub use secret::{NotAKey, Secret};
pub use secret_ref::{Place, Reference, SecretRef};
pub use setting::{Setting, Source, names_a_secret};
pub use start_only::StartOnly;
pub use status_line::{Module, Separator, StatusLine, Style};
pub use template::{Piece, Template, Variable};
pub use transformer::{Rewrite, Sampling, Transformer};
pub use usual::usual;

/// Looks a variable up; an argument everywhere, so that a test can be its own environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads a file that the configuration names, or says why not; an argument for the same reason.
pub type Files<'a> = &'a dyn Fn(&Path) -> Result<String, String>;

/// One whole configuration.
pub struct Config {
    /// Where it was read.
    pub origin: Origin,
    /// The loopback address to listen on.
    pub host: IpAddr,
    /// The port of the background service.
    pub port: u16,
    /// The token that clients must show; one is made up when there is none.
    pub apikey: Option<SecretRef>,
    /// The proxy to reach providers through; may hold credentials, so it is not for printing.
    pub proxy_url: Option<http::Uri>,
    /// Whether a log is written.
    pub log: bool,
    /// What is worth a line in it.
    pub log_level: LogLevel,
    /// How long the agent waits for an answer.
    pub api_timeout: Duration,
    /// Whether the agent is told that nobody is at the terminal.
    pub non_interactive: bool,
    /// The agent's executable, when it is not the one on the path.
    pub claude_path: Option<PathBuf>,
    /// The providers, in the order of the file.
    pub providers: Vec<Arc<Provider>>,
    /// Every model of every provider, in the order of the file.
    pub targets: Vec<Arc<Target>>,
    /// Which target serves which kind of request.
    pub routes: Routes,
    /// What to try when a route's target fails.
    pub fallback: Fallback,
    /// Whether the agent shows mcr's status line, and how it looks.
    pub status_line: StatusLine,
    /// A file whose text replaces the head of the agent's system prompt.
    pub rewrite_system_prompt: Option<PathBuf>,
    /// That file's text; [`read()`], which knows no file, leaves it out.
    pub system_head: Option<String>,
    /// How long to wait for what.
    pub clocks: Clocks,
    /// How often a request is sent to a target that fails and that no other can stand in for, and after what.
    pub attempts: Attempts,
    /// How much may be spent.
    pub budgets: Arc<Budgets>,
    /// Where traffic may go, by the user's own rules.
    pub egress: EgressRules,
    /// Others' rules, which have to allow it as well.
    pub narrowings: Vec<Narrowing>,
    /// Whether and how it is recorded where it went.
    pub audit: AuditRules,
    /// What is odd and does not stop anything.
    pub warnings: Vec<Problem>,
    /// Variables that providers lack: an error where a route leads to the provider, else a warning.
    pub unset: Vec<Problem>,
    /// Every value with where it came from, secrets masked.
    pub settings: Vec<Setting>,
}

/// Where a configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// [`crate::catalog::BUILT_IN_CONFIG`].
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::BuiltIn => f.write_str("built-in configuration"),
        }
    }
}

/// What is worth a line in the log, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// What ends mcr.
    Fatal,
    /// What failed.
    Error,
    /// What is odd.
    Warn,
    /// What an owner asks about.
    Info,
    /// What developers ask about.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// All of them, rising.
    pub const ALL: [Self; 6] = [Self::Fatal, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Config {
    /// Finds a target by the names of its provider and model, whatever their case; an exact match goes first.
    pub fn target(&self, provider: &str, model: &str) -> Option<Arc<Target>> {
        routes::find(&self.targets, provider, model).cloned()
    }

    /// Finds the target that the name of its provider alone means, since the provider has no other model.
    pub fn alone(&self, provider: &str) -> Option<Arc<Target>> {
        routes::alone(&self.targets, provider).cloned()
    }
}

impl fmt::Debug for Config {
    /// Leaves out the proxy's address, which may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("origin", &self.origin)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("providers", &self.providers)
            .field("routes", &self.routes)
            .field("fallback", &self.fallback)
            .field("clocks", &self.clocks)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
