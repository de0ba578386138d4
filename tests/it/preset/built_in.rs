//! The presets that mcr carries: each is installed, and a request goes through it.

use std::fs;

use mcr::imitation::{Imitation, Models, Reply, models::Model, server::Law};
use mcr::preset::built_in::PRESETS;

use super::session::{Session, agent};
use super::{files, installed};
use crate::common::{Sandbox, ask, soon};

#[test]
fn every_built_in_preset_is_in_the_repository_and_the_other_way_round() {
    let folder = format!("{}/presets", env!("CARGO_MANIFEST_DIR"));
    let mut there: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert!(there.len() >= 5, "only {there:?}");
    assert_eq!(there, PRESETS.iter().map(|preset| preset.name.to_owned()).collect::<Vec<_>>());
}

#[test]
fn every_built_in_preset_is_valid_without_a_warning() {
    let sandbox = Sandbox::new();
    for preset in PRESETS {
        let picture = sandbox.mcr(["preset", "validate", preset.name]);
        assert!(picture.starts_with("exit code: 0\n----- stderr -----\n"), "{}: {picture}", preset.name);
    }
}

#[tokio::test]
async fn a_request_goes_through_every_built_in_preset_for_a_server_of_ones_own() {
    let local: Vec<&str> = PRESETS.iter().map(|preset| preset.name).filter(|name| *name != "mistral-cloud").collect();
    assert_eq!(local.len(), 4);
    for name in local {
        let models = Models::new([Model::plain("my-model", 131_072)]);
        let upstream = Imitation::scripted_under(Law::Lenient(models), [Reply::say("Hello")]).await.unwrap();
        let mut sandbox = Sandbox::new();
        agent(&mut sandbox);
        let url = format!("url={}", upstream.url());
        let options = ["--set", &url, "--set", "model=my-model", "--set", "window=32768", "--yes"];
        let picture = sandbox.mcr(["preset", "install", name].into_iter().chain(options));
        assert!(picture.starts_with("exit code: 0\n"), "{name}: {picture}");
        assert_eq!(files(&installed(&sandbox, name)), ["README.md", "manifest.json", "values.json"]);
        let session = Session::start(&sandbox, &[name]).await;
        assert_eq!(session.settings["env"]["CLAUDE_CODE_MAX_CONTEXT_TOKENS"], "32768", "{name}");
        soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(upstream.captured()[0].body["model"], "my-model", "{name}");
        session.end().await;
    }
}

#[tokio::test]
async fn a_request_goes_through_mistral_cloud_once_its_host_is_the_imitations() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.set("KEY", "sk-1");
    let preset = PRESETS.iter().find(|preset| preset.name == "mistral-cloud").unwrap();
    let eu = "https://api.eu.mistral.ai/v1/chat/completions";
    assert!(preset.manifest.contains(eu));
    sandbox.write("mistral-cloud/manifest.json", &preset.manifest.replace(eu, &upstream.url()));
    let picture = sandbox.mcr(["preset", "install", "./mistral-cloud", "--set", "apiKey=env:KEY", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let session = Session::start(&sandbox, &["mistral-cloud"]).await;
    soon(session.client().messages(&ask("Hi"))).await.expect("a lawful answer");
    assert_eq!(upstream.captured()[0].body["model"], "mistral-medium-3-5");
    session.end().await;
}
