//! What a good text means.

use std::{path::Path, time::Duration};

use serde_json::json;

use super::{accept, environment, exposed, with, with_provider};
use crate::{
    catalog::{self, Effort, Tokenizer},
    config::{
        Attempts, BreakerRules, Clocks, Dialect, LogLevel, Place, Rewrite, Sampling, Scenario, SecretRef, Transformer,
        read,
    },
};

const GUIDE: &str = include_str!("../../../tests/fixtures/config/guide.json");

fn route(config: &super::Config, scenario: Scenario) -> Option<String> {
    config.routes.get(scenario).map(|target| target.name())
}

#[test]
fn the_guides_configuration_means_what_the_guide_says() {
    let config = accept(GUIDE);
    assert_eq!(exposed(config.apikey.as_ref()), "sk-mistral-router");
    assert_eq!((config.log, config.log_level, config.status_line.enabled), (true, LogLevel::Info, true));
    assert_eq!((config.host.to_string().as_str(), config.port), ("127.0.0.1", 3456));
    let [mistral] = config.providers.as_slice() else { panic!("{:?}", config.providers) };
    let connection = mistral.connection.as_ref().unwrap();
    assert_eq!(connection.endpoint, "https://api.mistral.ai/v1/chat/completions");
    assert_eq!(exposed(connection.key.as_ref()), "sk-mistral");
    assert_eq!(mistral.dialect, Dialect::Mistral);
    assert!(!mistral.is_local());
    let routes = Scenario::ALL.map(|scenario| route(&config, scenario));
    assert_eq!(
        routes.each_ref().map(Option::as_deref),
        [
            Some("mistral,devstral-latest"),
            Some("mistral,mistral-small-latest"),
            Some("mistral,mistral-large-latest"),
            Some("mistral,mistral-large-latest"),
            None,
            None
        ]
    );
    assert_eq!(config.routes.long_context_threshold, 60_000);
    assert_eq!(config.routes.default.transformers, [Transformer::CleanCache, Transformer::StripReasoning]);
    assert_eq!(config.routes.default.facts, *catalog::model("devstral-latest").unwrap());
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["c.json:16:1: Providers[0].models[0]: model `devstral-2512` was retired on 2026-07-31 (as of 2026-11-20); \
          use `mistral-medium-3-5`"]
    );
}

#[test]
fn the_built_in_configuration_has_no_problem() {
    let config = read(catalog::BUILT_IN_CONFIG, "built-in", &environment).unwrap();
    assert_eq!(config.warnings, []);
    assert!(config.providers.iter().all(|provider| provider.connection.is_ok()));
}

#[test]
fn what_is_not_said_has_claude_code_routers_defaults() {
    let config = accept(&with(""));
    assert_eq!((config.port, config.log, config.log_level), (3456, true, LogLevel::Info));
    assert_eq!(config.api_timeout, Duration::from_mins(10));
    assert!(config.apikey.is_none() && config.proxy_url.is_none() && config.claude_path.is_none());
    assert!(!config.non_interactive && !config.status_line.enabled && config.rewrite_system_prompt.is_none());
    assert!(Scenario::ALL.iter().all(|scenario| config.fallback.targets(*scenario).is_empty()));
    assert_eq!(config.warnings, []);
}

#[test]
fn every_scalar_is_read() {
    let config = accept(&with(
        "PORT: '$PORT_NUMBER', HOST: '::1', APIKEY: 'k', httpsProxy: 'http://u:p@proxy:3128', LOG: false, \
         LOG_LEVEL: 'trace', API_TIMEOUT_MS: '30000', NON_INTERACTIVE_MODE: true, CLAUDE_PATH: '/c', \
         REWRITE_SYSTEM_PROMPT: 'p.txt', StatusLine: {enabled: true}",
    ));
    assert_eq!((config.port, config.host.to_string().as_str()), (4567, "::1"));
    assert_eq!(exposed(config.apikey.as_ref()), "k");
    assert_eq!(config.proxy_url.unwrap(), "http://u:p@proxy:3128");
    assert_eq!((config.log, config.log_level), (false, LogLevel::Trace));
    assert_eq!(config.api_timeout, Duration::from_secs(30));
    assert_eq!(config.clocks.total(&config.providers[0]), Duration::from_secs(30));
    assert!(config.non_interactive && config.status_line.enabled);
    assert_eq!(config.claude_path.as_deref(), Some(Path::new("/c")));
    assert_eq!(config.rewrite_system_prompt.as_deref(), Some(Path::new("p.txt")));
    assert_eq!(config.warnings, []);
}

#[test]
fn an_empty_string_is_as_good_as_nothing() {
    let config = accept(&with_provider("api_key: ''"));
    assert!(config.providers[0].connection.as_ref().unwrap().key.is_none());
    let config = accept(&with("APIKEY: '', PROXY_URL: '', CLAUDE_PATH: '', HOST: '', LOG_LEVEL: '', PORT: ''"));
    assert!(config.apikey.is_none() && config.proxy_url.is_none() && config.claude_path.is_none());
    assert_eq!(config.port, 3456);
}

#[test]
fn clocks_are_set_one_by_one() {
    let config = accept(&with("API_TIMEOUT_MS: 7, Clocks: {headers_ms: 1, idle_ms: 2, total_ms: 3}"));
    let (clocks, provider) = (config.clocks, &config.providers[0]);
    assert_eq!((clocks.headers(provider), clocks.idle(provider)), (Duration::from_millis(1), Duration::from_millis(2)));
    assert_eq!((clocks.connect(), clocks.total(provider)), (Duration::from_secs(5), Duration::from_millis(3)));
    assert_eq!(clocks.first_event(provider), Clocks::default().first_event(provider));
}

#[test]
fn without_a_router_the_first_model_serves_everything() {
    let config = accept("{providers: [{name: 'p', api_base_url: '${BASE}', models: ['a', 'b']}]}");
    assert_eq!(config.routes.default.name(), "p,a");
    assert_eq!(config.providers[0].connection.as_ref().unwrap().endpoint, "https://llm.example/v1/chat/completions");
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["c.json:1:1: `Router.default` is missing; requests go to `p,a`"]);
}

#[test]
fn names_match_whatever_their_case_and_exact_ones_first() {
    let config = accept(
        "{Providers: [{name: 'Ollama', api_base_url: 'http://localhost:11434', models: ['M', 'm']}], \
          Router: {default: 'ollama, m', image: ''}, fallback: {default: ['OLLAMA,M']}}",
    );
    assert_eq!(config.routes.default.name(), "Ollama,m");
    assert!(config.routes.image.is_none());
    assert_eq!(config.fallback.targets(Scenario::Default)[0].name(), "Ollama,M");
    assert_eq!(config.target("olLama", "M").unwrap().name(), "Ollama,M");
    assert!(config.target("ollama", "other").is_none());
    assert_eq!(config.providers[0].dialect, Dialect::Ollama);
    assert!(config.providers[0].is_local());
}

#[test]
fn an_unset_variable_is_the_error_of_its_provider_alone() {
    let config = accept(
        "{Providers: [\n{name: 'a', api_base_url: 'https://a.example', api_key: '$NONE', models: ['m']},\n\
          {name: 'b', api_base_url: 'https://b.example', api_key: 'k', models: ['m'], tokenizer: {key: '$NONE'}}],\n\
          Router: {default: 'b,m'}, CUSTOM_ROUTER_PATH: '$NONE/router.js'}",
    );
    assert!(config.providers[1].connection.is_ok());
    assert_eq!(
        config.providers[0].connection.as_ref().unwrap_err().to_string(),
        "Providers[0].api_key: environment variable `NONE` is unset or empty; \
         run `export NONE=...` and start again"
    );
}

#[test]
fn a_key_may_be_somewhere_else() {
    let reference = |text: &str| {
        let config = accept(&with_provider(&format!("api_key: '{text}'")));
        let key = config.providers[0].connection.as_ref().unwrap().key.clone();
        let Some(SecretRef::Elsewhere(reference)) = key else { panic!("{text} is no reference") };
        reference.to_string()
    };
    for text in ["env:MISTRAL_API_KEY", "file:key", "cmd:pass show $PORT_NUMBER", "store:mistral"] {
        assert_eq!(reference(text), text);
    }
    let config = accept(&with("APIKEY: 'store:token'"));
    assert!(matches!(config.apikey, Some(SecretRef::Elsewhere(reference)) if reference.to_string() == "store:token"));
}

#[test]
fn a_relative_key_file_lies_beside_the_configuration() {
    let text = with_provider("api_key: 'file:keys/p'");
    let config = read(&text, "/etc/mcr/c.json", &environment).unwrap();
    let Some(SecretRef::Elsewhere(reference)) = &config.providers[0].connection.as_ref().unwrap().key else {
        panic!("no reference")
    };
    assert!(*reference.place() == Place::File("/etc/mcr/keys/p".into()));
}

#[test]
fn a_variable_named_by_reference_is_missed_as_any_other() {
    let unset = |key: &str| {
        let config = accept(&format!(
            "{{Providers: [{{name: 'b', api_base_url: 'https://b.example', models: ['m']}},\n\
             {{name: 'a', api_base_url: 'https://a.example', models: ['m'], api_key: '{key}'}}], Router: {{default: 'b,m'}}}}"
        ));
        (config.providers[1].connection.as_ref().unwrap_err().clone(), config.unset)
    };
    assert_eq!(unset("env:NONE"), unset("$NONE"));
    assert_eq!(unset("env:EMPTY"), unset("$EMPTY"));
}

#[test]
fn dialect_and_facts_are_the_owners_to_say() {
    let config = accept(&with_provider(
        "dialect: 'vllm', facts: {m: {window: 4096, vision: false, tool_result_images: true, \
         reasoning: ['high', 'none'], tokenizer: 'tekken-v13'}}",
    ));
    let facts = &config.routes.default.facts;
    assert_eq!(config.providers[0].dialect, Dialect::Vllm);
    assert_eq!((facts.window, facts.vision, facts.tool_result_images), (4096, false, true));
    assert_eq!(
        (facts.reasoning.as_slice(), facts.tokenizer),
        (&[Effort::None, Effort::High][..], Tokenizer::TekkenV13)
    );
}

#[test]
fn every_transformer_has_its_options_and_a_model_its_own() {
    let config = accept(&with_provider(
        "transformer: {use: ['cleancache', ['stripreasoning'], ['maxtoken', {max_tokens: 9}], 'maxcompletiontokens', \
         ['sampling', {max_tokens: 8, temperature: 0.5, top_p: 1, top_k: 3, repetition_penalty: 1.5}], \
         ['customparams', {a: {b: '$PORT_NUMBER'}}], 'streamoptions', 'tooluse'], \
         m: {use: ['enhancetool', 'reasoning', ['reasoning', {enable: false}], 'deepseek', ['openrouter', {provider: 1}], \
         'groq', 'cerebras', ['rewrite', {remove: ['a.b'], rename: {a: 'b'}, set: {'a.c': null}, default: {x: [1]}}]]}}",
    ));
    assert_eq!(config.warnings, []);
    assert_eq!(
        config.routes.default.transformers,
        [
            Transformer::CleanCache,
            Transformer::StripReasoning,
            Transformer::MaxToken(9),
            Transformer::MaxCompletionTokens,
            Transformer::Sampling(Sampling {
                max_tokens: Some(8),
                temperature: Some(0.5),
                top_p: Some(1.0),
                top_k: Some(3),
                repetition_penalty: Some(1.5),
            }),
            Transformer::CustomParams(json!({"a": {"b": "4567"}}).as_object().unwrap().clone()),
            Transformer::StreamOptions,
            Transformer::ToolUse,
            Transformer::EnhanceTool,
            Transformer::Reasoning { enable: true },
            Transformer::Reasoning { enable: false },
            Transformer::DeepSeek,
            Transformer::OpenRouter(json!({"provider": 1}).as_object().unwrap().clone()),
            Transformer::Groq,
            Transformer::Cerebras,
            Transformer::Rewrite(Rewrite {
                remove: vec!["a.b".to_owned()],
                rename: vec![("a".to_owned(), "b".to_owned())],
                set: vec![("a.c".to_owned(), json!(null))],
                default: vec![("x".to_owned(), json!([1]))],
            }),
        ]
    );
}

#[test]
fn the_guides_plugin_is_built_in() {
    for path in ["plugins/strip-reasoning.js", "/home/x/strip-reasoning.js", r"C:\\plugins\\strip-reasoning.js"] {
        assert_eq!(accept(&with(&format!("transformers: [{{path: '{path}'}}]"))).warnings, [], "{path}");
    }
}

#[test]
fn a_model_on_a_machine_of_ones_own_does_not_retire() {
    let config = accept(
        "{Providers: [{name: 'p', api_base_url: 'http://10.1.2.3:8000/v1', models: ['devstral-2512']}], Router: {default: 'p,devstral-2512'}}",
    );
    assert_eq!(config.warnings, []);
    assert_eq!(config.routes.default.facts.tokenizer, Tokenizer::TekkenV13);
}

#[test]
fn debug_shows_no_secret() {
    let config = accept(&with("APIKEY: 'sk-1', PROXY_URL: 'http://u:sk-2@proxy:3128'"));
    let shown = format!("{config:?} {:?}", config.settings);
    assert!(!shown.contains("sk-"), "{shown}");
}

#[test]
fn the_breaker_and_the_tries_go_by_mcrs_names_or_keeptrusts() {
    for text in [
        "Breaker: {consecutive: 3, open_seconds: 30, close_after: 1}, Retry: {attempts: 4, on_status: [429, 503]}",
        "Breaker: {failure_threshold: 3, recovery_timeout_seconds: 30, success_threshold: 1},
         Retry: {max_attempts: 4, on_status: [429, 529]}",
        "Breaker: {failure_threshold: 3, cooldown_seconds: 30, close_after: 1}, Retry: {max_attempts: 4, on_status: [503, 429]}",
    ] {
        let config = accept(&with(text));
        let rules =
            BreakerRules { consecutive: 3, open: Duration::from_secs(30), close_after: 1, ..BreakerRules::default() };
        assert_eq!(
            (config.providers[0].breaker, config.attempts),
            (rules, Attempts::new(4, &[429, 503, 529])),
            "{text}"
        );
    }
    let config = accept(&with("Breaker: {open_seconds: 900}"));
    assert_eq!(config.providers[0].breaker.open_max, Duration::from_mins(15));
}
