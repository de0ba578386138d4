//! One thing that happened.

use serde::{Deserialize, Serialize};

/// What is told of one thing that happened; what does not apply to its kind, or is not known, is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The agent's session: a keyed digest of its id, so that a session's events belong together and name nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The preset in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The model that the client named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_asked: Option<String>,
    /// The model that the target was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sent: Option<String>,
    /// The provider, as configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The host that was spoken to, or would have been, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What kind of address was connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressClass>,
    /// Where the host works, as the catalogue has it: `EU`, a country's two letters, `global`, `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Who operates it, as the catalogue or the user's own facts have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Why the target was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Why it was denied, which file was read, what was changed: words of mcr's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The status that the client was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Requests that were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Other hosts that had the request before this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts_before: Vec<String>,
    /// The whole prompt in tokens, what was cached included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u64>,
    /// The part of it that the provider had cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_cached: Option<u64>,
    /// The answer in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u64>,
    /// What it cost, as text with its currency: `0.0123 USD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// Bytes of bodies that were sent to the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    /// Bytes of bodies that came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
    /// From its beginning to its end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// The request as the upstream calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_request: Option<String>,
    /// SHA-256 of the configuration in force, secrets masked, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_hash: Option<String>,
    /// SHA-256 of the catalogue's data, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue_hash: Option<String>,
    /// A keyed digest of the body, where that is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_digest: Option<String>,
    /// Events that could not be written before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// How far the clock was put back since the record before, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_back_ms: Option<u64>,
}

impl Event {
    /// An event of which nothing is known yet but its kind.
    pub fn new(kind: Kind) -> Self {
        Self { kind, ..Self::default() }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A proxy started.
    Start,
    /// It ended in an orderly way.
    Stop,
    /// A request, a question without a prompt or the agent's own traffic is about to go; written where the record is
    /// required.
    Begin,
    /// A request ended.
    #[default]
    Request,
    /// A sign of life, a list of models or a preset's archive was asked for, or a connection opened ahead: no prompt.
    Probe,
    /// The guard did not let a request or a connection of mcr's own go.
    Deny,
    /// The agent, or a command that it ran, asked for a host.
    Connect,
    /// A configuration came into force.
    Config,
    /// A key was stored or removed.
    Key,
    /// A preset was installed, changed or removed.
    Preset,
    /// What the guard lets go was changed.
    Policy,
    /// Events could not be written.
    Gap,
    /// Old records were removed.
    Purge,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Start,
        Self::Stop,
        Self::Begin,
        Self::Request,
        Self::Probe,
        Self::Deny,
        Self::Connect,
        Self::Config,
        Self::Key,
        Self::Preset,
        Self::Policy,
        Self::Gap,
        Self::Purge,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Begin => "begin",
            Self::Request => "request",
            Self::Probe => "probe",
            Self::Deny => "deny",
            Self::Connect => "connect",
            Self::Config => "config",
            Self::Key => "key",
            Self::Preset => "preset",
            Self::Policy => "policy",
            Self::Gap => "gap",
            Self::Purge => "purge",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What was decided of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may go.
    Allowed,
    /// It would have been denied, had the guard not been told to observe alone.
    Observed,
    /// It may not go, and did not.
    Denied,
}

impl Decision {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Observed => "observed",
            Self::Denied => "denied",
        }
    }
}

/// What kind of address a name was resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// This machine.
    Loopback,
    /// A network of one's own: RFC 1918, unique local.
    Private,
    /// The same link only.
    LinkLocal,
    /// A cloud's metadata service.
    Metadata,
    /// Behind a carrier's address translation: RFC 6598.
    Cgnat,
    /// None that may be connected to: unspecified, multicast, reserved, for documentation.
    Unusable,
    /// The Internet.
    Public,
    /// Not known here: a proxy resolves the name.
    Proxied,
}
