//! What the service says of itself at `GET /mcr/status`, and what `mcr status` reads.

use serde::{Deserialize, Serialize};

/// The service as it is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The version of mcr that runs, which an update on disk may have left behind.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The base URL for clients.
    pub url: String,
    /// When it began to listen, as RFC 3339 has it.
    pub started: String,
    /// Seconds since then.
    pub uptime_seconds: u64,
    /// Requests that came to an end, and those of them that ended in an error.
    pub requests: Requests,
    /// What it was configured with.
    pub configuration: Configuration,
    /// Every preset that is installed.
    pub presets: Vec<Preset>,
    /// Every target that was asked.
    pub targets: Vec<Target>,
    /// The log, once there is a line in it.
    pub log: Option<String>,
}

/// Requests since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requests {
    /// All that came to an end.
    pub ended: u64,
    /// Those that ended in an error.
    pub failed: u64,
}

/// A configuration in use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// The file, or that it is the built-in one.
    pub file: String,
    /// SHA-256 of its values, secrets masked, as 64 hexadecimal digits.
    pub hash: String,
    /// What is wrong with the one on disk, which is not in use therefore.
    pub invalid: Option<Invalid>,
    /// SHA-256 of whom it lets be spoken to, which may be others' word by now, as 64 hexadecimal digits.
    pub rules: String,
    /// Its targets that may not be spoken to.
    pub denied: Vec<Denied>,
    /// Its providers, in their order.
    pub providers: Vec<Provider>,
    /// Its routes, each with the target's name.
    pub routes: Vec<Route>,
    /// Its budgets.
    pub budgets: Vec<Budget>,
}

/// A target that the egress guard lets nothing go to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Denied {
    /// `provider,model`.
    pub target: String,
    /// Its host.
    pub host: String,
    /// Why, in words that follow the host's name.
    pub why: String,
}

/// A limit of what may be spent, and what was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// `session`, `day` or `month`; the session is the one that spent most where none is named.
    pub span: String,
    /// What was spent.
    pub spent: f64,
    /// What requests in flight may spend.
    pub reserved: f64,
    /// How much may be spent.
    pub limit: f64,
    /// `USD` or `EUR`.
    pub currency: String,
    /// What was spent of the limit.
    pub percent: u64,
    /// `warn`, `block` or `fallback:provider,model`.
    pub action: String,
}

/// A provider of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name, as configured.
    pub name: String,
    /// The host that is spoken to; absent where a variable that the address needs is unset.
    pub host: Option<String>,
    /// Its models.
    pub models: Vec<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A route of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Its name, such as `background`.
    pub name: String,
    /// `provider,model`.
    pub target: String,
}

/// A file on disk that cannot take the place of what is in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Invalid {
    /// When that was seen first, as RFC 3339 has it.
    pub since: String,
    /// What is wrong with it.
    pub problem: String,
}

/// An installed preset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// Its configuration, once somebody asked for the preset.
    pub configuration: Option<Configuration>,
}

/// How a target fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// `provider,model`.
    pub name: String,
    /// The host that is spoken to, with its port where it is not the usual one.
    pub host: String,
    /// `closed` (asked as usual), `open` (left alone), `half-open` (asked by one request at a time) or `cooling`
    /// (left alone until its rate limit is over).
    pub state: String,
    /// Seconds for which it is still left alone; absent where it is not.
    pub seconds: Option<u64>,
    /// Requests that it has now.
    pub in_flight: u32,
    /// Requests that it may have at a time.
    pub max_concurrency: u32,
    /// Requests that wait for a place.
    pub waiting: usize,
    /// What is left of the requests of this minute; absent where no limit is known.
    pub requests: Option<Left>,
    /// What is left of the tokens of this minute; absent where no limit is known.
    pub tokens: Option<Left>,
    /// How soon it begins to answer, lately, in milliseconds; absent where it never did.
    pub ttft_ms: Option<u64>,
    /// The last failure, until it is well again: when, as RFC 3339 has it, and what.
    pub failure: Option<Invalid>,
    /// Its key was refused and is not sent again: since when, as RFC 3339 has it, and what mends that.
    pub refused: Option<Invalid>,
    /// Fields that are left out of what it is sent, because it does not take them; absent where there are none.
    pub left_out: Option<LeftOut>,
}

/// Fields that a target was found not to take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// Each by its path, `*` for every item of a list.
    pub fields: Vec<String>,
    /// Requests that were sent without them.
    pub requests: u64,
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Left {
    /// What may still be used at once.
    pub left: u64,
    /// All that there is in a minute.
    pub limit: u64,
}
