//! The completion scripts in real shells, which ask mcr for presets, models and keys.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::{
    Sandbox, Terminal, hearing, requests,
    shells::{running, shell},
};

/// Two presets, a configuration with two models, a broken preset, and mcr on the path.
fn machine() -> Sandbox {
    let mut sandbox = Sandbox::new();
    let path = format!("{}:/usr/bin:/bin", Path::new(env!("CARGO_BIN_EXE_mcr")).parent().expect("a folder").display());
    sandbox.set("PATH", &path);
    sandbox.set("MCR_CONFIG", &sandbox.folder().join("config.json").display().to_string());
    let mut provider = requests::provider("mistral", "http://127.0.0.1:9/v1", "mistral-medium-3-5");
    provider["models"] = json!(["mistral-medium-3-5", "devstral:latest", "a b; $(rm -rf x)"]);
    sandbox.configure(&json!({"Providers": [provider], "Router": {"default": "mistral,mistral-medium-3-5"}}));
    for name in ["alpha-one", "alpha-two", "beta"] {
        sandbox.write(&format!("home/presets/{name}/manifest.json"), "{");
    }
    sandbox
}

/// Names that are offered, without the word that says whether they are all.
fn offered(sandbox: &Sandbox, words: &[&str]) -> String {
    sandbox.mcr(["__complete"].iter().chain(words))
}

#[test]
fn names_are_offered_where_they_belong_and_others_are_not() {
    let sandbox = machine();
    for (words, expect) in [
        (&["alpha"][..], "also\nalpha-one\nalpha-two\n"),
        (&["preset", "delete", ""], "only\nalpha-one\nalpha-two\nbeta\n"),
        (&["statusline", "b"], "only\nbeta\n"),
        (&["preset", "install", "mistral-o"], "also\nmistral-ollama\n"),
        (&["key", "test", ""], "only\nmistral\n"),
    ] {
        assert_eq!(offered(&sandbox, words), format!("exit code: 0\n----- stdout -----\n{expect}"), "{words:?}");
    }
    for words in [&["preset", "delete", "x"][..], &["code", ""], &["alpha-one", ""], &["preset", "delete", "-"], &[]] {
        assert_eq!(offered(&sandbox, words), "exit code: 0\n", "{words:?}");
    }
}

#[test]
fn a_broken_machine_says_nothing_into_the_command_line() {
    let mut sandbox = machine();
    sandbox.write("config.json", "{ broken");
    sandbox.write("home/state/keys.json", "broken");
    for words in [&["key", "test", ""][..], &["key", "rm", ""]] {
        assert_eq!(offered(&sandbox, words), "exit code: 0\n", "{words:?}");
    }
    sandbox.write("file", "");
    sandbox.set("MCR_HOME", "file");
    assert_eq!(offered(&sandbox, &["preset", "delete", ""]), "exit code: 0\n");
}

#[test]
fn asking_makes_no_file() {
    let sandbox = Sandbox::new();
    for words in [&["key", "rm", ""][..], &["preset", "delete", ""], &["key", "test", ""]] {
        assert_eq!(offered(&sandbox, words), "exit code: 0\n", "{words:?}");
    }
    assert!(!sandbox.home().exists());
}

#[test]
fn names_come_before_a_person_notices() {
    let sandbox = machine();
    let took = |words: &[&str]| {
        let since = Instant::now();
        offered(&sandbox, words);
        since.elapsed()
    };
    // The best of several: others may be busy here.
    let best = (0..20).map(|_| took(&["key", "test", ""]).max(took(&["preset", "delete", ""]))).min();
    // 10 ms, and as much again for a build that nobody has optimised.
    assert!(best.is_some_and(|best| best < Duration::from_millis(20)), "{best:?}");
}

#[test]
fn the_command_prints_the_committed_script_of_each_shell() {
    let sandbox = Sandbox::new();
    for (name, file) in [
        ("bash", "mcr.bash"),
        ("elvish", "mcr.elv"),
        ("fish", "mcr.fish"),
        ("nu", "mcr.nu"),
        ("pwsh", "_mcr.ps1"),
        ("zsh", "_mcr"),
    ] {
        let output = sandbox.command(["completions", name]).output().expect("the binary runs");
        let committed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file)).unwrap();
        assert!(output.status.success() && output.stdout == committed, "{name}");
    }
}

/// An interactive shell in a sandbox, with the completions as the README says to load them.
fn interactive(sandbox: &Sandbox, program: &Path, arguments: &[&str], setup: &str) -> Terminal {
    // The sandbox's own command has its environment; only the program is another.
    let own = sandbox.command::<&str>([]);
    let mut command: Command = hearing(program);
    command.args(arguments).env_clear().current_dir(sandbox.folder());
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut terminal = Terminal::run(command);
    terminal.type_in(&format!("{setup}\r"));
    terminal.wait_for("ready-to-type");
    terminal
}

/// Types a line with tabs, and has the shell say what became of it.
fn completes(terminal: &mut Terminal, typed: &str, expect: &str) {
    // To the begin of the line: what stands there is printed and not run.
    terminal.type_in(typed);
    terminal.type_in("\u{1}printf '<%s>' \r");
    let words = format!("<{}>", expect.replace(' ', "><"));
    terminal.wait_for(&words);
}

/// What every shell must do.
fn every_shell_must(terminal: &mut Terminal) {
    completes(terminal, "mcr be\t", "mcr beta");
    completes(terminal, "mcr statusl\t be\t", "mcr statusline beta");
    completes(terminal, "mcr preset delete al\tt\t", "mcr preset delete alpha-two");
    completes(terminal, "mcr preset reconfigure --yes be\t", "mcr preset reconfigure --yes beta");
    completes(terminal, "mcr preset install sta\t", "mcr preset install stackit");
    completes(terminal, "mcr key test m\t", "mcr key test mistral");
    terminal.type_in("mcr preset delete \t\t");
    for name in ["alpha-one", "alpha-two", "beta"] {
        terminal.wait_for(name);
    }
    terminal.type_in("\u{3}");
}

#[test]
fn bash_completes_names() {
    let Some(bash) = shell("bash") else { return };
    let sandbox = machine();
    let setup =
        "PS1='> '; set -u; bind 'set enable-bracketed-paste off'; source <(mcr completions bash); echo ready-to-''type";
    let mut terminal = interactive(&sandbox, &bash, &["--norc", "--noprofile", "-i"], setup);
    every_shell_must(&mut terminal);
    assert!(!terminal.shown().contains("unbound"), "{}", terminal.shown());
}

#[test]
fn zsh_completes_names() {
    let Some(zsh) = shell("zsh") else { return };
    let sandbox = machine();
    let setup = "PS1='> '; unsetopt prompt_sp; autoload -U compinit; compinit -D -u; source <(mcr completions zsh); echo ready-to-''type";
    let mut terminal = interactive(&sandbox, &zsh, &["-f", "-i"], setup);
    every_shell_must(&mut terminal);
}

#[test]
fn zsh_completes_names_when_the_script_lies_in_its_path_of_functions() {
    let Some(zsh) = shell("zsh") else { return };
    let sandbox = machine();
    let script = sandbox.command(["completions", "zsh"]).output().expect("the binary runs").stdout;
    sandbox.write("functions/_mcr", &String::from_utf8(script).expect("text"));
    let setup = "PS1='> '; unsetopt prompt_sp; fpath=($PWD/functions $fpath); autoload -U compinit; compinit -D -u; echo ready-to-''type";
    let mut terminal = interactive(&sandbox, &zsh, &["-f", "-i"], setup);
    every_shell_must(&mut terminal);
}

#[test]
fn a_models_name_with_a_colon_is_completed_whole() {
    for (program, arguments, setup) in [
        ("bash", &["--norc", "--noprofile", "-i"][..], ""),
        ("zsh", &["-f", "-i"], "unsetopt prompt_sp; autoload -U compinit; compinit -D -u;"),
    ] {
        let Some(path) = shell(program) else { continue };
        let sandbox = machine();
        // No argument takes a model yet, so another program says that this one does.
        sandbox.write("fake/mcr", "#!/bin/sh\necho only\necho mistral,devstral:latest\n");
        let setup = format!(
            "PS1='> '; {setup} source <(mcr completions {program}); chmod +x fake/mcr; PATH=$PWD/fake:$PATH; echo ready-to-''type"
        );
        let mut terminal = interactive(&sandbox, &path, arguments, &setup);
        completes(&mut terminal, "mcr statusline mistral,devstral:la\t", "mcr statusline mistral,devstral:latest");
        completes(&mut terminal, "mcr statusline mi\t", "mcr statusline mistral,devstral:latest");
    }
}

#[test]
fn fish_completes_names() {
    let Some(fish) = shell("fish") else { return };
    let sandbox = machine();
    let own = sandbox.command::<&str>([]);
    let complete = |line: &str| {
        let mut command = Command::new(&fish);
        command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let script = format!("mcr completions fish | source; complete -C '{line}'");
        let output = command.current_dir(sandbox.folder()).args(["--no-config", "-c", &script]).output().expect("fish");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(complete("mcr preset delete "), ["alpha-one", "alpha-two", "beta"]);
    assert_eq!(complete("mcr preset delete al"), ["alpha-one", "alpha-two"]);
    assert_eq!(complete("mcr statusline b"), ["beta"]);
    assert_eq!(complete("mcr preset install stac"), ["stackit"]);
    assert_eq!(complete("mcr key test "), ["mistral"]);
    let all = complete("mcr ");
    assert!(["alpha-one", "beta", "preset", "smoke"].iter().all(|word| all.iter().any(|one| one == word)), "{all:?}");
    assert_eq!(complete("mcr preset instal"), ["install"]);
}

#[test]
fn nushell_takes_its_script() {
    let sandbox = Sandbox::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions/mcr.nu");
    let script = format!("source '{}'; scope externs | where name == 'mcr preset install' | length", script.display());
    let Some(mut command) = running("nu", &script) else { return };
    let output = command.env("HOME", sandbox.folder()).current_dir(sandbox.folder()).output().expect("nushell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
}
