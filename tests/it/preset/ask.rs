//! The questions, put to a person at a terminal.

use serde_json::{Value, json};

use super::{asking, folder, installed};
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
