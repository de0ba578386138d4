//! Which target serves which kind of request, and what to try when it fails.

use std::sync::Arc;

use super::{Balance, Strategy, Target};

/// A kind of request, as `Router` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Whatever no other route takes.
    Default,
    /// The agent's small jobs.
    Background,
    /// Requests that ask for thinking.
    Think,
    /// Requests above the threshold.
    LongContext,
    /// Requests that carry a web search tool.
    WebSearch,
    /// Requests with an image.
    Image,
}

impl Scenario {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Default, Self::Background, Self::Think, Self::LongContext, Self::WebSearch, Self::Image];

    /// The key in `Router` and `fallback`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Background => "background",
            Self::Think => "think",
            Self::LongContext => "longContext",
            Self::WebSearch => "webSearch",
            Self::Image => "image",
        }
    }
}

/// The target of each kind of request.
#[derive(Debug, Clone)]
pub struct Routes {
    /// Takes what no other route takes.
    pub default: Arc<Target>,
    /// Takes the agent's small jobs.
    pub background: Option<Arc<Target>>,
    /// Takes requests that ask for thinking.
    pub think: Option<Arc<Target>>,
    /// Takes requests above the threshold.
    pub long_context: Option<Arc<Target>>,
    /// Takes requests with a web search tool.
    pub web_search: Option<Arc<Target>>,
    /// Takes requests with an image.
    pub image: Option<Arc<Target>>,
    /// The number of tokens above which a request is long.
    pub long_context_threshold: u64,
    /// Routes with several targets, of which those above are the first.
    pub(super) balances: [Option<Balance>; Scenario::ALL.len()],
}

impl Routes {
    /// Returns the target that is configured for a kind of request.
    pub fn get(&self, scenario: Scenario) -> Option<&Arc<Target>> {
        match scenario {
            Scenario::Default => Some(&self.default),
            Scenario::Background => self.background.as_ref(),
            Scenario::Think => self.think.as_ref(),
            Scenario::LongContext => self.long_context.as_ref(),
            Scenario::WebSearch => self.web_search.as_ref(),
            Scenario::Image => self.image.as_ref(),
        }
    }

    /// Returns the targets of a route that has several.
    pub fn balance(&self, scenario: Scenario) -> Option<&Balance> {
        self.balances[scenario as usize].as_ref()
    }

    /// Returns the names of a route's targets.
    pub fn names(&self, scenario: Scenario) -> Option<String> {
        self.balance(scenario).map(Balance::names).or_else(|| self.get(scenario).map(|target| target.name()))
    }
}

/// What to try, in order, when the target of a route fails.
#[derive(Debug, Clone, Default)]
pub struct Fallback {
    lists: [Vec<Arc<Target>>; Scenario::ALL.len()],
}

impl Fallback {
    /// Returns the targets to try for a kind of request; often none.
    pub fn targets(&self, scenario: Scenario) -> &[Arc<Target>] {
        &self.lists[scenario as usize]
    }

    /// Sets the targets of a kind of request.
    pub(super) fn set(&mut self, scenario: Scenario, targets: Vec<Arc<Target>>) {
        self.lists[scenario as usize] = targets;
    }
}

impl Fallback {
    /// Puts the other targets of each route in front: whichever is taken, the rest stand in for it.
    pub(super) fn begin_with(&mut self, routes: &Routes) {
        for scenario in Scenario::ALL {
            let Some(balance) = routes.balance(scenario).filter(|it| it.strategy != Strategy::Single) else { continue };
            let list = &mut self.lists[scenario as usize];
            let mut targets: Vec<Arc<Target>> = balance.targets.iter().map(|(target, _)| Arc::clone(target)).collect();
            for target in list.drain(..) {
                if !targets.iter().any(|known| Arc::ptr_eq(known, &target)) {
                    targets.push(target);
                }
            }
            *list = targets;
        }
    }
}

/// Finds a target by name, whatever its case; a model that matches exactly goes first.
pub(super) fn find<'a>(targets: &'a [Arc<Target>], provider: &str, model: &str) -> Option<&'a Arc<Target>> {
    let of_provider = || targets.iter().filter(|target| target.provider.name.eq_ignore_ascii_case(provider));
    of_provider()
        .find(|target| target.model == model)
        .or_else(|| of_provider().find(|target| target.model.eq_ignore_ascii_case(model)))
}

/// Finds the target that the name of its provider alone means: the provider has no other model.
pub(super) fn alone<'a>(targets: &'a [Arc<Target>], provider: &str) -> Option<&'a Arc<Target>> {
    let mut of_provider = targets.iter().filter(|target| target.provider.name.eq_ignore_ascii_case(provider));
    let target = of_provider.next()?;
    of_provider.next().is_none().then_some(target)
}
