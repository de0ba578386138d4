//! How much to think, and how to sample.

use crate::catalog::Effort;
use crate::config::Target;
use crate::wire::anthropic::MessagesRequest;

/// Temperatures below this are nought.
pub(crate) const GREEDY: f64 = 1e-5;

/// Returns the effort to ask a model for, or nothing where the model refuses the field.
///
/// | Claude Code sends | wanted |
/// |---|---|
/// | no `thinking`, or `disabled` | `none` |
/// | `adaptive` or `enabled`, with `output_config.effort` | that effort |
/// | `enabled` with a budget up to 1024, up to 8192, above | `low`, `medium`, `high` |
/// | `adaptive` without effort | `high` |
///
/// A model takes only some: below `medium` the next lower that it takes, else its
/// lowest; from `medium` on the next higher, else its highest. Mistral's own agent
/// maps `low` to `none` and everything from `medium` to `high` on the same models.
pub(super) fn effort(request: &MessagesRequest<'_>, target: &Target) -> Option<Effort> {
    nearest(wanted(request), &target.facts.reasoning)
}

/// Returns the effort that stands for the wanted one among those that a model takes.
pub(crate) fn nearest(wanted: Effort, takes: &[Effort]) -> Option<Effort> {
    let nearest = if wanted < Effort::Medium {
        takes.iter().rev().find(|&&effort| effort <= wanted).or(takes.first())
    } else {
        takes.iter().find(|&&effort| effort >= wanted).or(takes.last())
    };
    nearest.copied()
}

/// Whether the client asks for thinking.
pub(super) fn asks_to_think(request: &MessagesRequest<'_>) -> bool {
    wanted(request) != Effort::None
}

fn wanted(request: &MessagesRequest<'_>) -> Effort {
    let Some(thinking) = request.thinking.as_ref().filter(|thinking| &*thinking.kind != "disabled") else {
        return Effort::None;
    };
    let effort = request.output_config.as_ref().and_then(|config| config.effort.as_deref());
    match effort {
        Some("low") => Effort::Low,
        Some("medium") => Effort::Medium,
        Some("xhigh") => Effort::Xhigh,
        Some("max") => Effort::Max,
        Some(_) => Effort::High,
        None => match thinking.budget_tokens {
            Some(0..=1024) => Effort::Low,
            Some(1025..=8192) => Effort::Medium,
            _ => Effort::High,
        },
    }
}

/// Returns temperature and `top_p` to send.
///
/// Mistral answers 400 to a greedy request unless `top_p` is said to be 1. What is
/// close to nought is greedy too: vLLM, whose words that answer has, draws the line at
/// [`GREEDY`].
pub(super) fn temperature_and_top_p(request: &MessagesRequest<'_>) -> (Option<f64>, Option<f64>) {
    let temperature = request.temperature.map(|temperature| temperature.clamp(0.0, 1.5));
    if temperature.is_some_and(|temperature| temperature < GREEDY) {
        return (temperature, Some(1.0));
    }
    (temperature, request.top_p.filter(|&top_p| top_p > 0.0 && top_p <= 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::testing::{model, request, target_with};

    fn check(body: &str, reasoning: &[Effort], expect: Option<Effort>) {
        let target = target_with(crate::catalog::Model { reasoning: reasoning.to_vec(), ..model() });
        assert_eq!(effort(&request(body), &target), expect, "{body}");
    }

    const MISTRAL: &[Effort] = &[Effort::None, Effort::High];
    const GLM: &[Effort] = &[Effort::Low, Effort::High, Effort::Max];

    #[test]
    fn a_model_that_refuses_the_field_is_not_sent_it() {
        check(r#"{"thinking":{"type":"adaptive"}}"#, &[], None);
    }

    #[test]
    fn disabled_or_absent_thinking_is_none() {
        check(r#"{"thinking":{"type":"disabled"},"output_config":{"effort":"high"}}"#, MISTRAL, Some(Effort::None));
        check("{}", MISTRAL, Some(Effort::None));
        check("{}", GLM, Some(Effort::Low));
    }

    #[test]
    fn an_effort_the_model_does_not_take_goes_to_the_nearest_on_its_side() {
        for (effort, mistral, glm) in [
            ("low", Effort::None, Effort::Low),
            ("medium", Effort::High, Effort::High),
            ("high", Effort::High, Effort::High),
            ("xhigh", Effort::High, Effort::Max),
            ("max", Effort::High, Effort::Max),
        ] {
            let body = format!(r#"{{"thinking":{{"type":"adaptive"}},"output_config":{{"effort":"{effort}"}}}}"#);
            check(&body, MISTRAL, Some(mistral));
            check(&body, GLM, Some(glm));
        }
    }

    #[test]
    fn a_budget_stands_for_an_effort() {
        check(r#"{"thinking":{"type":"enabled","budget_tokens":1024}}"#, GLM, Some(Effort::Low));
        check(r#"{"thinking":{"type":"enabled","budget_tokens":31999}}"#, GLM, Some(Effort::High));
    }

    #[test]
    fn greedy_sampling_says_top_p() {
        assert_eq!(temperature_and_top_p(&request(r#"{"temperature":0}"#)), (Some(0.0), Some(1.0)));
        assert_eq!(temperature_and_top_p(&request(r#"{"temperature":1e-9,"top_p":0.5}"#)), (Some(1e-9), Some(1.0)));
        assert_eq!(temperature_and_top_p(&request(r#"{"temperature":1,"top_p":0.5}"#)), (Some(1.0), Some(0.5)));
        assert_eq!(temperature_and_top_p(&request("{}")), (None, None));
    }
}
