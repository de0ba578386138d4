//! What `mcr model` shows, sets, keeps and leaves alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Models, Reply, models::Model, server::Law};
use serde_json::{Value, json};

use crate::common::{Rig, Sandbox, Terminal, ask, soon};

const CONFIG: &str = "{
  // mine
  Providers: [
    {name: 'far', api_base_url: 'https://llm.example/v1', api_key: '$KEY', models: ['medium', 'small']}, // the first
    {name: 'lab', api_base_url: 'http://localhost:9/v1', models: ['medium', 'org/tiny']},
  ],
  Router: {
    default: 'far,medium', // the best
    background: 'lab,org/tiny'
  },
}
";

/// A sandbox with a configuration in the usual place.
fn configured(text: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.set("KEY", "sk-1");
    sandbox.write("home/config.json", text);
    sandbox
}

fn config(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.home().join("config.json")).unwrap()
}

/// The copies beside the configuration, oldest first.
fn copies(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.home()).unwrap().map(|entry| entry.unwrap().path());
    let mut copies: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "bak")).collect();
    copies.sort();
    copies.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The picture with the time of a copy left out.
fn timeless(picture: &str) -> String {
    let is_time = |part: &&str| part.len() == 24 && part.starts_with("20") && part.ends_with('Z');
    picture.split('.').map(|part| if is_time(&part) { "TIME" } else { part }).collect::<Vec<_>>().join(".")
}

#[track_caller]
fn sets(arguments: &[&str], from: &str, to: &str) {
    let sandbox = configured(CONFIG);
    let picture = sandbox.mcr([&["model"], arguments].concat());
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    assert_eq!(config(&sandbox), CONFIG.replace(from, to), "{arguments:?}");
    assert_eq!(copies(&sandbox), [CONFIG]);
}

#[test]
fn without_a_terminal_the_routes_are_printed() {
    let sandbox = configured(CONFIG);
    assert_snapshot!(sandbox.mcr(["model"]), @r"
    exit code: 0
    ----- stdout -----
    default      far,medium
    background   lab,org/tiny
    think        -
    longContext  -
    webSearch    -
    image        -
    ");
    assert_snapshot!(sandbox.mcr(["model", "background"]), @r"
    exit code: 0
    ----- stdout -----
    background   lab,org/tiny
    ");
    assert_snapshot!(sandbox.mcr(["model", "--json"]), @r#"
    exit code: 0
    ----- stdout -----
    {
      "file": "~/home/config.json",
      "routes": {
        "default": "far,medium",
        "background": "lab,org/tiny",
        "think": null,
        "longContext": null,
        "webSearch": null,
        "image": null
      },
      "longContextThreshold": 60000,
      "models": [
        "far,medium",
        "far,small",
        "lab,medium",
        "lab,org/tiny"
      ],
      "descriptions": {}
    }
    "#);
}

#[test]
fn one_value_changes_and_the_file_around_it_stays() {
    sets(&["default", "far,small"], "far,medium'", "far,small'");
    sets(&["default", "far/small"], "far,medium'", "far,small'");
    sets(&["DEFAULT", "small"], "far,medium'", "far,small'");
    sets(&["default", "lab/org/tiny"], "far,medium'", "lab,org/tiny'");
    sets(&["think", "small"], "'lab,org/tiny'\n", "'lab,org/tiny',\n    think: 'far,small'\n");
    sets(&["background", "--unset"], ", // the best\n    background: 'lab,org/tiny'\n", " // the best\n");
    sets(&["image", "FAR,Medium"], "'lab,org/tiny'\n", "'lab,org/tiny',\n    image: 'far,medium'\n");
}

#[test]
fn a_model_that_is_not_listed_is_added_when_that_is_asked_for() {
    let sandbox = configured(CONFIG);
    assert_snapshot!(timeless(&sandbox.mcr(["model", "default", "lab,org/large", "--add"])), @r"
    exit code: 0
    ----- stderr -----
    route default: far,medium -> lab,org/large
    added to the models of lab: org/large
    the file before is kept: ~/home/config.json.TIME.bak
    ");
    let expect = CONFIG.replace("'org/tiny']", "'org/tiny', 'org/large']").replace("'far,medium'", "'lab,org/large'");
    assert_eq!(config(&sandbox), expect);
    assert!(sandbox.mcr(["config", "check"]).starts_with("exit code: 0\n"));
}

#[test]
fn what_is_unknown_is_told_with_what_was_meant_and_nothing_changes() {
    let sandbox = configured(CONFIG);
    assert_snapshot!(sandbox.mcr(["model", "defualt", "far,small"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no route `defualt`
    hint: did you mean `default`?
    ");
    assert_snapshot!(sandbox.mcr(["model", "far,small"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no route `far,small`
    hint: name the route first: `mcr model default far,small`
    ");
    assert_snapshot!(sandbox.mcr(["model", "default", "fer,small"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no provider `fer`
    hint: did you mean `far`?
    ");
    assert_snapshot!(sandbox.mcr(["model", "default", "far,smal"]), @r"
    exit code: 64
    ----- stderr -----
    error: provider `far` has no model `smal`
    hint: did you mean `far,small`?
    hint: run `mcr model default far,smal --add` to add it to the provider's models
    ");
    assert_snapshot!(sandbox.mcr(["model", "default", "medium"]), @r"
    exit code: 64
    ----- stderr -----
    error: `medium` is a model of more than one provider
    hint: run `mcr model default far,medium`
    hint: run `mcr model default lab,medium`
    ");
    assert_snapshot!(sandbox.mcr(["model", "default", "giant"]), @r"
    exit code: 64
    ----- stderr -----
    error: no provider has a model `giant`
    hint: run `mcr model default far,giant --add` to add it
    hint: run `mcr model default lab,giant --add` to add it
    ");
    assert_eq!((config(&sandbox).as_str(), copies(&sandbox).len()), (CONFIG, 0));
}

#[test]
fn what_is_so_already_is_not_written() {
    let sandbox = configured(CONFIG);
    assert_snapshot!(sandbox.mcr(["model", "default", "far,medium"]), @r"
    exit code: 0
    ----- stderr -----
    route default leads there already: far,medium
    ");
    assert_snapshot!(sandbox.mcr(["model", "think", "--unset"]), @r"
    exit code: 0
    ----- stderr -----
    route think is not set
    ");
    assert_eq!(copies(&sandbox).len(), 0);
}

#[test]
fn the_file_is_private_and_its_three_last_states_are_kept() {
    let sandbox = configured(CONFIG);
    let states: Vec<String> = ["lab,medium", "far,small", "lab,org/tiny", "far,medium"]
        .into_iter()
        .map(|target| {
            let before = config(&sandbox);
            sandbox.mcr(["model", "default", target]);
            before
        })
        .collect();
    assert_eq!(copies(&sandbox), states[1..]);
    for entry in fs::read_dir(sandbox.home()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_route_that_leads_nowhere_can_be_mended() {
    let sandbox = configured(&CONFIG.replace("'far,medium'", "'far,gone'").replace("'lab,org/tiny'\n", "'gone,x'\n"));
    sandbox.vouch_for(&["llm.example"]);
    assert!(sandbox.mcr(["model"]).starts_with("exit code: 78\n"));
    let picture = sandbox.mcr(["model", "default", "far,medium"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    sandbox.mcr(["model", "background", "--unset"]);
    assert!(sandbox.mcr(["config", "check"]).starts_with("exit code: 0\n"), "{}", config(&sandbox));
}

#[test]
fn a_file_with_other_errors_stays_as_it_is() {
    let broken = CONFIG.replace("https://llm.example/v1", "http://api.openai.com/v1");
    let sandbox = configured(&broken);
    assert_snapshot!(sandbox.mcr(["model", "default", "far,small"]), @r"
    exit code: 78
    ----- stderr -----
    error: the configuration has an error:
      ~/home/config.json:4:33: Providers[0].api_base_url: `http` sends key and code readable for everyone to api.openai.com; use `https`, or a loopback or private address
    ");
    assert_eq!(config(&sandbox), broken);
}

#[test]
fn a_link_is_not_followed_and_the_file_behind_it_can_be_named() {
    let mut sandbox = Sandbox::new();
    sandbox.set("KEY", "sk-1");
    let real = sandbox.write("dotfiles/config.json", CONFIG);
    sandbox.write("home/x", "");
    symlink(&real, sandbox.home().join("config.json")).unwrap();
    assert_snapshot!(timeless(&sandbox.mcr(["model", "default", "far,small"])), @r"
    exit code: 73
    ----- stderr -----
    error: a symbolic link is not replaced: ~/home/config.json
    hint: name what it leads to: `--config ~/dotfiles/config.json`
    ");
    assert_eq!(fs::read_to_string(&real).unwrap(), CONFIG);
    assert_eq!(copies(&sandbox).len(), 0);
    let picture = sandbox.mcr(["model", "default", "far,small", "--config", "dotfiles/config.json"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let denied = "warning: llm.example is not spoken to: nobody here knows who operates it\n\
        hint: run `mcr egress allow llm.example --operator NAME --reason TEXT`\n";
    assert!(picture.ends_with(denied), "{picture}");
}

#[test]
fn the_built_in_configuration_becomes_a_file_with_the_change() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-1");
    assert_snapshot!(sandbox.mcr(["model", "default", "mistral-large-4"]), @r"
    exit code: 0
    ----- stderr -----
    route default: mistral,mistral-medium-3-5 -> mistral,mistral-large-4
    wrote the configuration, which was built in: ~/home/config.json
    ");
    let text = config(&sandbox);
    assert!(text.starts_with("// Begun with mcr's built-in configuration"), "{text}");
    assert!(
        text.contains("// The global endpoint promises no place")
            && text.contains("\"default\": \"mistral,mistral-large-4\"")
    );
    assert!(sandbox.mcr(["config", "check"]).starts_with("exit code: 0\n"));
}

#[test]
fn without_a_configuration_and_a_key_the_ways_to_one_are_named() {
    let picture = Sandbox::new().mcr(["model", "default", "x"]);
    assert!(
        picture.contains("error: there is no configuration, and `MISTRAL_API_KEY` is unset or empty\nhint: "),
        "{picture}"
    );
}

#[test]
fn a_presets_routes_are_shown_and_changed_where_they_come_from() {
    let sandbox = Sandbox::new();
    let manifest = json!({"name": "mine", "version": "1", "schema": [{"id": "model", "type": "input", "defaultValue": "m"}],
        "Providers": [{"name": "p", "api_base_url": "http://localhost/v1", "models": ["{{model}}", "fixed"]}],
        "Router": {"default": "p,{{model}}", "think": "p,fixed"}});
    sandbox.write("mine/manifest.json", &manifest.to_string());
    sandbox.mcr(["preset", "install", "./mine", "--yes"]);
    assert_snapshot!(sandbox.mcr(["model", "--preset", "mine"]), @r"
    exit code: 0
    ----- stdout -----
    default      p,m
    background   -
    think        p,fixed
    longContext  -
    webSearch    -
    image        -
    ");
    assert_snapshot!(sandbox.mcr(["model", "default", "p,other", "--preset", "mine"]), @r"
    exit code: 64
    ----- stderr -----
    error: route `default` of preset `mine` comes from your answer to `model`
    hint: run `mcr preset reconfigure mine --set model=other`
    ");
    assert_snapshot!(sandbox.mcr(["model", "think", "p,m", "--preset", "mine"]), @r"
    exit code: 64
    ----- stderr -----
    error: route `think` of preset `mine` stands in its manifest: ~/home/presets/mine/manifest.json
    hint: edit `Router.think` there, and run `mcr preset validate ~/home/presets/mine/manifest.json`
    hint: or put the route into mcr's own configuration: `mcr model think …` without `--preset mine`
    ");
    assert_snapshot!(sandbox.mcr(["model", "--preset", "none"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no preset `none`
    hint: run `mcr preset list` to see what is there
    ");
}

#[tokio::test]
async fn a_server_that_runs_takes_the_change_over() {
    const OTHER: &str = "mistral-small-2603";
    let rig = Rig::configured([Reply::say("one"), Reply::say("two")], |config| {
        config["Providers"][0]["models"].as_array_mut().unwrap().push(json!(OTHER));
    })
    .await;
    rig.messages(&ask("Hi")).await;
    let picture = rig.sandbox.mcr(["--config", "config.json", "model", "default", OTHER]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    rig.server.wait_for_log("configuration reloaded", 1).await;
    rig.messages(&ask("Hi")).await;
    let models: Vec<_> = rig.upstream.captured().iter().map(|captured| captured.body["model"].clone()).collect();
    assert_eq!(models, ["mistral-medium-3-5", OTHER]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_chooses_a_route_and_then_among_what_is_configured_and_what_servers_report() {
    let models = Models::new([Model::plain("first-model", 4096), Model::plain("second-model", 65_536)]);
    let upstream = Imitation::start_under(Law::Lenient(models), |_, _| Reply::say("")).await.unwrap();
    let text = CONFIG.replace("https://llm.example/v1", &upstream.url());
    let asked = tokio::task::spawn_blocking(move || {
        let sandbox = configured(&text);
        let mut terminal = Terminal::start_whole(&sandbox, &["model"]);
        terminal.wait_for("default      far,medium");
        terminal.wait_for("done");
        // Down to the second.
        terminal.type_in("\u{1b}[B\r");
        terminal.wait_for("cannot ask lab for its models: ");
        terminal.wait_for("Model for background");
        terminal.type_in("second");
        terminal.wait_for("far,second-model (not configured yet, context 65536)");
        terminal.type_in("\r");
        terminal.wait_for("route background: lab,org/tiny -> far,second-model");
        terminal.wait_for("added to the models of far: second-model");
        // The cursor is on what ends it.
        terminal.wait_for("done");
        terminal.type_in("\r");
        let (code, shown) = terminal.end();
        assert_eq!(code, Some(0), "{shown}");
        let expect =
            text.replace("'small']", "'small', 'second-model']").replace("'lab,org/tiny'\n", "'far,second-model'\n");
        assert_eq!(config(&sandbox), expect);
    });
    soon(asked).await.unwrap();
}

#[test]
fn a_person_is_asked_before_a_model_is_added() {
    let sandbox = configured(CONFIG);
    let mut terminal = Terminal::start(&sandbox, &["model", "default", "far,smal"]);
    terminal.wait_for("far has no model `smal` in its list (there is `small`); add it?");
    terminal.type_in("n");
    assert_eq!(terminal.end().0, Some(64));
    assert_eq!(config(&sandbox), CONFIG);
    let mut terminal = Terminal::start(&sandbox, &["model", "default", "far,smal"]);
    terminal.wait_for("add it?");
    terminal.type_in("y");
    assert_eq!(terminal.end().0, Some(0));
    assert!(config(&sandbox).contains("models: ['medium', 'small', 'smal']"));
}

#[test]
fn an_edit_while_a_person_is_asked_is_not_lost() {
    let sandbox = configured(CONFIG);
    let mut terminal = Terminal::start(&sandbox, &["model", "default", "far,smal"]);
    terminal.wait_for("add it?");
    let edited = CONFIG.replace("// mine", "// edited");
    sandbox.write("home/config.json", &edited);
    terminal.type_in("y");
    terminal.wait_for("the configuration changed meanwhile, and stays as it is now: ");
    assert_eq!(terminal.end().0, Some(65));
    assert_eq!((config(&sandbox), copies(&sandbox).len()), (edited, 0));
}

#[test]
fn json_after_a_change_tells_the_routes_as_they_are_now() {
    let sandbox = configured(CONFIG);
    let output = sandbox.command(["model", "think", "small", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["routes"]["think"], "far,small");
}
