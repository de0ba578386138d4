//! The routes of a preset: shown here, changed where they come from.

use crate::{
    cli::{args::Model, config::Place},
    config::{Config, Scenario},
    error::{Exit, Failure},
    preset::{Name, Presets, manifest},
};

/// Reads the configuration that a preset makes.
///
/// # Errors
/// Fails when there is no such preset, and when it cannot be run.
pub(super) fn config(name: &str, place: &Place<'_>) -> Result<Config, Failure> {
    let name = parsed(name)?;
    Ok(Presets::open(place.paths).get(&name)?.ready(place.environment)?.config)
}

/// Says where a preset's route is changed: it is the manifest's, or an answer.
pub(super) fn cannot_change(name: &str, route: Scenario, options: &Model, place: &Place<'_>) -> Failure {
    let installed = match parsed(name).and_then(|name| Presets::open(place.paths).get(&name)) {
        Ok(installed) => installed,
        Err(failure) => return failure,
    };
    let file = installed.folder.join(manifest::FILE);
    let word = route.as_str();
    if let Some(question) = installed.manifest.asked_by_route(word) {
        let answer = options.target.as_deref().and_then(|target| target.rsplit(',').next()).unwrap_or("ANSWER");
        let what = format!("route `{word}` of preset `{name}` comes from your answer to `{question}`");
        return Failure::say(Exit::Usage, what)
            .hint(format!("run `mcr preset reconfigure {name} --set {question}={answer}`"));
    }
    let what = format!("route `{word}` of preset `{name}` stands in its manifest: {}", file.display());
    let file = shell_words::quote(&file.to_string_lossy()).into_owned();
    Failure::say(Exit::Usage, what)
        .hint(format!("edit `Router.{word}` there, and run `mcr preset validate {file}`"))
        .hint(format!("or put the route into mcr's own configuration: `mcr model {word} …` without `--preset {name}`"))
}

fn parsed(name: &str) -> Result<Name, Failure> {
    Name::parse(name)
        .map_err(|error| Failure::new(Exit::Usage, error).hint("run `mcr preset list` to see what is there"))
}
