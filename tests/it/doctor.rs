//! `mcr doctor`: what it finds, what it says mends it, and what it mends itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mcr::imitation::{Imitation, Reply};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Sandbox, soon};
use crate::preset::discover::{Asked, Fake};

/// The findings, and the exit code.
async fn examined(sandbox: &Sandbox, options: &[&str]) -> (i32, Vec<Value>, String) {
    let mut command = sandbox.command(["--config", "config.json", "doctor", "--json"].iter().chain(options));
    let output = soon(tokio::task::spawn_blocking(move || command.output())).await.expect("no panic").expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings").clone();
    (output.status.code().expect("an exit code"), findings, String::from_utf8(output.stderr).expect("text"))
}

/// Severity and words of the first finding of a check.
fn of<'f>(findings: &'f [Value], id: &str) -> (&'f str, &'f str) {
    let found = findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id}: {findings:#?}"));
    (found["severity"].as_str().expect("a severity"), found["evidence"].as_str().expect("words"))
}

/// A home with an agent in it, so that what is found is of the rest.
fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let agent = sandbox.write("2.1.330", "#!/bin/sh\n");
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).expect("a mode");
    sandbox.set("CLAUDE_PATH", agent.to_str().expect("text"));
    sandbox
}

fn configure(sandbox: &Sandbox, provider: &Value) {
    let route = format!("{},{MODEL}", provider["name"].as_str().expect("a name"));
    // Nobody listens on the first port.
    let path = sandbox.configure(&json!({"PORT": 1, "Providers": [provider], "Router": {"default": route}}));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[tokio::test]
async fn a_provider_that_answers_has_its_key_its_models_and_its_clock_examined() {
    let upstream = Imitation::scripted([] as [Reply; 0]).await.expect("an upstream");
    let sandbox = sandbox();
    configure(&sandbox, &provider("mistral", &upstream.url(), MODEL));
    let (code, findings, _) = examined(&sandbox, &[]).await;
    for id in ["claude-code", "claude-code-version", "key", "model-served", "clock", "region", "permissions"] {
        assert_eq!(of(&findings, id).0, "ok", "{findings:#?}");
    }
    assert_eq!(code, i32::from(findings.iter().any(|finding| finding["severity"] == "warning")), "{findings:#?}");
}

/// Ollama with one model, which it gives too little.
fn ollama((method, path, ..): &Asked) -> Option<Value> {
    match (method.as_str(), path.as_str()) {
        ("GET", "/v1/models") => Some(json!({"data": [{"id": MODEL}]})),
        ("GET", "/api/version") => Some(json!({"version": "0.20.0"})),
        ("GET", "/api/ps") => Some(json!({"models": [{"model": MODEL, "context_length": 4096}]})),
        ("POST", "/api/show") => Some(json!({"capabilities": ["completion", "tools"]})),
        _ => None,
    }
}

#[tokio::test]
async fn a_server_is_asked_each_question_once() {
    let fake = Fake::start(ollama).await;
    let sandbox = sandbox();
    configure(&sandbox, &provider("ollama", &fake.url, MODEL));
    let (_, findings, _) = examined(&sandbox, &[]).await;
    assert_eq!(of(&findings, "ollama"), ("ok", "ollama: Ollama 0.20.0"));
    assert_eq!(of(&findings, "model-served").0, "ok");
    let given = "ollama: the server gives `mistral-medium-3-5` 4096 tokens of context; Claude Code wants 65536";
    assert!(findings.iter().any(|finding| finding["evidence"] == given), "{findings:#?}");
    assert_eq!(fake.asked(), ["GET /api/ps", "GET /api/version", "GET /v1/models", "POST /api/show"]);
}

#[tokio::test]
async fn a_key_that_is_refused_is_an_error_with_the_place_of_another() {
    let (url, _) = crate::key::command::answering(401).await;
    let mut sandbox = sandbox();
    sandbox.set("A_KEY", "sk-secret");
    let mut refused = provider("p", &url, MODEL);
    refused["api_key"] = json!("env:A_KEY");
    configure(&sandbox, &refused);
    let (code, findings, _) = examined(&sandbox, &[]).await;
    assert_eq!((code, of(&findings, "key").0), (2, "error"));
    let found = findings.iter().find(|finding| finding["id"] == "key").expect("a finding");
    assert_eq!(found["mend"], "run `export A_KEY=...` and start again");
    assert!(!findings.iter().any(|finding| finding.to_string().contains("sk-secret")), "{findings:#?}");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_an_error_without_asking_anybody() {
    let mut sandbox = sandbox();
    let with_key = |key: &str| {
        let mut provider = provider("mistral", "https://api.eu.mistral.ai/v1", MODEL);
        provider["api_key"] = json!(key);
        provider
    };
    for key in ["$NOPE", "env:NOPE", "store:nope", "file:nope"] {
        configure(&sandbox, &with_key(key));
        let (code, findings, _) = examined(&sandbox, &["--offline"]).await;
        assert_eq!((code, of(&findings, "key").0), (2, "error"), "{key}: {findings:#?}");
    }
    sandbox.set("A_KEY", "sk-secret");
    configure(&sandbox, &with_key("env:A_KEY"));
    let (_, findings, _) = examined(&sandbox, &["--offline"]).await;
    assert_eq!(of(&findings, "key"), ("ok", "mistral: the key for api.eu.mistral.ai is there: `env:A_KEY`"));
}

#[tokio::test]
async fn a_server_that_does_not_run_is_named_with_the_command_that_starts_it() {
    let sandbox = sandbox();
    configure(&sandbox, &provider("ollama", "http://127.0.0.1:1", MODEL));
    let (code, findings, _) = examined(&sandbox, &[]).await;
    assert_eq!((code, of(&findings, "reachable").0), (2, "error"));
    let (_, findings, _) = examined(&sandbox, &["--offline"]).await;
    assert!(!findings.iter().any(|finding| finding["id"] == "reachable"), "nobody is asked: {findings:#?}");
}

#[tokio::test]
async fn what_can_be_mended_is_mended_and_the_file_before_is_kept() {
    let mut sandbox = sandbox();
    sandbox.set("MISTRAL_API_KEY", "sk-x");
    let guide = fs::read_to_string("tests/fixtures/config/guide.json").expect("the guide's");
    let file = sandbox.write("config.json", &guide);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let (code, findings, _) = examined(&sandbox, &["--offline"]).await;
    assert_eq!((code, of(&findings, "model-lifecycle").0, of(&findings, "permissions").0), (2, "error", "warning"));
    let (code, findings, words) = examined(&sandbox, &["--offline", "--fix"]).await;
    assert!(code < 2 && !findings.iter().any(|finding| finding["id"] == "model-lifecycle"), "{findings:#?}");
    assert_eq!(of(&findings, "permissions").0, "ok");
    let kept = words.lines().find_map(|line| line.strip_prefix("the file before is kept: ")).expect("its place");
    assert_eq!(fs::read_to_string(sandbox.folder().join(kept)).expect("the copy"), guide);
    let now = fs::read_to_string(&file).expect("the configuration");
    assert!(now.contains("// ") && !now.contains("devstral-latest\""), "comments stay, the model does not: {now}");
}

#[tokio::test]
async fn models_with_one_successor_become_one_and_nothing_is_left_to_warn_of() {
    let mut sandbox = sandbox();
    sandbox.set("A_KEY", "sk-x");
    let file = sandbox.write(
        "config.json",
        r#"{"PORT": 1, "Providers": [{"name": "mistral", "api_base_url": "https://api.eu.mistral.ai/v1",
  "api_key": "$A_KEY",
  "models": [
    "devstral-2512", // for code
    "mistral-medium-3-5",
    "mistral-medium-2508"
  ]}],
"Router": {"default": "mistral,devstral-2512"},
"fallback": {"default": ["mistral, mistral-medium-2508", "mistral,devstral-2512"]}}"#,
    );
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    let (_, findings, _) = examined(&sandbox, &["--offline", "--fix"]).await;
    assert!(!findings.iter().any(|finding| finding["id"] == "model-lifecycle"), "{findings:#?}");
    insta::assert_snapshot!(fs::read_to_string(&file).expect("the configuration"), @r#"
    {"PORT": 1, "Providers": [{"name": "mistral", "api_base_url": "https://api.eu.mistral.ai/v1",
      "api_key": "$A_KEY",
      "models": [
        "mistral-medium-3-5" // for code
      ]}],
    "Router": {"default": "mistral,mistral-medium-3-5"},
    "fallback": {"default": ["mistral,mistral-medium-3-5"]}}
    "#);
    insta::assert_snapshot!(sandbox.mcr(["--config", "config.json", "config", "check"]), @r"
    exit code: 0
    ----- stderr -----
    no errors in config.json
    ");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_a_finding_and_loses_nothing() {
    let sandbox = sandbox();
    sandbox.write("config.json", "{Providers: [");
    let (code, findings, _) = examined(&sandbox, &["--fix"]).await;
    assert_eq!((code, of(&findings, "configuration").0), (2, "error"));
    assert_eq!(fs::read_to_string(sandbox.folder().join("config.json")).expect("the file"), "{Providers: [");
}

#[tokio::test]
async fn a_target_that_the_guard_refuses_is_an_error_with_what_lets_it_go() {
    let mut sandbox = sandbox();
    sandbox.set("A_KEY", "sk-x");
    let provider = |name: &str, host: &str, model: &str| {
        let address = format!("https://{host}/v1");
        json!({"name": name, "api_base_url": address, "api_key": "env:A_KEY", "models": [model]})
    };
    let providers = [provider("mistral", "api.eu.mistral.ai", MODEL), provider("openai", "api.openai.com", "gpt-4o")];
    let routes = json!({"default": format!("mistral,{MODEL}")});
    let fallback = json!({"default": ["openai,gpt-4o"]});
    let path = sandbox.configure(&json!({"PORT": 1, "Providers": providers, "Router": routes, "fallback": fallback}));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
    let (code, findings, _) = examined(&sandbox, &["--offline"]).await;
    let (severity, evidence) = of(&findings, "egress");
    assert_eq!((code, severity), (2, "error"), "{findings:#?}");
    assert!(evidence.contains("openai,gpt-4o (fallback.default) at api.openai.com: "), "{evidence}");
    let found = findings.iter().find(|finding| finding["id"] == "egress").expect("a finding");
    assert!(found["mend"].as_str().expect("a mend").starts_with("run `mcr egress allow api.openai.com "), "{found}");
    assert!(!findings.iter().any(|it| it["id"] == "region" && it["severity"] != "ok"), "{findings:#?}");
}

#[tokio::test]
async fn allowances_that_cannot_be_read_are_a_finding_and_the_rest_is_examined_all_the_same() {
    let sandbox = sandbox();
    configure(&sandbox, &provider("mistral", "http://127.0.0.1:1", MODEL));
    sandbox.write("home/egress.json", "[{");
    let (code, findings, _) = examined(&sandbox, &[]).await;
    assert_eq!((code, of(&findings, "egress").0, of(&findings, "region").0), (2, "error", "ok"), "{findings:#?}");
}
