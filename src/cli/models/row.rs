//! One model of one provider, put together from the configuration, the catalogue, and what the provider said.

use crate::catalog::{self, Currency, Effort, Fact, Model, Price, Standing, Task, UNKNOWN_WINDOW};
use crate::cli::preset::discover::Reported;
use crate::config::{Config, Provider, Target};

use super::kept::Kept;

/// What is known of a model; what is absent is not.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) provider: String,
    pub(super) model: String,
    /// Whether routes may name it.
    pub(super) configured: bool,
    pub(super) window: Option<u64>,
    pub(super) tools: Option<bool>,
    pub(super) vision: Option<bool>,
    pub(super) reasoning: Option<bool>,
    /// The efforts that it takes, where the catalogue knows them.
    pub(super) efforts: Vec<Effort>,
    pub(super) prices: Vec<Price>,
    pub(super) deprecated: Option<String>,
    pub(super) retired: Option<Retired>,
    pub(super) replacement: Option<String>,
    /// `local`, `elsewhere`, or what the host promises.
    pub(super) region: Option<String>,
    /// Who operates a model that a server of one's own hands on.
    pub(super) elsewhere: Option<Standing>,
    /// That it may be trained with whatever was agreed.
    pub(super) training: Option<Fact>,
    pub(super) source: Source,
    /// Whether the weights are on a machine of one's own, where no model retires.
    pub(super) own: bool,
}

/// The end of a model.
#[derive(Debug, Clone)]
pub(super) struct Retired {
    pub(super) day: String,
    /// Whether that day has passed.
    pub(super) past: bool,
}

/// Where most of a row is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The provider itself, asked on this day.
    Live(String),
    /// The catalogue.
    Catalogue,
    /// The configuration, and nobody else knows it.
    Configuration,
}

/// The rows of a provider: what is configured, what it said, and what the catalogue prices at its host.
pub(super) fn rows(config: &Config, provider: &Provider, kept: &Kept) -> Vec<Row> {
    let host = provider.connection.as_ref().map_or("", |connection| connection.host());
    let answer = kept.of(provider);
    let said = |id: &str| answer.and_then(|answer| answer.models.iter().find(|model| model.id == id));
    let asked = answer.map_or("", |answer| answer.asked.as_str());
    let mut ids: Vec<&str> = provider.models.iter().map(String::as_str).collect();
    let more: Vec<&str> = match answer {
        Some(answer) => answer.models.iter().map(|model| model.id.as_str()).collect(),
        None => catalog::priced(host).collect(),
    };
    for id in more {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let of = |id: &&str| {
        let target = config.target(&provider.name, id);
        let mut row = known(provider, host, id, target.as_deref());
        if let Some(said) = said(id) {
            tell(&mut row, said, asked);
        }
        row
    };
    ids.iter().map(of).collect()
}

/// What configuration and catalogue know.
fn known(provider: &Provider, host: &str, id: &str, target: Option<&Target>) -> Row {
    let own = provider.is_local();
    let listed = catalog::model(id);
    // What stands in for an unknown model is no knowledge.
    let facts: Option<&Model> = match (target, listed) {
        (Some(target), _) if listed.is_some() || target.facts != Model::unknown(id) => Some(&target.facts),
        (_, listed) => listed,
    };
    let told = |of: &dyn Fn(&Model) -> bool| facts.filter(|_| listed.is_some()).map(of);
    let elsewhere = if own { catalog::runs_elsewhere(id) } else { None };
    let region = match (own, elsewhere) {
        (true, Some(_)) => Some("elsewhere".to_owned()),
        (true, None) => Some("local".to_owned()),
        (false, _) => catalog::host(host).map(|host| host.region.clone()),
    };
    let mut prices: Vec<Price> = target.and_then(|target| target.pricing).into_iter().collect();
    for price in Currency::ALL.iter().filter_map(|currency| catalog::price(host, id, *currency)) {
        if !prices.iter().any(|known| known.currency == price.currency) {
            prices.push(price);
        }
    }
    Row {
        provider: provider.name.clone(),
        model: id.to_owned(),
        configured: target.is_some(),
        window: facts.map(|facts| facts.window).filter(|window| listed.is_some() || *window != UNKNOWN_WINDOW),
        tools: told(&|facts| facts.tools && facts.task != Task::Embeddings),
        vision: told(&|facts| facts.vision),
        reasoning: told(&|facts| !facts.reasoning.is_empty()),
        efforts: facts.map(|facts| facts.reasoning.clone()).unwrap_or_default(),
        prices: if elsewhere.is_some() { Vec::new() } else { prices },
        deprecated: listed.and_then(|listed| listed.deprecated.clone()),
        retired: listed.and_then(|listed| listed.retired.as_ref()).map(|day| retired(day, catalog::as_of())),
        replacement: listed.and_then(|listed| listed.replacement.clone()),
        region,
        elsewhere,
        training: catalog::may_train(id).filter(|_| !own),
        source: if listed.is_some() { Source::Catalogue } else { Source::Configuration },
        own,
    }
}

/// What the provider says of itself beats what is known of it; a window that was configured stays.
fn tell(row: &mut Row, said: &Reported, asked: &str) {
    let day = asked.get(..10).unwrap_or(asked);
    row.source = Source::Live(day.to_owned());
    row.window = said.given.or(said.most).or(row.window);
    row.tools = said.tools.or(row.tools);
    row.vision = said.vision.or(row.vision);
    row.reasoning = said.reasoning.or(row.reasoning);
    if let Some(end) = &said.retires {
        row.retired = Some(retired(end.get(..10).unwrap_or(end), day));
    }
    row.replacement = said.replacement.clone().or_else(|| row.replacement.take());
}

fn retired(day: &str, today: &str) -> Retired {
    Retired { day: day.to_owned(), past: day <= today }
}
