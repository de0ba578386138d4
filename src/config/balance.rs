//! Several targets of one route, and by which rule one of them is taken.

use std::sync::Arc;

use super::Target;

/// The rule by which a target is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The first, and no other.
    Single,
    /// The first that can; the others when it fails.
    Fallback,
    /// Each in proportion to its weight, a session always the same.
    WeightedRoundRobin,
    /// The cheapest that can.
    Cost,
    /// Of two that can, the one that answers sooner; a session always the same.
    Latency,
}

impl Strategy {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Single, Self::Fallback, Self::WeightedRoundRobin, Self::Cost, Self::Latency];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Fallback => "fallback",
            Self::WeightedRoundRobin => "weighted_round_robin",
            Self::Cost => "cost",
            Self::Latency => "latency",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == word)
    }
}

/// The targets of a route; at least one.
#[derive(Debug, Clone)]
pub struct Balance {
    /// How one is taken.
    pub strategy: Strategy,
    /// The targets in the order of the file, each with its weight, which is above 0.
    pub targets: Vec<(Arc<Target>, f64)>,
}

impl Balance {
    /// The names of the targets, `provider,model`, with bars between them.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.targets.iter().map(|(target, _)| target.name()).collect();
        names.join(" | ")
    }
}
