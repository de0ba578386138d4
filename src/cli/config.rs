//! `mcr config`: where the configuration is, what it says, and what is wrong with it.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};

use super::{doorway::Doorway, egress::judged_json};
use crate::{
    config::{self, Config, Environment, Problem, Problems, Source},
    egress::{Judged, judged},
    error::{Exit, Failure},
    paths::Paths,
    ui,
};

/// The commands below `mcr config`.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum ConfigCommand {
    /// Report all problems of the configuration
    #[command(after_help = "Example: mcr config check --json")]
    Check(Form),
    /// Show every value and where it comes from, with secrets masked
    #[command(after_help = "Example: mcr config show")]
    Show(Form),
    /// Print the path of the configuration file
    #[command(after_help = "Example: mcr config path")]
    Path,
}

/// How to print.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Form {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where to look for the configuration.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The file that `--config` names.
    pub explicit: Option<&'a Path>,
    /// The usual places.
    pub paths: &'a Paths,
    /// The environment.
    pub environment: Environment<'a>,
}

/// Refuses to write to a file that is a link: the link would go, and what it leads to would stay as it was.
pub(super) fn refuse_link(file: &Path) -> Result<(), Failure> {
    if !file.is_symlink() {
        return Ok(());
    }
    let failure = Failure::say(Exit::CannotCreate, format!("a symbolic link is not replaced: {}", file.display()));
    Err(match file.canonicalize() {
        Ok(real) => {
            failure.hint(format!("name what it leads to: `--config {}`", shell_words::quote(&real.to_string_lossy())))
        }
        Err(_) => failure.hint("it leads nowhere; take it away, or name another file with `--config FILE`"),
    })
}

/// Runs one of the commands.
pub fn run(command: ConfigCommand, place: &Place<'_>) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(form) => check(form, place),
        ConfigCommand::Show(form) => show(form, place),
        ConfigCommand::Path => path(place),
    }
}

/// Prints all problems; fails when one keeps the configuration, or a route, from being used.
pub fn check(form: Form, place: &Place<'_>) -> Result<(), Failure> {
    let text = config::text(place.explicit, place.paths, place.environment)?;
    let name = text.origin.to_string();
    let mut way_out = Ok(());
    let mut in_the_way = Vec::new();
    let problems = match config::examine(&text, place.environment) {
        Ok(config) => {
            let doorway = Doorway::of(place);
            way_out = doorway.checked(&config).map(|opened| drop(opened.told(form.json)));
            in_the_way = judged(&config, &doorway.guard(&config)?);
            in_the_way.retain(Judged::is_in_the_way);
            let mut problems = [config.warnings, config.unset].concat();
            problems.sort_by_key(|problem| problem.position);
            Problems(problems)
        }
        Err(problems) => problems,
    };
    print(&if form.json { checked_json(&name, &problems, &in_the_way) } else { checked(&problems) })?;
    if problems.errors().next().is_some() {
        return Err(Failure::say(Exit::Config, problems.headline()));
    }
    way_out?;
    ui::say(format_args!("no errors in {name}"));
    Ok(())
}

/// Prints every value and where it comes from.
pub fn show(form: Form, place: &Place<'_>) -> Result<(), Failure> {
    let config = config::load(place.explicit, place.paths, place.environment)?;
    print(&if form.json { shown_json(&config) } else { shown(&config) })
}

/// Prints the path of the file that holds the configuration, or would.
pub fn path(place: &Place<'_>) -> Result<(), Failure> {
    let file = config::file(place.explicit, place.paths, place.environment);
    print(&format!("{}\n", file.display()))
}

fn print(text: &str) -> Result<(), Failure> {
    ui::print(text).map_err(|error| Failure::new(Exit::Io, error))
}

fn checked(problems: &Problems) -> String {
    problems.0.iter().fold(String::new(), |mut text, problem| {
        let _ = writeln!(text, "{}: {problem}", problem.severity.as_str());
        text
    })
}

/// One problem, as `--json` has it wherever problems are told.
pub(super) fn problem_json(problem: &Problem) -> Value {
    json!({
        "severity": problem.severity.as_str(),
        "line": problem.position.line,
        "column": problem.position.column,
        "path": problem.path,
        "message": problem.what,
        "suggestion": problem.suggestion,
    })
}

fn checked_json(name: &str, problems: &Problems, in_the_way: &[Judged]) -> String {
    let list: Vec<Value> = problems.0.iter().map(problem_json).collect();
    let denied: Vec<Value> = in_the_way.iter().map(judged_json).collect();
    let is_ok = problems.errors().next().is_none() && denied.is_empty();
    format!("{:#}\n", json!({"file": name, "ok": is_ok, "problems": list, "denied": denied}))
}

pub(super) fn shown(config: &Config) -> String {
    let width = config.settings.iter().map(|setting| setting.path.len()).max().unwrap_or(0);
    config.settings.iter().fold(String::new(), |mut text, setting| {
        let source = match &setting.source {
            source @ (Source::Written { .. } | Source::Unset { .. }) => format!("{}:{source}", config.origin),
            source @ (Source::Default | Source::Inferred(_) | Source::Catalogue(_)) => source.to_string(),
        };
        let _ = writeln!(text, "{:width$} = {}  ({source})", setting.path, setting.value);
        text
    })
}

pub(super) fn shown_json(config: &Config) -> String {
    let list: Vec<Value> = config
        .settings
        .iter()
        .map(|setting| json!({"path": setting.path, "value": setting.value, "source": source_json(&setting.source)}))
        .collect();
    format!("{:#}\n", json!({"file": config.origin.to_string(), "settings": list}))
}

fn source_json(source: &Source) -> Value {
    match source {
        Source::Written { position, variables } => {
            json!({"kind": "file", "line": position.line, "column": position.column, "variables": variables})
        }
        Source::Unset { position, variable } => {
            json!({"kind": "unset", "line": position.line, "column": position.column, "variables": [variable]})
        }
        Source::Default => json!({"kind": "default"}),
        Source::Inferred(from) => json!({"kind": "inferred", "from": from}),
        Source::Catalogue(date) => json!({"kind": "catalogue", "date": date}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{PORT: 1, zzz: 2, APIKEY: 'sk-1', Providers: [{name: 'p', api_base_url: 'https://x.example',\n\
                         api_key: '$NONE', models: ['m']}]}";

    fn config() -> Config {
        config::read(TEXT, "c.json", &|_| None).unwrap()
    }

    #[test]
    fn problems_are_a_line_each_behind_their_severity() {
        let config = config();
        assert_eq!(
            checked(&Problems([config.warnings, config.unset].concat())),
            "warning: c.json:1:1: `Router.default` is missing; requests go to `p,m`\n\
             warning: c.json:1:11: zzz: unknown key\n\
             error: c.json:2:10: Providers[0].api_key: environment variable `NONE` is unset or empty; \
             run `export NONE=...` and start again\n"
        );
    }

    #[test]
    fn problems_as_json_have_their_parts() {
        let json: Value =
            serde_json::from_str(&checked_json("c.json", &Problems(config().warnings[1..].to_vec()), &[])).unwrap();
        assert_eq!(
            json,
            json!({"file": "c.json", "ok": true, "problems": [{"severity": "warning", "line": 1, "column": 11,
                "path": "zzz", "message": "unknown key", "suggestion": null}], "denied": []})
        );
    }

    #[test]
    fn values_come_with_file_line_and_column() {
        let text = shown(&config());
        let line = |path: &str| text.lines().find(|line| line.starts_with(path)).unwrap().to_owned();
        assert!(line("PORT").ends_with(" = 1  (c.json:1:8)"), "{text}");
        assert!(line("APIKEY").ends_with(" = \"[secret]\"  (c.json:1:27)"), "{text}");
        assert!(line("HOST").ends_with(" = \"127.0.0.1\"  (default)"), "{text}");
        assert!(line("Providers[0].api_key").ends_with("(c.json:2:10, $NONE is unset or empty)"), "{text}");
        assert!(!text.contains("sk-1"));
    }

    #[test]
    fn values_as_json_have_their_source() {
        let json: Value = serde_json::from_str(&shown_json(&config())).unwrap();
        let settings = json["settings"].as_array().unwrap();
        let port = settings.iter().find(|setting| setting["path"] == "PORT").unwrap();
        assert_eq!(port["source"], json!({"kind": "file", "line": 1, "column": 8, "variables": []}));
        assert!(!json.to_string().contains("sk-1"));
    }
}
