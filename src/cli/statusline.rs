//! `mcr statusline`: one line from what Claude Code tells on stdin.

use std::io::Read as _;

use serde_json::Value;

use crate::error::{Exit, Failure};
use crate::ui;

/// Reads the JSON and prints the line; JSON that is none gives an empty line, since nobody reads an error there.
pub fn run() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::new(Exit::Io, error))?;
    let status = serde_json::from_str(&text).unwrap_or(Value::Null);
    ui::print(&format!("{}\n", line(&status))).map_err(|error| Failure::new(Exit::Io, error))
}

/// Model, share of the window, folder.
pub(super) fn line(status: &Value) -> String {
    let word = |pointer: &str| status.pointer(pointer).and_then(Value::as_str).filter(|word| !word.is_empty());
    let mut parts = Vec::new();
    if let Some(model) = word("/model/display_name").or_else(|| word("/model/id")) {
        parts.push(printable(model));
    }
    if let Some(share) = status.pointer("/context_window/used_percentage").and_then(Value::as_f64) {
        parts.push(format!("{share:.0}% of context"));
    }
    if let Some(folder) = word("/workspace/current_dir").and_then(|path| path.rsplit(['/', '\\']).next()) {
        parts.push(printable(folder));
    }
    parts.join(" · ")
}

/// Keeps what a model or folder is called from steering the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_model_context_and_folder() {
        let status = serde_json::json!({
            "model": {"id": "m", "display_name": "mistral-medium-3-5 (mistral)"},
            "workspace": {"current_dir": "/a/b"},
            "context_window": {"used_percentage": 12.4},
        });
        assert_eq!(line(&status), "mistral-medium-3-5 (mistral) · 12% of context · b");
    }

    #[test]
    fn before_the_first_answer_the_model_is_there_already() {
        assert_eq!(line(&serde_json::json!({"model": {"id": "m"}, "context_window": {"used_percentage": null}})), "m");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(line(&serde_json::json!({"model": {"id": "\u{1b}[31mm"}})), "[31mm");
    }
}
