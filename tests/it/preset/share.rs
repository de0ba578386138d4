//! A configuration given away and taken in again.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::files;
use crate::common::Sandbox;

fn settings(picture: &str) -> Vec<(String, Value)> {
    let data = picture.strip_prefix("exit code: 0\n----- stdout -----\n").unwrap_or_else(|| panic!("{picture}"));
    let json: Value = serde_json::from_str(data).unwrap_or_else(|_| panic!("{picture}"));
    let list = json["settings"].as_array().expect("settings").clone();
    list.iter().map(|one| (one["path"].as_str().expect("a path").to_owned(), one["value"].clone())).collect()
}

#[test]
fn an_export_installs_to_the_same_configuration_and_holds_neither_keys_nor_paths() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-of-the-environment");
    sandbox.set("MODEL", "my-model");
    sandbox.write("mine/prompt.md", "Be brief.");
    let config = json!({
        "REWRITE_SYSTEM_PROMPT": sandbox.folder().join("mine/prompt.md").display().to_string(),
        "Providers": [
            {"name": "mistral", "api_base_url": "https://api.eu.mistral.ai/v1", "api_key": "$MISTRAL_API_KEY",
             "models": ["mistral-medium-3-5"], "transformer": {"use": ["cleancache", ["maxtoken", {"max_tokens": 9000}]]}},
            {"name": "own", "api_base_url": "http://localhost:9/v1", "api_key": "sk-literal-secret", "models": ["$MODEL"]},
        ],
        "Router": {"default": "mistral,mistral-medium-3-5", "background": "own,${MODEL}", "longContextThreshold": 7000},
        "fallback": {"default": ["own,$MODEL"]},
        "StatusLine": {"enabled": true},
    });
    sandbox.write("home/config.json", &config.to_string());
    assert_snapshot!(sandbox.mcr(["preset", "export", "shared", "--description", "Ours", "--tags", "eu,own"]), @r"
    exit code: 0
    ----- stderr -----
    the system prompt goes along: ~/mine/prompt.md
    exported preset ~/shared
    ");
    let shared = sandbox.folder().join("shared");
    assert_eq!(files(&shared), ["manifest.json", "prompts/prompt.md"]);
    let text = fs::read_to_string(shared.join("manifest.json")).unwrap();
    assert!(!text.contains("sk-") && !text.contains(&sandbox.folder().display().to_string()), "{text}");
    let set =
        ["--set", "mistralKey=env:MISTRAL_API_KEY", "--set", "ownKey=env:MISTRAL_API_KEY", "--set", "model=my-model"];
    let picture = sandbox.mcr(["preset", "install", "shared", "--yes"].into_iter().chain(set));
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let prompt = |settings: Vec<(String, Value)>| {
        settings.into_iter().filter(|(path, _)| path != "REWRITE_SYSTEM_PROMPT").collect::<Vec<_>>()
    };
    let before = prompt(settings(&sandbox.mcr(["config", "show", "--json"])));
    let after = prompt(settings(&sandbox.mcr(["preset", "show", "shared", "--json"])));
    assert!(before.len() > 20, "only {before:?}");
    assert_eq!(before, after);
}

#[test]
fn an_export_replaces_a_preset_and_never_another_folder() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-1");
    sandbox.write("mine/kept.txt", "");
    assert_snapshot!(sandbox.mcr(["preset", "export", "mine", "--force"]), @r"
    exit code: 73
    ----- stderr -----
    error: this folder holds no preset, so it is not replaced: ~/mine
    hint: pass `--output DIR` for another folder
    ");
    assert!(sandbox.folder().join("mine/kept.txt").exists());
    assert!(sandbox.mcr(["preset", "export", "new"]).starts_with("exit code: 0\n"));
    assert_snapshot!(sandbox.mcr(["preset", "export", "new"]), @r"
    exit code: 73
    ----- stderr -----
    error: cannot write the preset
      caused by: cannot make `~/new`: entity already exists
    hint: pass `--output DIR` for another folder, or `--force` to replace this one
    ");
    assert!(sandbox.mcr(["preset", "export", "new", "--force"]).starts_with("exit code: 0\n"));
}
