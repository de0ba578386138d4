//! What `mcr preset install` shows, asks, writes and leaves alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{asking, files, folder, install_asking, installed};
use crate::common::Sandbox;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn an_install_shows_what_the_preset_does_and_writes_it_whole() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    sandbox.write("asking/prompts/head.md", "text");
    assert_snapshot!(install_asking(&sandbox), @r"
    exit code: 0
    ----- stderr -----
    preset asking from ~/asking
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
      writes       ~/home/presets/asking: manifest.json, prompts/head.md, values.json
    warning: manifest.json:31:18: Providers[0].api_key: environment variable `KEY` is unset or empty; run `export KEY=...` and start again
    installed preset asking
    run it with `mcr asking`
    ");
    let place = installed(&sandbox, "asking");
    assert_eq!(files(&place), ["manifest.json", "prompts/head.md", "values.json"]);
    assert_eq!([mode(&place), mode(&place.join("values.json")), mode(&place.join("prompts"))], [0o700, 0o600, 0o700]);
    let values: Value = serde_json::from_str(&fs::read_to_string(place.join("values.json")).unwrap()).unwrap();
    assert_eq!(values["answers"], json!({"model": "small", "port": 9}));
    assert_eq!(values["secrets"], json!({"apiKey": {"from": "env:KEY", "hosts": ["localhost"]}}));
}

#[test]
fn a_folder_without_a_slash_and_one_with_a_slash_are_the_same_and_ccr_fails_on_both() {
    for source in ["plain", "plain/", "./plain", "plain/manifest.json"] {
        let sandbox = Sandbox::new();
        let local = json!({"name": "plain", "version": "1", "Providers": [{"name": "p", "api_base_url": "http://localhost/v1", "models": ["m"]}], "Router": {"default": "p,m"}});
        folder(&sandbox, "plain", &local);
        let picture = sandbox.mcr(["preset", "install", source, "--yes"]);
        assert!(picture.starts_with("exit code: 0\n"), "{source}: {picture}");
        assert_eq!(files(&installed(&sandbox, "plain")), ["manifest.json", "values.json"], "{source}");
    }
}

#[test]
fn without_a_terminal_every_missing_answer_is_named_with_its_option() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    assert_snapshot!(sandbox.mcr(["preset", "install", "asking", "--yes"]), @r"
    exit code: 64
    ----- stderr -----
    preset asking from ~/asking
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
      writes       ~/home/presets/asking: manifest.json, values.json
    error: the preset asks what nobody is there to answer:
      apiKey (Key): an answer is needed
      port (port): an answer is needed
    hint: pass `--set apiKey=env:NAME`
    hint: pass `--set port=NUMBER`
    ");
    assert!(!sandbox.home().join("presets").exists());
}

#[test]
fn an_answer_that_does_not_count_is_told_with_its_reason() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let set = ["--set", "apiKey=env:KEY", "--set", "port=0", "--set", "model=huge"];
    assert_snapshot!(sandbox.mcr(["preset", "install", "asking", "--yes"].into_iter().chain(set)), @r"
    exit code: 65
    ----- stderr -----
    preset asking from ~/asking
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
      writes       ~/home/presets/asking: manifest.json, values.json
    error: the preset asks what nobody is there to answer:
      model (model): `huge` is none of `small`, `large`
      port (port): it must be at least 1
    hint: pass `--set model=ANSWER`
    hint: pass `--set port=NUMBER`
    ");
}

#[test]
fn an_option_for_a_question_that_is_not_asked_is_a_usage_error() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    assert_snapshot!(sandbox.mcr(["preset", "install", "asking", "--yes", "--set", "apikey=x"]), @r"
    exit code: 64
    ----- stderr -----
    error: the preset has no question `apikey`
    hint: did you mean `--set apiKey=…`?
    ");
}

#[test]
fn nobody_agrees_without_a_terminal_and_without_yes() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let picture = sandbox.mcr(["preset", "install", "asking", "--set", "apiKey=env:KEY", "--set", "port=9"]);
    assert!(picture.starts_with("exit code: 64\n"), "{picture}");
    assert!(
        picture.ends_with("hint: pass `--yes` to agree to what is listed above, or `--dry-run` to see it only\n"),
        "{picture}"
    );
    assert!(!sandbox.home().join("presets").exists());
}

#[test]
fn a_dry_run_writes_nothing_and_keeps_no_key() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let picture =
        sandbox.mcr(["preset", "install", "asking", "--dry-run", "--set", "apiKey=sk-typed", "--set", "port=9"]);
    assert!(picture.ends_with("nothing has been written: this was a dry run\n"), "{picture}");
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
}

#[test]
fn a_key_that_is_typed_is_in_the_store_and_in_no_other_file_where_ccr_writes_it_into_the_manifest() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let picture =
        sandbox.mcr(["preset", "install", "asking", "--yes", "--set", "apiKey=sk-typed-secret", "--set", "port=9"]);
    assert!(picture.starts_with("exit code: 0\n") && !picture.contains("sk-typed"), "{picture}");
    let holding: Vec<String> = files(&sandbox.home())
        .into_iter()
        .filter(|path| fs::read_to_string(sandbox.home().join(path)).unwrap_or_default().contains("sk-typed-secret"))
        .collect();
    assert_eq!(holding, ["state/keys.json"]);
    assert_eq!(mode(&sandbox.home().join("state/keys.json")), 0o600);
    let store: Value =
        serde_json::from_str(&fs::read_to_string(sandbox.home().join("state/keys.json")).unwrap()).unwrap();
    assert_eq!(store["keys"]["preset/asking/api_key"]["hosts"], json!(["localhost"]));
    let deleted = sandbox.mcr(["preset", "delete", "asking", "--yes"]);
    assert!(deleted.starts_with("exit code: 0\n"), "{deleted}");
    assert!(!fs::read_to_string(sandbox.home().join("state/keys.json")).unwrap().contains("sk-typed-secret"));
}

#[test]
fn a_key_in_clear_in_the_manifest_moves_to_the_store() {
    let sandbox = Sandbox::new();
    let mut manifest = asking();
    manifest["userValues"] = json!({"apiKey": "sk-left-by-ccr", "port": 9});
    folder(&sandbox, "asking", &manifest);
    let picture = sandbox.mcr(["preset", "install", "asking", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let text = fs::read_to_string(installed(&sandbox, "asking").join("manifest.json")).unwrap();
    assert!(!text.contains("sk-left-by-ccr"), "{text}");
    assert!(fs::read_to_string(sandbox.home().join("state/keys.json")).unwrap().contains("sk-left-by-ccr"));
}

#[test]
fn a_second_install_is_refused_with_what_to_do_and_force_replaces_the_whole() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    sandbox.write("asking/old.md", "");
    install_asking(&sandbox);
    assert_snapshot!(install_asking(&sandbox), @r"
    exit code: 73
    ----- stderr -----
    error: preset `asking` is already installed
    hint: run `mcr preset reconfigure asking` to answer its questions again
    hint: or pass `--force` to replace it, or `--name` to call this one otherwise
    ");
    fs::remove_file(sandbox.folder().join("asking/old.md")).unwrap();
    let picture = sandbox.mcr(["preset", "install", "asking", "--force", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(files(&installed(&sandbox, "asking")), ["manifest.json", "values.json"]);
    assert_eq!(fs::read_dir(sandbox.home().join("presets")).unwrap().count(), 1);
}

#[test]
fn a_broken_manifest_is_told_with_all_its_problems_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.vouch_for(&["x.example"]);
    sandbox.write("broken/manifest.json", "{name: 'broken', version: '1',\n schema: [{id: 'a', type: 'pasword'}],\n Providers: [{name: 'p', api_base_url: '{{b}}'}]}");
    assert_snapshot!(sandbox.mcr(["preset", "install", "broken", "--yes"]), @r"
    exit code: 65
    ----- stderr -----
    error: cannot install from ~/broken
      caused by: the preset has an error:
      manifest.json:2:27: schema[0].type: unknown type `pasword`; known are password, input, select, multiselect, confirm, editor, number, did you mean `password`?
    ");
    sandbox.write(
        "wrong/manifest.json",
        "{name: 'wrong', version: '1',\n Providers: [{name: 'p', api_base_url: 'http://api.eu.mistral.ai/v1', models: ['m']}]}",
    );
    assert_snapshot!(sandbox.mcr(["preset", "install", "wrong", "--yes"]), @r"
    exit code: 65
    ----- stderr -----
    preset wrong from ~/wrong
      speaks to    api.eu.mistral.ai (Mistral AI SAS, Paris, FR, region EU) as `p`
      writes       ~/home/presets/wrong: manifest.json, values.json
    error: the preset has an error:
      manifest.json:2:40: Providers[0].api_base_url: `http` sends key and code readable for everyone to api.eu.mistral.ai; use `https`, or a loopback or private address
    ");
    assert!(!sandbox.home().join("presets").exists());
}

#[test]
fn a_symlink_in_a_folder_is_refused() {
    let sandbox = Sandbox::new();
    let place = folder(&sandbox, "asking", &asking());
    symlink("/etc/passwd", place.join("prompt.md")).unwrap();
    assert_snapshot!(install_asking(&sandbox), @r"
    exit code: 65
    ----- stderr -----
    error: cannot install from asking
      caused by: `prompt.md` is a symbolic link
    hint: nothing has been written; ask whoever made the preset
    ");
}

#[test]
fn a_source_that_is_not_there_names_the_built_in_one_that_was_meant() {
    assert_snapshot!(Sandbox::new().mcr(["preset", "install", "mistral-claud"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no folder, archive or built-in preset `mistral-claud`
    hint: did you mean `mistral-cloud`?
    ");
    assert_snapshot!(Sandbox::new().mcr(["preset", "install", "http://x.example/p.zip"]), @r"
    exit code: 64
    ----- stderr -----
    error: a preset comes by `https`, and not by `http`: http://x.example/p.zip
    ");
    assert_snapshot!(Sandbox::new().mcr(["preset", "install", "https://x.example/p.zip"]), @r"
    exit code: 64
    ----- stderr -----
    error: nothing says that what comes from there is what you were told of
    hint: pass `--sha256 HEX`, with the checksum that the preset's maker names
    ");
}
