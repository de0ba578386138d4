//! A configuration's targets before the guard.

use std::sync::Arc;

use super::guard::Guard;
use super::verdict::Verdict;
use crate::audit::Decision;
use crate::config::{Action, Config, Scenario, Target};

/// What the guard decides of one target.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The target.
    pub target: Arc<Target>,
    /// What leads to it, as the configuration calls it: `Router.default`, `fallback.think`; empty where nothing does.
    pub places: Vec<String>,
    /// The decision.
    pub verdict: Arc<Verdict>,
}

impl Judged {
    /// Whether a route, a fallback or a budget leads to a target that may not be spoken to.
    pub fn is_in_the_way(&self) -> bool {
        self.verdict.decision == Decision::Denied && !self.places.is_empty()
    }

    /// All of it in one line.
    pub fn words(&self) -> String {
        let places = if self.places.is_empty() { String::new() } else { format!(" ({})", self.places.join(", ")) };
        format!("{}{places} at {}: {}", self.target.name(), self.verdict.host, self.verdict.why)
    }
}

/// Decides on every target whose host is known, in the order of the configuration.
pub fn judged(config: &Config, guard: &Guard) -> Vec<Judged> {
    let used = used(config);
    let judge = |target: &Arc<Target>| {
        let verdict = guard.judge_at(&target.provider.connection.as_ref().ok()?.endpoint, &target.model);
        let places = used.iter().filter(|(_, other)| Arc::ptr_eq(other, target)).map(|(place, _)| place.clone());
        let mut places: Vec<String> = places.collect();
        places.dedup();
        Some(Judged { target: Arc::clone(target), places, verdict })
    };
    config.targets.iter().filter_map(judge).collect()
}

/// Every target that something leads to without being asked for by name.
fn used(config: &Config) -> Vec<(String, Arc<Target>)> {
    let mut used = Vec::new();
    for scenario in Scenario::ALL {
        let route = format!("Router.{}", scenario.as_str());
        let balanced = config.routes.balance(scenario).into_iter().flat_map(|it| &it.targets).map(|(target, _)| target);
        let targets = config.routes.get(scenario).into_iter().chain(balanced);
        used.extend(targets.map(|target| (route.clone(), Arc::clone(target))));
        let spares = config.fallback.targets(scenario).iter();
        used.extend(spares.map(|target| (format!("fallback.{}", scenario.as_str()), Arc::clone(target))));
    }
    for (span, budget) in config.budgets.iter() {
        if let Action::Fallback(target) = &budget.action {
            used.push((format!("Budget.{}", span.as_str()), Arc::clone(target)));
        }
    }
    used
}
