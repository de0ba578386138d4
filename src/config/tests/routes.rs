//! Routes with several targets.

use super::{
    accept,
    problems::{refuse, warn},
};
use crate::config::{Scenario, Strategy};

/// One provider with three models, and this `Router`.
fn with(router: &str) -> String {
    format!(
        "{{Providers: [{{name: 'p', api_base_url: 'http://localhost/v1', models: ['a', 'b', 'c']}}],\nRouter: {router}}}"
    )
}

#[test]
fn a_route_may_have_several_targets_and_the_rest_stand_in_for_the_first() {
    let config = accept(&with(
        "{default: ['p,a', 'p,b'], image: 'p,c',
          think: {strategy: 'weighted_round_robin', targets: [{target: 'p,c', weight: 0.5}, 'p,a']}},
         fallback: {default: ['p,c', 'p,b']}",
    ));
    let names = |scenario| config.routes.names(scenario);
    assert_eq!(names(Scenario::Default).as_deref(), Some("p,a | p,b"));
    assert_eq!(names(Scenario::Image).as_deref(), Some("p,c"));
    assert_eq!(config.routes.get(Scenario::Think).map(|target| target.name()).as_deref(), Some("p,c"));
    let spares = |scenario| config.fallback.targets(scenario).iter().map(|target| target.name()).collect::<Vec<_>>();
    assert_eq!(spares(Scenario::Default), ["p,a", "p,b", "p,c"]);
    assert_eq!(spares(Scenario::Think), ["p,c", "p,a"]);
    let think = config.routes.balance(Scenario::Think).unwrap();
    let weights: Vec<f64> = think.targets.iter().map(|(_, weight)| *weight).collect();
    assert_eq!((think.strategy, weights), (Strategy::WeightedRoundRobin, vec![0.5, 1.0]));
}

#[test]
fn a_single_target_has_no_spares_of_its_route() {
    let text = with("{default: {strategy: 'single', targets: ['p,a', 'p,b']}}");
    warn(&text, &["2:49: Router.default.targets: with the strategy `single` only the first target is asked"]);
    assert!(accept(&text).fallback.targets(Scenario::Default).is_empty());
}

#[test]
fn what_is_wrong_in_a_list_is_named_by_its_place() {
    refuse(
        &with(
            "{default: ['p,a', 'p,x', 7], think: [], image: {strategy: 'cheapest', targets: ['p,a']},\nwebSearch: {}, background: [{target: 'p,a', weight: 0}, {weight: 1}]}",
        ),
        &[
            "2:27: Router.default[1]: provider `p` has no model `x`, did you mean `a`?",
            "2:34: Router.default[2]: expected a string, found a number",
            "2:45: Router.think: the list names no target",
            "2:67: Router.image.strategy: there is no strategy `cheapest`, only `single`, `fallback`, `weighted_round_robin`, `cost`, `latency`",
            "3:12: Router.webSearch: a route with a strategy has `targets`: a list of `\"provider,model\"`",
            "3:53: Router.background[0].weight: a weight is a number above 0",
            "3:57: Router.background[1]: a target is `\"provider,model\"`, here as `target`",
        ],
    );
}
