//! What can be said of a configuration without asking anybody: models that are gone, places of processing, windows.

use std::sync::Arc;

use serde_json::Value;

use super::finding::{Finding, Fix};
use crate::audit::Decision;
use crate::catalog;
use crate::config::{Config, Document, Provider, Scenario, Target, path};
use crate::egress::Judged;
use crate::route;

/// What Claude Code's prompt and tools leave room in; servers of one's own often give less.
pub(super) const ROOM: u64 = 65_536;

/// Looks at every target that a route leads to, and at every model that is listed.
pub(super) fn configured(config: &Config, document: Option<&Document>, judged: &[Judged], today: &str) -> Vec<Finding> {
    let routed = routed(config);
    let mut findings = vec![problems(config)];
    findings.extend(judged.iter().filter(|judged| judged.is_in_the_way()).map(refused));
    findings.extend(config.targets.iter().filter_map(|target| lifecycle(target, &routed, document, today)));
    findings.extend(config.targets.iter().filter_map(|target| labs(target)));
    // Where nothing may go, no place of processing matters.
    let spoken_to = config.providers.iter().filter(|provider| !is_refused(provider, judged));
    findings.extend(spoken_to.filter_map(|provider| {
        Some(region(provider.connection.as_ref().ok()?.host(), &provider.name, provider.is_local(), config))
    }));
    findings.extend(windows(config, &routed));
    findings.extend(unpriced(config));
    findings
}

/// Every target that a route or a fallback leads to, once.
pub(in crate::cli) fn routed(config: &Config) -> Vec<&Target> {
    let mut routed: Vec<&Arc<Target>> = Vec::new();
    for scenario in Scenario::ALL {
        let balanced = config.routes.balance(scenario).into_iter().flat_map(|balance| &balance.targets);
        let targets = config.routes.get(scenario).into_iter().chain(balanced.map(|(target, _)| target));
        for target in targets.chain(config.fallback.targets(scenario)) {
            if !routed.iter().any(|other| Arc::ptr_eq(other, target)) {
                routed.push(target);
            }
        }
    }
    routed.into_iter().map(|target| &**target).collect()
}

fn problems(config: &Config) -> Finding {
    const ID: &str = "configuration";
    let count = config.warnings.len() + config.unset.len();
    let origin = &config.origin;
    if count == 0 {
        return Finding::ok(ID, format!("no problems: {origin}"));
    }
    Finding::warning(ID, format!("{count} warnings: {origin}"), "run `mcr config check`")
}

/// A target that something leads to and that the guard keeps requests from: `mcr code` and `mcr start` refuse.
fn refused(judged: &Judged) -> Finding {
    let Judged { verdict, .. } = judged;
    let mend = if verdict.mend.is_empty() { "run `mcr egress show`".to_owned() } else { verdict.mend.join(", or ") };
    Finding::error("egress", format!("the egress guard does not let a target go: {}", judged.words()), mend)
}

/// Whether the guard keeps everything from a provider that is meant for it.
pub(super) fn is_refused(provider: &Arc<Provider>, judged: &[Judged]) -> bool {
    let mut own = judged.iter().filter(|judged| Arc::ptr_eq(&judged.target.provider, provider)).peekable();
    own.peek().is_some() && own.all(|judged| judged.verdict.decision == Decision::Denied)
}

/// A model that stopped answering, or will.
fn lifecycle(target: &Target, routed: &[&Target], document: Option<&Document>, today: &str) -> Option<Finding> {
    const ID: &str = "model-lifecycle";
    let known = catalog::model(&target.model)?;
    let day = known.retired.as_deref()?;
    let name = target.name();
    let is_routed = routed.iter().any(|other| other.name() == name);
    let gone = day <= today;
    let verb = if gone { "was retired" } else { "will be retired" };
    let next = known.replacement.as_deref();
    let what = format!("`{name}` {verb} by its maker on {day} (catalogue of {})", catalog::as_of());
    let provider = &target.provider.name;
    let mend = match next {
        Some(next) => {
            format!("name `{next}` in its place: `mcr doctor --fix`, or `mcr model default {provider},{next}`")
        }
        None => "name another model: `mcr model`".to_owned(),
    };
    let finding = match (gone, is_routed) {
        (true, true) => Finding::error(ID, what, mend),
        (_, _) => Finding::warning(ID, what, mend),
    };
    Some(match next.and_then(|next| replacement(document?, target, next)) {
        Some(fix) => finding.fixed_by(fix),
        None => finding,
    })
}

/// Puts another model wherever a model stands: in its provider's list, and in everything that leads to it.
fn replacement(document: &Document, target: &Target, next: &str) -> Option<Fix> {
    let list =
        ["Providers", "providers"].into_iter().find(|key| document.value.get(*key).is_some_and(Value::is_array))?;
    let provider = &target.provider.name;
    let is_it = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(provider);
    let providers = document.value.get(list)?.as_array()?;
    let at = providers.iter().position(is_it)?;
    let models = providers.get(at)?.get("models")?.as_array()?;
    let place = path::key(&path::index(list, at), "models");
    let mut edits = Vec::new();
    for (index, model) in models.iter().enumerate() {
        if model.as_str() == Some(&target.model) {
            edits.push((path::index(&place, index), Value::from(next)));
        }
    }
    let (before, after) = (target.name(), format!("{provider},{next}"));
    for key in ["Router", "fallback", "Budget"] {
        if let Some(value) = document.value.get(key) {
            leading(value, key, &before, &after, &mut edits);
        }
    }
    (!edits.is_empty()).then_some(Fix::Configuration(edits))
}

/// Finds every string that is, or ends in, the name of a target.
fn leading(value: &Value, place: &str, before: &str, after: &str, edits: &mut Vec<(String, Value)>) {
    match value {
        Value::String(text) => {
            let (head, name) = text.strip_prefix("fallback:").map_or(("", text.as_str()), |name| ("fallback:", name));
            let spaceless: String = name.split(',').map(str::trim).collect::<Vec<_>>().join(",");
            if spaceless.eq_ignore_ascii_case(before) {
                edits.push((place.to_owned(), Value::from(format!("{head}{after}"))));
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| leading(item, &path::index(place, at), before, after, edits));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, item)| leading(item, &path::key(place, key), before, after, edits));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Models that are for trying out, and learn from what they are sent.
fn labs(target: &Target) -> Option<Finding> {
    let host = target.provider.connection.as_ref().ok()?.host();
    let fact = catalog::may_train(&target.model).filter(|_| is_mistrals(host))?;
    let what = format!("`{}`: {} ({}, {})", target.name(), fact.value, fact.source, fact.as_of);
    Some(Finding::error("labs-model", what, "name a model without `labs-`: `mcr models`"))
}

fn is_mistrals(host: &str) -> bool {
    catalog::provider_of(host).is_some_and(|provider| provider.name() == "mistral")
}

/// Where the host promises to work.
fn region(host: &str, provider: &str, is_local: bool, config: &Config) -> Finding {
    const ID: &str = "region";
    if is_local {
        return Finding::ok(ID, format!("{provider}: {host} is on this machine or in its network"));
    }
    let Some(known) = catalog::host(host) else {
        let operator = catalog::standing(host).map(|it| format!(", operated by {} ({})", it.operator, it.country));
        let what = format!("{provider}: no place of processing is known of {host}{}", operator.unwrap_or_default());
        return Finding::note(ID, what);
    };
    let what = format!("{provider}: {host} promises {} ({})", known.promise, known.source);
    if known.region != "global" {
        return Finding::ok(ID, what);
    }
    let mend = if is_mistrals(host) {
        "write `https://api.eu.mistral.ai/v1` as its `api_base_url` (1.1 times the price): `mcr egress use-eu`"
    } else {
        "choose an endpoint that promises a place: `mcr providers`"
    };
    // What the owner has asked for is what the guard holds to.
    let is_refused = config.egress.region.is_some();
    if is_refused { Finding::error(ID, what, mend) } else { Finding::warning(ID, what, mend) }
}

/// Whether prompts of the agent's find room, and tools are there.
fn windows(config: &Config, routed: &[&Target]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for target in routed {
        let (name, window) = (target.name(), target.facts.window);
        if window < ROOM {
            let what = format!("`{name}` has room for {window} tokens; Claude Code wants {ROOM} at least");
            let mend =
                "give the server more context, and say so in `facts` of the provider; see the README on local servers";
            findings.push(Finding::warning("context", what, mend));
        }
        if !target.facts.tools {
            let what = format!("`{name}` calls no tools, without which the agent cannot read or write a file");
            findings.push(Finding::error("tools", what, "name a model that calls tools: `mcr models`"));
        }
    }
    findings.dedup();
    if findings.is_empty() {
        let most = route::largest_window(config);
        findings.push(Finding::ok("context", format!("the largest window of the routes is {most} tokens")));
    }
    findings
}

fn unpriced(config: &Config) -> Option<Finding> {
    let names: Vec<String> = config
        .targets
        .iter()
        .filter(|target| !target.provider.is_local() && target.pricing.is_none())
        .map(|target| target.name())
        .collect();
    let what =
        format!("no price is known of {}: `mcr usage` shows no cost, and budgets do not see it", names.join(" "));
    (!names.is_empty()).then(|| Finding::note("price", what))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;
    use crate::config;
    use crate::egress::{Guard, judged};

    fn findings(text: &str) -> Vec<Finding> {
        let document = Document::parse(text, "c.json").unwrap();
        let config = config::read_document(document, &|_| Some("sk".to_owned())).unwrap();
        let guard = Guard::new(config.egress.clone(), config.narrowings.clone(), Vec::new());
        let judged = judged(&config, &guard);
        configured(&config, Some(&Document::parse(text, "c.json").unwrap()), &judged, "2026-11-22")
    }

    fn of<'f>(findings: &'f [Finding], id: &str) -> Vec<&'f Finding> {
        findings.iter().filter(|finding| finding.id == id).collect()
    }

    const GUIDE: &str = include_str!("../../../tests/fixtures/config/guide.json");

    #[test]
    fn the_guides_models_are_named_with_their_day_and_replacement() {
        let found = findings(GUIDE);
        let gone = of(&found, "model-lifecycle");
        assert_eq!(gone[0].severity, Severity::Error, "{gone:?}");
        assert!(gone[0].evidence.contains("was retired by its maker on 2026-07-31"), "{gone:?}");
        let Some(Fix::Configuration(edits)) = &gone[0].fix else { panic!("{gone:?}") };
        assert_eq!(edits[0].0, "Providers[0].models[0]");
        assert!(edits.iter().any(|(path, _)| path == "Router.default"), "{edits:?}");
    }

    #[test]
    fn the_global_endpoint_promises_no_place_and_the_eu_one_does() {
        let global = findings(GUIDE);
        assert_eq!(of(&global, "region")[0].severity, Severity::Warning);
        let eu = findings(&GUIDE.replace("api.mistral.ai", "api.eu.mistral.ai"));
        assert_eq!(of(&eu, "region")[0].severity, Severity::Ok);
    }

    #[test]
    fn a_window_without_room_and_a_model_that_learns_are_told() {
        let text = "{Providers: [{name: 'p', api_base_url: 'http://localhost:1', models: ['m'], max_context_tokens: 4096}, \
                    {name: 'mistral', api_base_url: 'https://api.eu.mistral.ai/v1', models: ['labs-x'], api_key: '$K'}], \
                    Router: {default: 'p,m'}}";
        let found = findings(text);
        assert_eq!(of(&found, "context")[0].severity, Severity::Warning, "{found:?}");
        assert_eq!(of(&found, "labs-model")[0].severity, Severity::Error, "{found:?}");
        assert_eq!(of(&found, "region")[0].severity, Severity::Ok, "{found:?}");
    }

    #[test]
    fn a_target_that_the_guard_refuses_is_an_error_where_something_leads_to_it_and_has_no_place() {
        let two = |rest: &str| {
            format!(
                "{{Providers: [{{name: 'mistral', api_base_url: 'https://api.eu.mistral.ai/v1', models: ['m'], \
                 api_key: '$K'}}, {{name: 'openai', api_base_url: 'https://api.openai.com/v1', models: ['gpt-4o'], \
                 api_key: '$K'}}], Router: {{default: 'mistral,m'}}{rest}}}"
            )
        };
        let found = findings(&two(", fallback: {default: ['openai,gpt-4o']}"));
        let refused = of(&found, "egress");
        assert_eq!((refused.len(), refused[0].severity), (1, Severity::Error), "{found:?}");
        assert!(refused[0].evidence.contains("openai,gpt-4o (fallback.default) at api.openai.com: "), "{refused:?}");
        let mend = "run `mcr egress allow api.openai.com --reason TEXT`, or add `openai` to `Egress.allow`";
        assert_eq!(refused[0].mend.as_deref(), Some(mend));
        assert_eq!(of(&found, "region").len(), 1, "{found:?}");
        assert_eq!(of(&findings(&two("")), "egress"), Vec::<&Finding>::new(), "nothing leads to it");
    }
}
