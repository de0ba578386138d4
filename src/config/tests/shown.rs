//! Each value with where it came from.

use super::accept;

#[test]
fn every_value_says_where_it_came_from() {
    let config = accept(
        "{\n  APIKEY: 'sk-1',\n  Providers: [{name: 'mistral', api_base_url: 'https://api.mistral.ai/v1',\n    \
         api_key: '$MISTRAL_API_KEY', models: ['mistral-small-2603'], facts: {'mistral-small-2603': {vision: false}},\n    \
         transformer: {use: [['customparams', {api_key: 'sk-2', n: 1}]]}}],\n  \
         Router: {default: 'mistral,mistral-small-2603'},\n  PROXY_URL: 'http://u:sk-3@proxy:3128', PORT: '$PORT_NUMBER',\n}",
    );
    let shown: Vec<String> = config
        .settings
        .iter()
        .map(|setting| format!("{} = {} ({})", setting.path, setting.value, setting.source))
        .collect();
    assert_eq!(
        shown,
        [
            r#"Providers[0].name = "mistral" (3:22)"#,
            r#"Providers[0].api_base_url = "https://api.mistral.ai/v1/chat/completions" (3:47)"#,
            r#"Providers[0].api_key = "[secret]" (4:14, $MISTRAL_API_KEY)"#,
            r#"Providers[0].models[0] = "mistral-small-2603" (4:43)"#,
            r#"Providers[0].transformer.use[0] = ["customparams",{"api_key":"[secret]","n":1}] (5:25)"#,
            r#"Providers[0].dialect = "mistral" (from the host, else the name)"#,
            r"Providers[0].limits.max_concurrency = 8 (default)",
            r"Providers[0].limits.queue = 64 (default)",
            r"Providers[0].limits.queue_timeout_seconds = 20 (default)",
            r"Providers[0].health_probe.enabled = false (default)",
            r"Providers[0].facts.mistral-small-2603.vision = false (4:105)",
            r"Providers[0].facts.mistral-small-2603.window = 262144 (catalogue of 2026-11-20)",
            r#"Providers[0].facts.mistral-small-2603.reasoning = ["none","high"] (catalogue of 2026-11-20)"#,
            r#"Router.default = "mistral,mistral-small-2603" (6:21)"#,
            r"Router.longContextThreshold = 60000 (default)",
            r"PORT = 4567 (7:48, $PORT_NUMBER)",
            r"API_TIMEOUT_MS = 600000 (default)",
            r#"HOST = "127.0.0.1" (default)"#,
            r#"APIKEY = "[secret]" (2:11)"#,
            r#"PROXY_URL = "http://[secret]@proxy:3128/" (7:14)"#,
            r"LOG = true (default)",
            r#"LOG_LEVEL = "info" (default)"#,
            r"NON_INTERACTIVE_MODE = false (default)",
            r"StatusLine.enabled = false (default)",
            r#"StatusLine.currentStyle = "default" (default)"#,
            r"Clocks.headers_ms (cloud) = 60000 (default)",
            r"Clocks.headers_ms (mistral) = 720000 (default)",
            r"Clocks.headers_ms (local) = 300000 (default)",
            r"Clocks.first_event_ms (cloud) = 60000 (default)",
            r"Clocks.first_event_ms (mistral) = 720000 (default)",
            r"Clocks.first_event_ms (local) = 300000 (default)",
            r"Clocks.idle_ms (cloud) = 90000 (default)",
            r"Clocks.idle_ms (mistral) = 300000 (default)",
            r"Clocks.idle_ms (local) = 90000 (default)",
            r"Clocks.connect_ms = 5000 (default)",
            r"Clocks.total_ms = 600000 (default)",
            r"Retry.attempts = 3 (default)",
            r#"Retry.on_status = [408,425,"5xx"] (default)"#,
            r#"Egress.allow = ["eu","eea","ch","local"] (default)"#,
            r#"Egress.mode = "enforce" (default)"#,
            r#"Egress.agent = "block-vendor" (default)"#,
            r"Audit.enabled = true (default)",
            r"Audit.required = false (default)",
            r"Audit.body_digest = false (default)",
            r"Breaker.consecutive = 5 (default)",
            r"Breaker.failure_rate = 0.5 (default)",
            r"Breaker.window_seconds = 30 (default)",
            r"Breaker.min_requests = 10 (default)",
            r"Breaker.open_seconds = 10 (default)",
            r"Breaker.open_max_seconds = 300 (default)",
            r"Breaker.close_after = 2 (default)",
        ]
    );
}

#[test]
fn a_key_that_waits_for_its_variable_says_so() {
    let config = accept(
        "{Providers: [{name: 'p', api_base_url: 'https://x.example', models: ['m'],\napi_key: '$NONE'}], Router: {default: 'p,m'}}",
    );
    let key = config.settings.iter().find(|setting| setting.path == "Providers[0].api_key").unwrap();
    assert_eq!(key.source.to_string(), "2:10, $NONE is unset or empty");
}

#[test]
fn a_reference_is_shown_as_it_is_written_and_its_variables_with_it() {
    for (text, value, variables) in [
        ("env:MISTRAL_API_KEY", "env:MISTRAL_API_KEY", ", $MISTRAL_API_KEY"),
        ("cmd:vault -t $MISTRAL_API_KEY", "cmd:vault -t $MISTRAL_API_KEY", ", $MISTRAL_API_KEY"),
        ("store:mistral", "store:mistral", ""),
        ("file:~/key", "file:~/key", ""),
        ("env:NONE", "env:NONE", ", $NONE is unset or empty"),
        ("$MISTRAL_API_KEY", "[secret]", ", $MISTRAL_API_KEY"),
    ] {
        let config = accept(&format!(
            "{{Providers: [{{name: 'p', api_base_url: 'https://x.example', models: ['m'],\napi_key: '{text}'}}], \
             Router: {{default: 'p,m'}}}}"
        ));
        let key = config.settings.iter().find(|setting| setting.path == "Providers[0].api_key").unwrap();
        assert_eq!((key.value.as_str(), key.source.to_string()), (Some(value), format!("2:10{variables}")));
        assert!(!format!("{config:?} {:?}", config.settings).contains("sk-mistral"), "{text}");
    }
}
