//! The first run: questions at a terminal, one error without one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use mcr::config::{Host, KeyName, Secret};
use mcr::imitation::{Imitation, Models, Scripted, models::Model, server::Law};
use mcr::keys::Store;
use mcr::paths::Paths;

use crate::common::{Sandbox, Terminal};

const UP: &str = "\u{1b}[A";
const DOWN: &str = "\u{1b}[B";

/// A server of another make than those that are looked for.
async fn local() -> Scripted {
    let models = Models::new([Model::plain("first", 131_072), Model::plain("second", 131_072)]);
    Imitation::scripted_under(Law::Lenient(models), []).await.expect("a server")
}

/// Answers everything for a server at this address, from the first question to the configuration's text.
fn answer_for_this_machine(terminal: &mut Terminal, url: &str) {
    terminal.wait_for("Where should the models run?");
    terminal.type_in(&format!("{DOWN}\r"));
    terminal.wait_for("looking for servers on this machine");
    terminal.wait_for("Which server?");
    // The last of the list, whatever runs on this machine.
    terminal.type_in(&format!("{UP}\r"));
    terminal.wait_for("What is it?");
    terminal.type_in(&format!("{UP}\r"));
    terminal.wait_for("At which address?");
    // The address that is offered goes first.
    terminal.type_in(&format!("{}{url}\r", "\u{7f}".repeat(40)));
    terminal.wait_for("Which model?");
    terminal.type_in(&format!("{DOWN}\r"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_answers_make_a_configuration_that_can_be_used() {
    let upstream = local().await;
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    answer_for_this_machine(&mut terminal, &upstream.url());
    terminal.wait_for("Write this to");
    terminal.type_in("y");
    terminal.wait_for("wrote ");
    terminal.wait_for("Try it now?");
    terminal.type_in("n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    let file = sandbox.home().join("config.json");
    assert_snapshot!(fs::read_to_string(&file).unwrap().replace(&upstream.url(), "URL"), @r#"
    // Made by `mcr setup`. `mcr config check` says whether an edit of it can be used.
    {
      "Providers": [
        {
          "name": "local",
          "api_base_url": "URL",
          "models": ["second"],
          // What the server gives the model, which may be less than it could take.
          "facts": { "second": { "window": 131072 } },
        },
      ],
      "Router": {
        "default": "local,second",
        "background": "local,second",
      },
      "StatusLine": { "enabled": true },
    }
    "#);
    let check = sandbox.mcr(["config", "check"]);
    assert!(check.starts_with("exit code: 0\n"), "{check}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_stays_beside_it_and_a_no_changes_nothing() {
    let upstream = local().await;
    let sandbox = Sandbox::new();
    let file = sandbox.write("home/config.json", "{/* mine */}");
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    answer_for_this_machine(&mut terminal, &upstream.url());
    terminal.wait_for("Put this in the place of");
    terminal.type_in("n");
    assert_eq!(terminal.end().0, Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), "{/* mine */}");
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    answer_for_this_machine(&mut terminal, &upstream.url());
    terminal.wait_for("Put this in the place of");
    terminal.type_in("y");
    terminal.wait_for("kept a copy: ");
    terminal.wait_for("Try it now?");
    terminal.type_in("n");
    assert_eq!(terminal.end().0, Some(0));
    let copies: Vec<_> = fs::read_dir(sandbox.home())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bak"))
        .collect();
    assert_eq!(copies.len(), 1);
    assert_eq!(fs::read_to_string(&copies[0]).unwrap(), "{/* mine */}");
    // `mcr model` keeps three copies of its own, and this is none of them.
    for change in ["--unset", "second", "--unset", "second"] {
        let picture = sandbox.mcr(["model", "background", change]);
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    }
    assert!(copies[0].exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_code_asks_and_then_runs_the_agent() {
    let upstream = local().await;
    let mut sandbox = Sandbox::new();
    let agent = sandbox.write("agent", "#!/bin/sh\nexit 7\n");
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("CLAUDE_PATH", &agent.display().to_string());
    let mut terminal = Terminal::start(&sandbox, &["code", "--version"]);
    terminal.wait_for("there is no configuration yet");
    answer_for_this_machine(&mut terminal, &upstream.url());
    terminal.wait_for("Write this to");
    terminal.type_in("y");
    terminal.wait_for("wrote ");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(7), "{shown}");
    assert!(sandbox.home().join("config.json").exists());
}

#[test]
fn a_key_that_cannot_be_checked_is_kept_only_when_all_is_agreed_to() {
    let mut sandbox = Sandbox::new();
    // The endpoint is not reached from here.
    sandbox.set("HTTPS_PROXY", "http://127.0.0.1:9");
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    terminal.wait_for("Where should the models run?");
    terminal.type_in("\r");
    terminal.wait_for("Key for api.eu.mistral.ai");
    terminal.type_in("sk-typed\r");
    terminal.wait_for("cannot ask api.eu.mistral.ai for its models");
    terminal.wait_for("What now?");
    assert!(!sandbox.home().join("state/keys.json").exists());
    terminal.type_in(&format!("{DOWN}\r"));
    terminal.wait_for("Write this to");
    terminal.type_in("y");
    terminal.wait_for("kept key, bound to api.eu.mistral.ai: mistral");
    terminal.wait_for("Try it now?");
    terminal.type_in("n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("sk-typed"), "{shown}");
    let text = fs::read_to_string(sandbox.home().join("config.json")).unwrap();
    assert!(text.contains("\"api_key\": \"store:mistral\"") && !text.contains("sk-typed"), "{text}");
}

#[test]
fn a_key_of_the_same_name_for_another_host_stays() {
    let mut sandbox = Sandbox::new();
    sandbox.set("HTTPS_PROXY", "http://127.0.0.1:9");
    let store = Store::open(&Paths::below(&sandbox.home()));
    let name = |name: &str| KeyName::parse(name).unwrap();
    store
        .set(&name("mistral"), &Secret::new("sk-global".to_owned()), &[Host::parse("api.mistral.ai").unwrap()])
        .unwrap();
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    terminal.wait_for("Where should the models run?");
    terminal.type_in("\r");
    terminal.wait_for("Key for api.eu.mistral.ai");
    terminal.type_in("sk-typed\r");
    terminal.wait_for("What now?");
    terminal.type_in(&format!("{DOWN}\r"));
    terminal.wait_for("Write this to");
    terminal.type_in("y");
    terminal.wait_for("kept key, bound to api.eu.mistral.ai: mistral-eu");
    terminal.wait_for("Try it now?");
    terminal.type_in("n");
    assert_eq!(terminal.end().0, Some(0));
    let key = |called: &str, host: &str| {
        let stored = store.get(&name(called)).unwrap().expect("a key");
        stored.key_for(&Host::parse(host).unwrap()).expect("its host").expose().to_owned()
    };
    assert_eq!(key("mistral", "api.mistral.ai"), "sk-global");
    assert_eq!(key("mistral-eu", "api.eu.mistral.ai"), "sk-typed");
    let text = fs::read_to_string(sandbox.home().join("config.json")).unwrap();
    assert!(text.contains("\"api_key\": \"store:mistral-eu\""), "{text}");
}

#[test]
fn a_link_is_refused_before_the_first_question() {
    let sandbox = Sandbox::new();
    let real = sandbox.write("dotfiles/config.json", "{/* mine */}");
    fs::create_dir(sandbox.home()).unwrap();
    std::os::unix::fs::symlink(&real, sandbox.home().join("config.json")).unwrap();
    let mut terminal = Terminal::start(&sandbox, &["setup"]);
    terminal.wait_for("error: a symbolic link is not replaced: ");
    assert_eq!(terminal.end().0, Some(73));
    assert_eq!(fs::read_to_string(&real).unwrap(), "{/* mine */}");
}

#[test]
fn without_a_terminal_there_is_one_error_with_what_to_do() {
    assert_snapshot!(Sandbox::new().mcr(["setup"]), @r"
    exit code: 64
    ----- stderr -----
    error: the questions of `mcr setup` need a terminal
    hint: run `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration
    hint: or `mcr preset install mistral-ollama --yes --set model=...` to use a model of this machine
    hint: or write a configuration: ~/home/config.json
    ");
    assert_snapshot!(Sandbox::new().mcr(["code", "-p", "hi"]), @r"
    exit code: 78
    ----- stderr -----
    error: there is no configuration, and `MISTRAL_API_KEY` is unset or empty
    hint: run `mcr setup` in a terminal, which asks a few questions and writes one
    hint: or `export MISTRAL_API_KEY=...` to use Mistral's EU endpoint with the built-in configuration
    hint: or `mcr preset install mistral-ollama` to use a model of this machine, and then `mcr mistral-ollama`
    ");
}
