//! Where claude-code-router reads the same text otherwise, the text is changed to mean the same here.

use serde_json::Value;

use super::changes::Changes;
use crate::config::path;

/// Leaves providers out of whose name there is another below: that one counts there, and none may be here.
pub(super) fn namesakes(root: &Value, changes: &mut Changes<'_>) {
    for (place, list) in lists(root) {
        for (i, provider) in list.iter().enumerate() {
            let has_namesake = |name: &str| list[i + 1..].iter().any(|other| name_of(other) == Some(name));
            if name_of(provider).is_some_and(has_namesake) {
                let why = "another provider of this name stands below, which is the one that claude-code-router takes";
                changes.remove(&path::index(place, i), why);
            }
        }
    }
}

/// Adds models to their providers that routes name and no list does: there nobody compares, here everybody.
pub(super) fn unlisted_models(root: &Value, changes: &mut Changes<'_>) {
    let mut added: Vec<(String, String)> = Vec::new();
    for (route, target) in routes(root) {
        let Some((provider, model)) = target.split_once(',').map(|(p, m)| (p.trim(), m.trim())) else { continue };
        for (place, list) in lists(root) {
            let is_it = |it: &Value| name_of(it).is_some_and(|name| name.eq_ignore_ascii_case(provider));
            // Of several of one name, the last one counts.
            let Some(i) = list.iter().rposition(is_it) else { continue };
            let place = path::key(&path::index(place, i), "models");
            let models = list[i].get("models").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let is_listed = |listed: &Value| listed.as_str().is_some_and(|listed| listed.eq_ignore_ascii_case(model));
            let new = (place.clone(), model.to_owned());
            if model.is_empty() || models.iter().any(is_listed) || added.contains(&new) {
                continue;
            }
            let count = models.len() + added.iter().filter(|(other, _)| *other == place).count();
            let why = format!("`{model}` is added, since {route} names it");
            changes.set(&path::index(&place, count), &Value::from(model), &why);
            added.push(new);
        }
    }
}

/// Doubles dollars of which there are two: here they would be one.
pub(super) fn dollars(value: &Value, place: &str, changes: &mut Changes<'_>) {
    match value {
        Value::String(text) if text.contains("$$") && !changes.concerns(place) => {
            let doubled = Value::from(text.replace("$$", "$$$$"));
            changes.set(place, &doubled, "`$$` stands for one dollar here, so it is doubled");
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| dollars(value, &path::index(place, i), changes));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| dollars(value, &path::key(place, key), changes));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn name_of(provider: &Value) -> Option<&str> {
    provider.get("name").and_then(Value::as_str)
}

/// The lists of providers; claude-code-router takes either name.
fn lists(root: &Value) -> impl Iterator<Item = (&'static str, &Vec<Value>)> {
    ["Providers", "providers"].into_iter().filter_map(|key| Some((key, root.get(key)?.as_array()?)))
}

/// Every route with the path that it stands at.
fn routes(root: &Value) -> Vec<(String, &str)> {
    let mut routes = Vec::new();
    for (key, value) in root.get("Router").and_then(Value::as_object).into_iter().flatten() {
        routes.extend(value.as_str().map(|target| (path::key("Router", key), target)));
    }
    for (key, list) in root.get("fallback").and_then(Value::as_object).into_iter().flatten() {
        let here = path::key("fallback", key);
        let targets = list.as_array().into_iter().flatten().enumerate();
        routes.extend(targets.filter_map(|(i, target)| Some((path::index(&here, i), target.as_str()?))));
    }
    routes
}
