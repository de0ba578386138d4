//! Scenario to target, with the reason.

use std::sync::Arc;

use super::{Facts, named_target, names_provider};
use crate::config::{Config, Scenario, Target};

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
    if holds(&chosen.target, facts) {
        return Ok(chosen);
    }
    let blind = fits(&chosen.target, facts);
    let why = if blind { "cannot see images" } else { "is too small for the prompt" };
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

/// The routes in the order in which a person would look: for eyes, or for more room.
fn next(config: &Config, blind: bool) -> impl Iterator<Item = (Scenario, &Arc<Target>)> {
    use Scenario::{Background, Default, Image, LongContext, Think};
    let order = if blind {
        [Image, Default, Think, LongContext, Background]
    } else {
        [LongContext, Default, Think, Image, Background]
    };
    order.into_iter().filter_map(|scenario| Some((scenario, config.routes.get(scenario)?)))
}

fn first_match(config: &Config, facts: &Facts) -> Result<(Arc<Target>, Scenario, String), Impossible> {
    let routes = &config.routes;
    let background = routes.background.as_ref();
    let is_default = routes.default.model == facts.model;
    let is_background =
        facts.model.contains("haiku") || (!is_default && background.is_some_and(|target| target.model == facts.model));
    // The launcher tells the agent the bare ids of these two routes, so those are not an explicit wish.
    let is_wish = names_provider(config, &facts.model) || !(is_background || is_default);
    if is_wish {
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

fn unknown(config: &Config, name: &str) -> Impossible {
    Impossible::Unknown { name: name.to_owned(), known: config.targets.iter().map(|target| target.name()).collect() }
}

fn holds(target: &Target, facts: &Facts) -> bool {
    fits(target, facts) && (target.facts.vision || !facts.shows_image)
}

fn fits(target: &Target, facts: &Facts) -> bool {
    facts.tokens.number() + ROOM <= target.facts.window
}

/// The largest prompt that the chosen target or any route takes: what the client should compact to.
fn largest_prompt(config: &Config, chosen: &Target) -> u64 {
    let routes = Scenario::ALL.into_iter().filter_map(|scenario| config.routes.get(scenario));
    let windows = routes.map(|target| target.facts.window).chain([chosen.facts.window]);
    windows.max().unwrap_or_default().saturating_sub(ROOM)
}
