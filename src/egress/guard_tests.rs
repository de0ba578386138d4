//! What the guard lets go, and why not.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::allowances;

fn rules(allow: &[&str], deny: &[&str]) -> EgressRules {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    EgressRules { allow: owned(allow), deny: owned(deny), ..EgressRules::default() }
}

fn guard(rules: EgressRules) -> Guard {
    Guard::new(rules, Vec::new(), Vec::new())
}

fn allow(words: &[&str]) -> Guard {
    guard(rules(words, &[]))
}

fn vouching(text: &str, rules: EgressRules) -> Guard {
    Guard::new(rules, Vec::new(), allowances(text, "egress.json").unwrap())
}

fn goes(guard: &Guard, host: &str) -> bool {
    guard.judge(host).decision == Decision::Allowed
}

const EUROPE: [&str; 5] =
    ["api.eu.mistral.ai", "api.mistral.ai", "api.scaleway.ai", "API.Mistral.AI.", "api.infomaniak.com"];
const HERE: [&str; 5] = ["localhost", "127.0.0.1", "[::1]", "192.168.1.9", "[::ffff:127.0.0.1]"];
const UNKNOWN: [&str; 7] = [
    "[fd00:ec2::254]",
    "llm.example",
    "0x7f.1",
    "2130706433",
    "127.0.0.1.nip.io",
    "169.254.169.254",
    "api.mistral.ai.evil.test",
];

#[test]
fn europes_operators_and_this_network_may_be_spoken_to_and_nobody_else() {
    let usual = Guard::default();
    for host in EUROPE.iter().chain(&HERE) {
        assert!(goes(&usual, host), "{host}");
    }
    for host in UNKNOWN.iter().chain(&["api.openai.com", ""]) {
        assert!(!goes(&usual, host), "{host}");
    }
}

#[test]
fn a_us_provider_is_refused_with_its_operator_country_and_source_and_goes_once_it_is_named() {
    let verdict = Guard::default().judge("api.openai.com");
    let date = catalog::facts_as_of();
    assert_eq!(
        verdict.refusal(),
        format!(
            "the egress guard does not let this go: it is operated by OpenAI LLC, Delaware (US; catalogue of {date}), \
             and `Egress.allow` is eu, eea, ch, local; run `mcr egress allow api.openai.com --reason TEXT`, \
             or add `openai` to `Egress.allow`"
        )
    );
    for word in ["openai", "api.openai.com", "us"] {
        assert!(goes(&allow(&["eu", word]), "api.openai.com"), "{word}");
        assert!(!goes(&allow(&["eu", word]), "llm.example"), "{word}");
    }
    let text = "[{host: 'api.openai.com', operator: 'OpenAI', reason: 'agreed with legal', since: '2026-11-22'}]";
    let verdict = vouching(text, EgressRules::default()).judge("api.openai.com");
    assert_eq!(verdict.decision, Decision::Allowed);
    assert_eq!(verdict.why, "you have allowed it since 2026-11-22: agreed with legal");
}

#[test]
fn a_host_that_nobody_knows_goes_once_the_user_vouches_for_it() {
    let verdict = Guard::default().judge("llm.example");
    assert_eq!(verdict.why, "nobody here knows who operates it");
    assert_eq!(verdict.mend, ["run `mcr egress allow llm.example --operator NAME --reason TEXT`"]);
    let text = "[{host: 'llm.example', operator: 'Example GmbH', country: 'DE', reason: 'ours'}]";
    let guard = vouching(text, EgressRules::default());
    let verdict = guard.judge("LLM.example.");
    assert_eq!((verdict.decision, verdict.network), (Decision::Allowed, Network::Public));
    assert_eq!(verdict.operator.as_deref(), Some("Example GmbH"));
    assert!(!goes(&guard, "x.llm.example"));
}

#[test]
fn a_private_host_that_the_user_vouches_for_is_local() {
    let text = "[{host: 'gpu.lan', operator: 'us', reason: 'ours', network: 'private'}]";
    for rules in [rules(&["local"], &[]), EgressRules::default()] {
        let verdict = vouching(text, rules).judge("gpu.lan");
        assert_eq!((verdict.decision, verdict.network), (Decision::Allowed, Network::Private));
        assert_eq!(verdict.region.as_deref(), Some("local"));
    }
}

#[test]
fn who_allows_nothing_but_this_network_allows_no_other_host_by_vouching_for_it() {
    let text = "[{host: 'llm.example', operator: 'Example GmbH', reason: 'ours'}]";
    let guard = vouching(text, rules(&["local"], &[]));
    assert_eq!(guard.judge("llm.example").mend, ["add `llm.example` to `Egress.allow`"]);
    for host in EUROPE {
        assert!(!goes(&guard, host), "{host}");
    }
    for host in HERE {
        assert!(goes(&guard, host), "{host}");
    }
}

#[test]
fn deny_holds_whatever_word_allows() {
    for word in ["fr", "eu", "mistral", "api.mistral.ai"] {
        let guard = guard(rules(&["eu", "mistral", "api.mistral.ai"], &[word]));
        let verdict = guard.judge("api.mistral.ai");
        assert_eq!(verdict.decision, Decision::Denied, "{word}");
        assert_eq!(verdict.mend, [format!("take `{word}` out of `Egress.deny`")]);
    }
    // The user's own word for the country does not hide the catalogue's.
    let text = "[{host: 'api.openai.com', operator: 'OpenAI Ireland', country: 'IE', reason: 'r'}]";
    assert!(!goes(&vouching(text, rules(&["eu"], &["us"])), "api.openai.com"));
}

#[test]
fn a_region_asks_for_a_promise_and_for_no_more_than_that() {
    let guard = guard(EgressRules { region: Some("eu".to_owned()), ..rules(&["eu", "local", "mistral"], &[]) });
    assert!(goes(&guard, "api.eu.mistral.ai") && goes(&guard, "localhost"));
    let verdict = guard.judge("api.mistral.ai");
    assert_eq!(verdict.why, "it promises no place, and `Egress.region` is eu");
    assert_eq!(verdict.mend, ["run `mcr egress use-eu`", "leave `Egress.region` out"]);
    assert_eq!(guard.judge("api.us.mistral.ai").why, "it promises to work in US, and `Egress.region` is eu");
    // The data centre's country is in the union.
    assert!(goes(&guard, "oai.endpoints.kepler.ai.cloud.ovh.net"));
}

#[test]
fn who_observes_lets_go_what_would_be_refused() {
    let guard = guard(EgressRules { mode: Mode::Observe, ..EgressRules::default() });
    let verdict = guard.judge("api.openai.com");
    assert_eq!(verdict.decision, Decision::Observed);
    assert!(verdict.lets_go());
    // Somebody else's rules are not observed alone.
    let narrowed = Guard::new(
        EgressRules { mode: Mode::Observe, ..EgressRules::default() },
        vec![Narrowing::offline()],
        Vec::new(),
    );
    assert_eq!(narrowed.judge("api.openai.com").decision, Decision::Denied);
}

#[test]
fn a_model_that_a_local_server_passes_on_is_not_local() {
    let usual = Guard::default();
    for model in ["gpt-oss:120b-cloud", "kimi-k2:cloud", "Qwen3-Coder:480B-CLOUD"] {
        let verdict = usual.judge_model("localhost", model);
        assert_eq!(verdict.decision, Decision::Denied, "{model}");
        assert_eq!((verdict.country.as_deref(), verdict.region.as_deref()), (Some("US"), None));
        assert_eq!(verdict.network, Network::Private);
        assert_eq!(
            verdict.mend,
            ["run `mcr egress allow ollama-cloud --reason TEXT`", "add `ollama-cloud` to `Egress.allow`"]
        );
        for word in ["ollama-cloud", "us"] {
            assert!(allow(&["local", word]).judge_model("localhost", model).lets_go(), "{word}");
        }
        let text = "[{host: 'ollama-cloud', operator: 'Ollama Inc.', reason: 'agreed'}]";
        assert!(vouching(text, EgressRules::default()).judge_model("localhost", model).lets_go());
        assert!(!allow(&["local", "localhost"]).judge_model("localhost", model).lets_go());
    }
    assert!(usual.judge_model("localhost", "mistral-small3.2:24b").lets_go());
    // Elsewhere a name is a name.
    assert!(usual.judge_model("api.eu.mistral.ai", "x-cloud").lets_go());
}

#[test]
fn an_address_that_was_typed_goes_unless_it_is_denied() {
    let typed = |allow: &[&str], deny: &[&str], mode: Mode| {
        let text = "[{host: 'git.example', operator: 'Example Inc.', country: 'US', reason: 'agreed'},
                     {host: 'git.corp', operator: 'Us', network: 'private', reason: 'ours'}]";
        let rules = EgressRules { mode, ..rules(allow, deny) };
        Guard::by_hand(rules, allowances(text, "egress.json").unwrap())
    };
    let usual = typed(&["eu", "local"], &["evil.test"], Mode::Enforce);
    assert!(goes(&usual, "github.com") && goes(&usual, "git.corp") && !goes(&usual, "evil.test"));
    assert_eq!(usual.judge("github.com").network, Network::Public);
    assert_eq!(usual.judge("git.corp").network, Network::Private);
    // What the user knows of a host counts, and so does the catalogue's word.
    let no_us = typed(&["eu"], &["us"], Mode::Enforce);
    assert!(!goes(&no_us, "git.example") && !goes(&no_us, "api.openai.com") && goes(&no_us, "github.com"));
    let local = typed(&["local"], &[], Mode::Enforce);
    assert!(goes(&local, "localhost") && goes(&local, "git.corp") && !goes(&local, "github.com"));
    assert_eq!(local.judge("github.com").mend, ["add `github.com` to `Egress.allow`"]);
    let observed = typed(&["local"], &["evil.test"], Mode::Observe);
    assert_eq!(["evil.test", "github.com"].map(|host| observed.judge(host).decision), [Decision::Observed; 2]);
}

/// Words of the kinds that there are.
fn word() -> impl Strategy<Value = String> {
    const WORDS: [&str; 10] =
        ["local", "eu", "eea", "ch", "us", "fr", "openai", "mistral", "ollama-cloud", "llm.example"];
    proptest::sample::select(&WORDS[..]).prop_map(str::to_owned)
}

fn host() -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = EUROPE.into_iter().chain(HERE).chain(UNKNOWN).chain(["api.openai.com"]).collect();
    proptest::sample::select(all)
}

fn some_rules() -> impl Strategy<Value = EgressRules> {
    let words = || proptest::collection::vec(word(), 0..4);
    (words(), words()).prop_map(|(allow, deny)| EgressRules { allow, deny, ..EgressRules::default() })
}

proptest! {
    #[test]
    fn no_word_of_allow_makes_up_for_one_of_deny(rules in some_rules(), more in word(), host in host()) {
        let before = guard(rules.clone()).judge(host);
        let mut wider = rules.clone();
        wider.allow.push(more);
        if rules.deny.iter().any(|word| goes(&allow(&[word]), host)) {
            prop_assert_eq!(before.decision, Decision::Denied);
            prop_assert_eq!(guard(wider).judge(host).decision, Decision::Denied);
        }
    }

    #[test]
    fn no_layer_widens_another(own in some_rules(), preset in some_rules(), says: bool, model in "(m|m:cloud)", host in host()) {
        let alone = guard(own.clone()).judge_model(host, &model);
        let narrowing = Narrowing::of_preset(&preset, says);
        let both = Guard::new(own, vec![narrowing, Narrowing::offline()], Vec::new()).judge_model(host, &model);
        prop_assert!(!both.lets_go() || alone.lets_go());
        prop_assert!(!both.lets_go() || HERE.contains(&host));
    }

    #[test]
    fn a_host_that_nobody_knows_never_goes_by_default(host in "[a-z0-9.-]{1,20}\\.(example|test)") {
        prop_assert_eq!(Guard::default().judge(&host).decision, Decision::Denied);
    }

    #[test]
    fn case_and_the_roots_dot_change_nothing(rules in some_rules(), host in host()) {
        let guard = guard(rules);
        let host = host.trim_end_matches('.');
        let other = if host.contains(|c: char| c.is_ascii_alphabetic()) && !host.starts_with('[') {
            format!("{}.", host.to_uppercase())
        } else {
            host.to_owned()
        };
        prop_assert_eq!(guard.judge(host), guard.judge(&other));
    }
}

#[test]
fn plain_text_goes_into_ones_own_network_alone_whatever_the_mode() {
    let vouched = |network: &str| {
        let text = json!([{"host": "gpu.lan", "operator": "us", "reason": "ours", "network": network}]).to_string();
        vouching(&text, EgressRules { mode: Mode::Observe, ..EgressRules::default() })
    };
    let lets_go = |network: &str, address: &str| vouched(network).judge_at(&address.parse().unwrap(), "m").lets_go();
    assert!(lets_go("private", "http://gpu.lan:8000/v1"));
    assert!(lets_go("public", "https://gpu.lan/v1") && lets_go("public", "http://10.0.0.7/v1"));
    for address in ["http://gpu.lan:8000/v1", "http://llm.example/v1"] {
        assert!(!lets_go("public", address), "{address}");
    }
    let verdict = vouched("public").judge_uri(&"http://gpu.lan/v1".parse().unwrap());
    assert!(verdict.mend[1].contains("run `mcr egress allow gpu.lan --operator NAME --reason TEXT --private`"));
}
