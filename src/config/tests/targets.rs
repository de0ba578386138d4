//! Providers that are written as Keeptrusts' targets.

use std::time::Duration;

use super::{
    accept, exposed,
    problems::{refuse, warn},
};
use crate::config::{Config, Dialect, Limits, Place, Scenario, SecretRef, usual};

/// One target with these keys, which begin in line 2, and a route to it.
fn target(keys: &str) -> String {
    format!("{{Router: {{default: 't'}}, Providers: [\n{{{keys}}}]}}")
}

/// Endpoint, variable of the key, models and dialect of the only provider.
#[track_caller]
fn check(config: &Config, endpoint: &str, variable: Option<&str>, model: &str, dialect: Dialect) {
    let provider = &config.providers[0];
    let connection = provider.connection.as_ref().expect("a connection");
    let named = connection.key.as_ref().map(|key| match key {
        SecretRef::Elsewhere(reference) => match reference.place() {
            Place::Variable(name) => name.as_str(),
            other => panic!("{}", std::mem::size_of_val(other)),
        },
        SecretRef::Value(_) => exposed(Some(key)),
    });
    assert_eq!(
        (connection.endpoint.to_string().as_str(), named, provider.models.as_slice(), provider.dialect),
        (endpoint, variable, &[model.to_owned()][..], dialect)
    );
    assert_eq!(config.routes.default.name(), format!("t,{model}"));
}

const EU: &str = "https://api.eu.mistral.ai/v1/chat/completions";

#[test]
fn what_follows_from_the_name_mistral_is_the_eu_endpoint_and_its_key() {
    let key = Some("MISTRAL_API_KEY");
    for keys in [
        "id: 't', provider: 'mistral', model: 'mistral-large-latest'",
        "id: 't', provider: 'mistral:chat:mistral-large-latest'",
        "id: 't', provider: 'mistral:chat:mistral-large-latest', model: 'mistral-large-latest'",
        "name: 't', id: 't', provider: 'Mistral', models: ['mistral-large-latest']",
    ] {
        check(&accept(&target(keys)), EU, key, "mistral-large-latest", Dialect::Mistral);
    }
}

#[test]
fn what_is_written_beats_what_is_known() {
    let config = accept(&target(
        "id: 't', provider: 'mistral', model: 'm', base_url: 'https://api.mistral.ai/v1', secret_key_ref: {env: 'BASE'}",
    ));
    check(&config, "https://api.mistral.ai/v1/chat/completions", Some("BASE"), "m", Dialect::Mistral);
}

#[test]
fn a_server_of_ones_own_needs_no_key_and_a_model_may_have_colons() {
    let config =
        accept(&target("id: 't', provider: 'ollama:chat:devstral:24b', description: 'the box below the desk'"));
    check(&config, "http://localhost:11434/v1/chat/completions", None, "devstral:24b", Dialect::Ollama);
    assert_eq!(config.providers[0].description.as_deref(), Some("the box below the desk"));
    let config = accept(&target("id: 't', provider: 'mistral', model: 'm', base_url: 'http://localhost:1/v1'"));
    check(&config, "http://localhost:1/v1/chat/completions", None, "m", Dialect::Mistral);
}

#[test]
fn a_known_key_goes_to_its_own_hosts_alone() {
    let text = target("id: 't', provider: 'mistral', model: 'm', base_url: 'https://llm.example/v1'");
    warn(
        &text,
        &["2:21: Providers[0].provider: `MISTRAL_API_KEY` is not sent to llm.example, which is not whose key it is; \
           name a key as `api_key`"],
    );
    check(&accept(&text), "https://llm.example/v1/chat/completions", None, "m", Dialect::Mistral);
    // Whoever rents a server there gets a name like these.
    for (provider, host, key) in [
        ("ovhcloud", "vps-1.vps.ovh.net", "OVH_AI_ENDPOINTS_ACCESS_TOKEN"),
        ("stackit", "evil.runs.onstackit.cloud", "STACKIT_AUTH_TOKEN"),
    ] {
        let text = target(&format!("id: 't', provider: '{provider}', model: 'm', base_url: 'https://{host}/v1'"));
        warn(
            &text,
            &[&format!(
                "2:21: Providers[0].provider: `{key}` is not sent to {host}, which is not whose key it is; \
                 name a key as `api_key`"
            )],
        );
    }
}

#[test]
fn an_unset_variable_is_missed_when_the_target_is_used_whoever_names_it() {
    for (keys, path, place) in [
        ("id: 't', provider: 'openai', model: 'm'", "Providers[0].api_key", "2:21"),
        (
            "id: 't', provider: 'openai', model: 'm',\nsecret_key_ref: {env: 'NONE'}",
            "Providers[0].secret_key_ref.env",
            "3:23",
        ),
    ] {
        let config = accept(&target(keys));
        let unset = config.providers[0].connection.as_ref().unwrap_err();
        assert_eq!(unset.path, path);
        let problem = config.unset[0].to_string();
        assert!(problem.starts_with(&format!("c.json:{place}: {path}: environment variable `")), "{problem}");
    }
}

#[test]
fn two_names_of_one_key_that_differ_are_an_error_with_both_places() {
    let differ = |place: &str, theirs: &str, ours: &str, first: &str| {
        let path = if theirs == "provider" || place.is_empty() { "provider" } else { theirs };
        format!(
            "{place}: Providers[0].{path}: `{theirs}` says otherwise than `{ours}` at {first}, and they mean the same; keep one"
        )
    };
    let found = super::try_read(&target(
        "name: 't', id: 'u',\nprovider: 'mistral:chat:x', model: 'y',\napi_base_url: 'https://api.eu.mistral.ai/v1', \
         base_url: 'https://api.mistral.ai/v1',\napi_key: '$MISTRAL_API_KEY', secret_key_ref: {env: 'BASE'},\n\
         dialect: 'mistral', provider_type: 'vllm'",
    ));
    let found: Vec<String> = found.unwrap_err().errors().map(ToString::to_string).collect();
    let expected = [
        differ("2:17", "id", "name", "2:8"),
        differ("3:11", "provider", "model", "3:36"),
        differ("4:57", "base_url", "api_base_url", "4:15"),
        differ("5:46", "secret_key_ref", "api_key", "5:10"),
        differ("6:36", "provider_type", "dialect", "6:10"),
    ];
    assert_eq!(found, expected.map(|line| format!("c.json:{line}")));
}

#[test]
fn two_names_of_one_key_may_say_the_same() {
    let text = target(
        "name: 't', id: 't', provider: 'mistral', model: 'm', models: ['m'], dialect: 'mistral', provider_type: 'auto',
         api_base_url: 'https://api.eu.mistral.ai/v1/chat/completions', base_url: 'https://api.eu.mistral.ai/v1/',
         api_key: '$MISTRAL_API_KEY', secret_key_ref: {env: 'MISTRAL_API_KEY'}, format: 'openai'",
    );
    warn(&text, &[]);
    check(&accept(&text), EU, Some("sk-mistral"), "m", Dialect::Mistral);
    refuse(
        &target("id: 't', provider: 'mistral', model: 'm', models: ['m', 'n']"),
        &[
            "1:20: Router.default: provider `t` has several models, so a route names one of them, did you mean `t,m`?",
            "2:39: Providers[0].model: `model` says otherwise than `models` at 2:52, and they mean the same; keep one",
        ],
    );
}

#[test]
fn what_is_wrong_with_a_target_is_named() {
    refuse(
        &target(
            "id: 't', provider: 'mistrl', model: 'm', format: 'anthropic',\nweight: 0, timeout_seconds: 0, \
             max_context_tokens: 5, secret_key_ref: {env: 'sk 1'}",
        ),
        &[
            "2:21: Providers[0].provider: no address is known of a provider `mistrl`; give it as `base_url`, \
             did you mean `mistral`?",
            "2:51: Providers[0].format: format `anthropic` is not spoken; providers are spoken to in chat completions, \
             `openai`",
            "3:9: Providers[0].weight: a weight is a number above 0",
            "3:29: Providers[0].timeout_seconds: 0 is no number of seconds above 0 and up to 86400",
            "3:52: Providers[0].max_context_tokens: 5 is no whole number from 1024 to 100000000",
            "3:77: Providers[0].secret_key_ref.env: expected the name of an environment variable",
        ],
    );
    refuse(
        &target("id: 't', provider: 'mistral:embed:m', secret_key_ref: {}"),
        &[
            "2:21: Providers[0].provider: `provider` is a name, such as `mistral`, or a name and a model: \
             `mistral:chat:<model>`",
            "2:56: Providers[0].secret_key_ref: `secret_key_ref` names an environment variable: \
             `{\"env\": \"MISTRAL_API_KEY\"}`",
        ],
    );
    refuse(
        &target("id: 't', provider: 'infomaniak', model: 'm'"),
        &["2:21: Providers[0].provider: the address of `infomaniak` differs from customer to customer; \
           give it as `base_url`"],
    );
}

#[test]
fn a_target_has_clocks_and_a_budget_of_its_own() {
    let limits =
        |keys: &str| accept(&target(&format!("id: 't', provider: 'ollama', model: 'm', {keys}"))).providers[0].limits;
    let (long, short) = (Some(Duration::from_secs(90)), Some(Duration::from_millis(1500)));
    assert_eq!(limits("timeout_seconds: 90"), Limits { whole: long, stream: long, tokens: None });
    assert_eq!(
        limits("timeout_seconds: 1.5, stream_timeout_seconds: 90"),
        Limits { whole: short, stream: long, tokens: None }
    );
    assert_eq!(limits("stream_timeout_seconds: 90"), Limits { whole: None, stream: long, tokens: None });
}

#[test]
fn a_budget_of_tokens_lowers_the_window_and_never_raises_it() {
    let window = |keys: &str| {
        let config = accept(&target(&format!("id: 't', provider: 'mistral', model: 'mistral-small-2603', {keys}")));
        let setting = config.settings.iter().find(|setting| setting.path.ends_with(".window")).unwrap();
        (config.targets[0].facts.window, setting.source.to_string())
    };
    assert_eq!(window("max_context_tokens: 32000"), (32_000, "from `max_context_tokens`".to_owned()));
    assert_eq!(window("max_context_tokens: 9000000").0, 262_144);
    assert_eq!(window("max_context_tokens: 2000, facts: {'mistral-small-2603': {window: 4000}}").0, 2_000);
}

#[test]
fn a_retired_model_is_told_wherever_it_stands() {
    for (model, place) in [
        ("model: 'devstral-2512', provider: 'mistral'", "2:18: Providers[0].model"),
        ("provider: 'mistral:chat:devstral-2512'", "2:21: Providers[0].provider"),
    ] {
        let words = "model `devstral-2512` was retired on 2026-07-31 (as of 2026-11-20); use `mistral-medium-3-5`";
        warn(&target(&format!("id: 't', {model}")), &[&format!("{place}: {words}")]);
    }
}

#[test]
fn a_targets_weight_counts_where_the_route_gives_none() {
    let config = accept(
        "{Providers: [{id: 'a', provider: 'ollama', model: 'm', weight: 0.2}, {id: 'b', provider: 'vllm', model: 'n', weight: 5}],
          Router: {default: {strategy: 'weighted_round_robin', targets: ['a', {target: 'b'}, {target: 'b,n', weight: 2}]}}}",
    );
    let balance = config.routes.balance(Scenario::Default).unwrap();
    let weights: Vec<f64> = balance.targets.iter().map(|(_, weight)| *weight).collect();
    assert_eq!((weights, balance.names().as_str()), (vec![0.2, 5.0, 2.0], "a,m | b,n | b,n"));
}

#[test]
fn a_route_names_a_provider_with_one_model_and_a_slip_is_recognised() {
    refuse(
        "{Providers: [{id: 'mistral-large', provider: 'mistral', model: 'm'}],\nRouter: {default: 'mistral-lrge', think: 'x'}}",
        &[
            "2:19: Router.default: `mistral-lrge` is neither of the form `provider,model` nor a provider with one model, \
             did you mean `mistral-large`?",
            "2:42: Router.think: `x` is neither of the form `provider,model` nor a provider with one model",
        ],
    );
}

#[test]
fn a_target_in_usual_words_is_what_is_read() {
    let usual = |text: &str| {
        serde_json::Value::from(usual(json5::from_str::<serde_json::Value>(text).unwrap().as_object().unwrap()))
    };
    let same = |usual: &serde_json::Value, keys: &[(&str, serde_json::Value)]| {
        for (key, value) in keys {
            assert_eq!(&usual[key], value, "{key} of {usual}");
        }
    };
    same(
        &usual("{id: 't', provider: 'mistral:chat:m'}"),
        &[
            ("name", "t".into()),
            ("api_base_url", "https://api.eu.mistral.ai/v1".into()),
            ("api_key", "${MISTRAL_API_KEY}".into()),
            ("models", serde_json::json!(["m"])),
        ],
    );
    let elsewhere = usual(
        "{id: 't', provider: 'mistral', base_url: 'https://evil.test', secret_key_ref: {env: 'MISTRAL_API_KEY'}}",
    );
    same(&elsewhere, &[("api_base_url", "https://evil.test".into()), ("api_key", "${MISTRAL_API_KEY}".into())]);
    assert_eq!(usual("{id: 't', provider: 'mistral', base_url: 'https://evil.test'}").get("api_key"), None);
    assert_eq!(usual("{name: 't', api_key: '$A', secret_key_ref: {env: 'B'}}")["api_key"], "$A");
}
