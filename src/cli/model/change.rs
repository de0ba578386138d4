//! Sets a route or takes it away, and says what became of it.

use std::sync::Arc;

use super::{file::File, find::Named};
use crate::{
    catalog,
    cli::{config::Place, egress::guard},
    config::{Provider, Scenario},
    error::Failure,
    ui,
};

/// What is to become of a route.
pub(super) enum Change {
    /// It leads there; a model that is in no list is added to its provider's.
    To(Named),
    /// It goes.
    Away,
}

/// Makes the change.
pub(super) fn change(file: &File, route: Scenario, change: &Change, place: &Place<'_>) -> Result<(), Failure> {
    let name = route.as_str();
    file.refuse_several(route)?;
    let before = file.route(route);
    let (text, now) = match change {
        Change::Away if before.is_none() => {
            ui::say(format_args!("route {name} is not set"));
            return Ok(());
        }
        Change::Away => (file.without_route(route)?, None),
        Change::To(named) => {
            let (provider, model) = parts(named);
            let now = format!("{},{model}", provider.name);
            if before == Some(now.as_str()) && !file.is_built_in() {
                ui::say(format_args!("route {name} leads there already: {now}"));
                return Ok(());
            }
            warn(file, &provider.name, model);
            (file.with_route(route, provider, model)?, Some(now))
        }
    };
    let copy = file.write(&text, place)?;
    match (&now, before) {
        (Some(now), Some(before)) => ui::say(format_args!("route {name}: {before} -> {now}")),
        (Some(now), None) => ui::say(format_args!("route {name}: {now}")),
        (None, before) => ui::say(format_args!("route {name} is taken away; it was {}", before.unwrap_or("-"))),
    }
    if let (Change::To(Named::Unlisted { provider, model }), _) = (change, &now) {
        ui::say(format_args!("added to the models of {}: {model}", provider.name));
    }
    match copy {
        Some(copy) => ui::say(format_args!("the file before is kept: {}", copy.display())),
        None => ui::say(format_args!("wrote the configuration, which was built in: {}", file.path().display())),
    }
    if let Change::To(named) = change {
        warn_of_denial(named, place);
    }
    Ok(())
}

fn parts(named: &Named) -> (&Arc<Provider>, &str) {
    match named {
        Named::Listed(target) => (&target.provider, &target.model),
        Named::Unlisted { provider, model } => (provider, model),
    }
}

/// Says what will go wrong with the first request.
fn warn(file: &File, provider: &str, model: &str) {
    if let Some(day) = catalog::model(model).and_then(|known| known.retired.as_ref()) {
        let next = catalog::model(model).and_then(|known| known.replacement.as_ref());
        let next = next.map(|next| format!("; its maker names `{next}` instead")).unwrap_or_default();
        ui::say(format_args!("warning: model `{model}` was retired on {day}{next}"));
    }
    let unset = file.config.providers.iter().find(|known| known.name == provider);
    if let Some(Err(unset)) = unset.map(|known| &known.connection) {
        ui::say(format_args!("warning: {unset}"));
    }
}

/// Says that the guard will not let requests go there.
fn warn_of_denial(named: &Named, place: &Place<'_>) {
    let (provider, model) = parts(named);
    let (Ok(connection), Ok(guard)) = (&provider.connection, guard(place)) else { return };
    let verdict = guard.judge_at(&connection.endpoint, model);
    if !verdict.lets_go() {
        ui::say(format_args!("warning: {} is not spoken to: {}", verdict.host, verdict.why));
        verdict.mend.iter().for_each(|mend| ui::say(format_args!("hint: {mend}")));
    }
}
