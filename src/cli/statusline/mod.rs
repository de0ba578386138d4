//! `mcr statusline`: one line from what Claude Code tells on stdin and the proxy knows.
//!
//! Claude Code calls it several times a minute and waits for it, so it starts no runtime,
//! reads no transcript and gives the proxy milliseconds. Whatever goes wrong, there is a line;
//! why it is not the one that was configured stands on stderr.

mod ask;
mod branch;
mod command;

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use serde_json::{Map, Value};

use super::args::Statusline;
use super::config::Place;
use crate::config::{Environment, StatusLine, Variable, status_line};
use crate::env;
use crate::error::{Exit, Failure};
use crate::status_line::{Look, Told, Values, render};
use crate::ui;

/// The longest text on stdin; Claude Code writes a few kilobytes.
const LONGEST: u64 = 1 << 20;

/// Reads the JSON and prints the line, or with `--json` what every variable stands for.
pub fn run(options: &Statusline, place: &Place<'_>) -> Result<(), Failure> {
    let status = read()?;
    let StatusLine { style, .. } =
        status_line(options.preset.as_deref(), place.explicit, place.paths, place.environment).unwrap_or_else(
            |failure| {
                ui::say(&failure);
                StatusLine::default()
            },
        );
    let commands = if options.json { Vec::new() } else { command::start(&style.modules) };
    let session = ask::session(&status, place.environment);
    let wants_branch = |module: &crate::config::Module| module.text.variables().any(|it| it == Variable::GitBranch);
    let branch = if options.json || style.modules.iter().any(wants_branch) { branch_of(&status) } else { None };
    let values = Values::new(&Told { status: &status, session: session.as_ref(), branch: branch.as_deref() });
    let line = if options.json {
        let values: Map<String, Value> =
            values.named().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        Value::Object(values).to_string()
    } else {
        render(&style, &values, &command::first_lines(commands), look(place.environment))
    };
    ui::print(&format!("{line}\n")).map_err(|error| Failure::new(Exit::Io, error))
}

fn read() -> Result<Value, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::say(Exit::Usage, "the status line is drawn from JSON on stdin, and stdin is a terminal")
            .hint(r#"run `echo '{"model":{"id":"m"}}' | mcr statusline` to see one"#));
    }
    let mut text = Vec::new();
    stdin.lock().take(LONGEST).read_to_end(&mut text).map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(serde_json::from_slice(&text).unwrap_or_else(|error| {
        ui::say(format_args!("error: what stands on stdin is not Claude Code's JSON: {error}"));
        Value::Null
    }))
}

fn branch_of(status: &Value) -> Option<String> {
    let folder = status.pointer("/workspace/current_dir").or_else(|| status.get("cwd"))?.as_str()?;
    branch::of(Path::new(folder))
}

/// What the terminal can show, as far as the environment tells; stdout is a pipe to Claude Code.
fn look(environment: Environment<'_>) -> Look {
    let is = |name: &str, values: &[&str]| environment(name).is_some_and(|value| values.contains(&value.as_str()));
    let dumb = is(env::TERM, &["dumb", "unknown"]);
    Look {
        color: !dumb && environment(env::NO_COLOR).is_none_or(|value| value.is_empty()),
        icons: !dumb && !is(env::USE_SIMPLE_ICONS, &["true"]),
        width: environment(env::COLUMNS).and_then(|width| width.parse().ok()).filter(|width| *width > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The usual line on a fresh session, without colours.
    fn line(status: &Value) -> String {
        let values = Values::new(&Told { status, session: None, branch: None });
        render(&StatusLine::default().style, &values, &[], Look { color: false, icons: false, width: None })
    }

    #[test]
    fn no_color_and_dumb_terminals_are_heard() {
        let with = |name: &'static str, value: &'static str| {
            look(&move |asked: &str| (asked == name).then(|| value.to_owned()))
        };
        let full = Look { color: true, icons: true, width: None };
        assert_eq!(with("TERM", "xterm"), full);
        assert_eq!(with("NO_COLOR", "1"), Look { color: false, ..full });
        assert_eq!(with("NO_COLOR", ""), full);
        assert_eq!(with("TERM", "dumb"), Look { color: false, icons: false, width: None });
        assert_eq!(with("USE_SIMPLE_ICONS", "true"), Look { icons: false, ..full });
        assert_eq!(with("COLUMNS", "80"), Look { width: Some(80), ..full });
        assert_eq!((with("COLUMNS", "0"), with("COLUMNS", "wide")), (full, full));
    }

    #[test]
    fn the_line_of_a_fresh_session_names_model_and_folder() {
        let status = serde_json::json!({
            "model": {"id": "m", "display_name": "medium (mistral)"},
            "workspace": {"current_dir": "/a/b"},
            "context_window": {"used_percentage": 12.4},
        });
        assert_eq!(line(&status), "medium (mistral) · 12% · b");
        assert_eq!(line(&Value::Null), "");
    }
}
