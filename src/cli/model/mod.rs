//! `mcr model`: shows the routes, and sets the model of one.

mod change;
pub(in crate::cli) mod file;
mod find;
mod pick;
mod preset;
mod show;

use std::io::{self, IsTerminal as _};

use crate::cli::question::confirm;

use super::{args::Model, config::Place};
use crate::{
    config::{self, Config, Scenario, suggest},
    error::{Exit, Failure},
    ui,
};
use change::{Change, change};
use file::File;
use find::Named;

/// Shows or sets.
pub fn run(options: &Model, place: &Place<'_>) -> Result<(), Failure> {
    let route = options.route.as_deref().map(find::route).transpose()?;
    let wants = options.target.is_some() || options.unset;
    if let Some(name) = &options.preset {
        return match route {
            Some(route) if wants => Err(preset::cannot_change(name, route, options, place)),
            route => show(&preset::config(name, place)?, route, options),
        };
    }
    let is_interactive = ui::is_interactive() && !options.json;
    match route {
        Some(route) if wants => set(route, options, place, is_interactive)?,
        // What goes into a pipe is to be read.
        route if is_interactive && io::stdout().is_terminal() => return pick::run(route, place),
        _ => {}
    }
    if wants && !options.json {
        return Ok(());
    }
    show(&config::load(place.explicit, place.paths, place.environment)?, route, options)
}

fn show(config: &Config, route: Option<Scenario>, options: &Model) -> Result<(), Failure> {
    let routes = route.map_or_else(|| Scenario::ALL.to_vec(), |route| vec![route]);
    let text = if options.json { show::json(config) } else { show::lines(config, &routes) };
    ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))
}

fn set(route: Scenario, options: &Model, place: &Place<'_>, is_interactive: bool) -> Result<(), Failure> {
    let file = File::read(place)?;
    let Some(text) = &options.target else { return change(&file, route, &Change::Away, place) };
    let named = find::target(&file.config, text).map_err(|unknown| unknown.failure(&file.config, route))?;
    if let Named::Unlisted { provider, model } = &named
        && !options.add
    {
        let meant = suggest::nearest(model, provider.models.iter().map(String::as_str));
        let may = is_interactive && agreed(&provider.name, model, meant.as_deref())?;
        if !may {
            let failure = Failure::say(Exit::Usage, format!("provider `{}` has no model `{model}`", provider.name));
            let failure = match meant {
                Some(meant) => failure.hint(format!("did you mean `{},{meant}`?", provider.name)),
                None => failure,
            };
            return Err(failure.hint(format!(
                "run `mcr model {} {},{model} --add` to add it to the provider's models",
                route.as_str(),
                provider.name
            )));
        }
    }
    change(&file, route, &Change::To(named), place)
}

fn agreed(provider: &str, model: &str, meant: Option<&str>) -> Result<bool, Failure> {
    let meant = meant.map(|meant| format!(" (there is `{meant}`)")).unwrap_or_default();
    let prompt = format!("{provider} has no model `{model}` in its list{meant}; add it?");
    confirm(&prompt, false)
}
