//! Presets below `/preset/<name>`.

use http::Method;
use mcr::imitation::{Client, Imitation, Models, Reply, Scripted, models::Model, server::Law};
use serde_json::{Value, json};

use super::Service;
use crate::common::requests::MODEL;
use crate::common::{Rig, Sandbox, ask, config, soon};
use crate::preset::folder;

async fn local(replies: impl IntoIterator<Item = Reply>) -> Scripted {
    let models = Models::new([Model::plain("m", 131_072)]);
    Imitation::scripted_under(Law::Lenient(models), replies).await.expect("a server")
}

fn manifest(url: &str) -> Value {
    json!({"name": "local", "version": "1",
           "Providers": [{"name": "p", "api_base_url": url, "models": ["m"]}], "Router": {"default": "p,m"}})
}

fn install(sandbox: &Sandbox, manifest: &Value) {
    folder(sandbox, "local", manifest);
    let picture = sandbox.mcr(["preset", "install", "local", "--yes", "--force"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    sandbox
}

async fn says(client: &Client) -> String {
    soon(client.messages(&ask("Hi"))).await.expect("a lawful answer").message.text()
}

/// The status and the words of a refusal.
async fn refused(client: &Client) -> (u16, String) {
    let answer = soon(client.raw(&Method::POST, "/v1/messages", ask("Hi").to_string())).await.unwrap();
    (answer.status, answer.json()["error"]["message"].as_str().expect("words").to_owned())
}

#[tokio::test]
async fn a_preset_that_is_installed_while_the_service_runs_is_served_with_its_own_routes() {
    let upstream = local([Reply::say("from the preset")]).await;
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    let client = service.client("/preset/local");
    assert_eq!(refused(&client).await, (404, "mcr: there is no preset `local`; run `mcr preset list`".to_owned()));
    install(&sandbox, &manifest(&upstream.url()));
    assert_eq!(says(&client).await, "from the preset");
    let models = soon(client.raw(&Method::GET, "/v1/models", "")).await.unwrap().json();
    assert_eq!(models["data"][0]["display_name"], "m (p)");
    let listed = service.status()["presets"].clone();
    assert_eq!(listed[0]["name"], "local");
    assert_eq!(listed[0]["configuration"]["routes"], json!([{"name": "default", "target": "p,m"}]));
}

#[tokio::test]
async fn openais_clients_get_the_presets_models_too() {
    let upstream = local([Reply::say("from the preset")]).await;
    let sandbox = sandbox();
    install(&sandbox, &manifest(&upstream.url()));
    let service = Service::start(&sandbox);
    let client = service.client("/preset/local").without_header("anthropic-version");
    let ask = async |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).to_string();
        soon(client.raw(&Method::POST, "/v1/chat/completions", body)).await.unwrap()
    };
    assert_eq!(ask("m").await.json()["choices"][0]["message"]["content"], "from the preset");
    let other = ask(MODEL).await;
    assert_eq!((other.status, other.json()["error"]["code"].as_str()), (404, Some("model_not_found")));
    let listed = soon(client.raw(&Method::GET, "/v1/models", "")).await.unwrap().json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][1]["id"]), (&json!("m"), &json!("mcr/default")));
}

#[tokio::test]
async fn tokens_are_counted_for_the_preset_and_ccr_counts_for_the_configuration() {
    let upstream = local([]).await;
    let sandbox = sandbox();
    install(&sandbox, &manifest(&upstream.url()));
    let service = Service::start(&sandbox);
    let counted = soon(service.client("/preset/local").count_tokens(&ask("Hi"))).await.unwrap();
    assert_eq!(counted.status, 200);
    // The preset's model has another tokenizer than the configuration's, of which nothing is known.
    let of = |name: &str| counted.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(of("x-mcr-token-count").as_deref(), Some("estimate"));
    let counted = soon(service.client("").count_tokens(&ask("Hi"))).await.unwrap();
    assert_eq!(counted.headers["x-mcr-token-count"], "exact");
}

#[tokio::test]
async fn a_preset_that_changes_is_read_anew_and_one_that_is_deleted_is_gone() {
    let (first, second) = (local([Reply::say("one")]).await, local([Reply::say("two")]).await);
    let sandbox = sandbox();
    install(&sandbox, &manifest(&first.url()));
    let service = Service::start(&sandbox);
    let client = service.client("/preset/local");
    assert_eq!(says(&client).await, "one");
    install(&sandbox, &manifest(&second.url()));
    let reloaded = async {
        while !sandbox.mcr(["logs"]).contains("configuration reloaded") {
            tokio::task::yield_now().await;
        }
    };
    soon(reloaded).await;
    assert_eq!(says(&client).await, "two");
    assert!(sandbox.mcr(["preset", "delete", "local", "--yes"]).starts_with("exit code: 0\n"));
    assert_eq!(refused(&client).await.0, 404);
}

#[tokio::test]
async fn a_preset_that_cannot_be_used_says_so_without_its_paths() {
    let sandbox = sandbox();
    sandbox.write("home/presets/broken/manifest.json", "{\"name\": \"broken\", \"Providers\": 7}");
    let service = Service::start(&sandbox);
    let words = "mcr: preset `broken` cannot be used; run `mcr broken` in a terminal to see why";
    assert_eq!(refused(&service.client("/preset/broken")).await, (500, words.to_owned()));
    let log = sandbox.mcr(["logs"]);
    assert!(log.contains("preset not opened preset=broken"), "{log}");
}

#[tokio::test]
async fn a_name_that_is_none_leads_nowhere() {
    let sandbox = sandbox();
    let service = Service::start(&sandbox);
    for name in ["", "UPPER", "a%20b", "start"] {
        assert_eq!(refused(&service.client(&format!("/preset/{name}"))).await.0, 404, "{name}");
    }
}

#[tokio::test]
async fn the_status_line_finds_its_session_below_the_preset() {
    let upstream = local([Reply::say("Hello")]).await;
    let sandbox = sandbox();
    install(&sandbox, &manifest(&upstream.url()));
    let service = Service::start(&sandbox);
    let client = service.client("/preset/local").header("x-claude-code-session-id", "session-1").unwrap();
    assert_eq!(says(&client).await, "Hello");
    let session = soon(client.raw(&Method::GET, "/mcr/session/session-1", "")).await.unwrap().json();
    assert_eq!((&session["last"]["provider"], &session["last"]["model"]), (&json!("p"), &json!("m")));
}

#[tokio::test]
async fn the_proxy_of_one_agent_has_neither_presets_nor_a_state_nor_an_end() {
    let mut sandbox = Sandbox::new();
    crate::preset::session::agent(&mut sandbox);
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let session = crate::preset::session::Session::start(&sandbox, &["--config", "config.json", "code"]).await;
    for (method, path) in
        [(Method::GET, "/preset/local/v1/models"), (Method::GET, "/mcr/status"), (Method::POST, "/mcr/stop")]
    {
        let answer = soon(session.client().raw(&method, path, "{}")).await.unwrap();
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    session.end().await;
}

#[tokio::test]
async fn in_the_foreground_presets_are_served_too() {
    let upstream = local([Reply::say("Hello")]).await;
    let rig = Rig::new([]).await;
    install(&rig.sandbox, &manifest(&upstream.url()));
    let service = Service { sandbox: &rig.sandbox };
    assert_eq!(says(&service.client("/preset/local")).await, "Hello");
}

#[tokio::test]
async fn with_presets_and_no_configuration_the_presets_are_served_and_nothing_else() {
    let upstream = local([Reply::say("from the preset")]).await;
    let sandbox = Sandbox::new();
    install(&sandbox, &manifest(&upstream.url()));
    let service = Service { sandbox: &sandbox };
    let picture = sandbox.mcr(["start", "--port", "0"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(says(&service.client("/preset/local")).await, "from the preset");
    let (status, words) = refused(&service.client("")).await;
    assert_eq!(status, 401);
    assert!(words.contains("environment variable `MISTRAL_API_KEY` is unset or empty"), "{words}");
    let restarted = sandbox.mcr(["restart"]);
    assert!(restarted.starts_with("exit code: 0\n"), "{restarted}");
    let activated = sandbox.mcr(["activate", "bash", "--preset", "local"]);
    assert!(activated.contains(&format!("export ANTHROPIC_BASE_URL='{}/preset/local'", service.url())), "{activated}");
}
