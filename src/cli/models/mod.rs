//! `mcr models`: the models of the configured providers, by the catalogue and by what the providers say themselves.

mod kept;
mod row;
mod show;

use std::sync::Arc;

use super::args::Models;
use super::config::Place;
use super::key::chosen;
use super::preset::discover;
use crate::config::{Config, Provider, load};
use crate::error::{Exit, Failure};
use crate::ui;
use kept::Kept;

/// Prints the table; 69 when providers were to be asked and none answered.
pub fn run(options: &Models, place: &Place<'_>) -> Result<u8, Failure> {
    let config = load(place.explicit, place.paths, place.environment)?;
    let providers: Vec<Arc<Provider>> =
        chosen(&config, options.provider.as_deref())?.into_iter().map(Arc::clone).collect();
    let mut kept = kept::read(place.paths);
    let answered = if options.refresh { refresh(&config, &providers, &mut kept, place)? } else { providers.len() };
    let rows: Vec<row::Row> = providers.iter().flat_map(|provider| row::rows(&config, provider, &kept)).collect();
    let text = if options.json { show::json(&rows) } else { show::text(&rows) };
    ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(if answered == 0 { Exit::Unavailable as u8 } else { 0 })
}

/// Asks the providers, keeps what they say, and returns how many answered; who does not is named.
fn refresh(config: &Config, providers: &[Arc<Provider>], kept: &mut Kept, place: &Place<'_>) -> Result<usize, Failure> {
    let mut answered = 0;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for (provider, answer) in discover::everybody(config, providers, place)? {
        match answer {
            Ok(models) => {
                answered += 1;
                kept.put(&provider, &now, models);
            }
            Err(why) => ui::say(format_args!("cannot ask {} for its models: {why}", provider.name)),
        }
    }
    if answered > 0 {
        kept::write(kept, place.paths)?;
    }
    Ok(answered)
}
