//! Which target a request gets, and the reason given.

use std::sync::LazyLock;

use crate::config::{self, Config, Scenario};
use crate::route::{Facts, Impossible, TokenCount, choose, largest_window, named_target, take_tags};
use crate::translate::testing::request;

/// One provider with a model for every route; only `eyes` and `long` see.
const ROUTES: &str = r#"{
    Providers: [
        {name: "p", api_base_url: "http://localhost/v1", models: ["main", "small", "thinker", "long", "search", "eyes", "claude-haiku-x"], facts: {
            "main": {window: 100000, vision: false}, "small": {window: 20000, vision: false}, "thinker": {window: 100000, vision: false},
            "long": {window: 1000000, vision: true}, "search": {window: 100000, vision: false}, "eyes": {window: 50000, vision: true},
            "claude-haiku-x": {window: 100000},
        }},
        {name: "open", api_base_url: "http://localhost/v1", models: ["lab/main", "main"]},
    ],
    Router: {default: "p,main", background: "p,small", think: "p,thinker", longContext: "p,long", webSearch: "p,search", image: "p,eyes"},
}"#;

pub(super) fn config(text: &str) -> Config {
    config::read(text, "config.json5", &|_| None).unwrap()
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| config(ROUTES));

const IMAGE: &str = r#""messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]"#;
const THINKS: &str = r#""thinking":{"type":"enabled","budget_tokens":31999}"#;
const SEARCHES: &str = r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#;

/// Routes a body of that many tokens and returns the target, the kind and the reason.
pub(super) fn route(config: &Config, body: &str, tokens: u64) -> Result<(String, Scenario, String), Impossible> {
    let mut body = request(body);
    let tags = take_tags(&mut body, |name| named_target(config, name).is_some());
    let choice = choose(config, &Facts::new(&body, tags.named, TokenCount::Exact(tokens)))?;
    Ok((choice.target.name(), choice.scenario, choice.reason))
}

#[track_caller]
fn check(model: &str, more: &[&str], tokens: u64, expect: (&str, &str)) {
    let body = format!("{{{}}}", [&[&*format!(r#""model":"{model}""#)], more].concat().join(","));
    let (target, _, reason) = route(&CONFIG, &body, tokens).unwrap();
    assert_eq!((&*target, &*reason), expect, "{body}");
}

#[test]
fn what_no_rule_takes_goes_to_default() {
    check("claude-sonnet-5", &[], 10, ("p,main", "default"));
    check("", &[], 10, ("p,main", "default"));
}

#[test]
fn a_named_provider_and_model_win_over_everything() {
    for name in ["p,thinker", "p/thinker", "P, Thinker", "thinker", "anthropic/p/thinker", "p,thinker[1m]"] {
        let reason = format!("explicit model {name}");
        check(name, &[IMAGE.replace("image", "document").as_str(), SEARCHES], 70_000, ("p,thinker", &reason));
    }
}

#[test]
fn a_named_model_of_the_haiku_class_is_an_explicit_wish_too() {
    check("p,claude-haiku-x", &[], 10, ("p,claude-haiku-x", "explicit model p,claude-haiku-x"));
    check("p/claude-haiku-x", &[], 10, ("p,claude-haiku-x", "explicit model p/claude-haiku-x"));
}

#[test]
fn a_model_id_with_a_slash_is_found_with_its_provider_and_alone() {
    check("open/lab/main", &[], 10, ("open,lab/main", "explicit model open/lab/main"));
    check("lab/main", &[], 10, ("open,lab/main", "explicit model lab/main"));
}

#[test]
fn the_ids_of_routes_are_no_wish_for_a_model() {
    for id in ["mcr/default", "mcr/default[1m]"] {
        check(id, &[], 10, ("p,main", "default"));
        check(id, &[THINKS], 10, ("p,thinker", "thinking asked for"));
        check(id, &[SEARCHES], 10, ("p,search", "web search tool"));
        check(id, &[IMAGE], 10, ("p,eyes", "image, which main cannot see"));
        check(id, &[], 70_000, ("p,long", "70000 tokens > threshold 60000"));
    }
    check("mcr/background", &[THINKS, SEARCHES], 10, ("p,small", "small model mcr/background"));
    check("mcr/background", &[], 70_000, ("p,long", "70000 tokens > threshold 60000"));
}

#[test]
fn the_ids_of_routes_tell_apart_what_has_the_same_model() {
    let config = config(
        r#"{Providers: [{name: "cloud", api_base_url: "https://x.example/v1", models: ["q"]}, {name: "local", api_base_url: "http://localhost/v1", models: ["q"]}],
            Router: {default: "cloud,q", background: "local,q"}}"#,
    );
    let to = |model: &str| route(&config, &format!(r#"{{"model":"{model}"}}"#), 10).unwrap().0;
    assert_eq!((to("mcr/default"), to("mcr/background")), ("cloud,q".to_owned(), "local,q".to_owned()));
}

#[test]
fn without_a_background_route_its_id_means_the_default_route() {
    let config = config(
        r#"{Providers: [{name: "p", api_base_url: "http://localhost/v1", models: ["m"]}], Router: {default: "p,m"}}"#,
    );
    assert_eq!(route(&config, r#"{"model":"mcr/background"}"#, 10).unwrap().2, "default");
}

#[test]
fn a_provider_may_have_the_name_of_mcr() {
    let config = config(
        r#"{Providers: [{name: "p", api_base_url: "http://localhost/v1", models: ["m"]}, {name: "mcr", api_base_url: "http://localhost/v1", models: ["default", "other"]}],
            Router: {default: "p,m"}}"#,
    );
    let to = |model: &str| route(&config, &format!(r#"{{"model":"{model}"}}"#), 10).unwrap().0;
    assert_eq!(
        ["mcr/default", "mcr,default", "anthropic/mcr/default", "mcr/other"].map(to),
        ["p,m", "mcr,default", "mcr,default", "mcr,other"]
    );
}

#[test]
fn the_names_of_the_models_of_default_and_background_are_a_wish() {
    for (name, target) in [("p,main", "p,main"), ("main", "p,main"), ("p,small", "p,small"), ("small", "p,small")] {
        check(name, &[THINKS], 10, (target, &format!("explicit model {name}")));
    }
}

#[test]
fn a_name_that_is_not_configured_is_refused_with_those_that_are() {
    for name in ["p,nothing", "nobody,main", "p/nothing", "anthropic/p/nothing"] {
        let body = format!(r#"{{"model":"{name}"}}"#);
        let error = route(&CONFIG, &body, 10).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("model `{name}` is not in the configuration; configured are p,main p,small ")),
            "{error}"
        );
    }
}

#[test]
fn a_slash_after_something_that_is_no_provider_is_just_a_name() {
    check("meta/llama", &[], 10, ("p,main", "default"));
}

#[test]
fn a_tag_wins_over_the_long_context() {
    let tagged = r#""system":[{"type":"text","text":"<CCR-SUBAGENT-MODEL>p,thinker</CCR-SUBAGENT-MODEL>Be."}]"#;
    check("claude-sonnet-5", &[tagged], 70_000, ("p,thinker", "subagent tag p,thinker"));
}

#[test]
fn a_tag_that_names_nothing_is_a_turns_text() {
    let quoted =
        r#""messages":[{"role":"user","content":"What is <CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL>?"}]"#;
    check("m", &[quoted], 10, ("p,main", "default"));
}

#[test]
fn a_tag_that_names_nothing_is_refused_in_a_subagents_definition() {
    let body = r#"{"model":"m","system":"<CCR-SUBAGENT-MODEL>p,gone</CCR-SUBAGENT-MODEL>"}"#;
    assert!(matches!(route(&CONFIG, body, 10), Err(Impossible::Unknown { name, .. }) if name == "p,gone"));
}

#[test]
fn the_threshold_itself_is_not_long() {
    check("m", &[], 60_000, ("p,main", "default"));
    check("m", &[], 60_001, ("p,long", "60001 tokens > threshold 60000"));
}

#[test]
fn the_long_context_wins_over_background_and_all_below() {
    check("claude-haiku-4-5", &[THINKS, SEARCHES, IMAGE], 60_001, ("p,long", "60001 tokens > threshold 60000"));
}

#[test]
fn a_haiku_goes_to_background_and_thinking_or_searching_changes_nothing() {
    check("claude-haiku-4-5-20251001", &[THINKS, SEARCHES], 10, ("p,small", "small model claude-haiku-4-5-20251001"));
}

#[test]
fn a_search_wins_over_thinking_and_images() {
    check("m", &[SEARCHES, THINKS], 10, ("p,search", "web search tool"));
}

#[test]
fn an_image_goes_to_eyes_when_the_chosen_model_has_none() {
    check("m", &[IMAGE], 10, ("p,eyes", "image, which main cannot see"));
    check("m", &[IMAGE, THINKS], 10, ("p,eyes", "image, which thinker cannot see"));
}

#[test]
fn an_image_changes_nothing_when_the_chosen_model_sees() {
    let config =
        config(&ROUTES.replace(r#""thinker": {window: 100000, vision: false}"#, r#""thinker": {vision: true}"#));
    let (target, ..) = route(&config, &format!("{{\"model\":\"m\",{IMAGE},{THINKS}}}"), 10).unwrap();
    assert_eq!(target, "p,thinker");
}

#[test]
fn thinking_that_is_asked_for_goes_to_think() {
    check("m", &[THINKS], 10, ("p,thinker", "thinking asked for"));
    check(
        "m",
        &[r#""thinking":{"type":"adaptive"},"output_config":{"effort":"xhigh"}"#],
        10,
        ("p,thinker", "thinking asked for"),
    );
}

#[test]
fn a_route_that_is_not_configured_is_passed_over() {
    let config = config(
        r#"{Providers: [{name: "p", api_base_url: "http://localhost/v1", models: ["main"], facts: {"main": {window: 200000}}}], Router: {default: "p,main"}}"#,
    );
    for (model, more, tokens) in
        [("claude-haiku-4", "", 10), ("m", SEARCHES, 10), ("m", THINKS, 10), ("m", IMAGE, 10), ("m", "", 70_000)]
    {
        let comma = if more.is_empty() { "" } else { "," };
        let body = format!(r#"{{"model":"{model}"{comma}{more}}}"#);
        assert_eq!(
            route(&config, &body, tokens).unwrap(),
            ("p,main".to_owned(), Scenario::Default, "default".to_owned())
        );
    }
}

#[test]
fn a_target_too_small_gives_way_to_the_next_that_holds_the_prompt() {
    check(
        "claude-haiku-4-5",
        &[],
        30_000,
        ("p,long", "small model claude-haiku-4-5; small is too small for the prompt, so longContext"),
    );
    check(
        "p,small",
        &[],
        30_000,
        ("p,long", "explicit model p,small; small is too small for the prompt, so longContext"),
    );
}

#[test]
fn room_for_an_answer_is_part_of_holding() {
    check("p,small", &[], 18_976, ("p,small", "explicit model p,small"));
    check(
        "p,small",
        &[],
        18_977,
        ("p,long", "explicit model p,small; small is too small for the prompt, so longContext"),
    );
}

#[test]
fn a_blind_target_gives_way_to_the_image_route_first() {
    check(
        "claude-haiku-4-5",
        &[IMAGE],
        10,
        ("p,eyes", "small model claude-haiku-4-5; small cannot see images, so image"),
    );
}

#[test]
fn the_window_of_the_search_route_is_of_no_use_to_a_long_prompt() {
    let config = config(&ROUTES.replace(r#""search": {window: 100000"#, r#""search": {window: 3000000"#));
    let error = route(&config, r#"{"model":"m"}"#, 2_000_000).unwrap_err();
    assert_eq!(error, Impossible::TooLong { tokens: 2_000_000, window: 1_000_000 - 1_024 });
    assert_eq!(largest_window(&config), 1_000_000);
}

#[test]
fn a_prompt_too_long_for_every_route_says_how_long_one_may_be() {
    let error = route(&CONFIG, r#"{"model":"m"}"#, 2_000_000).unwrap_err();
    assert_eq!(error, Impossible::TooLong { tokens: 2_000_000, window: 1_000_000 - 1_024 });
    assert_eq!(error.to_string(), "prompt is too long: 2000000 tokens > 998976 maximum");
}

#[test]
fn an_image_nobody_sees_does_not_stop_a_prompt_that_fits_somewhere() {
    let config = config(
        r#"{Providers: [{name: "p", api_base_url: "http://localhost/v1", models: ["small", "main"], facts: {
            "small": {window: 20000, vision: false}, "main": {window: 100000, vision: false}}}], Router: {default: "p,main", background: "p,small"}}"#,
    );
    let (target, _, reason) = route(&config, &format!(r#"{{"model":"claude-haiku-4",{IMAGE}}}"#), 30_000).unwrap();
    assert_eq!(
        (&*target, &*reason),
        ("p,main", "small model claude-haiku-4; small is too small for the prompt, so default")
    );
    let (target, ..) = route(&config, &format!(r#"{{"model":"claude-haiku-4",{IMAGE}}}"#), 10).unwrap();
    assert_eq!(target, "p,small");
}

#[test]
fn an_image_of_an_earlier_turn_does_not_choose_the_route() {
    let old = r#""messages":[{"role":"user","content":[{"type":"image"}]},{"role":"assistant","content":"ok"},{"role":"user","content":"go on"}]"#;
    check("m", &[old], 10, ("p,main", "default"));
}

#[test]
fn the_kind_is_that_of_the_route_so_that_its_fallback_list_applies() {
    for (body, tokens, kind) in [
        (r#"{"model":"p,thinker"}"#, 10, Scenario::Default),
        (r#"{"model":"claude-haiku-4"}"#, 10, Scenario::Background),
        (r#"{"model":"m"}"#, 70_000, Scenario::LongContext),
        (r#"{"model":"claude-haiku-4"}"#, 30_000, Scenario::LongContext),
    ] {
        assert_eq!(route(&CONFIG, body, tokens).unwrap().1, kind, "{body}");
    }
}
