//! What becomes of each field of claude-code-router's configuration. Knows no file and asks nobody.
//!
//! What is known to be of no use here is changed for a reason of its own. The rest is put to
//! the reader that reads every configuration: what it finds wrong is left out, in its words,
//! until nothing is wrong any more.

use serde_json::Value;

use super::{
    advice,
    changes::Changes,
    literal,
    literal::{Found, Slots},
    practice,
    report::{Fate, Field},
};
use crate::{
    catalog,
    config::{self, Config, Document, Environment, Problem, Problems, Severity, path},
};

/// What comes of a configuration.
#[derive(Debug)]
pub(super) struct Judged {
    /// The new text: the old one, with single values changed.
    pub(super) text: String,
    /// Every field of the old one, in its order.
    pub(super) fields: Vec<Field>,
    /// Keys that stood there in clear.
    pub(super) keys: Vec<Found>,
    /// Variables that it names and that are unset here.
    pub(super) unset: Vec<String>,
}

/// What is needed to judge.
pub(super) struct Bench<'a> {
    /// What problems call the file.
    pub(super) file: &'a str,
    /// The environment.
    pub(super) environment: Environment<'a>,
    /// Reads a whole configuration, with the files that it names.
    pub(super) read: &'a dyn Fn(Document) -> Result<Config, Problems>,
    /// Makes a relative path absolute, seen from the old configuration, when something is there.
    pub(super) absolute: &'a dyn Fn(&str) -> Option<String>,
    /// Which names the store has.
    pub(super) slots: Slots<'a>,
    /// Whether keys in clear go into the store.
    pub(super) keeps_keys: bool,
}

/// Why there is nothing to take.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The text cannot be read.
    Broken(Problems),
    /// Nothing is left that could be used.
    Nothing(Vec<Field>),
}

/// Judges a configuration.
pub(super) fn judge(text: &str, bench: &Bench<'_>) -> Result<Judged, Unusable> {
    let document = Document::parse(text, bench.file).map_err(Unusable::Broken)?;
    if !document.value.is_object() {
        let what = format!("expected an object, found {}", config::kind(&document.value));
        return Err(Unusable::Broken(Problems(vec![document.problem(Severity::Error, "", what)])));
    }
    let mut changes = Changes::new(text);
    let mut keys = literal::keys(&document.value, bench.keeps_keys, bench.slots, &mut changes);
    own_reasons(&document.value, bench, &mut changes);
    let (problems, new) = settle(&document.value, bench, &mut changes)?;
    // The key of a provider that is left out is of no use.
    keys.retain(|key| changes.list().iter().any(|change| change.path == key.place));
    let mut fields = lines(&document.value);
    for change in changes.list() {
        tell(&mut fields, &change.path, change.fate, &change.why);
    }
    remarks(&document.value, &mut fields);
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Warning) {
        let path = changes.original(&problem.path);
        warned(&mut fields, &path, problem);
    }
    let unset = unset(&document.value, bench.environment, &changes);
    Ok(Judged { text: new, fields, keys, unset })
}

/// What is changed before anybody looks for mistakes.
fn own_reasons(root: &Value, bench: &Bench<'_>, changes: &mut Changes<'_>) {
    if let Some(host) = root.get("HOST").and_then(Value::as_str)
        && host.parse().is_ok_and(|address: std::net::IpAddr| !config::may_listen(address))
    {
        changes.remove("HOST", advice::OPEN_HOST);
    }
    literal::unread(root, changes);
    practice::namesakes(root, changes);
    practice::unlisted_models(root, changes);
    practice::dollars(root, "", changes);
    let prompt = root.get("REWRITE_SYSTEM_PROMPT").and_then(Value::as_str).unwrap_or_default();
    if let Some(absolute) = Some(prompt).filter(|text| !text.is_empty()).and_then(bench.absolute) {
        changes.set("REWRITE_SYSTEM_PROMPT", &Value::from(absolute), "the path is absolute now; the file stays there");
    }
}

/// Takes out what is wrong until nothing is; returns what is odd about the rest, and the rest.
fn settle(root: &Value, bench: &Bench<'_>, changes: &mut Changes<'_>) -> Result<(Vec<Problem>, String), Unusable> {
    loop {
        let new = changes.text();
        let read = Document::parse(&new, bench.file).and_then(bench.read);
        let problems = match read {
            Ok(config) => return Ok((config.warnings, new)),
            Err(Problems(problems)) => problems,
        };
        let mut is_waiting = false;
        let mut has_changed = false;
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        // The paths first: each removal moves what stands behind it.
        let errors: Vec<(String, &Problem)> =
            errors.map(|problem| (changes.original(&problem.path), problem)).collect();
        for (path, problem) in &errors {
            let unit = unit(path);
            if needs_unset(at(root, path), bench.environment) {
                is_waiting = true;
            } else if !matches!(unit.as_str(), "Providers" | "providers") {
                has_changed |= changes.remove(&unit, &reason(root, &unit, path, problem));
            }
        }
        match (has_changed, is_waiting) {
            (true, _) => {}
            // A variable that is unset here may be set elsewhere.
            (false, true) => return Ok((problems, new)),
            (false, false) => {
                let mut fields = Vec::new();
                for change in changes.list() {
                    tell(&mut fields, &change.path, change.fate, &change.why);
                }
                for (path, problem) in &errors {
                    fields.push(Field { path: path.clone(), fate: Fate::LeftOut, why: Some(problem.what.clone()) });
                }
                return Err(Unusable::Nothing(fields));
            }
        }
    }
}

/// Why something is left out, with what follows from that.
fn reason(root: &Value, unit: &str, path: &str, problem: &Problem) -> String {
    let words = problem_words(path, problem);
    if advice::PROXIES.contains(&unit) {
        return format!("{words}; {}", advice::NO_PROXY);
    }
    // A number says little of a provider.
    let is_provider = path::steps(unit).is_some_and(|steps| steps.len() == 2) && unit.ends_with(']');
    match at(root, unit).and_then(|value| value.get("name")).and_then(Value::as_str).filter(|_| is_provider) {
        Some(name) => format!("{name}: {words}"),
        None => words,
    }
}

fn problem_words(path: &str, problem: &Problem) -> String {
    // What a route means was right before its provider was left out.
    let is_route = path::is_below(path, "Router") || path::is_below(path, "fallback");
    match &problem.suggestion {
        Some(_) if is_route => problem.what.clone(),
        Some(suggestion) => format!("{}, did you mean `{suggestion}`?", problem.what),
        None => problem.what.clone(),
    }
}

/// What goes as a whole when something in it is wrong.
fn unit(path: &str) -> String {
    let steps = path::steps(path).unwrap_or_default();
    let key = |at: usize| match steps.get(at) {
        Some(path::Step::Key(key)) => key.as_str(),
        Some(path::Step::Index(_)) | None => "",
    };
    let is_provider = matches!(key(0), "Providers" | "providers");
    // Without these there is no provider.
    let length = if is_provider && steps.len() == 3 && matches!(key(2), "name" | "api_base_url" | "models") {
        2
    } else {
        let lists = (0..steps.len()).find(|place| matches!(key(*place), "use" | "modules" | "transformers"));
        lists.map_or(steps.len(), |place| (place + 2).min(steps.len()))
    };
    steps[..length].iter().fold(String::new(), |path, step| step.below(&path))
}

/// A line for each field of a configuration.
fn lines(root: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut line = |path: String| fields.push(Field { path, fate: Fate::Taken, why: None });
    for (key, value) in root.as_object().into_iter().flatten() {
        let here = path::key("", key);
        match (key.as_str(), value) {
            ("Providers" | "providers", Value::Array(providers)) => {
                for (i, provider) in providers.iter().enumerate() {
                    let here = path::index(&here, i);
                    match provider.as_object() {
                        Some(provider) => provider.keys().for_each(|key| line(path::key(&here, key))),
                        None => line(here),
                    }
                }
            }
            ("Router" | "fallback" | "StatusLine", Value::Object(inner)) => {
                inner.keys().for_each(|key| line(path::key(&here, key)));
            }
            ("transformers", Value::Array(plugins)) => {
                (0..plugins.len()).for_each(|i| line(path::index(&here, i)));
            }
            _ => line(here),
        }
    }
    fields
}

/// Says of a field what becomes of it; what is left out as a whole has one line.
fn tell(fields: &mut Vec<Field>, path: &str, fate: Fate, why: &str) {
    let field = Field { path: path.to_owned(), fate, why: Some(why.to_owned()) };
    if let Some(line) = fields.iter_mut().find(|line| line.path == path) {
        *line = field;
        return;
    }
    let inside = |line: &Field| path::is_below(&line.path, path);
    if let Some(first) = fields.iter().position(inside) {
        if fate == Fate::LeftOut {
            fields.retain(|line| !inside(line));
        }
        fields.insert(first, field);
        return;
    }
    // Something in a field that is taken otherwise.
    let place = fields.iter().rposition(|line| path::is_below(path, &line.path));
    let behind = place.map_or(fields.len(), |place| {
        let inner = &fields[place].path;
        fields.iter().rposition(|line| path::is_below(&line.path, inner)).unwrap_or(place) + 1
    });
    fields.insert(behind, field);
}

/// Says what is odd about a field that is taken, or that it does nothing.
fn warned(fields: &mut Vec<Field>, path: &str, problem: &Problem) {
    let is_idle = problem.what == config::IDLE || problem.what == config::UNKNOWN;
    let fate = if is_idle { Fate::Idle } else { Fate::Taken };
    let advice = advice::of(path).filter(|_| problem.what == config::IDLE);
    let why = advice.map_or_else(|| problem_words(path, problem), str::to_owned);
    match fields.iter().find(|line| line.path == path) {
        // What has been said of it already counts.
        Some(line) if line.why.is_some() => {}
        _ => tell(fields, path, fate, &why),
    }
}

/// What the owner should know of fields that are taken.
fn remarks(root: &Value, fields: &mut [Field]) {
    for field in fields.iter_mut().filter(|field| field.fate == Fate::Taken && field.why.is_none()) {
        let Some(value) = at(root, &field.path) else { continue };
        field.why = match (field.path.rsplit('.').next().unwrap_or_default(), value) {
            ("name", Value::String(name)) => Some(name.clone()),
            ("api_base_url", Value::String(address)) => advice::place(address),
            ("api_key", Value::String(key)) if key.is_empty() => Some(advice::NO_KEY.to_owned()),
            _ if field.path.starts_with("transformers[") => Some(advice::STRIP_REASONING.to_owned()),
            (_, Value::String(target)) => retired(&field.path, target),
            _ => None,
        };
    }
}

/// Says of a route that its model is gone, and how to have the one that follows it.
fn retired(path: &str, target: &str) -> Option<String> {
    let (provider, id) = target.split_once(',')?;
    let model = catalog::model(id.trim())?;
    let day = model.retired.as_ref()?;
    let route = path.strip_prefix("Router.")?;
    let next = model.replacement.as_ref().map(|next| format!(": `mcr model {route} {},{next} --add`", provider.trim()));
    Some(format!("the model was retired on {day}{}", next.unwrap_or_default()))
}

fn at<'v>(root: &'v Value, path: &str) -> Option<&'v Value> {
    path::steps(path)?.iter().try_fold(root, |value, step| match step {
        path::Step::Key(key) => value.get(key),
        path::Step::Index(index) => value.get(*index),
    })
}

/// Whether a string waits for a variable.
fn needs_unset(value: Option<&Value>, environment: Environment<'_>) -> bool {
    value.is_some_and(|value| value.is_string() && !missing(value, environment).is_empty())
}

fn missing(value: &Value, environment: Environment<'_>) -> Vec<String> {
    match value {
        Value::String(text) => {
            let is_unset = |name: &String| environment(name).is_none_or(|value| value.is_empty());
            config::variables(text).into_iter().filter(is_unset).collect()
        }
        Value::Array(list) => list.iter().flat_map(|value| missing(value, environment)).collect(),
        Value::Object(map) => map.values().flat_map(|value| missing(value, environment)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The variables that the new configuration names and that are unset here.
fn unset(root: &Value, environment: Environment<'_>, changes: &Changes<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for field in lines(root).iter().filter(|field| !changes.concerns(&field.path)) {
        names.extend(at(root, &field.path).map(|value| missing(value, environment)).unwrap_or_default());
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
