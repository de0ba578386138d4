//! What the proxy says of a session at `GET /mcr/session/<id>`, and what the status line reads.

use serde::{Deserialize, Serialize};

use super::status::Budget;

/// One session of the agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Requests that were answered to the end.
    pub answers: u64,
    /// The last answer: of the conversation where there is one, else of whatever was asked.
    pub last: Answered,
    /// Everything that was answered.
    pub total: Total,
    /// The budgets that it counts for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
}

/// One answer that came to its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answered {
    /// The name of the provider that gave it, as configured.
    pub provider: String,
    /// The model that gave it.
    pub model: String,
    /// The host that was spoken to.
    pub host: String,
    /// Where that host promises to work, `local` for one's own; absent when it is not known.
    pub region: Option<String>,
    /// The model's window, in tokens.
    pub window: u64,
    /// The whole prompt, what was cached included.
    pub input: u64,
    /// The part of the prompt that the provider had cached.
    pub cached: u64,
    /// The answer; 0 when the provider did not count.
    pub output: u64,
    /// What it cost at the provider's price, in US dollars; absent when that is not known.
    pub cost_usd: Option<f64>,
    /// The same in euros, where the price is in euros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_eur: Option<f64>,
    /// From the request to the first event, in milliseconds.
    pub ttft_ms: Option<u64>,
    /// Tokens a second from the first event to the last; absent where that is no measure.
    pub tokens_per_second: Option<f64>,
    /// Why this target was taken.
    pub route: String,
    /// Whether it stood in for one that failed.
    pub fallback: bool,
}

/// Sums over a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Total {
    /// Prompts, what was cached included.
    pub input: u64,
    /// What was cached of them.
    pub cached: u64,
    /// Answers.
    pub output: u64,
    /// What those with a known price cost, in US dollars; absent when there is none.
    pub cost_usd: Option<f64>,
    /// The same in euros; nothing of it is in the dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_eur: Option<f64>,
    /// Answers that are not in the cost: no price is known, or they broke off and nobody counted.
    pub unpriced: u64,
}
