//! Whatever stands in the file, it is read or refused at a place that exists.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::try_read;

/// Words that mean something somewhere, so that random documents go deep.
const KEYS: [&str; 35] = [
    "PORT",
    "HOST",
    "PROXY_URL",
    "LOG",
    "LOG_LEVEL",
    "Providers",
    "transformers",
    "Router",
    "fallback",
    "StatusLine",
    "Clocks",
    "name",
    "api_base_url",
    "api_key",
    "models",
    "transformer",
    "facts",
    "use",
    "default",
    "m",
    "window",
    "path",
    "idle_ms",
    "Breaker",
    "Retry",
    "on_status",
    "id",
    "provider",
    "model",
    "base_url",
    "secret_key_ref",
    "env",
    "timeout_seconds",
    "max_context_tokens",
    "zzz",
];

fn scalar() -> impl Strategy<Value = Value> {
    let words = [
        "p",
        "m",
        "p,m",
        "$NONE",
        "${",
        "$PORT_NUMBER",
        "http://localhost/v1",
        "https://u@x",
        "rewrite",
        "true",
        "mistral",
        "ollama:chat:m",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let problems = match try_read(text) {
        Ok(config) => {
            prop_assert!(!config.targets.is_empty());
            config.warnings
        }
        Err(problems) => {
            prop_assert!(problems.errors().next().is_some());
            problems.0
        }
    };
    for problem in problems {
        let line = text.split('\n').nth(problem.position.line - 1);
        let length = line.expect("the line exists").chars().count();
        prop_assert!((1..=length + 1).contains(&problem.position.column), "{}", problem);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(document in document()) {
        check(&format!("{document:#}").replace(['\u{2028}', '\u{2029}'], ""))?;
    }

    #[test]
    fn any_keys_beside_a_good_provider_are_read_or_refused(extra in document(), own in document()) {
        let mut provider = json!({"name": "p", "api_base_url": "http://localhost/v1", "models": ["m"]});
        for (key, value) in own.as_object().into_iter().flatten() {
            provider[key] = value.clone();
        }
        let mut whole = json!({"Providers": [provider]});
        for (key, value) in extra.as_object().into_iter().flatten().filter(|(key, _)| *key != "Providers") {
            whole[key] = value.clone();
        }
        check(&format!("{whole:#}").replace(['\u{2028}', '\u{2029}'], ""))?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[{}\\[\\]:,'\"$a-zA-Z0-9 /*\n]{0,60}") {
        check(&text)?;
    }
}
