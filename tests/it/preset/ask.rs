//! The questions, put to a person at a terminal.

use mcr::imitation::{Imitation, Models, Reply, models::Model, server::Law};
use serde_json::{Value, json};

use super::{asking, folder, installed};
use crate::common::{Sandbox, Terminal, soon};

#[test]
fn a_person_is_asked_again_where_ccr_gives_up_and_a_key_is_not_shown() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Key (apiKey), to be sent to localhost only");
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("Key");
    terminal.type_in("sk-typed-secret\r");
    terminal.wait_for("model");
    terminal.type_in("\r");
    terminal.wait_for("port");
    terminal.type_in("0\r");
    terminal.wait_for("it must be at least 1");
    terminal.wait_for("port");
    terminal.type_in("9\r");
    terminal.wait_for("installed preset asking");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("sk-typed-secret"), "{shown}");
    let text = std::fs::read_to_string(installed(&sandbox, "asking").join("values.json")).unwrap();
    let values: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(values["answers"], json!({"model": "small", "port": 9}));
    assert_eq!(values["secrets"]["apiKey"]["from"], "store:preset/asking/api_key");
}

#[test]
fn whoever_does_not_agree_gets_nothing_installed() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Install it?");
    terminal.type_in("n");
    terminal.wait_for("not installed: you did not agree");
    assert_eq!(terminal.end().0, Some(77));
    assert!(!sandbox.home().join("presets").exists());
}

/// An install of a preset that lists a server's models, up to the question for one.
fn discovering(sandbox: &Sandbox, url: &str) -> Terminal {
    let manifest = json!({"name": "finds", "version": "1", "schema": [
            {"id": "model", "type": "select", "options": {"type": "discover", "from": "p"}, "label": "Model"}],
        "Providers": [{"name": "p", "api_base_url": url, "models": ["{{model}}"]}], "Router": {"default": "p,{{model}}"}});
    folder(sandbox, "finds", &manifest);
    let mut terminal = Terminal::start(sandbox, &["preset", "install", "finds"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal
}

fn model(sandbox: &Sandbox) -> Value {
    let text = std::fs::read_to_string(installed(sandbox, "finds").join("values.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["answers"]["model"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_that_a_server_reports_are_listed_with_their_windows() {
    let models = Models::new([Model::plain("first-model", 4096), Model::plain("second-model", 65_536)]);
    let upstream = Imitation::start_under(Law::Lenient(models), |_, _| Reply::say("")).await.unwrap();
    let url = upstream.url();
    let asked = tokio::task::spawn_blocking(move || {
        let sandbox = Sandbox::new();
        let mut terminal = discovering(&sandbox, &url);
        terminal.wait_for("second-model - context 65536");
        terminal.wait_for("another, which I type");
        // Down to the second.
        terminal.type_in("\u{1b}[B\r");
        terminal.wait_for("installed preset finds");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        model(&sandbox)
    });
    assert_eq!(soon(asked).await.unwrap(), "second-model");
}

#[test]
fn where_no_server_answers_a_model_is_typed() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::new();
    let mut terminal = discovering(&sandbox, &format!("http://127.0.0.1:{free}/v1"));
    terminal.wait_for("cannot ask p for its models: ");
    terminal.wait_for("; type one");
    terminal.wait_for("Model");
    terminal.type_in("typed-model\r");
    terminal.wait_for("installed preset finds");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(model(&sandbox), "typed-model");
}
