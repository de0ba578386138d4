//! Lets a person choose a route, and then a model among those that are configured and those that servers report.

use crate::cli::question::{cannot, screen};
use dialoguer::{FuzzySelect, Input, Select};

use super::{
    change::{Change, change},
    file::File,
    find::{self, Named},
};
use crate::{
    cli::{config::Place, preset::discover},
    config::{Config, Scenario},
    error::Failure,
    ui,
};

/// Asks until the person is done; `route` is chosen already where it is named.
pub(super) fn run(route: Option<Scenario>, place: &Place<'_>) -> Result<(), Failure> {
    let mut found = None;
    if let Some(route) = route {
        let file = File::read(place)?;
        if let Some(change) = choose(&file, route, &mut found, place)? {
            self::change(&file, route, &change, place)?;
        }
        return Ok(());
    }
    let mut at = 0;
    loop {
        let file = File::read(place)?;
        let Some(route) = pick_route(&file, at)? else { return Ok(()) };
        if let Some(change) = choose(&file, route, &mut found, place)? {
            self::change(&file, route, &change, place)?;
            // Most have one thing to change.
            at = Scenario::ALL.len();
        }
    }
}

fn pick_route(file: &File, at: usize) -> Result<Option<Scenario>, Failure> {
    let width = Scenario::ALL.iter().map(|route| route.as_str().len()).max().unwrap_or(0);
    let line = |route: &Scenario| {
        let inferred = || (*route == Scenario::Default).then(|| file.config.routes.default.name());
        let target = file.route(*route).map(str::to_owned).or_else(inferred).unwrap_or_else(|| "-".to_owned());
        format!("{:width$}  {target}", route.as_str())
    };
    let items: Vec<String> = Scenario::ALL.iter().map(line).chain(["done".to_owned()]).collect();
    let chosen = Select::new().with_prompt("Route").items(&items).default(at).report(false).interact_on_opt(&screen());
    Ok(chosen.map_err(cannot)?.and_then(|place| Scenario::ALL.get(place).copied()))
}

/// A line to choose, and what it stands for.
struct Line {
    words: String,
    choice: Choice,
}

enum Choice {
    Model(String),
    Unset,
    Typed,
}

fn choose(
    file: &File,
    route: Scenario,
    found: &mut Option<Vec<Line>>,
    place: &Place<'_>,
) -> Result<Option<Change>, Failure> {
    let config = &file.config;
    let found = found.get_or_insert_with(|| reported(config, place));
    let mut lines: Vec<&Line> = Vec::new();
    let configured: Vec<Line> = config
        .targets
        .iter()
        .map(|target| Line { words: target.name(), choice: Choice::Model(target.name()) })
        .collect();
    lines.extend(&configured);
    let is_new = |line: &&Line| match &line.choice {
        Choice::Model(name) => matches!(find::target(config, name), Ok(Named::Unlisted { .. })),
        Choice::Unset | Choice::Typed => false,
    };
    lines.extend(found.iter().filter(is_new));
    let typed = Line { words: "another, which I type".to_owned(), choice: Choice::Typed };
    let unset = Line { words: "none, so that another route takes its requests".to_owned(), choice: Choice::Unset };
    lines.push(&typed);
    if route != Scenario::Default && file.route(route).is_some() {
        lines.push(&unset);
    }
    let now = file.route(route).and_then(|target| configured.iter().position(|line| line.words == target));
    let words: Vec<&str> = lines.iter().map(|line| line.words.as_str()).collect();
    let prompt = format!("Model for {} (type to search)", route.as_str());
    let chosen = FuzzySelect::new().with_prompt(prompt).items(&words).default(now.unwrap_or(0)).report(false);
    let Some(chosen) = chosen.interact_on_opt(&screen()).map_err(cannot)?.and_then(|place| lines.get(place)) else {
        return Ok(None);
    };
    match &chosen.choice {
        // Who picks a model that is not in the list wants it there.
        Choice::Model(name) => Ok(find::target(config, name).ok().map(Change::To)),
        Choice::Unset => Ok(Some(Change::Away)),
        Choice::Typed => type_one(config, route),
    }
}

fn type_one(config: &Config, route: Scenario) -> Result<Option<Change>, Failure> {
    loop {
        let typed = Input::<String>::new().with_prompt("Model (provider,model; empty for none)").allow_empty(true);
        let text = typed.interact_text().map_err(cannot)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        match find::target(config, &text) {
            Ok(named) => return Ok(Some(Change::To(named))),
            Err(unknown) => ui::say(unknown.failure(config, route)),
        }
    }
}

/// Asks all providers at once for their models; who does not answer is named.
fn reported(config: &Config, place: &Place<'_>) -> Vec<Line> {
    let names: Vec<&str> = config.providers.iter().map(|provider| provider.name.as_str()).collect();
    ui::say(format_args!("asking {} for models", names.join(", ")));
    let asked = discover::everybody(config, &config.providers, place);
    let mut lines = Vec::new();
    for (provider, answer) in asked.unwrap_or_default() {
        let models = match answer {
            Ok(models) => models,
            Err(why) => {
                ui::say(format_args!("cannot ask {} for its models: {why}", provider.name));
                continue;
            }
        };
        lines.extend(models.into_iter().map(|model| {
            let name = format!("{},{}", provider.name, model.id);
            let about = model.description().map(|words| format!(", {words}")).unwrap_or_default();
            Line { words: format!("{name} (not configured yet{about})"), choice: Choice::Model(name) }
        }));
    }
    lines
}
