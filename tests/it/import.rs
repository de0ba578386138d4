//! What `mcr import ccr` takes, tells, writes and leaves alone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use insta::assert_snapshot;
use mcr::config::{Host, KeyName, Secret};
use mcr::keys::Store;
use mcr::paths::Paths;
use serde_json::{Value, json};

use crate::common::{Sandbox, Terminal};

const GUIDE: &str = include_str!("../fixtures/config/guide.json");
const CLOUD: &str = include_str!("../fixtures/guide/mistral-cloud/manifest.json");
const OLLAMA: &str = include_str!("../fixtures/guide/mistral-ollama/manifest.json");

/// Writes a file into claude-code-router's folder.
fn ccr(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.write(&format!(".claude-code-router/{name}"), text);
}

/// The folder that the guide leads to, with a key in clear in a preset.
fn guide(sandbox: &Sandbox) {
    ccr(sandbox, "config.json", GUIDE);
    ccr(sandbox, "plugins/strip-reasoning.js", "module.exports = class {}");
    ccr(sandbox, "presets/mistral-ollama/manifest.json", OLLAMA);
    ccr(sandbox, "presets/mistral-cloud/manifest.json", CLOUD);
    ccr(sandbox, "logs/ccr-20260101000000.log", "{}");
}

/// One provider with a key in clear, and comments.
const CLEAR: &str = "{
  // who may come in
  APIKEY: 'a-token-that-nobody-guesses',
  HOST: '0.0.0.0', // everybody
  Providers: [
    {name: 'far', api_base_url: 'https://llm.example/v1', api_key: 'sk-in-clear', models: ['m']},
  ],
  Router: {default: 'far,m'},
}
";

/// Every path below a folder with its bytes and its time.
fn tree(folder: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let mut tree = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        let bytes = if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        tree.insert(path.strip_prefix(folder).unwrap().display().to_string(), (bytes, changed));
    }
    tree
}

/// The picture with days and times of backups left out.
fn timeless(picture: &str) -> String {
    let is_time = |word: &str| word.len() == 24 && word.ends_with('Z') && word.starts_with("20");
    let parts = picture.split('.').map(|part| if is_time(part) { "TIME" } else { part });
    parts.collect::<Vec<_>>().join(".")
}

fn read(sandbox: &Sandbox, name: &str) -> String {
    fs::read_to_string(sandbox.home().join(name)).unwrap()
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.command([&["import", "ccr", "--json"], arguments].concat()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_guides_folder_is_taken_over_field_by_field() {
    let sandbox = Sandbox::new();
    guide(&sandbox);
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 0
    ----- stdout -----
    configuration: ~/.claude-code-router/config.json -> ~/home/config.json
      left out   APIKEY                       it is too well known or too short for a token; mcr makes one of its own
      taken      LOG
      taken      LOG_LEVEL
      taken      Providers[0].name            mistral
      taken      Providers[0].api_base_url    api.mistral.ai promises no place of processing; api.eu.mistral.ai promises the EU
      taken      Providers[0].api_key
      taken      Providers[0].models
      taken      Providers[0].models[0]       model `devstral-2512` was retired on 2026-07-31 (as of 2026-11-20); use `mistral-medium-3-5`
      taken      Providers[0].transformer
      taken      Router.default               the model was retired on 2026-07-31: `mcr model default mistral,mistral-medium-3-5 --add`
      taken      Router.background
      taken      Router.think
      taken      Router.longContext
      taken      Router.longContextThreshold
      taken      StatusLine.enabled

    presets
      taken      mistral-cloud   it asks for apiKey: `mcr preset reconfigure mistral-cloud`
      taken      mistral-ollama

    stays where it is: ~/.claude-code-router
      left out   logs                        logs of claude-code-router; mcr keeps its own
      left out   plugins/strip-reasoning.js  what this plugin does is built in; the file is not run

    next
      export MISTRAL_API_KEY=...            # the configuration names it
      mcr config check                      # what is odd
      mcr key test                          # whether the providers take the keys
      mcr code                              # Claude Code on the configured models
      mcr activate                          # what to write into your shell's start file in place of `ccr activate`
      mcr preset reconfigure mistral-cloud  # asks what the preset wants to know
      mcr mistral-cloud                     # Claude Code on the preset's models
      mcr mistral-ollama                    # Claude Code on the preset's models
    ");
    assert_eq!(read(&sandbox, "config.json"), GUIDE.replace("\"APIKEY\": \"sk-mistral-router\",\n", ""));
    assert_eq!(read(&sandbox, "presets/mistral-ollama/manifest.json"), OLLAMA);
}

#[test]
fn what_was_taken_over_can_be_used_at_once() {
    let mut sandbox = Sandbox::new();
    guide(&sandbox);
    sandbox.mcr(["import", "ccr"]);
    sandbox.set("MISTRAL_API_KEY", "sk-1");
    let checked = sandbox.mcr(["config", "check"]);
    assert!(checked.starts_with("exit code: 0\n"), "{checked}");
    let shown = sandbox.mcr(["preset", "show", "mistral-ollama"]);
    assert!(shown.starts_with("exit code: 0\n"), "{shown}");
}

#[test]
fn claude_code_routers_folder_stays_as_it_is_to_the_byte_and_the_second() {
    let sandbox = Sandbox::new();
    guide(&sandbox);
    ccr(&sandbox, "config.json", CLEAR);
    let folder = sandbox.folder().join(".claude-code-router");
    let before = tree(&folder);
    assert!(before.len() >= 10, "{before:?}");
    for arguments in [&["--dry-run"][..], &[], &["--force"], &["--force", "--keys", "drop", "--json"]] {
        let picture = sandbox.mcr([&["import", "ccr"], arguments].concat());
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
        assert!(tree(&folder) == before, "{arguments:?} changed it");
    }
}

#[test]
fn claude_code_routers_folder_stays_as_it_is_when_its_file_is_the_configuration_in_use() {
    let mut sandbox = Sandbox::new();
    guide(&sandbox);
    let folder = sandbox.folder().join(".claude-code-router");
    let before = tree(&folder);
    sandbox.set("MCR_CONFIG", folder.join("config.json").to_str().unwrap());
    assert_snapshot!(sandbox.mcr(["import", "ccr", "--force"]), @r"
    exit code: 64
    ----- stderr -----
    error: claude-code-router's folder stays as it is, and the configuration would be written there: ~/.claude-code-router/config.json
    hint: run `mcr import ccr` without `--config` and without `MCR_CONFIG`
    ");
    assert!(tree(&folder) == before);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", CLEAR);
    assert_snapshot!(sandbox.mcr(["import", "ccr", "--dry-run"]), @r"
    exit code: 0
    ----- stdout -----
    configuration: ~/.claude-code-router/config.json -> ~/home/config.json
      changed    APIKEY                     the key goes into mcr's store as `apikey`, bound to 127.0.0.1
      left out   HOST                       mcr listens on this machine only, so that nobody else uses your keys; run mcr on each machine, or forward the port: `ssh -L 3456:127.0.0.1:3456 HOST`
      taken      Providers[0].name          far
      taken      Providers[0].api_base_url
      changed    Providers[0].api_key       the key goes into mcr's store as `far`, bound to llm.example
      taken      Providers[0].models
      taken      Router.default

    keys for mcr's store
      apikey for 127.0.0.1 (APIKEY)
      far for llm.example (provider far)

    nothing has been written: this was a dry run

    next
      mcr egress allow llm.example --operator NAME --reason TEXT  # the egress guard lets nothing go there yet
      mcr config check                                            # what is odd
      mcr key test                                                # whether the providers take the keys
      mcr code                                                    # Claude Code on the configured models
      mcr activate                                                # what to write into your shell's start file in place of `ccr activate`
    ");
    assert!(!sandbox.home().exists());
}

#[test]
fn keys_in_clear_go_into_the_store_and_stand_in_no_other_file() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", CLEAR);
    sandbox.mcr(["import", "ccr"]);
    let expect = CLEAR
        .replace("'a-token-that-nobody-guesses'", "'store:apikey'")
        .replace("'sk-in-clear'", "'store:far'")
        .replace("  HOST: '0.0.0.0', // everybody", "  // everybody");
    assert_eq!(read(&sandbox, "config.json"), expect);
    assert_eq!(fs::metadata(sandbox.home().join("config.json")).unwrap().permissions().mode() & 0o777, 0o600);
    let keys: Value = serde_json::from_str(&read(&sandbox, "state/keys.json")).unwrap();
    assert_eq!(
        (&keys["keys"]["far"]["value"], &keys["keys"]["far"]["hosts"]),
        (&json!("sk-in-clear"), &json!(["llm.example"]))
    );
    assert_eq!(keys["keys"]["apikey"]["hosts"], json!(["127.0.0.1"]));
    let record = sandbox.mcr(["audit", "show", "--kind", "key"]);
    assert!(record.contains("stored, for llm.example") && record.contains("stored, for 127.0.0.1"), "{record}");
    sandbox.vouch_for(&["llm.example"]);
    assert!(sandbox.mcr(["config", "check"]).starts_with("exit code: 0\n"));
}

#[test]
fn a_key_that_the_store_has_already_keeps_its_other_hosts() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", CLEAR);
    let store = Store::open(&Paths::below(&sandbox.home()));
    let (name, hosts) = (KeyName::parse("far").unwrap(), ["llm.example", "other.example"].map(Host::parse));
    store.set(&name, &Secret::new("sk-in-clear".to_owned()), &hosts.map(Result::unwrap)).unwrap();
    let picture = sandbox.mcr(["import", "ccr"]);
    assert!(picture.starts_with("exit code: 0\n") && picture.contains("far for llm.example"), "{picture}");
    let hosts: Vec<String> = store.get(&name).unwrap().unwrap().hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["llm.example", "other.example"]);
}

#[test]
fn keys_that_are_dropped_are_named_with_the_command_that_asks_for_them() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", CLEAR);
    let report = json(&sandbox, &["--keys", "drop"]);
    assert!(report["next"].as_array().unwrap().contains(&json!("mcr key set far --host llm.example")), "{report}");
    assert_eq!(
        report["keys"][1],
        json!({"name": "far", "user": "provider far", "hosts": ["llm.example"], "stored": false})
    );
    assert!(!sandbox.home().join("state/keys.json").exists());
    assert!(!read(&sandbox, "config.json").contains("sk-in-clear"));
}

/// A preset with answers as claude-code-router leaves them, and one whose provider has its key in clear.
fn presets_with_keys(sandbox: &Sandbox) {
    let mut answered: Value = json5::from_str(CLOUD).unwrap();
    answered["userValues"] = json!({"apiKey": "sk-left-by-ccr"});
    ccr(sandbox, "presets/mistral-cloud/manifest.json", &format!("{answered:#}"));
    let clear = "{name: 'clear', version: '1', // mine\n Providers: [{name: 'far', api_base_url: 'https://llm.example/v1', \
                 api_key: 'sk-of-the-preset', models: ['m']}], Router: {default: 'far,m'}}";
    ccr(sandbox, "presets/clear/manifest.json", clear);
}

#[test]
fn a_presets_keys_go_into_the_store_and_out_of_its_manifest() {
    let sandbox = Sandbox::new();
    presets_with_keys(&sandbox);
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 0
    ----- stdout -----
    presets
      changed    clear          its key goes into mcr's store and out of the manifest
      changed    mistral-cloud  its key goes into mcr's store and out of the manifest; manifest.json:19:9: Providers[0].models[0]: model `devstral-2512` was retired on 2026-07-31 (as of 2026-11-20); use `mistral-medium-3-5`

    keys for mcr's store
      preset/clear/far_key for llm.example (preset clear)
      preset/mistral-cloud/api_key for api.mistral.ai (preset mistral-cloud)

    next
      mcr clear          # Claude Code on the preset's models
      mcr mistral-cloud  # Claude Code on the preset's models
    ");
    for name in ["mistral-cloud", "clear"] {
        let folder = sandbox.home().join("presets").join(name);
        for file in ["manifest.json", "values.json"] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            assert!(!text.contains("sk-"), "{name}/{file}: {text}");
        }
        assert!(sandbox.mcr(["preset", "show", name]).starts_with("exit code: 0\n"));
    }
    assert!(read(&sandbox, "presets/clear/manifest.json").contains("// mine\n"));
    let keys: Value = serde_json::from_str(&read(&sandbox, "state/keys.json")).unwrap();
    assert_eq!(keys["keys"]["preset/clear/far_key"]["hosts"], json!(["llm.example"]));
    assert_eq!(keys["keys"]["preset/mistral-cloud/api_key"]["value"], json!("sk-left-by-ccr"));
}

#[test]
fn a_preset_that_cannot_be_used_is_told_and_the_others_are_taken() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "presets/mistral-ollama/manifest.json", OLLAMA);
    ccr(&sandbox, "presets/broken/manifest.json", "{name: ");
    ccr(&sandbox, "presets/start/manifest.json", OLLAMA);
    ccr(&sandbox, "presets/empty/readme.txt", "");
    let hooks = OLLAMA.replacen('{', "{\"claudeCodeSettings\": {\"hooks\": {}},", 1);
    ccr(&sandbox, "presets/hooks/manifest.json", &hooks);
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 0
    ----- stdout -----
    presets
      left out   broken          manifest.json:1:1: what begins here does not end
      left out   empty           cannot install from ~/.claude-code-router/presets/empty: there is no `manifest.json` in it
      left out   hooks           the preset is refused: claudeCodeSettings.hooks: hooks run commands
      taken      mistral-ollama
      left out   start           `start` is a command of mcr's, so the preset could not be started; `mcr preset install ~/.claude-code-router/presets/start --name NAME`

    next
      mcr mistral-ollama  # Claude Code on the preset's models
    ");
    assert_eq!(fs::read_dir(sandbox.home().join("presets")).unwrap().count(), 1);
}

#[test]
fn what_is_there_is_kept_until_somebody_says_otherwise_and_then_as_a_copy() {
    let sandbox = Sandbox::new();
    guide(&sandbox);
    sandbox.write("home/config.json", "{mine: 1}");
    sandbox.write("home/presets/mistral-ollama/manifest.json", "{mine: 2}");
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 73
    ----- stderr -----
    error: what would be written is there already:
      ~/home/config.json
      ~/home/presets/mistral-ollama
    hint: run `mcr import ccr --dry-run` to see what would be done
    hint: run `mcr import ccr --force` to replace it; a copy of each stays beside it
    ");
    assert_eq!(read(&sandbox, "config.json"), "{mine: 1}");
    assert!(!sandbox.home().join("presets/mistral-cloud").exists());
    let report = json(&sandbox, &["--force"]);
    let backups: Vec<&str> = report["backups"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(fs::read_to_string(backups[0]).unwrap(), "{mine: 1}");
    assert_eq!(fs::read_to_string(Path::new(backups[1]).join("manifest.json")).unwrap(), "{mine: 2}");
    assert_eq!(read(&sandbox, "presets/mistral-ollama/manifest.json"), OLLAMA);
    let listed = sandbox.mcr(["preset", "list"]);
    assert!(!listed.contains("before-import"), "{listed}");
    assert!(timeless(backups[0]).ends_with("/home/config.json.before-import.TIME.bak"), "{backups:?}");
}

#[test]
fn where_there_is_no_folder_the_option_is_named() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no folder of claude-code-router's: ~/.claude-code-router
    hint: name it: `mcr import ccr --from DIR`
    hint: or begin without it: `mcr preset list --built-in`
    ");
    sandbox.write("elsewhere/notes.txt", "");
    assert_snapshot!(sandbox.mcr(["import", "ccr", "--from", "elsewhere"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is neither a config.json nor a preset in ~/elsewhere
    hint: name claude-code-router's folder: `mcr import ccr --from DIR`
    ");
}

#[test]
fn a_broken_file_is_told_with_line_and_column_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", "{\n  \"LOG\": true\n  \"PORT\": 1\n}");
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 65
    ----- stderr -----
    error: cannot import claude-code-router's configuration
      caused by: the configuration has an error:
      ~/.claude-code-router/config.json:3:3: expected comma
    hint: mend it there and run `mcr import ccr` again; nothing has been written
    ");
    assert!(!sandbox.home().exists());
}

#[test]
fn a_configuration_of_which_nothing_can_be_used_is_refused_with_every_reason() {
    let sandbox = Sandbox::new();
    let config =
        "{Providers: [{name: 'g', api_base_url: 'https://g.example/v1beta/models/', api_key: '$K', models: []}]}";
    ccr(&sandbox, "config.json", config);
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r"
    exit code: 65
    ----- stderr -----
    error: nothing of claude-code-router's configuration can be used:
      Providers[0]: g: `/models` is another protocol; mcr speaks chat completions only (`…/v1/chat/completions`)
      Providers: no provider is configured; name one with its `name`, `api_base_url`, `api_key` and `models`
    hint: begin without it: `mcr preset list --built-in`; nothing has been written
    ");
    assert!(!sandbox.home().exists());
}

#[test]
fn where_version_3_took_the_file_the_newest_copy_of_version_2_is_taken() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.sqlite", "SQLite format 3");
    assert_snapshot!(sandbox.mcr(["import", "ccr"]), @r#"
    exit code: 66
    ----- stderr -----
    error: only claude-code-router 3 is here, which keeps its configuration in a database that mcr does not read: ~/.claude-code-router/config.sqlite
    hint: if there was a version 2: `mkdir ccr2 && sqlite3 ~/.claude-code-router/config.sqlite "SELECT CAST(content AS TEXT) FROM legacy_storage_backups WHERE source_kind='legacy-json-config' ORDER BY archived_at DESC LIMIT 1" > ccr2/config.json`
    hint: then run `mcr import ccr --from ccr2`
    hint: or begin without it: `mcr preset list --built-in`
    "#);
    ccr(&sandbox, "config.json.2026-01-02T00-00-00-000Z.bak", GUIDE);
    let report = json(&sandbox, &[]);
    assert_eq!(
        report["notes"],
        json!([
            "claude-code-router 3 took config.json into its database; this is the newest copy that version 2 left: \
                config.json.2026-01-02T00-00-00-000Z.bak"
        ])
    );
    assert_eq!(read(&sandbox, "config.json"), GUIDE.replace("\"APIKEY\": \"sk-mistral-router\",\n", ""));
}

#[test]
fn the_routes_of_projects_are_told_and_not_taken() {
    let sandbox = Sandbox::new();
    guide(&sandbox);
    ccr(&sandbox, "-home-me-project/3f2a.json", "{\"Router\": {\"default\": \"mistral,x\"}}");
    let report = json(&sandbox, &["--dry-run", "--from", ".claude-code-router"]);
    let project = json!({"name": "-home-me-project", "fate": "left out", "why":
        "mcr has no routes for single projects; make a preset of them and run `mcr NAME` there"});
    assert!(report["others"].as_array().unwrap().contains(&project), "{report}");
}

#[test]
fn a_person_is_asked_about_keys_and_about_what_is_there() {
    let sandbox = Sandbox::new();
    ccr(&sandbox, "config.json", CLEAR);
    sandbox.write("home/config.json", "{mine: 1}");
    let mut terminal = Terminal::start(&sandbox, &["import", "ccr"]);
    terminal.wait_for("the key of provider far stands in clear, for llm.example");
    terminal.wait_for("Keep them in mcr's store?");
    terminal.type_in("y");
    terminal.wait_for("Replace ");
    terminal.type_in("n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(73), "{shown}");
    assert!(!shown.contains("sk-in-clear"), "{shown}");
    assert_eq!(read(&sandbox, "config.json"), "{mine: 1}");
    assert!(!sandbox.home().join("state/keys.json").exists());

    let mut terminal = Terminal::start(&sandbox, &["import", "ccr"]);
    terminal.wait_for("Keep them in mcr's store?");
    terminal.type_in("n");
    terminal.wait_for("Replace ");
    terminal.type_in("y");
    assert_eq!(terminal.end().0, Some(0));
    assert!(read(&sandbox, "config.json").contains("api_key: 'store:far'"));
    assert!(!sandbox.home().join("state/keys.json").exists());
}
