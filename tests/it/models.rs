//! `mcr models`: by configuration and catalogue, and by what providers say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::preset::discover::{Asked, Fake};

/// Runs a command while a fake answers.
fn mcr(sandbox: &Sandbox, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| sandbox.mcr(["models"].iter().chain(arguments)))
}

fn as_json(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Value> {
    let words = ["models", "--json"].iter().chain(arguments).copied();
    let output = tokio::task::block_in_place(|| sandbox.command(words).output().expect("the binary runs"));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    value["models"].as_array().expect("models").clone()
}

fn configured(providers: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let first = &providers[0];
    let target = format!("{},{}", first["name"].as_str().unwrap(), first["models"][0].as_str().unwrap());
    let config = json!({"Providers": providers, "Router": {"default": target}});
    sandbox.write("home/config.json", &config.to_string());
    sandbox
}

#[test]
fn configured_models_are_shown_with_what_the_catalogue_knows() {
    let mistral = ["mistral-small-latest", "devstral-2512", "labs-devstral-small-2512", "new-one"];
    let sandbox = configured(&json!([
        {"name": "eu", "api_base_url": "https://api.eu.mistral.ai/v1", "api_key": "sk-1", "models": mistral},
        {"name": "hoster", "api_base_url": "https://h.example/v1", "api_key": "sk-1", "models": ["devstral-2512"]},
        {"name": "ollama", "api_base_url": "http://localhost:11434/v1", "models": ["big:120b-cloud", "devstral-2512"]},
    ]));
    let shown = mcr_alone(&sandbox, &[]);
    // What the catalogue prices beside them is another test's.
    let lines = shown.lines().filter(|line| !line.starts_with("   eu")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(lines, @r"
    exit code: 0
    ----- stdout -----
       provider  model                     window   tools    vision   reasoning     price                     lifecycle                                 region     source
    *  eu        mistral-small-latest      262144   yes      yes      none,high     $0.165/$0.66              current                                   EU         catalogue
    *  eu        devstral-2512             262144   yes      no       no            unknown                   retired 2026-07-31 -> mistral-medium-3-5  EU         catalogue
    *  eu        labs-devstral-small-2512  262144   yes      no       no            unknown                   retired 2026-03-31 -> mistral-medium-3-5  EU         catalogue
    *  eu        new-one                   unknown  unknown  unknown  unknown       unknown                   unknown                                   EU         configuration
    *  hoster    devstral-2512             262144   yes      no       no            unknown                   retired 2026-07-31 -> mistral-medium-3-5  unknown    catalogue
    *  ollama    big:120b-cloud            unknown  unknown  unknown  unknown       unknown                   -                                         elsewhere  configuration
    *  ollama    devstral-2512             262144   yes      no       no            free                      -                                         local      catalogue

    * configured. Prices: a million tokens of prompt / of answer. Catalogue of 2026-11-20.
    ! devstral-2512 retired 2026-07-31 -> mistral-medium-3-5
    ! labs-devstral-small-2512: training with requests is possible, whatever the plan or opt-out (Mistral's documentation repository, 2026-08-21)
    ! labs-devstral-small-2512 retired 2026-03-31 -> mistral-medium-3-5
    ! devstral-2512 retired 2026-07-31 -> mistral-medium-3-5
    ! big:120b-cloud runs elsewhere: operated by Ollama Inc., US
    ");
}

fn mcr_alone(sandbox: &Sandbox, arguments: &[&str]) -> String {
    sandbox.mcr(["models"].iter().chain(arguments))
}

#[test]
fn what_the_catalogue_prices_at_a_host_is_offered_beside_what_is_configured() {
    let sandbox = configured(&json!([
        {"name": "global", "api_base_url": "https://api.mistral.ai/v1", "api_key": "k", "models": ["mistral-small-2603"]},
    ]));
    let shown = mcr_alone(&sandbox, &["GLOBAL"]);
    assert!(shown.contains("*  global    mistral-small-2603        262144   yes    yes"), "{shown}");
    assert!(
        shown.contains("   global    ministral-3b-2512         131072   yes    yes     no            $0.1/$0.1"),
        "{shown}"
    );
    assert!(shown.contains("  current    global  catalogue\n"), "{shown}");
    assert_eq!(shown.matches("mistral-small-2603").count(), 1, "{shown}");
    assert_snapshot!(mcr_alone(&sandbox, &["globl"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no provider `globl`
    hint: configured are global
    ");
}

/// A hosted service in Mistral's words, with an id that would clear the screen.
fn hosted((_, path, key, _): &Asked) -> Option<Value> {
    if key.as_deref() != Some("Bearer sk-secret") || path != "/v1/models" {
        return None;
    }
    let capabilities = json!({"completion_chat": true, "function_calling": true, "vision": true, "reasoning": false});
    Some(json!({"data": [
        {"id": "given", "max_context_length": 40000, "capabilities": capabilities},
        {"id": "other", "max_context_length": 9000, "deprecation": "2020-01-31T00:00:00Z",
         "deprecation_replacement_model": "given"},
        {"id": "\u{1b}[2Jevil"},
        {"id": "evil\u{202e}", "max_context_length": 1},
    ]}))
}

fn ollama((method, path, _, body): &Asked) -> Option<Value> {
    let info = json!({"llama.context_length": 131_072});
    match (method.as_str(), path.as_str()) {
        ("GET", "/v1/models") => Some(json!({"data": [{"id": "big:cloud"}, {"id": "small"}]})),
        ("POST", "/api/show") if body["model"] == "small" => {
            Some(json!({"model_info": info, "parameters": "num_ctx 65536", "capabilities": ["completion", "thinking"]}))
        }
        _ => None,
    }
}

/// The line of a model, its columns joined by a bar.
fn line(table: &str, model: &str) -> String {
    let found = table.lines().find(|line| line.contains(&format!(" {model} ")) && !line.starts_with('!'));
    let line = found.unwrap_or_else(|| panic!("no {model} in\n{table}"));
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join(" | ").replace(&today, "TODAY")
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_that_are_asked_say_more_and_are_remembered_and_who_does_not_answer_is_named() {
    let (one, two) = (Fake::start(hosted).await, Fake::start(ollama).await);
    let sandbox = configured(&json!([
        {"name": "one", "api_base_url": one.url, "api_key": "sk-secret", "models": ["given"]},
        {"name": "ollama", "api_base_url": two.url, "models": ["small"]},
        {"name": "shut", "api_base_url": one.url, "api_key": "sk-other", "models": ["given"]},
    ]));
    let before = mcr(&sandbox, &[]);
    assert_eq!(
        line(&before, "given"),
        "* | one | given | unknown | unknown | unknown | unknown | free | - | local | configuration"
    );
    assert!(one.keys().is_empty(), "nobody is asked unless it is wanted");
    let shown = mcr(&sandbox, &["--refresh"]);
    assert!(shown.starts_with("exit code: 0\n"), "{shown}");
    assert_eq!(line(&shown, "given"), "* | one | given | 40000 | yes | yes | no | free | - | local | live TODAY");
    assert_eq!(line(&shown, "small"), "* | ollama | small | 65536 | no | no | yes | free | - | local | live TODAY");
    assert_eq!(
        line(&shown, "big:cloud"),
        "ollama | big:cloud | unknown | unknown | unknown | unknown | unknown | - | elsewhere | live TODAY"
    );
    assert!(shown.contains("! big:cloud runs elsewhere: operated by Ollama Inc., US\n"), "{shown}");
    assert!(shown.ends_with("cannot ask shut for its models: it answers with status 404 Not Found\n"), "{shown}");
    assert!(!shown.contains("evil") && !shown.contains('\u{1b}') && !shown.contains("sk-"), "{shown}");
    // Whom a key was shown is on record.
    let record = sandbox.command(["audit", "show", "--kind", "probe", "--json"]).output().unwrap();
    let record: Value = serde_json::from_slice(&record.stdout).unwrap();
    let mut probed: Vec<_> =
        record["records"].as_array().unwrap().iter().map(|it| (it["target"].as_str(), it["status"].as_u64())).collect();
    probed.sort_unstable();
    assert_eq!(probed, [(Some("ollama"), Some(200)), (Some("one"), Some(200)), (Some("shut"), Some(404))]);
    // Later the answers are still there, and nobody is asked again.
    let asked = one.keys().len();
    assert_eq!(line(&mcr(&sandbox, &[]), "other"), line(&shown, "other"));
    assert_eq!(one.keys().len(), asked);
    let kept = sandbox.home().join("state/models.json");
    let text = fs::read_to_string(&kept).unwrap();
    assert!(!text.contains("sk-"), "{text}");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let other = as_json(&sandbox, &["one"]).into_iter().find(|model| model["model"] == "other").unwrap();
    assert_eq!((&other["retired"], &other["replacement"]), (&json!("2020-01-31"), &json!("given")));
    assert_eq!((&other["source"], &other["configured"]), (&json!("live"), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_answers_the_rest_is_shown_and_the_exit_code_says_so() {
    let fake = Fake::start(|_| None).await;
    let sandbox = configured(&json!([{"name": "p", "api_base_url": fake.url, "models": ["m"]}]));
    assert_snapshot!(mcr(&sandbox, &["--refresh"]), @r"
    exit code: 69
    ----- stdout -----
       provider  model  window   tools    vision   reasoning  price  lifecycle  region  source
    *  p         m      unknown  unknown  unknown  unknown    free   -          local   configuration

    * configured. Prices: a million tokens of prompt / of answer. Catalogue of 2026-11-20.
    ----- stderr -----
    cannot ask p for its models: it answers with status 404 Not Found
    ");
    assert!(!sandbox.home().join("state/models.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_of_another_address_or_cannot_be_read_does_not_count() {
    let fake = Fake::start(hosted).await;
    let provider =
        |url: &str| json!([{"name": "one", "api_base_url": url, "api_key": "sk-secret", "models": ["given"]}]);
    let sandbox = configured(&provider(&fake.url));
    mcr(&sandbox, &["--refresh"]);
    let moved = json!({"Providers": provider("http://localhost:1/v1"), "Router": {"default": "one,given"}});
    sandbox.write("home/config.json", &moved.to_string());
    assert!(line(&mcr(&sandbox, &[]), "given").ends_with("configuration"));
    sandbox.write("home/state/models.json", "{\"version\": 1, \"prov");
    let shown = mcr(&sandbox, &[]);
    assert!(shown.starts_with("exit code: 0\n") && shown.contains("\nwarning: what providers said before"), "{shown}");
}
