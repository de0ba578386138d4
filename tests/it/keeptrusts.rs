//! `mcr import keeptrusts`: what it makes of a gateway's files, and that what it makes does what they say.
//!
//! The files are the pages' examples with the settings that their words name. `UPDATE=1 cargo test keeptrusts`
//! writes the configurations beside them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;
use insta::assert_snapshot;
use mcr::imitation::client::Answer;
use mcr::imitation::{Client, Gate, Imitation, Models, Reply, Scripted, server::Law};
use serde_json::{Value, json};

use crate::clocks::configured;
use crate::common::requests::KEY;
use crate::common::{Sandbox, Server, ask, soon, whole};

const FIXTURES: &str = "tests/fixtures/keeptrusts";

/// The gateway's file of this name.
fn file(name: &str) -> String {
    format!("{}/{FIXTURES}/{name}.yaml", env!("CARGO_MANIFEST_DIR"))
}

/// The configuration that is made of it, as text.
fn made(name: &str) -> String {
    let sandbox = Sandbox::new();
    let output = sandbox.command(["import", "keeptrusts", &file(name)]).output().expect("the binary runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(sandbox.home().join("config.json")).expect("a configuration")
}

#[test]
fn the_configurations_beside_the_files_are_what_is_made_of_them() {
    let mut names: Vec<PathBuf> = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    assert!(names.len() >= 8, "{names:?}");
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (text, beside) = (made(name), path.with_extension("json5"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &text).unwrap();
        }
        let committed = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(committed, text, "{}: run `UPDATE=1 cargo test keeptrusts`", beside.display());
    }
}

/// The configuration that is beside a file, whose targets are these upstreams.
fn config<'u>(name: &str, urls: impl IntoIterator<Item = &'u str>) -> Value {
    let text = fs::read_to_string(Path::new(FIXTURES).join(format!("{name}.json5"))).expect("a configuration");
    let mut config: Value = json5::from_str(&text).expect("JSON5");
    let providers = config["Providers"].as_array_mut().expect("a list");
    let mut urls = urls.into_iter();
    for provider in providers {
        if provider["api_base_url"].as_str().unwrap().contains("mistral") {
            provider["dialect"] = json!("mistral");
        }
        provider["api_base_url"] = json!(urls.next().expect("an upstream for each target"));
        provider["api_key"] = json!(KEY);
    }
    config
}

/// The upstreams of a configuration, and a server in front of them.
struct Gateway {
    upstreams: Vec<Scripted>,
    server: Server,
    _sandbox: Sandbox,
}

impl Gateway {
    async fn new(name: &str, scripts: Vec<Vec<Reply>>, change: impl FnOnce(&mut Value)) -> Self {
        let upstreams = upstreams(scripts).await;
        let urls: Vec<String> = upstreams.iter().map(|upstream| upstream.url()).collect();
        let mut config = config(name, urls.iter().map(String::as_str));
        change(&mut config);
        let sandbox = Sandbox::new();
        sandbox.configure(&config);
        let server = sandbox.start().await;
        Self { upstreams, server, _sandbox: sandbox }
    }

    async fn ask(&self, request: &Value) -> Answer {
        soon(self.server.client().messages(request)).await.expect("a lawful answer")
    }

    fn requests(&self) -> Vec<usize> {
        self.upstreams.iter().map(|upstream| upstream.captured().len()).collect()
    }
}

async fn upstreams(scripts: Vec<Vec<Reply>>) -> Vec<Scripted> {
    let mut upstreams = Vec::new();
    for script in scripts {
        // Not every model of the files is one that Mistral still has.
        upstreams.push(Imitation::scripted_under(Law::Lenient(Models::hosted()), script).await.unwrap());
    }
    upstreams
}

fn failure(status: u16) -> Reply {
    Reply::status(status, &json!({"message": "no"}))
}

fn says(words: &str, count: usize) -> Vec<Reply> {
    (0..count).map(|_| Reply::say(words)).collect()
}

/// An address at which nobody was a moment ago.
fn nobody() -> String {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}/v1")
}

#[tokio::test]
async fn fallback_answers_from_the_second_whatever_the_first_does() {
    for name in ["fallback", "cross-provider"] {
        for (script, address) in [
            (vec![failure(503)], None),
            (vec![Reply::hang_up()], None),
            (vec![Reply::new().stall()], None),
            (vec![], Some(nobody())),
        ] {
            let gateway = Gateway::new(name, vec![script, says("Hello", 1)], |config| {
                config["Providers"][0]["stream_timeout_seconds"] = json!(0.3);
                if let Some(address) = address {
                    config["Providers"][0]["api_base_url"] = json!(address);
                }
            })
            .await;
            let answer = gateway.ask(&ask("Hi")).await;
            assert_eq!((answer.status, answer.message.text().as_str()), (200, "Hello"), "{name}");
            assert!(answer.header("x-mcr-fallback-from").is_some_and(|from| from.starts_with("mistral-")));
        }
    }
}

#[tokio::test]
async fn latency_prefers_the_quicker() {
    let gate = Gate::new();
    let held = vec![Reply::say("slow").hold(&gate)];
    let gateway = Gateway::new("latency", vec![held, says("quick", 9)], |_| {}).await;
    let client = gateway.server.client();
    // Both are new, and each is asked once: the second request chooses when the first is where it goes.
    let asked = || {
        let client = client.clone();
        tokio::spawn(async move {
            let began = Instant::now();
            (client.messages(&ask("Hi")).await.unwrap(), began.elapsed())
        })
    };
    let mut one = asked();
    let early = tokio::select! {
        answer = &mut one => Some(answer.unwrap()),
        _ = soon(gateway.upstreams[0].wait_for_requests(1)) => None,
    };
    let other = asked();
    let (slow, (other, took)) = match early {
        Some(quick) => (other, quick),
        None => (one, soon(other).await.unwrap()),
    };
    soon(gateway.upstreams[0].wait_for_requests(1)).await;
    let waiting = Instant::now();
    while waiting.elapsed() < took * 2 {
        soon(client.raw(&Method::GET, "/health", String::new())).await.unwrap();
    }
    gate.open();
    let (one, _) = soon(slow).await.unwrap();
    let mut words = [one.message.text(), other.message.text()];
    words.sort();
    assert_eq!(words, ["quick", "slow"]);
    for _ in 0..8 {
        assert_eq!(gateway.ask(&ask("Hi")).await.message.text(), "quick");
    }
    assert_eq!(gateway.requests(), [1, 9]);
}

#[tokio::test]
async fn weights_split_exactly_without_sessions() {
    let gateway = Gateway::new("weighted", vec![says("large", 14), says("mixtral", 6)], |_| {}).await;
    for _ in 0..20 {
        assert_eq!(gateway.ask(&ask("Hi")).await.status, 200);
    }
    assert_eq!(gateway.requests(), [14, 6]);
}

#[tokio::test]
async fn a_session_stays_with_the_variant_that_it_was_given() {
    let law = || Law::Lenient(Models::hosted());
    let mut upstreams = Vec::new();
    for words in ["large", "mixtral"] {
        upstreams.push(Imitation::start_under(law(), move |_, _| Reply::say(words)).await.unwrap());
    }
    let urls: Vec<String> = upstreams.iter().map(Imitation::url).collect();
    let sandbox = Sandbox::new();
    sandbox.configure(&config("weighted", urls.iter().map(String::as_str)));
    let server = sandbox.start().await;
    let mut given = Vec::new();
    for session in 0..40 {
        let client = server.client().header("x-claude-code-session-id", &format!("session-{session}")).unwrap();
        let first = soon(client.messages(&ask("Hi"))).await.unwrap().message.text();
        assert_eq!(soon(client.messages(&ask("Hi"))).await.unwrap().message.text(), first);
        given.push(first);
    }
    let large = given.iter().filter(|words| *words == "large").count();
    assert!((15..40).contains(&large), "{large} of 40 sessions");
}

#[tokio::test]
async fn the_breaker_opens_after_three_failures_and_closes_once_the_target_is_well() {
    let main = [vec![failure(503); 3], says("I am back", 2)].concat();
    let upstreams = upstreams(vec![main, says("spare", 5)]).await;
    let urls: Vec<String> = upstreams.iter().map(|upstream| upstream.url()).collect();
    let client = configured(&config("breaker", urls.iter().map(String::as_str)));
    let text = async |client: &Client| soon(client.messages(&ask("Hi"))).await.unwrap().message.text();
    for _ in 0..5 {
        assert_eq!(text(&client).await, "spare");
    }
    assert_eq!((upstreams[0].captured().len(), upstreams[1].captured().len()), (3, 5));
    tokio::time::pause();
    // Thirty seconds, and a fifth more at most.
    tokio::time::advance(Duration::from_secs(37)).await;
    tokio::time::resume();
    for _ in 0..2 {
        assert_eq!(text(&client).await, "I am back");
    }
}

#[tokio::test]
async fn a_retry_succeeds_after_one_failure() {
    for (status, request) in [(503, ask("Hi")), (503, whole(ask("Hi"))), (429, ask("Hi"))] {
        let gateway = Gateway::new("retry", vec![vec![failure(status), Reply::say("Hello")]], |_| {}).await;
        let answer = gateway.ask(&request).await;
        assert_eq!((answer.message.text().as_str(), answer.header("x-mcr-attempts")), ("Hello", Some("2")), "{status}");
    }
}

#[tokio::test]
async fn the_combined_configuration_survives_two_targets_that_fail() {
    let scripts = vec![vec![failure(503)], vec![], says("the third", 1)];
    let gateway = Gateway::new("combined", scripts, |config| {
        config["Providers"][1]["api_base_url"] = json!(nobody());
    })
    .await;
    let answer = gateway.ask(&ask("Hi")).await;
    let told = (answer.message.text(), answer.header("x-mcr-target"), answer.header("x-mcr-fallback-from"));
    let from = "mistral-large-primary,mistral-large-latest mistral-small-secondary,mistral-small-latest";
    assert_eq!(told, ("the third".to_owned(), Some("openai-emergency,gpt-4o-mini"), Some(from)));
}

#[tokio::test]
async fn a_prompt_beyond_a_targets_budget_is_refused_here_in_words_that_make_the_agent_compact() {
    let gateway = Gateway::new("combined", vec![vec![], vec![], vec![]], |config| {
        config["Providers"][0]["max_context_tokens"] = json!(2_000);
        config["Router"]["default"] = json!("mistral-large-primary");
    })
    .await;
    let answer = gateway.ask(&ask(&"many words ".repeat(2_000))).await;
    let words = answer.error.map(|error| error.message).unwrap_or_default();
    assert_eq!(answer.status, 400);
    // What is left of the budget once an answer has its place.
    assert!(words.starts_with("prompt is too long: ") && words.ends_with(" tokens > 976 maximum"), "{words}");
}

#[test]
fn every_field_of_a_gateway_is_told_by_its_path() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("policy-config.yaml", &fs::read_to_string(file("gateway")).unwrap());
    let file = file.to_str().unwrap();
    assert_snapshot!(sandbox.mcr(["import", "keeptrusts", file, "--dry-run"]), @r"
    exit code: 0
    ----- stdout -----
    configuration: ~/policy-config.yaml -> ~/home/config.json
      left out   pack.name                            it stands in the first line of the new file
      left out   pack.version                         a configuration has no version and no switch
      left out   pack.enabled                         a configuration has no version and no switch
      left out   policies.chain[0]                    prompt-injection: mcr does not look for it; filters of this kind miss most attacks
      left out   policies.chain[1]                    pii-detector: mcr replaces nothing in what is sent; where that must not leave, use a model of your own: `mcr preset install mistral-ollama`
      left out   policies.chain[2]                    safety-filter: mcr does not judge content; the provider's own filters hold
      left out   policies.chain[3]                    audit-logger: mcr notes each request without what was said: `mcr logs`, `mcr usage`
      left out   policy.prompt-injection.threshold    its policy has no counterpart
      left out   policy.prompt-injection.action       its policy has no counterpart
      left out   policy.pii-detector.action           its policy has no counterpart
      left out   policy.safety-filter.mode            its policy has no counterpart
      left out   policy.safety-filter.action          its policy has no counterpart
      left out   policy.audit-logger.retention_days   mcr keeps its newest twenty logs, whatever their age, and never what was said
      taken      providers.strategy                   requests go to the first target; the others may be named: `/model ID`
      taken      providers.targets[0].id              mistral-large
      taken      providers.targets[0].provider
      taken      providers.targets[0].model
      taken      providers.targets[0].base_url        api.mistral.ai promises no place of processing; api.eu.mistral.ai promises the EU
      changed    providers.targets[0].secret_key_ref  `api_key` is `$MISTRAL_API_KEY`

    nothing has been written: this was a dry run

    next
      export MISTRAL_API_KEY=...  # the configuration names it
      mcr config check            # what is odd
      mcr key test                # whether the providers take the keys
      mcr code                    # Claude Code on the configured models
    ");
    assert!(!sandbox.home().join("config.json").exists());
}

/// What becomes of a file, as JSON: the fates by path, and the new configuration.
fn imported(text: &str) -> (Vec<(String, String, String)>, Value) {
    let sandbox = Sandbox::new();
    let file = sandbox.write("policy-config.yaml", text);
    let output = sandbox.command(["import", "keeptrusts", "--json", file.to_str().unwrap()]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let word = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let fields = report["fields"].as_array().unwrap();
    let fields = fields.iter().map(|field| (word(field, "path"), word(field, "fate"), word(field, "why"))).collect();
    let config = fs::read_to_string(sandbox.home().join("config.json")).unwrap();
    (fields, json5::from_str(&config).unwrap())
}

#[test]
fn a_retired_model_gives_way_to_what_follows_it_and_other_strategies_have_names_here() {
    let (fields, config) = imported(
        "providers:\n  routing: {strategy: lowest_latency, window_seconds: 60}\n  targets:\n  - {id: a, provider: 'mistral:chat:mistral-small-latest'}\n  - {id: b, provider: mistral, model: devstral-2512, secret_key_ref: {env: OTHER_KEY}}\n  - {id: c, provider: ollama, model: 'devstral:24b', weight: 2}\n",
    );
    assert_eq!(config["Providers"][1]["models"], json!(["mistral-medium-3-5"]));
    assert_eq!(config["Providers"][1]["api_key"], "$OTHER_KEY");
    assert_eq!(config["Providers"][2]["api_base_url"], "http://localhost:11434/v1");
    assert_eq!(config["Providers"][2]["dialect"], "ollama");
    assert_eq!(config["Router"]["default"], json!({"strategy": "latency", "targets": ["a", "b", "c"]}));
    let told =
        |path: &str| fields.iter().find(|field| field.0 == path).map(|field| (field.1.as_str(), field.2.as_str()));
    let gone = "`devstral-2512` was retired on 2026-07-31; `mistral-medium-3-5` takes its place";
    assert_eq!(told("providers.targets[1].model"), Some(("changed", gone)));
    assert_eq!(told("providers.routing.strategy"), Some(("changed", "`latency` here")));
    assert_eq!(told("providers.routing.window_seconds"), Some(("left out", "the strategy has no such setting here")));
}

#[test]
fn no_key_is_copied_and_no_other_protocol_is_taken() {
    let text = "providers:\n  targets:\n  - {id: a, provider: mistral, model: mistral-small-latest, api_key: sk-geheim-1}\n  - {id: b, provider: anthropic, model: x}\n  - {id: c, provider: mistral, model: m, secret_key_ref: {env: 'sk geheim 2'}}\n  - {id: a, provider: openai, model: m}\n  - {provider: openai, model: m}\n";
    let (fields, config) = imported(text);
    assert!(!format!("{fields:?} {config}").contains("geheim"), "{fields:?} {config}");
    assert_eq!(config["Providers"].as_array().map(Vec::len), Some(2));
    let left: Vec<&str> = fields.iter().filter(|field| field.1 == "left out").map(|field| field.0.as_str()).collect();
    let target = |index: usize| format!("providers.targets[{index}]");
    let expected =
        [format!("{}.api_key", target(0)), target(1), format!("{}.secret_key_ref", target(2)), target(3), target(4)];
    assert_eq!(left, expected);
}

#[test]
fn a_price_that_is_none_stays_behind_alone() {
    for (pricing, is_taken) in [
        ("{prompt: 1, completion: 2.5}", true),
        ("{prompt: 0, completion: 0, cached: 0, currency: EUR}", true),
        ("{prompt: 1, completion: 2, note: '${HOME costs $5'}", true),
        ("{prompt: 1}", false),
        ("{prompt: '1', completion: 2}", false),
        ("{prompt: -1, completion: 2}", false),
        ("{prompt: 1, completion: 2, cached: -1}", false),
        ("{prompt: 1, completion: 2, currency: XAU}", false),
        ("{input: 1, output: 2}", false),
        ("free", false),
    ] {
        let (fields, config) = imported(&format!(
            "providers:\n  targets:\n  - {{id: a, provider: 'mistral:chat:mistral-medium-3-5', pricing: {pricing}}}\n"
        ));
        let fate = fields.iter().find(|field| field.0.ends_with(".pricing")).map(|field| field.1.as_str());
        assert_eq!(fate, Some(if is_taken { "taken" } else { "left out" }), "{pricing}");
        assert_eq!(config["Providers"][0].get("pricing").is_some(), is_taken, "{pricing}");
    }
}

#[test]
fn a_dollar_in_a_name_or_a_text_is_a_dollar_and_no_variable() {
    let (_, config) = imported(
        "providers:\n  targets:\n  - {id: 'a$HOME', provider: 'mistral:chat:m', description: '$5'}\n  - {id: 'b${', provider: 'ollama:chat:m$X'}\n  - {id: 'A$home', provider: 'ollama:chat:m'}\n",
    );
    assert_eq!(config["Providers"].as_array().map(Vec::len), Some(2), "{config}");
    assert_eq!(config["Router"]["default"], json!(["a$$HOME", "b$${"]));
    assert_eq!((&config["Providers"][0]["name"], &config["Providers"][1]["name"]), (&json!("a$$HOME"), &json!("b$${")));
    assert_eq!(config["Providers"][1]["models"], json!(["m$$X"]));
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("policy-config.yaml", &fs::read_to_string(file("retry")).unwrap());
    let file = file.to_str().unwrap();
    sandbox.write("home/config.json", "{Providers: []}");
    assert_snapshot!(sandbox.mcr(["import", "keeptrusts", file]), @r"
    exit code: 73
    ----- stderr -----
    error: what would be written is there already:
      ~/home/config.json
    hint: run `mcr import keeptrusts ~/policy-config.yaml --dry-run` to see what would be done
    hint: run `mcr import keeptrusts ~/policy-config.yaml --force` to replace it; a copy of each stays beside it
    ");
    assert_eq!(fs::read_to_string(sandbox.home().join("config.json")).unwrap(), "{Providers: []}");
    let picture = sandbox.mcr(["import", "keeptrusts", file, "--force"]);
    assert!(picture.starts_with("exit code: 0"), "{picture}");
    let kept = fs::read_dir(sandbox.home()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = kept.filter(|path| path.to_string_lossy().contains("before-import")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), "{Providers: []}");
}

#[test]
fn a_file_that_cannot_be_taken_is_told_with_its_place_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let import = |text: &str| {
        let file = sandbox.write("policy-config.yaml", text);
        sandbox.mcr(["import", "keeptrusts", file.to_str().unwrap()])
    };
    assert_snapshot!(import("providers:\n  targets: [\n"), @r"
    exit code: 65
    ----- stderr -----
    error: cannot import the gateway's configuration: ~/policy-config.yaml:3:1: while parsing a node, did not find expected node content
    hint: mend it there and run `mcr import keeptrusts` again; nothing has been written
    ");
    assert_snapshot!(import("providers:\n  targets:\n  - {id: a, provider: anthropic, model: x}\n"), @r"
    exit code: 65
    ----- stderr -----
    error: cannot import the gateway's configuration: it has no target that can be used
      providers.targets[0]: a: no address of chat completions is known of `anthropic`; give `base_url`
    hint: mend it there and run `mcr import keeptrusts` again; nothing has been written
    ");
    let laughs: String = (1..12).fold("l0: &l0 [ha, ha]\n".to_owned(), |text, level| {
        text + &format!("l{level}: &l{level} [{}]\n", vec![format!("*l{}", level - 1); 9].join(", "))
    });
    assert!(import(&laughs).contains("more than 20000 values, with what aliases stand for"));
    assert!(import(&"[".repeat(500_000)).starts_with("exit code: 65"));
    assert!(import(&"# words\n".repeat(200_000)).contains("it is larger than 1024 KiB"));
    assert_snapshot!(sandbox.mcr(["import", "keeptrusts", "none.yaml"]), @r"
    exit code: 66
    ----- stderr -----
    error: cannot read the gateway's configuration: none.yaml
      caused by: No such file or directory (os error 2)
    hint: name it: `mcr import keeptrusts policy-config.yaml`
    ");
    assert!(!sandbox.home().join("config.json").exists());
}

/// The configuration under a heading of the README.
fn documented(heading: &str) -> Value {
    let readme = fs::read_to_string("README.md").unwrap();
    let section = readme.split(&format!("### {heading}\n")).nth(1).expect("the section");
    let text = section.split("```json5\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a configuration");
    json5::from_str(text).expect("JSON5")
}

#[tokio::test]
async fn the_documented_configuration_is_read_and_survives_an_outage() {
    let mut documented = documented("To stay up when others go down");
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-documented-0123456789");
    sandbox.configure(&documented);
    let checked = sandbox.mcr(["config", "check", "--config", "config.json"]);
    assert_eq!(checked, "exit code: 0\n----- stderr -----\nno errors in config.json\n");
    let own = upstreams(vec![says("my own", 4)]).await.remove(0);
    for (provider, url) in
        documented["Providers"].as_array_mut().unwrap().iter_mut().zip([nobody(), nobody(), own.url()])
    {
        provider["base_url"] = json!(url);
    }
    sandbox.configure(&documented);
    let server = sandbox.start().await;
    for _ in 0..4 {
        assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "my own");
    }
    let status = sandbox.mcr(["status"]);
    assert!(status.contains("provider large  127.0.0.1  the first choice"), "{status}");
    assert_eq!(status.matches(": open for ").count(), 2, "{status}");
}

#[test]
fn what_is_known_of_a_provider_is_what_its_preset_says() {
    let mut count = 0;
    for (name, preset) in [
        ("mistral", "mistral-cloud"),
        ("ollama", "mistral-ollama"),
        ("lm-studio", "mistral-lm-studio"),
        ("vllm", "mistral-vllm"),
        ("llama.cpp", "mistral-llama-cpp"),
        ("scaleway", "scaleway"),
        ("ovhcloud", "ovhcloud"),
        ("ionos", "ionos"),
        ("stackit", "stackit"),
        ("infomaniak", "infomaniak"),
        ("nebius", "nebius"),
    ] {
        let known = mcr::catalog::provider(name).expect("a provider");
        let manifest = fs::read_to_string(format!("presets/{preset}/manifest.json")).unwrap();
        let readme = fs::read_to_string(format!("presets/{preset}/README.md")).unwrap();
        if let Some(address) = &known.base_url {
            assert!(manifest.contains(&format!("\"{address}")), "{name}: {address}");
            count += 1;
        }
        if let Some(key) = &known.key {
            assert!(readme.contains(key.as_str()), "{name}: {key}");
            count += 1;
        }
    }
    assert_eq!(count, 10 + 7);
}

#[test]
fn a_target_with_one_model_is_named_by_its_id_and_gets_no_other_model() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/config.json",
        "{Providers: [{id: 'large', provider: 'ollama', model: 'a', description: 'below the desk'},
          {id: 'small', provider: 'ollama:chat:b'}], Router: {default: 'large'}}",
    );
    assert_snapshot!(sandbox.mcr(["model", "default"]), @r"
    exit code: 0
    ----- stdout -----
    default      large,a  (below the desk)
    ");
    assert!(sandbox.mcr(["model", "background", "small"]).contains("route background: small,b"));
    assert_snapshot!(sandbox.mcr(["model", "default", "large,c", "--add"]), @r"
    exit code: 64
    ----- stderr -----
    error: provider `large` is written with one model, and gets no other
    hint: give it `models` in place of `model`: ~/home/config.json
    hint: or write another provider with the other `model`
    ");
}
