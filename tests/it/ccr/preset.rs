//! Faults of claude-code-router's presets that no other test is about.

use std::fs;

use mcr::imitation::{Imitation, Models, Reply, Scripted, models::Model, server::Law};
use serde_json::{Value, json};

use crate::common::{Sandbox, ask, config, soon};
use crate::preset::session::{Session, agent};
use crate::preset::{files, folder, installed};
use crate::service::Service;

async fn local(replies: impl IntoIterator<Item = Reply>) -> Scripted {
    Imitation::scripted_under(Law::Lenient(Models::new([Model::plain("m", 131_072)])), replies).await.expect("a server")
}

fn manifest(url: &str) -> Value {
    json!({"name": "mine", "version": "1",
           "Providers": [{"name": "p", "api_base_url": url, "models": ["m"]}], "Router": {"default": "p,m"}})
}

fn install(sandbox: &Sandbox, name: &str, manifest: &Value, more: &[&str]) -> String {
    folder(sandbox, name, manifest);
    let picture = sandbox.mcr([&["preset", "install", name, "--yes"], more].concat());
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    picture
}

#[test]
fn after_a_delete_the_same_folder_installs_again_where_ccr_goes_round_in_circles() {
    let sandbox = Sandbox::new();
    for _ in 0..2 {
        install(&sandbox, "mine", &manifest("http://localhost/v1"), &[]);
        assert_eq!(files(&installed(&sandbox, "mine")), ["manifest.json", "values.json"]);
        assert!(sandbox.mcr(["preset", "delete", "mine", "--yes"]).starts_with("exit code: 0\n"));
        assert!(!installed(&sandbox, "mine").exists());
    }
}

#[test]
fn a_folder_that_somebody_made_by_hand_can_be_installed_over_where_ccr_says_already_installed() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(installed(&sandbox, "mine")).unwrap();
    folder(&sandbox, "mine", &manifest("http://localhost/v1"));
    let picture = sandbox.mcr(["preset", "install", "mine", "--yes"]);
    assert!(picture.starts_with("exit code: 73\n") && picture.contains("pass `--force` to replace it"), "{picture}");
    install(&sandbox, "mine", &manifest("http://localhost/v1"), &["--force"]);
    assert_eq!(files(&installed(&sandbox, "mine")), ["manifest.json", "values.json"]);
}

#[tokio::test]
async fn a_preset_is_served_under_its_folders_name_whatever_its_manifest_says_and_ccr_answers_404() {
    let upstream = local([Reply::say("one"), Reply::say("two")]).await;
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let mut named = manifest(&upstream.url());
    named["name"] = json!("another");
    sandbox.write("home/presets/mine/manifest.json", &named.to_string());
    let session = Session::start(&sandbox, &["mine"]).await;
    assert_eq!(soon(session.client().messages(&ask("Hi"))).await.expect("an answer").message.text(), "one");
    session.end().await;
    let service = Service::start(&sandbox);
    let answer = soon(service.client("/preset/mine").messages(&ask("Hi"))).await.expect("an answer");
    assert_eq!(answer.message.text(), "two");
}

#[tokio::test]
async fn the_guides_plugin_is_acted_on_in_a_preset_and_ccr_loads_none_there() {
    let upstream = local([Reply::say("Hello")]).await;
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    let mut with_plugin = manifest(&upstream.url());
    with_plugin["transformers"] = json!([{"path": "plugins/strip-reasoning.js"}]);
    with_plugin["Providers"][0]["transformer"] = json!({"use": ["cleancache", "stripreasoning"]});
    sandbox.write("mine/plugins/strip-reasoning.js", "module.exports = class {};");
    install(&sandbox, "mine", &with_plugin, &[]);
    let session = Session::start(&sandbox, &["mine"]).await;
    let mut thinking = ask("Hi");
    thinking["max_tokens"] = json!(8000);
    thinking["thinking"] = json!({"type": "enabled", "budget_tokens": 4000});
    thinking["system"] = json!([{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]);
    soon(session.client().messages(&thinking)).await.expect("a lawful answer");
    let sent = upstream.captured().remove(0).body.to_string();
    assert!(!sent.contains("reasoning") && !sent.contains("cache_control"), "{sent}");
    session.end().await;
}

#[tokio::test]
async fn a_preset_has_its_own_fallback_and_ccr_forgets_it() {
    let broken = local([Reply::status(500, &json!({"message": "no"}))]).await;
    let spare = local([Reply::say("from the spare")]).await;
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    let mut two = manifest(&broken.url());
    let other = json!({"name": "spare", "api_base_url": spare.url(), "models": ["m"]});
    two["Providers"].as_array_mut().unwrap().push(other);
    two["fallback"] = json!({"default": ["spare,m"]});
    install(&sandbox, "mine", &two, &[]);
    let session = Session::start(&sandbox, &["mine"]).await;
    let answer = soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(answer.message.text(), "from the spare");
    session.end().await;
}

#[tokio::test]
async fn no_server_sends_the_agent_nowhere_else_and_gives_it_no_key_as_in_ccr() {
    let upstream = local([Reply::say("Hello")]).await;
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    let mut without = manifest(&upstream.url());
    without["noServer"] = json!(true);
    without["schema"] = json!([{"id": "apiKey", "type": "password"}]);
    without["Providers"][0]["api_key"] = json!("{{apiKey}}");
    let picture = install(&sandbox, "mine", &without, &["--set", "apiKey=sk-of-the-provider"]);
    assert!(picture.contains("noServer: every request goes through mcr all the same"), "{picture}");
    let session = Session::start(&sandbox, &["mine"]).await;
    assert!(!session.settings.to_string().contains("sk-of-the-provider"));
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(upstream.captured()[0].headers["authorization"], "Bearer sk-of-the-provider");
    session.end().await;
}

#[test]
fn an_export_goes_where_it_is_told_to_and_ccr_does_not_listen() {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", &config("http://127.0.0.1:9/v1").to_string());
    let picture = sandbox.mcr(["preset", "export", "mine", "--output", "out/there"]);
    assert!(picture.starts_with("exit code: 0\n") && picture.ends_with("exported preset ~/out/there\n"), "{picture}");
    assert_eq!(files(&sandbox.folder().join("out")), ["there/manifest.json"]);
    let text = fs::read_to_string(sandbox.folder().join("out/there/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&manifest["name"], text.contains("sk-upstream")), (&json!("mine"), false));
}

/// Packs files as a repository's archive would be, whatever they are called.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, content) in entries {
        let mut head = tar::Header::new_gnu();
        head.set_size(content.len() as u64);
        head.set_mode(0o644);
        // Written as it is: the builder's own way refuses what this test is about.
        head.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        head.set_cksum();
        builder.append(&head, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn an_archive_that_leaves_its_folder_writes_nothing_where_ccr_compares_the_first_letters() {
    let text = manifest("http://localhost/v1").to_string();
    for name in ["../mine-evil/x", "mine/../../mine-evil/x", "/tmp/mcr-evil", "mine/CON", "mine/a:b", "mine\\..\\x"] {
        let sandbox = Sandbox::new();
        fs::write(sandbox.folder().join("p.tar.gz"), archive(&[("manifest.json", text.as_bytes()), (name, b"x")]))
            .unwrap();
        let picture = sandbox.mcr(["preset", "install", "p.tar.gz", "--yes"]);
        assert!(picture.starts_with("exit code: 65\n"), "{name}: {picture}");
        assert_eq!(files(sandbox.folder()), ["p.tar.gz"], "{name}");
    }
}
