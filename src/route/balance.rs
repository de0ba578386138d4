//! Which of a route's targets takes a request.
//!
//! Pure: what changes between requests is the caller's, who keeps a [`Smooth`] for each route. A
//! session stays with its target, since the provider's cache of its prompt is worth ten times what
//! any other choice could save; only where it cannot take the request another is chosen.

use std::hash::Hasher as _;

use foldhash::quality::FixedState;

use super::{Facts, obstacle};
use crate::config::{Balance, Strategy, Target};

/// Remembers whose turn it is.
#[derive(Debug, Clone, Default)]
pub struct Smooth(Vec<f64>, u64);

impl Smooth {
    /// Counts, for whoever wants another number each time.
    fn count(&mut self) -> u64 {
        self.1 += 1;
        self.1
    }

    /// Takes the next by nginx's smooth weighted round robin: no target twice in a row that need not be, and exactly
    /// in proportion over every run as long as the sum of the weights.
    pub fn next(&mut self, weights: &[f64]) -> usize {
        self.0.resize(weights.len(), 0.0);
        let sum: f64 = weights.iter().sum();
        self.0.iter_mut().zip(weights).for_each(|(current, weight)| *current += weight);
        let best = (0..weights.len()).reduce(|best, at| if self.0[at] > self.0[best] + 1e-9 { at } else { best });
        let best = best.unwrap_or_default();
        if let Some(current) = self.0.get_mut(best) {
            *current -= sum;
        }
        best
    }
}

/// What goes into a choice besides the request.
pub struct Turn<'a> {
    /// Whose turn it is; kept by the caller from request to request.
    pub smooth: &'a mut Smooth,
    /// How long a target makes its clients wait, less is better.
    pub load: &'a dyn Fn(&Target) -> f64,
}

/// Takes a target that can serve the request; nothing where none can.
pub fn pick(balance: &Balance, facts: &Facts, session: Option<&str>, turn: Turn<'_>) -> Option<usize> {
    let Turn { smooth, load } = turn;
    let able: Vec<usize> =
        (0..balance.targets.len()).filter(|at| obstacle(&balance.targets[*at].0, facts).is_none()).collect();
    let target = |at: usize| &*balance.targets[at].0;
    match balance.strategy {
        Strategy::Single => able.into_iter().find(|at| *at == 0),
        Strategy::Fallback => able.into_iter().next(),
        Strategy::Cost => {
            able.into_iter().min_by(|one, other| price(target(*one), facts).total_cmp(&price(target(*other), facts)))
        }
        Strategy::WeightedRoundRobin => {
            let weights: Vec<f64> = able.iter().map(|at| balance.targets[*at].1).collect();
            let place = match session {
                Some(session) => (0..able.len()).max_by(|one, other| {
                    let score = |place: usize| rendezvous(session, target(able[place]), weights[place]);
                    score(*one).total_cmp(&score(*other))
                })?,
                None if able.is_empty() => return None,
                None => smooth.next(&weights),
            };
            able.get(place).copied()
        }
        // The better of two that chance names, since all who ask for the best of all run to it at once.
        Strategy::Latency => {
            let chance = session.map_or_else(|| smooth.count().to_string(), str::to_owned);
            let mut pair = able;
            pair.sort_by(|one, other| {
                let score = |at: usize| rendezvous(&chance, target(at), 1.0);
                score(*other).total_cmp(&score(*one))
            });
            pair.truncate(2);
            pair.into_iter().min_by(|one, other| load(target(*one)).total_cmp(&load(target(*other))))
        }
    }
}

/// What the request would cost with an answer as long as the prompt's twentieth; one's own machine is free, and
/// what has no known price comes last. Prices in two currencies are compared by their figures: there is no rate between them.
fn price(target: &Target, facts: &Facts) -> f64 {
    let tokens = facts.tokens.number();
    target.pricing.map_or(f64::INFINITY, |price| price.cost(tokens, 0, tokens / 20 + 1).amount)
}

/// The target's score for a session: the highest wins, each as often as its weight says, and a target that comes
/// or goes moves only its own sessions.
#[expect(clippy::cast_precision_loss, reason = "53 bits of the hash are as good as 64")]
fn rendezvous(session: &str, target: &Target, weight: f64) -> f64 {
    let mut hasher = std::hash::BuildHasher::build_hasher(&FixedState::with_seed(0));
    hasher.write(session.as_bytes());
    hasher.write_u8(0);
    hasher.write(target.name().as_bytes());
    // Above 0 and below 1.
    let share = ((hasher.finish() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    -weight / share.ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Scenario, read};
    use crate::route::TokenCount;

    /// A route with these targets, each `name weight window`, at hosts that nobody knows.
    fn balance(strategy: &str, targets: &[(&str, f64, u64)]) -> Balance {
        let facts: Vec<String> =
            targets.iter().map(|(name, _, window)| format!("'{name}': {{window: {window}}}")).collect();
        let models: Vec<String> = targets.iter().map(|(name, ..)| format!("'{name}'")).collect();
        let items: Vec<String> =
            targets.iter().map(|(name, weight, _)| format!("{{target: 'p,{name}', weight: {weight}}}")).collect();
        let text = format!(
            "{{Providers: [{{name: 'p', api_base_url: 'https://p.example/v1', api_key: 'k', models: [{}], facts: {{{}}}}}],
              Router: {{default: {{strategy: '{strategy}', targets: [{}]}}}}}}",
            models.join(","),
            facts.join(","),
            items.join(",")
        );
        read(&text, "c.json", &|_| None).unwrap().routes.balance(Scenario::Default).unwrap().clone()
    }

    fn facts(tokens: u64) -> Facts {
        let request = serde_json::from_str(r#"{"model": "m", "max_tokens": 1, "messages": []}"#).unwrap();
        Facts::new(&request, None, TokenCount::Estimate(tokens))
    }

    const WIDE: u64 = 100_000;

    /// A turn where all targets are as fast.
    fn turn(smooth: &mut Smooth) -> Turn<'_> {
        Turn { smooth, load: &|_| 0.0 }
    }

    #[test]
    fn the_slowest_is_never_the_better_of_two_and_the_others_share_the_requests() {
        let route = balance("latency", &[("slow", 1.0, WIDE), ("a", 1.0, WIDE), ("b", 1.0, WIDE), ("c", 1.0, WIDE)]);
        let load = |target: &Target| if target.model == "slow" { 9.0 } else { 1.0 };
        let mut smooth = Smooth::default();
        let mut counts = [0; 4];
        for _ in 0..300 {
            counts[pick(&route, &facts(10), None, Turn { smooth: &mut smooth, load: &load }).unwrap()] += 1;
        }
        assert!(counts[0] == 0 && counts[1..].iter().all(|count| *count > 50), "{counts:?}");
    }

    #[test]
    fn smooth_turns_are_spread_and_not_in_runs() {
        let mut smooth = Smooth::default();
        let turns: Vec<usize> = (0..7).map(|_| smooth.next(&[5.0, 1.0, 1.0])).collect();
        assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn one_that_cannot_hold_the_request_is_passed_over() {
        let route = balance("fallback", &[("small", 1.0, 10_000), ("large", 1.0, WIDE)]);
        let pick = |tokens| pick(&route, &facts(tokens), Some("s"), turn(&mut Smooth::default()));
        assert_eq!((pick(100), pick(50_000), pick(500_000)), (Some(0), Some(1), None));
    }

    #[test]
    fn the_cheapest_is_taken_and_what_has_no_price_comes_last() {
        let text = "{Providers: [
            {name: 'unknown', api_base_url: 'https://p.example/v1', api_key: 'k', models: ['m']},
            {name: 'mistral', api_base_url: 'https://api.eu.mistral.ai/v1', api_key: 'k',
             models: ['mistral-medium-3-5', 'mistral-small-2603']}],
            Router: {default: {strategy: 'cost', targets: ['unknown,m', 'mistral,mistral-medium-3-5', 'mistral,mistral-small-2603']}}}";
        let config = read(text, "c.json", &|_| None).unwrap();
        let route = config.routes.balance(Scenario::Default).unwrap();
        assert_eq!(pick(route, &facts(10), None, turn(&mut Smooth::default())), Some(2));
    }

    proptest! {
        #[test]
        fn over_any_run_as_long_as_the_weights_sum_the_turns_are_exact(
            weights in prop::collection::vec(1_u32..6, 1..5), skip in 0_usize..20,
        ) {
            let parts: Vec<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
            let mut smooth = Smooth::default();
            for _ in 0..skip * weights.iter().sum::<u32>() as usize {
                smooth.next(&parts);
            }
            let mut counts = vec![0; weights.len()];
            for _ in 0..weights.iter().sum() {
                counts[smooth.next(&parts)] += 1;
            }
            prop_assert_eq!(counts, weights);
        }

        #[test]
        fn a_session_stays_with_its_target_whoever_else_asks(session in "[a-z]{1,12}", others in 0_usize..20) {
            let route = balance("weighted_round_robin", &[("a", 1.0, WIDE), ("b", 2.5, WIDE), ("c", 0.5, WIDE)]);
            let mut smooth = Smooth::default();
            let first = pick(&route, &facts(10), Some(&session), turn(&mut smooth));
            for _ in 0..others {
                pick(&route, &facts(10), None, turn(&mut smooth));
            }
            prop_assert_eq!(pick(&route, &facts(10), Some(&session), turn(&mut smooth)), first);
        }
    }

    #[test]
    fn sessions_are_shared_out_by_weight_and_one_that_goes_moves_only_its_own() {
        let three = balance("weighted_round_robin", &[("a", 1.0, WIDE), ("b", 2.0, WIDE), ("c", 1.0, WIDE)]);
        let two = balance("weighted_round_robin", &[("a", 1.0, WIDE), ("b", 2.0, WIDE)]);
        let of = |route: &Balance, number: usize| {
            let at = pick(route, &facts(10), Some(&format!("session-{number}")), turn(&mut Smooth::default())).unwrap();
            route.targets[at].0.model.clone()
        };
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for number in 0..4_000 {
            let before = of(&three, number);
            *counts.entry(before.clone()).or_default() += 1;
            if before != "c" {
                assert_eq!(of(&two, number), before);
            }
        }
        for (model, share) in [("a", 1_000), ("b", 2_000), ("c", 1_000)] {
            assert!(counts[model].abs_diff(share) < 150, "{counts:?}");
        }
    }
}
