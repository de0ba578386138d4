//! A field of claude-code-router's configuration, and what becomes of it.

use super::*;
use crate::cli::import::literal::Slot;
use crate::config::{Host, KeyName, Secret};

fn environment(name: &str) -> Option<String> {
    (name == "KEY").then(|| "sk-of-the-environment".to_owned())
}

/// What the store holds in these tests.
fn slot(name: &KeyName, secret: &Secret, host: &Host) -> Slot {
    match (name.as_str(), secret.expose(), host.as_str()) {
        ("known", "sk-known", "known.example") => Slot::Same,
        ("known" | "full" | "ccr/full", ..) => Slot::Taken,
        _ => Slot::Free,
    }
}

fn bench(keeps_keys: bool, check: &dyn Fn(&Bench<'_>)) {
    check(&Bench {
        file: "c.json",
        environment: &environment,
        read: &|document| config::read_document(document, &environment),
        absolute: &|path| (path == "prompt.md").then(|| "/ccr/prompt.md".to_owned()),
        slots: &slot,
        keeps_keys,
    });
}

/// A configuration that is good, and whatever else.
fn with(rest: &str) -> String {
    format!(
        "{{Providers: [{{name: 'p', api_base_url: 'https://p.example/v1', api_key: '$KEY', models: ['m']}}], \
         Router: {{default: 'p,m'}}, {rest}}}"
    )
}

/// Lines that are not simply taken.
fn said(judged: &Judged) -> Vec<String> {
    let told = |field: &Field| match (&field.why, field.fate) {
        (None, Fate::Taken) => None,
        (Some(_), Fate::Taken) if field.path.ends_with("].name") => None,
        (why, fate) => Some(format!("{fate:?} {}: {}", field.path, why.as_deref().unwrap_or_default())),
    };
    judged.fields.iter().filter_map(told).collect()
}

#[track_caller]
fn judged(text: &str) -> Judged {
    let result = std::cell::RefCell::new(None);
    bench(true, &|bench| *result.borrow_mut() = Some(judge(text, bench)));
    result.into_inner().expect("a result").unwrap_or_else(|unusable| panic!("{unusable:?}"))
}

#[track_caller]
fn becomes(text: &str, new: &str, lines: &[&str]) {
    let judged = judged(text);
    assert_eq!(judged.text, new);
    assert_eq!(said(&judged), lines);
}

#[test]
fn what_means_the_same_here_is_taken_as_it_is() {
    let text =
        with("PORT: 4000, LOG: false, API_TIMEOUT_MS: 5, NON_INTERACTIVE_MODE: true, fallback: {think: ['p,m']}");
    becomes(&text, &text, &[]);
    let paths: Vec<String> = judged(&text).fields.into_iter().map(|field| field.path).collect();
    assert_eq!(
        paths,
        [
            "Providers[0].name",
            "Providers[0].api_base_url",
            "Providers[0].api_key",
            "Providers[0].models",
            "Router.default",
            "PORT",
            "LOG",
            "API_TIMEOUT_MS",
            "NON_INTERACTIVE_MODE",
            "fallback.think",
        ]
    );
}

#[test]
fn a_token_that_everybody_knows_is_left_out_and_a_good_one_goes_into_the_store() {
    for token in ["sk-mistral-router", "test", "short-one"] {
        let text = with(&format!("APIKEY: '{token}',"));
        becomes(&text, &with("").replace(", }", ",}"), &[&format!("LeftOut APIKEY: {}", advice::KNOWN_TOKEN)]);
    }
    let found = judged(&with("APIKEY: 'a-token-that-nobody-guesses'"));
    assert_eq!(found.text, with("APIKEY: 'store:apikey'"));
    assert_eq!((found.keys[0].name.as_str(), found.keys[0].host.as_str()), ("apikey", "127.0.0.1"));
    assert_eq!(judged(&with("APIKEY: '$KEY'")).text, with("APIKEY: '$KEY'"));
}

/// One provider with this key at this host.
fn provider(name: &str, host: &str, key: &str) -> String {
    format!(
        "{{Providers: [{{name: '{name}', api_base_url: '{host}', api_key: '{key}', models: ['m']}}], Router: {{default: '{name},m'}}}}"
    )
}

#[test]
fn a_key_in_clear_is_named_after_its_provider_and_bound_to_its_host() {
    let name = |name: &str, host: &str, key: &str| {
        let found = judged(&provider(name, host, key));
        let key = &found.keys[0];
        assert_eq!(found.text, provider(name, host, &format!("store:{}", key.name)));
        format!("{} for {} ({})", key.name, key.host, key.user)
    };
    assert_eq!(
        name("Mistral EU", "https://api.example/v1", "sk-1"),
        "mistral-eu for api.example (provider Mistral EU)"
    );
    assert_eq!(name("known", "https://known.example/v1", "sk-known"), "known for known.example (provider known)");
    assert_eq!(name("known", "https://known.example/v1", "sk-2"), "ccr/known for known.example (provider known)");
    assert_eq!(name("known", "https://other.example/v1", "sk-known"), "ccr/known for other.example (provider known)");
    assert_eq!(name("full", "https://x.example/v1", "sk-3"), "ccr/full-2 for x.example (provider full)");
}

#[test]
fn a_key_in_clear_that_nobody_reads_is_not_written_once_more() {
    let provider = |rest: &str| {
        format!(
            "Providers: [{{name: 'p', api_base_url: 'https://p.example/v1', api_key: '$KEY', models: ['m']{rest}}}]"
        )
    };
    let rest = "Router: {default: 'p,m'}";
    becomes(
        &format!("{{GEMINI_API_KEY: 'sk-1', OTHER_TOKEN: '$T', {}, {rest}}}", provider(", apiKeys: ['sk-2', '$K']")),
        &format!("{{OTHER_TOKEN: '$T', {}, {rest}}}", provider("")),
        &[
            "LeftOut GEMINI_API_KEY: a key in clear where nobody reads it; a provider's stands in `api_key`",
            "Idle OTHER_TOKEN: unknown key",
            "LeftOut Providers[0].apiKeys: a key in clear where nobody reads it; a provider's stands in `api_key`",
        ],
    );
}

#[test]
fn a_word_for_a_server_that_wants_no_key_stays_and_a_key_for_one_does_not() {
    let local = provider("ollama", "http://localhost:11434/v1", "ollama");
    becomes(&local, &local, &[]);
    assert_eq!(judged(&provider("vllm", "http://localhost:8000/v1", "sk-of-mine")).keys.len(), 1);
    assert_eq!(judged(&provider("far", "https://far.example/v1", "ollama")).keys.len(), 1);
}

#[test]
fn a_key_that_is_not_taken_is_asked_for_under_its_name() {
    bench(false, &|bench| {
        let found = judge(&provider("p", "https://p.example/v1", "sk-1"), bench).expect("it is good");
        assert_eq!(found.text, provider("p", "https://p.example/v1", "store:p"));
        assert_eq!(
            said(&found),
            ["Changed Providers[0].api_key: the key is not taken; `mcr key set p --host p.example` asks for it"]
        );
    });
}

#[test]
fn an_open_host_is_left_out_and_a_closed_one_taken() {
    becomes(
        &with("HOST: '0.0.0.0',"),
        &with("").replace(", }", ",}"),
        &[&format!("LeftOut HOST: {}", advice::OPEN_HOST)],
    );
    becomes(&with("HOST: '127.0.0.1'"), &with("HOST: '127.0.0.1'"), &[]);
}

#[test]
fn what_mcr_does_not_act_on_stays_and_is_told_with_what_to_do_instead() {
    let text = with("CUSTOM_ROUTER_PATH: '/r.js', forceUseImageAgent: true, OPENAI_MODEL: 'x', Mine: 1");
    becomes(
        &text,
        &text,
        &[
            "Idle CUSTOM_ROUTER_PATH: mcr runs no JavaScript; `Router`, `fallback`, `/model provider,model` and `<CCR-SUBAGENT-MODEL>` decide",
            "Idle forceUseImageAgent: there is no image agent; images go as they are to `Router.image` when the model chosen cannot see",
            "Idle OPENAI_MODEL: claude-code-router 2 does not read it either; name the provider in `Providers`",
            "Idle Mine: unknown key",
        ],
    );
}

#[test]
fn javascript_is_left_out_but_for_the_plugin_that_is_built_in() {
    let plugins = "transformers: [{path: '/p/strip-reasoning.js'}, {path: '/p/mine.js'}]";
    let judged = judged(&with(plugins));
    assert_eq!(judged.text, with("transformers: [{path: '/p/strip-reasoning.js'}]"));
    let said = said(&judged);
    assert_eq!(said[0], format!("Taken transformers[0]: {}", advice::STRIP_REASONING));
    assert!(said[1].starts_with("LeftOut transformers[1]: mcr runs no JavaScript; describe the change"), "{said:?}");
}

#[test]
fn a_transformer_that_is_not_here_is_left_out_and_its_neighbours_stay() {
    let text = provider("p", "https://p.example/v1", "$KEY")
        .replace("models:", "transformer: {use: ['mine', 'maxtoken', ['sampling', {top_p: 1}], 'Anthropic']}, models:");
    let judged = judged(&text);
    assert_eq!(judged.text, text.replace("'mine', 'maxtoken', ", "").replace(", 'Anthropic'", ""));
    let said = said(&judged);
    assert_eq!(said[0], "LeftOut Providers[0].transformer.use[0]: unknown transformer `mine`");
    assert!(said[1].starts_with("LeftOut Providers[0].transformer.use[1]: `maxtoken` needs a number"), "{said:?}");
    assert!(
        said[2].starts_with("LeftOut Providers[0].transformer.use[3]: mcr speaks chat completions only"),
        "{said:?}"
    );
}

#[test]
fn a_provider_that_cannot_be_used_goes_with_its_routes_and_the_others_stay() {
    let text = "{
  // two of them
  Providers: [
    {name: 'g', api_base_url: 'http://api.openai.com/v1', api_key: '', models: ['m']}, // the first
    {name: 'p', api_base_url: 'https://p.example/v1', api_key: '', models: ['m']},
  ],
  Router: {default: 'g,m', think: 'p,m'},
}";
    becomes(
        text,
        "{
  // two of them
  Providers: [
    // the first
    {name: 'p', api_base_url: 'https://p.example/v1', api_key: '', models: ['m']},
  ],
  Router: {think: 'p,m'},
}",
        &[
            "LeftOut Providers[0]: g: `http` sends key and code readable for everyone to api.openai.com; use `https`, or a loopback or private address",
            &format!("Taken Providers[1].api_key: {}", advice::NO_KEY),
            "Taken Router: `Router.default` is missing; requests go to `p,m`",
            "LeftOut Router.default: there is no provider `g`",
        ],
    );
}

#[test]
fn a_variable_that_is_unset_here_is_named_and_its_value_stays() {
    let text = with("PORT: '$MY_PORT', PROXY_URL: '${PROXY}',").replace("$KEY", "$OTHER_KEY");
    let judged = judged(&text);
    assert_eq!(
        (judged.text, judged.unset),
        (text, vec!["MY_PORT".to_owned(), "OTHER_KEY".to_owned(), "PROXY".to_owned()])
    );
}

#[test]
fn a_relative_prompt_is_found_where_it_was() {
    becomes(
        &with("REWRITE_SYSTEM_PROMPT: 'prompt.md'"),
        &with("REWRITE_SYSTEM_PROMPT: '/ccr/prompt.md'"),
        &["Changed REWRITE_SYSTEM_PROMPT: the path is absolute now; the file stays there"],
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_left_out_and_what_follows_is_told() {
    let judged = judged(&with("PROXY_URL: 'https://127.0.0.1:7890',"));
    let [line] = &said(&judged)[..] else { panic!("{:?}", said(&judged)) };
    assert!(line.starts_with("LeftOut PROXY_URL: a proxy of scheme `https` cannot be used"), "{line}");
    assert!(line.ends_with(advice::NO_PROXY), "{line}");
}

#[test]
fn a_script_goes_out_of_the_status_line_and_the_other_modules_stay() {
    let line = |modules: &str| with(&format!("StatusLine: {{enabled: true, default: {{modules: [{modules}]}}}}"));
    let judged = judged(&line("{type: 'script', scriptPath: '/x.js'}, {type: 'model'}"));
    assert_eq!(judged.text, line("{type: 'model'}"));
    assert!(
        said(&judged)[0].starts_with("LeftOut StatusLine.default.modules[0]: mcr runs no JavaScript"),
        "{:?}",
        said(&judged)
    );
}

#[test]
fn where_nothing_can_be_used_every_reason_is_told() {
    bench(true, &|bench| {
        let text =
            "{Providers: [{name: 'a', api_base_url: 'https://a.example/v1/messages', models: ['m']}], Router: {}}";
        let Err(Unusable::Nothing(fields)) = judge(text, bench) else { panic!("it is of no use") };
        let provider = fields.iter().find(|field| field.path == "Providers[0]").and_then(|field| field.why.as_deref());
        assert!(provider.is_some_and(|why| why.starts_with("a: `/messages` is another protocol")), "{fields:?}");
        for text in ["{", "[]", "3"] {
            assert!(matches!(judge(text, bench), Err(Unusable::Broken(_))), "{text}");
        }
    });
}

#[test]
fn a_route_to_a_retired_model_is_told_with_the_command_that_moves_it() {
    let text = include_str!("../../../tests/fixtures/config/guide.json");
    let judged = judged(text);
    let route =
        judged.fields.iter().find(|field| field.path == "Router.default").and_then(|field| field.why.as_deref());
    let why = route.unwrap_or_default();
    assert!(why.starts_with("the model was retired on ") && why.contains(": `mcr model default mistral,"), "{why}");
    assert_eq!(judged.text, text.replace("\"APIKEY\": \"sk-mistral-router\",\n", ""));
}

#[test]
fn a_model_that_only_a_route_names_is_added_where_claude_code_router_does_not_compare() {
    let text = with("fallback: {think: ['P,n', 'p,n', 'x,y']}").replace("'p,m'", "'p,special'");
    let judged = judged(&text);
    assert_eq!(judged.text, text.replace("['m']", "['m', 'special', 'n']").replace(", 'x,y'", ""));
    assert_eq!(
        said(&judged),
        [
            "Changed Providers[0].models[1]: `special` is added, since Router.default names it",
            "Changed Providers[0].models[2]: `n` is added, since fallback.think[0] names it",
            "LeftOut fallback.think[2]: there is no provider `x`",
        ]
    );
}

#[test]
fn of_two_providers_of_one_name_the_last_counts_as_in_claude_code_router() {
    let text = "{Providers: [{name: 'p', api_base_url: 'https://a.example/v1', api_key: 'sk-a', models: ['a']}, \
                {name: 'p', api_base_url: 'https://b.example/v1', api_key: '$KEY', models: ['b']}], Router: {default: 'p,b'}}";
    let judged = judged(text);
    assert!(
        judged.text.starts_with("{Providers: [{name: 'p', api_base_url: 'https://b.example/v1'"),
        "{}",
        judged.text
    );
    assert_eq!(judged.keys.len(), 0, "a key that nobody uses");
}

#[test]
fn two_dollars_stay_two() {
    let text = with("PROXY_URL: 'http://me:pa$$word@proxy.example:1'");
    assert_eq!(judged(&text).text, text.replace("$$", "$$$$"));
}
