//! Each kind of problem, with all its words.

use super::{accept, try_read, with, with_provider};

/// The text is refused with these errors; `c.json:` is left out in front.
#[track_caller]
pub(super) fn refuse(text: &str, errors: &[&str]) {
    let problems = try_read(text).map(drop).expect_err("it is refused");
    let found: Vec<String> = problems.errors().map(ToString::to_string).collect();
    let expected: Vec<String> = errors.iter().map(|error| format!("c.json:{error}")).collect();
    assert_eq!(found, expected);
}

/// The text is accepted with these warnings.
#[track_caller]
pub(super) fn warn(text: &str, warnings: &[&str]) {
    let found: Vec<String> = accept(text).warnings.iter().map(ToString::to_string).collect();
    let expected: Vec<String> = warnings.iter().map(|warning| format!("c.json:{warning}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_text_that_is_no_json5_is_refused_where_it_stops_being_it() {
    refuse("{\n  PORT: 1\n  HOST: 2\n}", &["3:3: expected comma"]);
    refuse("{Providers: [", &["1:13: what begins here does not end"]);
    refuse("{\n  PORT: 1,", &["1:1: what begins here does not end"]);
    refuse("", &["1:1: the text ends where a value should be"]);
    refuse("// only words\n", &["2:1: the text ends where a value should be"]);
    refuse("{PORT: 'a", &["1:1: what begins here does not end"]);
    refuse("{PORT 1}", &["1:7: expected colon"]);
    refuse("{} x", &["1:4: trailing characters"]);
    refuse("{PORT: 08}", &["1:8: leading zero"]);
    refuse(&"[".repeat(1000), &["1:65: nested too deep for a configuration"]);
}

#[test]
fn a_text_that_is_no_object_is_refused() {
    refuse("[]", &["1:1: expected an object, found a list"]);
}

#[test]
fn wrong_types_are_named() {
    refuse(
        &with(
            "PORT: true,\nLOG: 1,\nLOG_LEVEL: 3,\nStatusLine: true,\nfallback: [],\nClocks: 1,\nCLAUDE_PATH: {},\ntransformers: {}",
        ),
        &[
            "2:7: PORT: expected a whole number, found a boolean",
            "3:6: LOG: expected true or false, found a number",
            "4:12: LOG_LEVEL: expected a string, found a number",
            "5:13: StatusLine: expected an object, found a boolean",
            "6:11: fallback: expected an object, found a list",
            "7:9: Clocks: expected an object, found a number",
            "8:14: CLAUDE_PATH: expected a string, found an object",
            "9:15: transformers: expected a list, found an object",
        ],
    );
    refuse("{Providers: {}}", &["1:13: Providers: expected a list, found an object"]);
    refuse("{Providers: ['x']}", &["1:14: Providers[0]: expected an object, found a string"]);
}

#[test]
fn numbers_out_of_range_are_named() {
    refuse(
        &with("PORT: 70000,\nAPI_TIMEOUT_MS: 0,\nClocks: {idle_ms: -1, connect_ms: 1.5, total_ms: '9999999999'}"),
        &[
            "2:7: PORT: 70000 is no whole number from 1 to 65535",
            "3:17: API_TIMEOUT_MS: 0 is no whole number from 1 to 86400000",
            "4:19: Clocks.idle_ms: -1 is no whole number from 1 to 86400000",
            "4:35: Clocks.connect_ms: 1.5 is no whole number from 1 to 86400000",
            "4:50: Clocks.total_ms: 9999999999 is no whole number from 1 to 86400000",
        ],
    );
}

#[test]
fn a_configuration_without_providers_is_refused() {
    let what = "no provider is configured; name one with its `name`, `api_base_url`, `api_key` and `models`";
    refuse("{}", &[&format!("1:1: {what}")]);
    refuse("{PORT: 3456, Providers: [], Router: {}}", &[&format!("1:25: Providers: {what}")]);
}

#[test]
fn what_a_provider_lacks_is_named() {
    refuse(
        "{Providers: [{},\n{name: 'p'}]}",
        &[
            "1:14: Providers[0]: `name` is missing",
            "2:1: Providers[1]: `api_base_url` is missing",
            "2:1: Providers[1]: `models` is missing",
        ],
    );
}

#[test]
fn names_of_providers_are_unique_and_can_be_routed_to() {
    refuse(
        "{Providers: [\n{name: 'a', api_base_url: 'http://localhost', models: ['m']},\n{name: 'A'},\n{name: 'b,c'},\n{name: ''}]}",
        &[
            "3:8: Providers[1].name: provider `A` stands here twice; case makes no difference",
            "4:8: Providers[2].name: a name is not empty, has no comma, and no space around it",
            "5:8: Providers[3].name: a name is not empty, has no comma, and no space around it",
        ],
    );
}

#[test]
fn a_provider_has_models() {
    refuse(
        "{Providers: [{name: 'a', api_base_url: 'http://localhost',\nmodels: []},\n\
          {name: 'b', api_base_url: 'http://localhost',\nmodels: ['m', '', 3]}], Router: {default: 'b,m'}}",
        &[
            "2:9: Providers[0].models: the list of models is empty",
            "4:15: Providers[1].models[1]: the name of a model is empty",
            "4:19: Providers[1].models[2]: expected a string, found a number",
        ],
    );
}

#[test]
fn a_bad_address_is_refused_where_it_stands() {
    refuse(
        "{Providers: [{name: 'p', models: ['m'],\napi_base_url: 'https://u:sk-1@x.example/v1'}], Router: {default: 'p,m'}}",
        &["2:15: Providers[0].api_base_url: the address holds credentials; give the key as `api_key`"],
    );
}

#[test]
fn a_key_that_no_header_can_carry_is_refused_without_its_value() {
    refuse(
        &with_provider("api_key: '$BROKEN_KEY'"),
        &["2:10: Providers[0].api_key: a key has no spaces, line ends or other than ASCII characters"],
    );
}

#[test]
fn half_a_reference_is_refused_without_what_its_variables_hold() {
    let form = "behind `env:` stands the name of a variable";
    refuse(
        &format!("{{APIKEY: 'env:',\n{}", &with_provider("api_key: 'env:$MISTRAL_API_KEY'")[1..]),
        &[
            &format!("1:10: APIKEY: `env:` is no reference to a key: {form}"),
            &format!("3:10: Providers[0].api_key: `env:$MISTRAL_API_KEY` is no reference to a key: {form}"),
        ],
    );
}

#[test]
fn an_unknown_dialect_is_refused_with_the_nearest() {
    refuse(
        &with_provider("dialect: 'lmstudio'"),
        &[
            "2:10: Providers[0].dialect: unknown dialect `lmstudio`; known are mistral, openai, ollama, lm-studio, vllm, \
           llama.cpp, infomaniak, ionos, did you mean `lm-studio`?",
        ],
    );
}

#[test]
fn facts_are_checked() {
    refuse(
        &with_provider("facts: {m: {window: 5, reasoning: ['hihg'],\ntokenizer: 'tekken'}}"),
        &[
            "2:21: Providers[0].facts.m.window: 5 is no whole number from 1024 to 100000000",
            "2:36: Providers[0].facts.m.reasoning[0]: unknown effort `hihg`, did you mean `high`?",
            "3:12: Providers[0].facts.m.tokenizer: unknown tokenizer `tekken`",
        ],
    );
    warn(
        &with_provider("facts: {n: {}}"),
        &["2:9: Providers[0].facts.n: no model of this provider, did you mean `m`?"],
    );
}

#[test]
fn a_route_to_nowhere_is_refused_with_the_nearest() {
    refuse(
        "{Providers: [{name: 'mistral', api_base_url: 'https://x.example', models: ['devstral-latest']}], Router: {\n\
          default: 'mistal,devstral-latest',\nthink: 'mistral,devstral-latst',\nimage: 'devstral-latest', background: 'x,y'},\n\
          fallback: {think: ['mistral,other']}}",
        &[
            "2:10: Router.default: there is no provider `mistal`, did you mean `mistral`?",
            "3:8: Router.think: provider `mistral` has no model `devstral-latst`, did you mean `devstral-latest`?",
            "4:8: Router.image: `devstral-latest` is neither of the form `provider,model` nor a provider with one model, \
             did you mean `mistral,devstral-latest`?",
            "4:39: Router.background: there is no provider `x`",
            "5:20: fallback.think[0]: provider `mistral` has no model `other`",
        ],
    );
}

#[test]
fn an_unset_variable_outside_providers_is_refused() {
    refuse(
        &with("APIKEY: '$NONE',\nfallback: {default: ['${EMPTY},m']}, LOG_LEVEL: '${a b}'"),
        &[
            "2:9: APIKEY: environment variable `NONE` is unset or empty; run `export NONE=...` and start again",
            "3:22: fallback.default[0]: environment variable `EMPTY` is unset or empty; \
             run `export EMPTY=...` and start again",
            "3:49: LOG_LEVEL: `${` begins the name of a variable, as in `${NAME}`; write `$$` for a dollar",
        ],
    );
}

#[test]
fn a_host_that_others_reach_is_denied() {
    refuse(
        &with("HOST: '0.0.0.0'"),
        &["2:7: HOST: `0.0.0.0` is denied, other machines reach it; mcr listens on 127.0.0.1 or ::1"],
    );
    refuse(&with("HOST: 'example.org'"), &["2:7: HOST: `example.org` is no address; mcr listens on 127.0.0.1 or ::1"]);
}

#[test]
fn a_proxy_that_is_none_is_refused_without_its_value() {
    for proxy in ["proxy.example:3128", "http://a b"] {
        refuse(
            &with(&format!("PROXY_URL: '{proxy}'")),
            &["2:12: PROXY_URL: expected the URL of a proxy, such as `http://proxy.example:3128`"],
        );
    }
    let words = "2:12: PROXY_URL: a proxy of scheme `https` cannot be used, only `http`, `socks5` and `socks5h`";
    refuse(&with("PROXY_URL: 'https://u:sk-1@x:1080'"), &[words]);
}

#[test]
fn an_unknown_log_level_is_refused() {
    refuse(
        &with("LOG_LEVEL: 'inof'"),
        &[
            "2:12: LOG_LEVEL: unknown log level `inof`; known are fatal, error, warn, info, debug, trace, did you mean `info`?",
        ],
    );
}

#[test]
fn unknown_transformers_are_refused() {
    refuse(
        &with_provider("transformer: {use: ['cleancach',\n'gemini',\n['a', {}, 1],\n['maxtoken'],\n['sampling', 1]]}"),
        &[
            "2:21: Providers[0].transformer.use[0]: unknown transformer `cleancach`, did you mean `cleancache`?",
            "3:1: Providers[0].transformer.use[1]: mcr speaks chat completions only and has no `gemini`; known are \
             cleancache, stripreasoning, maxtoken, maxcompletiontokens, sampling, customparams, streamoptions, tooluse, \
             enhancetool, reasoning, deepseek, openrouter, groq, cerebras, rewrite",
            "4:1: Providers[0].transformer.use[2]: expected a name or `[\"name\", {options}]`",
            "5:2: Providers[0].transformer.use[3][0]: `maxtoken` needs a number, as in `[\"maxtoken\", {\"max_tokens\": 16384}]`",
            "6:14: Providers[0].transformer.use[4][1]: expected an object, found a number",
        ],
    );
}

#[test]
fn a_rewrite_that_changes_nothing_lawful_is_refused() {
    refuse(
        &with_provider("transformer: {use: ['rewrite',\n['rewrite', {remove: ['a..b'], rename: {a: 1}, set: []}]]}"),
        &[
            "2:21: Providers[0].transformer.use[0]: `rewrite` needs options, as in `[\"rewrite\", {\"remove\": [\"a.b\"], \
             \"rename\": {\"a.c\": \"a.d\"}, \"set\": {\"a.e\": 1}, \"default\": {\"a.f\": 2}}]`",
            "3:23: Providers[0].transformer.use[1][1].remove[0]: `a..b` is no dotted path such as `a.b.0.c` or \
             `messages.*.name`",
            "3:44: Providers[0].transformer.use[1][1].rename.a: expected a string, found a number",
            "3:53: Providers[0].transformer.use[1][1].set: expected an object, found a list",
        ],
    );
}

#[test]
fn a_plugin_is_refused_with_what_to_write_instead() {
    refuse(
        &with("transformers: [{path: '/x/my-plugin.js'}, {}]"),
        &[
            "2:23: transformers[0].path: mcr runs no JavaScript; describe the change in the provider's `transformer.use` \
             instead: [\"rewrite\", {\"remove\": [\"a.b\"], \"rename\": {\"a.c\": \"a.d\"}, \"set\": {\"a.e\": 1}, \
             \"default\": {\"a.f\": 2}}]",
            "2:43: transformers[1]: `path` is missing",
        ],
    );
}

#[test]
fn extra_keys_are_warnings() {
    warn(
        &with(
            "Ruoter: 1,\nCUSTOM_ROUTER_PATH: '$NONE',\nHTTPS_PROXY: 'http://a',\nPROXY_URL: 'http://b',\nzzz: 0,\nzzz: 1",
        ),
        &[
            "2:1: Ruoter: unknown key, did you mean `Router`?",
            "3:1: CUSTOM_ROUTER_PATH: mcr does not act on this key of claude-code-router's",
            "4:14: HTTPS_PROXY: `PROXY_URL` is used instead of this",
            "7:1: zzz: this key stands here twice, and only the last one counts",
            "7:1: zzz: unknown key",
        ],
    );
    warn(
        &with_provider("api_bse_url: 1,\ntokenizer: {},\ntransformer: {use: ['OpenAI', ['groq', {a: 1}]],\nmm: {}}"),
        &[
            "2:1: Providers[0].api_bse_url: unknown key, did you mean `api_base_url`?",
            "3:1: Providers[0].tokenizer: mcr does not act on this key of claude-code-router's",
            "4:21: Providers[0].transformer.use[0]: `OpenAI` changes nothing; leave it out",
            "4:41: Providers[0].transformer.use[1][1].a: `groq` takes no options",
            "5:1: Providers[0].transformer.mm: neither `use` nor a model of this provider, did you mean `m`?",
        ],
    );
    warn(
        &with("StatusLine: {enabled: true, fontFamily: 'Hack'}"),
        &["2:29: StatusLine.fontFamily: the terminal decides on the font, and nothing that is printed changes it"],
    );
}

#[test]
fn a_model_that_stands_twice_is_a_warning() {
    warn(
        "{Providers: [{name: 'p', api_base_url: 'http://localhost', models: ['m', 'm']}], Router: {default: 'p,m'}}",
        &["1:74: Providers[0].models[1]: model `m` stands here twice"],
    );
}

#[test]
fn errors_come_with_the_warnings_in_the_order_of_the_file() {
    let problems = try_read("{zzz: 1,\nPORT: 0,\nyyy: 2}").unwrap_err();
    let found: Vec<String> =
        problems.0.iter().map(|problem| format!("{} {}", problem.severity.as_str(), problem.path)).collect();
    assert_eq!(found, ["error ", "warning zzz", "error PORT", "warning yyy"]);
}

#[test]
fn what_is_wrong_with_the_breaker_and_the_tries_is_named() {
    refuse(
        &with(
            "Breaker: {consecutive: 0, failure_rate: 2, open_seconds: -1},\nRetry: {attempts: 11, on_status: [503, 400, 'x']}",
        ),
        &[
            "2:24: Breaker.consecutive: 0 is no whole number from 1 to 10000",
            "2:41: Breaker.failure_rate: a share of failures is a number above 0 and up to 1",
            "2:58: Breaker.open_seconds: -1 is no number of seconds above 0 and up to 86400",
            "3:19: Retry.attempts: 11 is no whole number from 1 to 10",
            "3:40: Retry.on_status[1]: after 400 another try cannot help; after these it may: \
             408, 425, 429, 500 to 599, `5xx`",
            "3:45: Retry.on_status[2]: expected a whole number, found a string",
        ],
    );
}
