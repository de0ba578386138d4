//! `mcr <preset>`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Models, Reply, Scripted, models::Model, server::Law};
use serde_json::{Value, json};

use super::session::{Session, agent};
use super::{folder, install_asking, installed};
use crate::common::{Sandbox, ask, soon};

/// A local server with these models, for one request.
async fn local(models: &[&str]) -> Scripted {
    let listed = Models::new(models.iter().map(|model| Model::plain(model, 131_072)));
    Imitation::scripted_under(Law::Lenient(listed), [Reply::say("Hello")]).await.expect("a server")
}

fn guide(name: &str) -> String {
    fs::read_to_string(format!("{}/tests/fixtures/guide/{name}/manifest.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
async fn the_guides_cloud_preset_sends_the_key_and_not_the_placeholder_as_in_ccr() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.set("KEY", "sk-of-the-environment");
    // The models of the guide are retired, and the imitation says so; everything else is as published.
    let text = guide("mistral-cloud")
        .replace("https://api.mistral.ai/v1/chat/completions", &upstream.url())
        .replace("devstral-latest", "mistral-medium-latest");
    sandbox.write("mistral-cloud/manifest.json", &text);
    let picture = sandbox.mcr(["preset", "install", "mistral-cloud", "--set", "apiKey=env:KEY", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let session = Session::start(&sandbox, &["mistral-cloud", "-p", "say hi", "--verbose"]).await;
    let answer = soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "Hello");
    let sent = upstream.captured().remove(0);
    assert_eq!(sent.headers["authorization"], "Bearer sk-of-the-environment");
    assert_eq!(sent.body["reasoning"], Value::Null);
    let (code, arguments) = session.end().await;
    assert_eq!((code, arguments.as_str()), (Some(7), "-p\nsay hi\n--verbose\n"));
}

#[tokio::test]
async fn keys_from_the_store_and_from_files_are_sent_to_the_host_they_are_bound_to() {
    for (answer, expect) in [("sk-typed", "Bearer sk-typed"), ("file:key.txt", "Bearer sk-of-the-file")] {
        let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
        let mut sandbox = Sandbox::new();
        agent(&mut sandbox);
        let key = sandbox.write("key.txt", "sk-of-the-file\n");
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
        let manifest = json!({"name": "typed", "version": "1", "schema": [{"id": "apiKey", "type": "password"}],
            "Providers": [{"name": "mistral", "api_base_url": upstream.url(), "api_key": "{{apiKey}}",
                           "models": ["mistral-medium-3-5"]}], "Router": {"default": "mistral,mistral-medium-3-5"}});
        folder(&sandbox, "typed", &manifest);
        let picture = sandbox.mcr(["preset", "install", "typed", "--yes", "--set", &format!("apiKey={answer}")]);
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
        let session = Session::start(&sandbox, &["typed"]).await;
        soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(upstream.captured()[0].headers["authorization"], expect);
        session.end().await;
    }
}

#[tokio::test]
async fn the_guides_local_presets_run_from_a_copied_folder_without_any_install() {
    for (name, address, model) in [
        ("mistral-ollama", "http://localhost:11434", "devstral-small:latest"),
        ("mistral-lm-studio", "http://localhost:1234", "mistralai/devstral-small-2-2512"),
    ] {
        let upstream = local(&[model]).await;
        let mut sandbox = Sandbox::new();
        agent(&mut sandbox);
        // `cp -r presets/mistral-ollama ~/.claude-code-router/presets/`
        sandbox
            .write(&format!("home/presets/{name}/manifest.json"), &guide(name).replace(address, &upstream.base_url()));
        let session = Session::start(&sandbox, &[name]).await;
        soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(upstream.captured()[0].body["model"], model);
        assert_eq!(session.end().await.0, Some(7));
    }
}

#[tokio::test]
async fn a_preset_changes_limits_of_the_agent_and_not_where_it_sends() {
    let upstream = local(&["m"]).await;
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    let manifest = json!({"name": "limits", "version": "1",
        "Providers": [{"name": "p", "api_base_url": upstream.url(), "models": ["m"]}], "Router": {"default": "p,m"},
        "claudeCodeSettings": {"env": {"MAX_THINKING_TOKENS": "9"}, "spinnerTipsEnabled": false}});
    folder(&sandbox, "limits", &manifest);
    sandbox.mcr(["preset", "install", "limits", "--yes"]);
    let session = Session::start(&sandbox, &["limits"]).await;
    assert_eq!(session.settings["env"]["MAX_THINKING_TOKENS"], "9");
    assert_eq!(session.settings["spinnerTipsEnabled"], false);
    assert!(session.settings["env"]["ANTHROPIC_BASE_URL"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    session.end().await;
}

#[tokio::test]
async fn a_preset_is_read_anew_while_it_runs_and_ccr_wants_a_restart() {
    let (first, second) = (local(&["m"]).await, local(&["m"]).await);
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    let manifest = json!({"name": "moves", "version": "1", "schema": [{"id": "url", "type": "input"}],
        "Providers": [{"name": "p", "api_base_url": "{{url}}", "models": ["m"]}], "Router": {"default": "p,m"}});
    folder(&sandbox, "moves", &manifest);
    let set = |command: &str, url: &str| {
        let picture = sandbox.mcr(["preset", command, "moves", "--yes", "--set", &format!("url={url}")]);
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    };
    set("install", &first.url());
    let session = Session::start(&sandbox, &["moves"]).await;
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    set("reconfigure", &second.url());
    let logs = sandbox.home().join("logs");
    let reloaded = async {
        loop {
            let files =
                fs::read_dir(&logs).expect("logs").map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
            if files.collect::<String>().contains("configuration reloaded") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon(reloaded).await;
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!((first.captured().len(), second.captured().len()), (1, 1));
    session.end().await;
}

#[test]
fn a_word_that_is_neither_command_nor_preset_suggests_the_nearest() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    assert_snapshot!(sandbox.mcr(["askin", "-p", "x"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `askin`
    hint: did you mean `mcr asking`?
    hint: run `mcr --help` for the commands, `mcr preset list` for the presets
    ");
    assert_snapshot!(sandbox.mcr(["confg"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `confg`
    hint: did you mean `mcr config`?
    hint: run `mcr --help` for the commands, `mcr preset list` for the presets
    ");
    assert_snapshot!(sandbox.mcr(["mistral-cloud"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `mistral-cloud`
    hint: run `mcr preset install mistral-cloud`: it is built in and not installed
    ");
    assert_snapshot!(sandbox.mcr(["../x"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `../x`
    hint: run `mcr --help` for the commands, `mcr preset list` for the presets
    ");
}

#[test]
fn a_copied_preset_that_asks_is_told_to_be_configured() {
    let sandbox = Sandbox::new();
    sandbox.write("home/presets/mistral-cloud/manifest.json", &guide("mistral-cloud"));
    assert_snapshot!(sandbox.mcr(["mistral-cloud"]), @r"
    exit code: 78
    ----- stderr -----
    error: preset `mistral-cloud` has questions that are not answered:
      apiKey: an answer is needed
    hint: run `mcr preset reconfigure mistral-cloud`
    ");
}

#[test]
fn a_key_is_not_sent_to_a_host_that_was_put_in_later() {
    let mut sandbox = Sandbox::new();
    sandbox.set("KEY", "sk-1");
    install_asking(&sandbox);
    let file = installed(&sandbox, "asking").join("manifest.json");
    let text = fs::read_to_string(&file).unwrap().replace("http://localhost", "https://evil.test");
    fs::write(&file, text).unwrap();
    assert_snapshot!(sandbox.mcr(["asking"]), @r"
    exit code: 77
    ----- stderr -----
    error: preset `asking` is not run:
      apiKey: secret `apiKey` would be sent to evil.test; it was given for localhost
    hint: if this is what you want, agree to it with `mcr preset reconfigure asking`
    ");
}

#[test]
fn a_variable_is_read_when_somebody_has_agreed_to_it() {
    let sandbox = Sandbox::new();
    let text = json!({"name": "v", "version": "1", "Providers": [{"name": "p", "api_base_url": "https://x.test/v1",
        "api_key": "$SOME_KEY", "models": ["m"]}], "Router": {"default": "p,m"}});
    sandbox.write("home/presets/v/manifest.json", &text.to_string());
    assert_snapshot!(sandbox.mcr(["v"]), @r"
    exit code: 77
    ----- stderr -----
    error: preset `v` is not run:
      SOME_KEY: `$SOME_KEY` would be sent to x.test; nobody has agreed to that
    hint: if this is what you want, agree to it with `mcr preset reconfigure v`
    ");
}
