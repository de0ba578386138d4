//! What is typed wrong, and what commands say that no other test pictures.

use clap::CommandFactory as _;
use insta::assert_snapshot;
use mcr::cli::args::Arguments;
use serde_json::json;

use crate::common::{Sandbox, config};
use crate::preset::session::agent;
use crate::preset::{folder, install_asking};
use crate::service::Service;

/// Every command as it is typed, and whether others stand behind it.
fn commands(command: &clap::Command, typed: &[String], found: &mut Vec<(Vec<String>, bool)>) {
    found.push((typed.to_vec(), command.has_subcommands()));
    for inner in command.get_subcommands() {
        commands(inner, &[typed, &[inner.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn an_option_that_a_command_does_not_have_is_a_usage_error_of_that_command() {
    let (sandbox, mut found) = (Sandbox::new(), Vec::new());
    commands(&Arguments::command(), &[], &mut found);
    assert!(found.len() >= 35, "only {} commands", found.len());
    for (typed, _) in found {
        // Everything behind `code` is Claude Code's.
        if typed == ["code"] {
            continue;
        }
        let picture = sandbox.mcr(typed.iter().map(String::as_str).chain(["--no-such-option"]));
        let expect = "exit code: 64\n----- stderr -----\nerror: unexpected argument '--no-such-option' found\n";
        assert!(picture.starts_with(expect), "{typed:?}: {picture}");
        let usage = ["Usage: mcr"].into_iter().chain(typed.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        assert!(picture.lines().any(|line| line.starts_with(&usage)), "{typed:?}: {picture}");
        assert!(!sandbox.home().exists(), "{typed:?}");
    }
}

#[test]
fn a_word_behind_a_command_that_has_others_is_told_with_all_of_them() {
    let (sandbox, mut found) = (Sandbox::new(), Vec::new());
    commands(&Arguments::command(), &[], &mut found);
    let with_others: Vec<_> = found.iter().filter(|(typed, others)| *others && !typed.is_empty()).collect();
    assert!(with_others.len() >= 5, "only {with_others:?}");
    for (typed, _) in with_others {
        let picture = sandbox.mcr(typed.iter().map(String::as_str).chain(["zzz"]));
        assert!(picture.starts_with("exit code: 64\n----- stderr -----\nerror: unrecognized subcommand 'zzz'\n"));
        let hint = picture.lines().last().unwrap_or_default();
        for (inner, _) in found.iter().filter(|(inner, _)| inner.len() > typed.len() && inner.starts_with(typed)) {
            assert!(hint.contains(&format!("`{}`", inner[typed.len()])), "{typed:?}: {picture}");
        }
    }
    assert_snapshot!(sandbox.mcr(["preset", "instal"]), @r"
    exit code: 64
    ----- stderr -----
    error: unrecognized subcommand 'instal'

      tip: some similar subcommands exist: 'list', 'install'

    Usage: mcr preset <COMMAND>

    For more information, try '--help'.
    hint: `mcr preset` has `install`, `list`, `info`, `show`, `reconfigure`, `export`, `delete`, `validate`
    ");
    assert_snapshot!(sandbox.mcr(["--config", "x.json", "config", "edit"]), @r"
    exit code: 64
    ----- stderr -----
    error: unrecognized subcommand 'edit'

    Usage: mcr config [OPTIONS] <COMMAND>

    For more information, try '--help'.
    hint: `mcr config` has `check`, `show`, `path`
    ");
}

#[test]
fn commands_that_claude_code_router_has_and_mcr_calls_otherwise_are_told() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["ui"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `ui`
    hint: there is no page in a browser; run `mcr setup`, `mcr model` or `mcr config show`
    ");
    assert_snapshot!(sandbox.mcr(["help"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `help`
    hint: run `mcr --help`
    ");
    assert_snapshot!(sandbox.mcr(["version"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `version`
    hint: run `mcr --version`
    ");
    assert_snapshot!(sandbox.mcr(["install", "x"]), @r"
    exit code: 64
    ----- stderr -----
    error: there is no command and no preset `install`
    hint: run `mcr preset install NAME`
    ");
    assert_snapshot!(sandbox.mcr(["-v"]), @r"
    exit code: 64
    ----- stderr -----
    error: unexpected argument '-v' found

    Usage: mcr [OPTIONS] <COMMAND>

    For more information, try '--help'.
    hint: run `mcr --version`
    ");
}

#[test]
fn what_is_missing_is_named() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["preset", "install"]), @r"
    exit code: 64
    ----- stderr -----
    error: the following required arguments were not provided:
      <SOURCE>

    Usage: mcr preset install <SOURCE>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["key", "set"]), @r"
    exit code: 64
    ----- stderr -----
    error: the following required arguments were not provided:
      <KEY>

    Usage: mcr key set <KEY>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["completions"]), @r"
    exit code: 64
    ----- stderr -----
    error: the following required arguments were not provided:
      <SHELL>

    Usage: mcr completions <SHELL>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["--config"]), @r"
    exit code: 64
    ----- stderr -----
    error: a value is required for '--config <FILE>' but none was supplied

    For more information, try '--help'.
    ");
    // Every command there is stands in this one, so it is not pictured whole.
    let picture = sandbox.mcr(["--quiet"]);
    let begins = "exit code: 64\n----- stderr -----\nerror: 'mcr' requires a subcommand but one was not provided\n";
    assert!(picture.starts_with(begins) && picture.contains("  [subcommands: code, setup, start, "), "{picture}");
    assert_snapshot!(sandbox.mcr(["preset", "install", "mistral-cloud", "--set"]), @r"
    exit code: 64
    ----- stderr -----
    error: a value is required for '--set <ID=ANSWER>' but none was supplied

    For more information, try '--help'.
    ");
}

#[test]
fn values_that_are_none_are_named_with_what_would_be_one() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["start", "--port", "99999"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value '99999' for '--port <PORT>': 99999 is not in 0..=65535

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["restart", "--port", "http"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'http' for '--port <PORT>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["logs", "-n", "ten"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'ten' for '--lines <N>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["completions", "bush"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'bush' for '<SHELL>'
      [possible values: bash, elvish, fish, nu, pwsh, zsh]

      tip: a similar value exists: 'bash'

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["key", "set", "My Key"]), @r"
    exit code: 64
    ----- stderr -----
    error: invalid value 'My Key' for '<KEY>': `My Key` is no name of a key; it has up to 128 small letters, digits, `.`, `_`, `/` and `-`, a letter or digit first

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["preset", "install", "mistral-cloud", "--set", "apiKey"]), @r"
    exit code: 64
    ----- stderr -----
    error: `--set apiKey` has no `=`
    hint: write it as `--set ID=ANSWER`
    ");
    assert_snapshot!(sandbox.mcr(["smoke", "--ofline"]), @r"
    exit code: 64
    ----- stderr -----
    error: unexpected argument '--ofline' found

      tip: a similar argument exists: '--offline'

    Usage: mcr smoke --offline

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["setup", "now"]), @r"
    exit code: 64
    ----- stderr -----
    error: unexpected argument 'now' found

    Usage: mcr setup

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.mcr(["statusline", "one", "two"]), @r"
    exit code: 64
    ----- stderr -----
    error: unexpected argument 'two' found

    Usage: mcr statusline [OPTIONS] [PRESET]

    For more information, try '--help'.
    ");
}

#[test]
fn presets_that_are_not_there_are_told_by_every_command_that_takes_one() {
    let sandbox = Sandbox::new();
    for command in ["info", "show", "reconfigure", "delete"] {
        assert_eq!(
            sandbox.mcr(["preset", command, "none"]),
            "exit code: 66\n----- stderr -----\nerror: there is no preset `none`\n\
             hint: run `mcr preset list` to see what is there\n",
            "{command}"
        );
    }
    assert_snapshot!(sandbox.mcr(["preset", "validate", "none"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no folder, archive or built-in preset `none`
    hint: run `mcr preset list --built-in` to see the built-in ones
    ");
    assert_snapshot!(sandbox.mcr(["key", "rm", "none"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no key `none` in the store
    hint: run `mcr key list` to see which there are
    ");
    assert_snapshot!(sandbox.mcr(["key", "list"]), @r"
    exit code: 0
    ----- stderr -----
    there are no keys in the store; set one with `mcr key set NAME --host HOST`
    ");
}

#[test]
fn a_service_that_runs_is_shown_and_restarted_in_words() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let service = Service::start(&sandbox);
    let shown = service.plain(&sandbox.mcr(["status"]));
    let hash = service.status()["configuration"]["hash"].as_str().expect("a hash").to_owned();
    // A span and a date differ from run to run, and the hash with every key that mcr learns.
    let lines = shown.lines().map(|line| match line.split_once(" (process PID, mcr ") {
        Some((head, _)) => format!("{head} …"),
        None if line.starts_with("configuration ") => line.replace(&hash[..12], "HASH"),
        None if line.starts_with("log ") => format!("{}…", &line[..10]),
        None => line.to_owned(),
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    exit code: 0
    ----- stdout -----
    service   http://127.0.0.1:PORT …
    requests  0, 0 failed
    log       …
    configuration ~/config.json (HASH)
      provider mistral  127.0.0.1
      route default     mistral,mistral-medium-3-5
    ");
    let restarted = sandbox.mcr(["restart"]);
    assert_snapshot!(service.plain(&restarted), @r"
    exit code: 0
    ----- stderr -----
    listening on http://127.0.0.1:PORT
    token: ~/home/state/token
    ");
    let stopped = sandbox.mcr(["stop"]);
    assert_snapshot!(stopped, @r"
    exit code: 0
    ----- stderr -----
    stopped the service
    ");
}

#[test]
fn a_preset_that_is_shown_and_configured_anew_says_this() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    assert_snapshot!(sandbox.mcr(["preset", "reconfigure", "asking", "--set", "model=large"]), @r"
    exit code: 0
    ----- stderr -----
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
    warning: ~/home/presets/asking/manifest.json:31:18: Providers[0].api_key: environment variable `KEY` is unset or empty; run `export KEY=...` and start again
    configured preset asking
    ");
    assert_snapshot!(sandbox.mcr(["preset", "reconfigure", "asking", "--set", "model=huge"]), @r"
    exit code: 65
    ----- stderr -----
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
    error: the preset asks what nobody is there to answer:
      model (model): `huge` is none of `small`, `large`
    hint: pass `--set model=ANSWER`
    ");
    let shown = sandbox.mcr(["preset", "show", "asking"]);
    let shown: Vec<&str> = shown.lines().take_while(|line| !line.starts_with("Router.long")).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    exit code: 0
    ----- stdout -----
    Providers[0].name                         = "p"  (~/home/presets/asking/manifest.json:29:15)
    Providers[0].api_base_url                 = "http://localhost:9/v1/chat/completions"  (~/home/presets/asking/manifest.json:30:23)
    Providers[0].api_key                      = "[secret]"  (~/home/presets/asking/manifest.json:31:18, $KEY is unset or empty)
    Providers[0].models[0]                    = "large"  (~/home/presets/asking/manifest.json:33:9)
    Providers[0].dialect                      = "openai"  (from the host, else the name)
    Providers[0].limits.max_concurrency       = 4  (default)
    Providers[0].limits.queue                 = 64  (default)
    Providers[0].limits.queue_timeout_seconds = 20  (default)
    Providers[0].health_probe.enabled         = false  (default)
    Providers[0].facts.large.window           = 131072  (default)
    Providers[0].facts.large.vision           = true  (default)
    Providers[0].facts.large.reasoning        = []  (default)
    Router.default                            = "p,large"  (~/home/presets/asking/manifest.json:38:16)
    "#);
}

#[test]
fn what_a_session_says_at_its_end_is_one_line_and_its_code_the_agents() {
    let mut sandbox = Sandbox::new();
    agent(&mut sandbox);
    sandbox.set("CLAUDE_PATH", "/bin/false");
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    // The first run of all makes the record's key, which the log tells of.
    sandbox.mcr(["--config", "config.json", "code", "-p", "hi"]);
    assert_snapshot!(sandbox.mcr(["--config", "config.json", "code", "-p", "hi"]), @r"
    exit code: 1
    ----- stderr -----
    mcr: no requests
    ");
    let manifest = json!({"name": "mine", "version": "1", "Router": {"default": "p,m"},
        "Providers": [{"name": "p", "api_base_url": "http://127.0.0.1:9/v1", "models": ["m"]}]});
    folder(&sandbox, "mine", &manifest);
    assert!(sandbox.mcr(["preset", "install", "mine", "--yes"]).starts_with("exit code: 0\n"));
    assert_snapshot!(sandbox.mcr(["mine", "-p", "hi"]), @r"
    exit code: 1
    ----- stderr -----
    mcr: no requests
    ");
    sandbox.set("CLAUDE_PATH", "/no/such/claude");
    assert_snapshot!(sandbox.mcr(["--config", "config.json", "code", "-p", "hi"]), @r"
    exit code: 127
    ----- stderr -----
    error: the Claude Code named by the environment's `CLAUDE_PATH` does not exist: /no/such/claude
    hint: set `CLAUDE_PATH` in the configuration or the environment to an executable
    hint: run `npm install -g @anthropic-ai/claude-code`
    ");
}
