//! Models that a server reports, listed where a preset asks for one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use mcr::imitation::{Imitation, Models, Reply, models::Model, server::Law};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{folder, installed};
use crate::common::{Sandbox, Terminal, soon};

/// What a server is asked: method, path, key and body.
pub type Asked = (String, String, Option<String>, Value);

/// A server that says what a function says, and remembers what it was asked; nothing is a 404.
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    _listener: tokio::task::JoinHandle<()>,
}

impl Fake {
    pub async fn start(answer: fn(&Asked) -> Option<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let remembered = Arc::clone(&asked);
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let remembered = Arc::clone(&remembered);
                let service = service_fn(move |request: Request<Incoming>| {
                    let remembered = Arc::clone(&remembered);
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let key = head.headers.get("authorization").map(|key| key.to_str().expect("text").to_owned());
                        let body = serde_json::from_slice(&body).unwrap_or_default();
                        let one = (head.method.to_string(), head.uri.path().to_owned(), key, body);
                        let said = answer(&one);
                        remembered.lock().expect("whole").push(one);
                        let status = if said.is_some() { 200 } else { 404 };
                        let body = Full::new(Bytes::from(said.unwrap_or_default().to_string()));
                        Ok::<_, hyper::Error>(Response::builder().status(status).body(body).expect("an answer"))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        };
        Self { url, asked, _listener: tokio::spawn(serve) }
    }

    /// What was asked, each a method and a path, in order of their letters.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("whole");
        let mut asked: Vec<String> = asked.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
        asked.sort();
        asked
    }

    /// The keys that came with the question for the list.
    pub fn keys(&self) -> Vec<Option<String>> {
        let asked = self.asked.lock().expect("whole");
        asked.iter().filter(|(_, path, ..)| path == "/v1/models").map(|(_, _, key, _)| key.clone()).collect()
    }
}

/// A preset that asks for a key, a model, and the model's window.
fn finds(provider: &str, url: &str) -> Value {
    json!({"name": "finds", "version": "1", "schema": [
            {"id": "key", "type": "password", "label": "Key", "required": false},
            {"id": "model", "type": "select", "options": {"type": "discover", "from": provider}, "label": "Model"},
            {"id": "window", "type": "number", "label": "Window", "defaultValue": 32768, "min": 16384}],
        "Providers": [{"name": provider, "api_base_url": url, "api_key": "{{key}}", "models": ["{{model}}"],
                       "facts": {"{{model}}": {"window": "{{window}}"}}}],
        "Router": {"default": format!("{provider},{{{{model}}}}")}})
}

/// An install up to the question for a model.
fn discovering(sandbox: &Sandbox, provider: &str, url: &str, key: &str) -> Terminal {
    folder(sandbox, "finds", &finds(provider, url));
    let mut terminal = Terminal::start(sandbox, &["preset", "install", "finds"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("Key");
    terminal.type_in(&format!("{key}\r"));
    terminal
}

fn answers(sandbox: &Sandbox) -> Value {
    let text = fs::read_to_string(installed(sandbox, "finds").join("values.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["answers"].clone()
}

/// Ends an install, and returns what was answered.
fn end(sandbox: &Sandbox, mut terminal: Terminal) -> Value {
    terminal.wait_for("installed preset finds");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    answers(sandbox)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    soon(tokio::task::spawn_blocking(work)).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_that_a_server_reports_are_listed_and_the_window_it_tells_is_the_default() {
    let models = Models::new([Model::plain("first-model", 20_000), Model::plain("second-model", 65_536)]);
    let upstream = Imitation::start_under(Law::Lenient(models), |_, _| Reply::say("")).await.unwrap();
    let url = upstream.url();
    let answers = blocking(move || {
        let sandbox = Sandbox::new();
        let mut terminal = discovering(&sandbox, "p", &url, "");
        terminal.wait_for("second-model - context 65536");
        terminal.wait_for("another, which I type");
        // Down to the second.
        terminal.type_in("\u{1b}[B\r");
        terminal.wait_for("Window [65536]");
        terminal.type_in("\r");
        end(&sandbox, terminal)
    });
    assert_eq!(answers.await, json!({"model": "second-model", "window": 65536}));
}

/// Ollama, with a model whose Modelfile says how much context it gets, and a loaded one that gets too little.
fn ollama((method, path, _, body): &Asked) -> Option<Value> {
    let info = json!({"general.architecture": "llama", "llama.context_length": 131_072});
    match (method.as_str(), path.as_str()) {
        ("GET", "/v1/models") => Some(json!({"data": [{"id": "big"}, {"id": "loaded"}, {"id": "embed"}]})),
        ("POST", "/api/show") if body["model"] == "embed" => Some(json!({"capabilities": ["embedding"]})),
        ("POST", "/api/show") => {
            let parameters = if body["model"] == "big" { "num_ctx 65536" } else { "" };
            Some(json!({"model_info": info, "parameters": parameters, "capabilities": ["completion", "tools"]}))
        }
        ("GET", "/api/ps") => Some(json!({"models": [{"name": "loaded", "model": "loaded", "context_length": 4096}]})),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ollama_is_asked_what_it_gives_each_model_and_too_little_is_told() {
    let fake = Fake::start(ollama).await;
    let url = fake.url.clone();
    let answers = blocking(move || {
        let sandbox = Sandbox::new();
        let mut terminal = discovering(&sandbox, "ollama", &url, "");
        terminal.wait_for("big - context 65536 of 131072");
        terminal.wait_for("loaded - context 4096 of 131072");
        terminal.type_in("\u{1b}[B\r");
        terminal.wait_for(
            "the server gives loaded a context of 4096 tokens, and it must be at least 16384; start it with more",
        );
        terminal.wait_for("Window [32768]");
        terminal.type_in("\r");
        end(&sandbox, terminal)
    });
    assert_eq!(answers.await, json!({"model": "loaded", "window": 32768}));
}

/// LM Studio with its own list beside `/v1`.
fn lm_studio((_, path, ..): &Asked) -> Option<Value> {
    match path.as_str() {
        "/v1/models" => Some(json!({"data": [{"id": "m"}, {"id": "embed"}]})),
        "/api/v0/models" => Some(json!({"data": [
            {"id": "m", "type": "llm", "max_context_length": 131_072, "loaded_context_length": 40000},
            {"id": "embed", "type": "embeddings", "max_context_length": 2048}]})),
        _ => None,
    }
}

/// llama.cpp: one model, and what it was started with.
fn llama_cpp((_, path, ..): &Asked) -> Option<Value> {
    match path.as_str() {
        "/v1/models" => Some(json!({"data": [{"id": "m", "meta": {"n_ctx_train": 131_072}}]})),
        "/props" => Some(json!({"default_generation_settings": {"n_ctx": 40000}})),
        _ => None,
    }
}

/// vLLM tells it in the list.
fn vllm((_, path, ..): &Asked) -> Option<Value> {
    (path == "/v1/models").then(|| json!({"data": [{"id": "m", "max_model_len": 40000}]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_server_tells_the_window_in_its_own_way() {
    type Case = (&'static str, fn(&Asked) -> Option<Value>, &'static str);
    let cases: [Case; 3] = [
        ("lm-studio", lm_studio, "m - context 40000 of 131072"),
        ("llama.cpp", llama_cpp, "m - context 40000 of 131072"),
        ("vllm", vllm, "m - context 40000"),
    ];
    for (name, answer, shown) in cases {
        let fake = Fake::start(answer).await;
        let url = fake.url.clone();
        let answers = blocking(move || {
            let sandbox = Sandbox::new();
            let mut terminal = discovering(&sandbox, name, &url, "");
            terminal.wait_for(shown);
            terminal.type_in("\r");
            terminal.wait_for("Window [40000]");
            terminal.type_in("\r");
            end(&sandbox, terminal)
        });
        assert_eq!(answers.await, json!({"model": "m", "window": 40000}), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_asked_for_with_the_key_wherever_it_is() {
    for key in ["sk-1", "env:KEY", "file:key", "cmd:echo sk-1", "store:k"] {
        let fake = Fake::start(vllm).await;
        let url = fake.url.clone();
        blocking(move || {
            let mut sandbox = Sandbox::new();
            sandbox.set("KEY", "sk-1");
            sandbox.set("PATH", "/usr/bin:/bin");
            let file = sandbox.write("key", "sk-1\n");
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
            keep(&sandbox, "127.0.0.1");
            let mut terminal = discovering(&sandbox, "vllm", &url, key);
            terminal.wait_for("m - context 40000");
            terminal.type_in("\r");
            terminal.wait_for("Window");
            terminal.type_in("\r");
            end(&sandbox, terminal);
        })
        .await;
        assert_eq!(fake.keys(), [Some("Bearer sk-1".to_owned())], "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_an_installation_asks_for_its_models_is_on_record() {
    let fake = Fake::start(vllm).await;
    let url = fake.url.clone();
    let record = blocking(move || {
        let sandbox = Sandbox::new();
        let mut terminal = discovering(&sandbox, "vllm", &url, "");
        terminal.wait_for("m - context 40000");
        terminal.type_in("\r");
        terminal.wait_for("Window");
        terminal.type_in("\r");
        end(&sandbox, terminal);
        sandbox.command(["audit", "show", "--kind", "probe", "--json"]).output().expect("mcr").stdout
    });
    let record: Value = serde_json::from_slice(&record.await).expect("JSON");
    let noted: Vec<Value> = record["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|it| json!([it["target"], it["host"], it["region"], it["reason"], it["status"], it["address"]]))
        .collect();
    assert_eq!(noted, [json!(["vllm", "127.0.0.1", "local", "its list of models", 200, "loopback"])]);
}

/// Puts `k` into the store, for a host.
fn keep(sandbox: &Sandbox, host: &str) {
    use std::io::Write as _;

    let mut command = sandbox.command(["key", "set", "k", "--host", host, "--from-stdin"]);
    let mut child = command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"sk-1\n").unwrap();
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_had_or_is_bound_elsewhere_is_told_in_a_line_and_sent_nowhere() {
    for (key, why) in [
        ("store:k", "key `k` is bound to api.example, and was not sent to 127.0.0.1; type one"),
        ("store:other", "there is no key `other` in the store; type one"),
        ("env:NONE", "environment variable `NONE` is unset or empty; type one"),
        ("file:none", "cannot read `file:none`: "),
        ("cmd:false", "exit"),
    ] {
        let fake = Fake::start(vllm).await;
        let url = fake.url.clone();
        blocking(move || {
            let mut sandbox = Sandbox::new();
            sandbox.set("PATH", "/usr/bin:/bin");
            keep(&sandbox, "api.example");
            let mut terminal = discovering(&sandbox, "vllm", &url, key);
            terminal.wait_for("cannot ask vllm for its models: ");
            terminal.wait_for(why);
            terminal.wait_for("Model");
            terminal.type_in("typed\r");
            terminal.wait_for("Window [32768]");
            terminal.type_in("\r");
            assert_eq!(end(&sandbox, terminal), json!({"model": "typed", "window": 32768}), "{key}");
        })
        .await;
        assert_eq!(fake.keys(), [], "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_given_for_another_host_does_not_leave_with_a_new_address() {
    for key in ["{{key}}", "$KEY"] {
        let fake = Fake::start(vllm).await;
        let url = fake.url.clone();
        blocking(move || {
            let mut sandbox = Sandbox::new();
            sandbox.set("KEY", "sk-1");
            let at = |url: &str| {
                let mut manifest = finds("vllm", url);
                manifest["Providers"][0]["api_key"] = json!(key);
                manifest
            };
            folder(&sandbox, "finds", &at("https://llm.example/v1"));
            sandbox.vouch_for(&["llm.example"]);
            let set = ["--set", "key=env:KEY", "--set", "model=m", "--yes"];
            let picture = sandbox.mcr(["preset", "install", "./finds"].into_iter().chain(set));
            assert!(picture.starts_with("exit code: 0\n"), "{picture}");
            fs::write(installed(&sandbox, "finds").join("manifest.json"), at(&url).to_string()).unwrap();
            let mut terminal = Terminal::start(&sandbox, &["preset", "reconfigure", "finds"]);
            terminal.wait_for("Key");
            terminal.type_in("\r");
            terminal.wait_for("its key was given for another host, and was not sent to 127.0.0.1; type one");
            terminal.type_in("\r");
            terminal.wait_for("Window");
            terminal.type_in("\r");
            terminal.wait_for("configured preset finds");
            assert_eq!(terminal.end().0, Some(0));
        })
        .await;
        assert_eq!(fake.keys(), [], "{key}");
    }
}

#[test]
fn where_no_server_answers_a_model_is_typed() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    let mut terminal = discovering(&sandbox, "p", &format!("http://127.0.0.1:{free}/v1"), "");
    terminal.wait_for("cannot ask p for its models: ");
    terminal.wait_for("; type one");
    terminal.wait_for("Model");
    terminal.type_in("typed-model\r");
    terminal.wait_for("Window");
    terminal.type_in("\r");
    assert_eq!(end(&sandbox, terminal)["model"], "typed-model");
}
