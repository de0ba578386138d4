//! Ctrl-C at a question: nothing is left half done, and the terminal is as it was.
#![cfg(target_os = "linux")]

use std::process::Command;

use serde_json::{Value, json};

use super::{asking, files, folder, install_asking, installed};
use crate::common::{Sandbox, Terminal, config};

/// A terminal with a shell that is left to itself when mcr ends, and that says how it finds the terminal.
fn start(sandbox: &Sandbox, arguments: &[&str]) -> Terminal {
    let like = sandbox.command(arguments);
    let mut shell = Command::new("setsid");
    // The shell hears Ctrl-C as well, and goes on.
    let script =
        "trap : INT; \"$0\" \"$@\"; echo \"ended with $?\"; stty -a | tr ' ' '\\n' | grep -x '\\-*echo'; echo over";
    shell.args(["--ctty", "sh", "-c", script]).arg(like.get_program()).args(like.get_args());
    shell.env_clear().current_dir(sandbox.folder()).env("PATH", "/usr/bin:/bin");
    shell.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Terminal::run(shell)
}

/// Presses Ctrl-C and claims that the terminal has its echo and its cursor, and the shell mcr's code.
fn interrupted(mut terminal: Terminal) {
    terminal.type_in("\x03");
    terminal.wait_for("ended with 130");
    terminal.wait_for("over");
    let shown = terminal.shown();
    assert!(shown.lines().any(|line| line.trim() == "echo"), "{shown}");
    assert!(shown.rfind("\x1b[?25l") <= shown.rfind("\x1b[?25h"), "the cursor is hidden: {shown:?}");
    assert!(!shown.contains("error"), "{shown}");
}

#[test]
fn at_a_yes_or_no_the_cursor_comes_back_and_nothing_is_installed() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Install it?");
    interrupted(terminal);
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
}

#[test]
fn at_a_key_the_echo_comes_back_and_nothing_is_kept() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("Key:");
    interrupted(terminal);
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
    let mut terminal = start(&sandbox, &["key", "set", "mistral", "--host", "api.eu.mistral.ai"]);
    terminal.wait_for("ey");
    interrupted(terminal);
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
}

#[test]
fn behind_a_key_that_was_typed_the_key_is_not_kept_either() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("Key:");
    terminal.type_in("sk-typed-secret\r");
    terminal.wait_for("model");
    terminal.type_in("\r");
    terminal.wait_for("port");
    interrupted(terminal);
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
}

#[test]
fn while_a_preset_is_configured_anew_it_stays_as_it_was() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    let values = installed(&sandbox, "asking").join("values.json");
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&values).unwrap()).unwrap();
    let mut terminal = start(&sandbox, &["preset", "reconfigure", "asking"]);
    terminal.wait_for("empty keeps the one of before");
    terminal.type_in("sk-another\r");
    terminal.wait_for("model");
    interrupted(terminal);
    let after: Value = serde_json::from_str(&std::fs::read_to_string(&values).unwrap()).unwrap();
    assert_eq!(before, after);
    assert_eq!(files(&installed(&sandbox, "asking")), ["manifest.json", "values.json"]);
    assert!(!sandbox.home().join("state/keys.json").exists());
    let mut terminal = start(&sandbox, &["preset", "delete", "asking"]);
    terminal.wait_for("asking");
    interrupted(terminal);
    assert_eq!(files(&installed(&sandbox, "asking")), ["manifest.json", "values.json"]);
}

#[test]
fn at_the_questions_of_setup_and_model_no_file_is_written_or_changed() {
    let sandbox = Sandbox::new();
    let mut terminal = start(&sandbox, &["setup"]);
    terminal.wait_for("Where should the models run?");
    interrupted(terminal);
    assert_eq!(files(&sandbox.home()), Vec::<String>::new());
    let text = json!(config("http://127.0.0.1:9/v1")).to_string();
    let file = sandbox.write("home/config.json", &text);
    let mut terminal = start(&sandbox, &["model"]);
    terminal.wait_for("default");
    interrupted(terminal);
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}
