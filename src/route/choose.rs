//! Scenario to target, with the reason.

use std::sync::Arc;

use super::{Facts, named_route, named_target, names_provider};
use crate::config::{Config, Scenario, Strategy, Target};

/// Tokens that must be left for the answer, else a window counts as full.
const ROOM: u64 = 1_024;

/// The target of a request, and why it was chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Where the request goes.
    pub target: Arc<Target>,
    /// The kind of request, for `fallback`.
    pub scenario: Scenario,
    /// Why, in a few words; logged, and sent back as `x-mcr-route`.
    pub reason: String,
}

/// Why no target can take a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// A name of the form `provider,model` that the configuration does not have.
    #[error("model `{name}` is not in the configuration{}", suggestion(.known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names that exist.
        known: Vec<String>,
    },
    /// No window is large enough.
    #[error("prompt is too long: {tokens} tokens > {window} maximum")]
    TooLong {
        /// The prompt.
        tokens: u64,
        /// The largest prompt that fits any route.
        window: u64,
    },
}

fn suggestion(known: &[String]) -> String {
    match known {
        [] => String::new(),
        known => format!("; configured are {}", known.join(" ")),
    }
}

/// Chooses a request's target.
pub fn choose(config: &Config, facts: &Facts) -> Result<Choice, Impossible> {
    let (target, scenario, reason) = first_match(config, facts)?;
    let chosen = Choice { target, scenario, reason };
    let Some(why) = obstacle(&chosen.target, facts) else { return Ok(chosen) };
    if let Some(other) = beside(config, &chosen).find(|target| holds(target, facts)) {
        let reason = format!("{}; {} {why}, so {}", chosen.reason, chosen.target.model, other.model);
        return Ok(Choice { target: Arc::clone(other), reason, ..chosen });
    }
    let blind = fits(&chosen.target, facts);
    let next = |takes: fn(&Target, &Facts) -> bool| {
        let (other, target) = next(config, blind).find(|(_, target)| takes(target, facts))?;
        let reason = format!("{}; {} {why}, so {}", chosen.reason, chosen.target.model, other.as_str());
        Some(Choice { target: Arc::clone(target), scenario: other, reason })
    };
    match next(holds) {
        Some(next) => Ok(next),
        // An image that nobody can see becomes a note to the model.
        None if blind => Ok(chosen),
        None => next(fits).ok_or_else(|| Impossible::TooLong {
            tokens: facts.tokens.number(),
            window: largest_prompt(config, &chosen.target),
        }),
    }
}

/// The other targets of a route that has several.
fn beside<'c>(config: &'c Config, chosen: &Choice) -> impl Iterator<Item = &'c Arc<Target>> + use<'c> {
    let balance = config.routes.balance(chosen.scenario).filter(|balance| {
        let is_of = balance.targets.iter().any(|(target, _)| Arc::ptr_eq(target, &chosen.target));
        is_of && balance.strategy != Strategy::Single
    });
    balance.into_iter().flat_map(|balance| balance.targets.iter().map(|(target, _)| target))
}

/// Routes that a request may be moved to, in the order in which a person would look for more room.
///
/// `webSearch` is none of them: it takes searches and nothing else.
const FOR_ROOM: [Scenario; 5] =
    [Scenario::LongContext, Scenario::Default, Scenario::Think, Scenario::Image, Scenario::Background];
/// The same routes, in the order in which a person would look for eyes.
const FOR_EYES: [Scenario; 5] =
    [Scenario::Image, Scenario::Default, Scenario::Think, Scenario::LongContext, Scenario::Background];

fn next(config: &Config, blind: bool) -> impl Iterator<Item = (Scenario, &Arc<Target>)> {
    let order = if blind { FOR_EYES } else { FOR_ROOM };
    order.into_iter().filter_map(|scenario| Some((scenario, config.routes.get(scenario)?)))
}

/// The routes' targets that take more than `maximum` tokens and can take this request.
pub fn roomier<'c>(config: &'c Config, facts: &'c Facts, maximum: u64) -> impl Iterator<Item = &'c Arc<Target>> {
    let targets = next(config, false).map(|(_, target)| target);
    targets.filter(move |target| target.facts.window > maximum && holds(target, facts))
}

fn first_match(config: &Config, facts: &Facts) -> Result<(Arc<Target>, Scenario, String), Impossible> {
    let routes = &config.routes;
    let named = named_route(&facts.model);
    let is_haiku = facts.model.contains("haiku") && !names_provider(config, &facts.model);
    let is_background = named == Some(Scenario::Background) || is_haiku;
    if named.is_none() && !is_background {
        if let Some(target) = named_target(config, &facts.model) {
            return Ok((target, Scenario::Default, format!("explicit model {}", facts.model)));
        }
        if names_provider(config, &facts.model) {
            return Err(unknown(config, &facts.model));
        }
    }
    if let Some(tag) = &facts.tag {
        let target = named_target(config, tag).ok_or_else(|| unknown(config, tag))?;
        return Ok((target, Scenario::Default, format!("subagent tag {tag}")));
    }
    let of =
        |scenario: Scenario, reason: String| routes.get(scenario).map(|target| (Arc::clone(target), scenario, reason));
    if let Some(scenario @ (Scenario::Think | Scenario::LongContext | Scenario::WebSearch | Scenario::Image)) = named
        && let Some(route) = of(scenario, format!("explicit route {}", scenario.as_str()))
    {
        return Ok(route);
    }
    if facts.tokens.number() > routes.long_context_threshold
        && let Some(route) = of(
            Scenario::LongContext,
            format!("{} tokens > threshold {}", facts.tokens.number(), routes.long_context_threshold),
        )
    {
        return Ok(route);
    }
    if is_background && let Some(route) = of(Scenario::Background, format!("small model {}", facts.model)) {
        return Ok(route);
    }
    if facts.searches
        && let Some(route) = of(Scenario::WebSearch, "web search tool".to_owned())
    {
        return Ok(route);
    }
    let think = if facts.thinks { of(Scenario::Think, "thinking asked for".to_owned()) } else { None };
    let otherwise = think.unwrap_or_else(|| (Arc::clone(&routes.default), Scenario::Default, "default".to_owned()));
    if facts.shows_image
        && !otherwise.0.facts.vision
        && let Some(route) = of(Scenario::Image, format!("image, which {} cannot see", otherwise.0.model))
    {
        return Ok(route);
    }
    Ok(otherwise)
}

pub(super) fn unknown(config: &Config, name: &str) -> Impossible {
    Impossible::Unknown { name: name.to_owned(), known: config.targets.iter().map(|target| target.name()).collect() }
}

/// Returns why a target cannot take a request, in words that follow its name.
pub fn obstacle(target: &Target, facts: &Facts) -> Option<&'static str> {
    if !fits(target, facts) {
        return Some("is too small for the prompt");
    }
    if facts.calls && !target.facts.tools {
        return Some("takes no tools");
    }
    (facts.shows_image && !target.facts.vision).then_some("cannot see images")
}

fn holds(target: &Target, facts: &Facts) -> bool {
    obstacle(target, facts).is_none()
}

fn fits(target: &Target, facts: &Facts) -> bool {
    facts.tokens.number() + ROOM <= target.facts.window
}

/// The window of the largest route that a long prompt may take.
pub fn largest_window(config: &Config) -> u64 {
    next(config, false).map(|(_, target)| target.facts.window).max().unwrap_or(config.routes.default.facts.window)
}

/// The largest prompt that the chosen target or any route takes: what the client should compact to.
fn largest_prompt(config: &Config, chosen: &Target) -> u64 {
    largest_window(config).max(chosen.facts.window).saturating_sub(ROOM)
}
