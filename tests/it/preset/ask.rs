//! The questions, put to a person at a terminal.

use serde_json::{Value, json};

use super::{asking, folder, install_asking, installed};
use crate::common::{Sandbox, Terminal};

#[test]
fn a_person_is_asked_again_where_ccr_gives_up_and_a_key_is_not_shown() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Key (apiKey), to be sent to localhost only");
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("Key");
    terminal.type_in("sk-typed-secret\r");
    terminal.wait_for("model");
    terminal.type_in("\r");
    terminal.wait_for("port");
    terminal.type_in("0\r");
    terminal.wait_for("it must be at least 1");
    terminal.wait_for("port");
    terminal.type_in("9\r");
    terminal.wait_for("installed preset asking");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("sk-typed-secret"), "{shown}");
    let text = std::fs::read_to_string(installed(&sandbox, "asking").join("values.json")).unwrap();
    let values: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(values["answers"], json!({"model": "small", "port": 9}));
    assert_eq!(values["secrets"]["apiKey"]["from"], "store:preset/asking/api_key");
}

#[test]
fn whoever_does_not_agree_gets_nothing_installed() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Install it?");
    terminal.type_in("n");
    terminal.wait_for("not installed: you did not agree");
    assert_eq!(terminal.end().0, Some(77));
    assert!(!sandbox.home().join("presets").exists());
}

const DOWN: &str = "\x1b[B";

/// A preset with the two questions that take more than a line.
fn writing() -> Value {
    json!({
        "name": "writing", "version": "1",
        "schema": [
            {"id": "models", "type": "multiselect", "label": "Models", "options": ["small", "medium", "large"],
             "defaultValue": ["small"]},
            {"id": "note", "type": "editor", "label": "Note", "defaultValue": "as it was"},
        ],
        "Providers": [{"name": "p", "api_base_url": "http://localhost:9/v1", "models": "{{models}}"}],
    })
}

/// Puts a program in the editor's place; it is written by a shell, since a file that is open here could not be run.
fn editor(sandbox: &mut Sandbox, script: &str) {
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" > editor && chmod +x editor"#;
    let mut shell = std::process::Command::new("/bin/sh");
    let made = shell.args(["-c", write, "-", script]).current_dir(sandbox.folder());
    assert!(made.status().expect("a shell").success());
    let path = sandbox.folder().join("editor").display().to_string();
    sandbox.set("EDITOR", &path);
    sandbox.set("PATH", "/usr/bin:/bin");
}

fn answers(sandbox: &Sandbox, name: &str) -> Value {
    let text = std::fs::read_to_string(installed(sandbox, name).join("values.json")).expect("answers");
    serde_json::from_str::<Value>(&text).expect("JSON")["answers"].clone()
}

#[test]
fn a_choice_with_a_comma_in_it_can_be_chosen_with_others() {
    let sandbox = Sandbox::new();
    let mut manifest = writing();
    manifest["schema"] = json!([{"id": "models", "type": "multiselect", "label": "Models",
        "options": ["p,small", "p,large"], "defaultValue": ["p,small"]}]);
    folder(&sandbox, "writing", &manifest);
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "writing"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("p,large");
    terminal.type_in(&format!("{DOWN} \r"));
    terminal.wait_for("installed preset writing");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(answers(&sandbox, "writing"), json!({"models": ["p,small", "p,large"]}));
    let set = r#"models=["p,large"]"#;
    assert!(sandbox.mcr(["preset", "reconfigure", "writing", "--yes", "--set", set]).starts_with("exit code: 0\n"));
    assert_eq!(answers(&sandbox, "writing"), json!({"models": ["p,large"]}));
}

#[test]
fn several_are_chosen_with_the_space_bar_and_a_text_is_written_in_the_editor() {
    let mut sandbox = Sandbox::new();
    editor(&mut sandbox, "cp \"$1\" seen; printf 'first line\\nsecond line\\n' > \"$1\"");
    folder(&sandbox, "writing", &writing());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "writing"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("large");
    // Takes away the default and adds the last one.
    terminal.type_in(&format!(" {DOWN}{DOWN} \r"));
    terminal.wait_for("installed preset writing");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(answers(&sandbox, "writing"), json!({"models": ["large"], "note": "first line\nsecond line"}));
    assert_eq!(std::fs::read_to_string(sandbox.folder().join("seen")).unwrap(), "as it was");
}

#[test]
fn an_editor_that_is_left_without_saving_keeps_what_was_there() {
    let mut sandbox = Sandbox::new();
    editor(&mut sandbox, "exit 0");
    folder(&sandbox, "writing", &writing());
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "writing"]);
    terminal.wait_for("Install it?");
    terminal.type_in("y");
    terminal.wait_for("large");
    terminal.type_in("\r");
    terminal.wait_for("installed preset writing");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(answers(&sandbox, "writing"), json!({"models": ["small"], "note": "as it was"}));
}

#[test]
fn an_editor_that_is_not_there_or_fails_installs_nothing_and_is_named() {
    for (name, words) in [
        ("./editor --wait", "the editor failed, so its text does not count"),
        ("no-such-editor", "the editor cannot be started: no-such-editor"),
        // Without a name it is `vi`, which is not there.
        (" ", "the editor cannot be started: vi"),
    ] {
        let mut sandbox = Sandbox::new();
        editor(&mut sandbox, "exit 3");
        sandbox.set("EDITOR", name);
        sandbox.set("PATH", "/none");
        folder(&sandbox, "writing", &writing());
        let mut terminal = Terminal::start(&sandbox, &["preset", "install", "writing"]);
        terminal.wait_for("Install it?");
        terminal.type_in("y");
        terminal.wait_for("large");
        terminal.type_in("\r");
        terminal.wait_for(words);
        terminal.wait_for("hint: set `EDITOR`");
        assert_eq!(terminal.end().0, Some(74));
        assert!(!sandbox.home().join("presets").exists());
    }
}

#[test]
fn a_second_install_at_a_terminal_offers_to_answer_again_and_keeps_what_is_not_said() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    let before = answers(&sandbox, "asking");
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("preset asking is already installed");
    terminal.wait_for("Answer its questions again?");
    terminal.type_in("n");
    terminal.wait_for("error: preset `asking` is already installed");
    assert_eq!(terminal.end().0, Some(73));
    assert_eq!(answers(&sandbox, "asking"), before);
    let mut terminal = Terminal::start(&sandbox, &["preset", "install", "asking"]);
    terminal.wait_for("Answer its questions again?");
    terminal.type_in("y");
    terminal.wait_for("empty keeps the one of before");
    terminal.type_in("\r");
    terminal.wait_for("model");
    terminal.type_in(&format!("{DOWN}\r"));
    terminal.wait_for("port");
    terminal.type_in("\r");
    terminal.wait_for("configured preset asking");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(answers(&sandbox, "asking"), json!({"model": "large", "port": 9}));
}
