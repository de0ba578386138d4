//! What becomes of each of claude-code-router's presets.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{
    literal,
    report::{Fate, Field, KeyLine},
};
use crate::{
    cli::{
        config::Place,
        preset::settle::{Settled, settle},
    },
    config::{self, Document, Secret, edit, path},
    error::Failure,
    paths::Existing,
    preset::{
        Answer, Answers, Given, Manifest, Name, Presets, Source, Values, check, fill, manifest, package::Package,
        source::Read,
    },
};

/// A preset that is taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) name: Name,
    package: Package,
    /// The answers that were there; without all of them the preset waits for the rest.
    settled: Option<Settled>,
    values: Values,
}

/// What becomes of one.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) line: Field,
    pub(super) taken: Option<Taken>,
}

/// Judges the preset in a folder; writes nothing.
pub(super) fn judge(name: &str, folder: &Path, keeps_keys: bool, place: &Place<'_>) -> Judged {
    let out = |why: String| Judged {
        line: Field { path: name.to_owned(), fate: Fate::LeftOut, why: Some(why) },
        taken: None,
    };
    match read(name, folder, keeps_keys, place) {
        Ok((taken, fate, notes)) => {
            let why = (!notes.is_empty()).then(|| notes.join("; "));
            Judged { line: Field { path: name.to_owned(), fate, why }, taken: Some(taken) }
        }
        Err(why) => out(why),
    }
}

fn read(name: &str, folder: &Path, keeps_keys: bool, place: &Place<'_>) -> Result<(Taken, Fate, Vec<String>), String> {
    let called = Name::parse(name).map_err(|error| {
        format!("{error}; `mcr preset install {} --name NAME`", shell_words::quote(&folder.to_string_lossy()))
    })?;
    let mut package = match Source::Folder(folder.to_owned()).read().map_err(|failure| words(&failure))? {
        Read::Package(package) => package,
        Read::Packed(_) | Read::Remote(_) => return Err("it is no folder".to_owned()),
    };
    let text = package.manifest().map_err(|error| error.to_string())?.to_owned();
    let (text, answers) = without_keys(&text)?;
    let manifest = manifest::read(&text, manifest::FILE).map_err(|problems| one_line(&problems.to_string()))?;
    package.set_manifest(text);
    let mut notes: Vec<String> = manifest.warnings.iter().map(ToString::to_string).collect();
    let fate = if answers.secrets.is_empty() { Fate::Taken } else { Fate::Changed };
    if fate == Fate::Changed {
        notes.push(if keeps_keys {
            "its key goes into mcr's store and out of the manifest".to_owned()
        } else {
            "its key is not taken".to_owned()
        });
    }
    let secrets = if keeps_keys { answers.secrets } else { BTreeMap::new() };
    let answers = Answers { plain: answers.plain, secrets };
    let values = Values { source: folder.display().to_string(), answers: answers.plain.clone(), ..Values::default() };
    let settled = match fill(&manifest, answers, &BTreeMap::new()) {
        Ok(answers) => {
            let settled = settle(&called, &manifest, &answers, values.clone(), place);
            let settled = settled.map_err(|failure| words(&failure))?;
            notes.extend(settled.warnings.iter().map(ToString::to_string));
            Some(settled)
        }
        Err(missing) => {
            let ids: Vec<&str> = missing.iter().map(|(id, ..)| id.as_str()).collect();
            notes.push(format!("it asks for {}: `mcr preset reconfigure {name}`", ids.join(", ")));
            None
        }
    };
    Ok((Taken { name: called, package, settled, values }, fate, notes))
}

impl Taken {
    /// Whether it waits for answers.
    pub(super) fn is_waiting(&self) -> bool {
        self.settled.is_none()
    }

    /// The keys that go into the store.
    pub(super) fn keys(&self) -> Vec<KeyLine> {
        let user = format!("preset {}", self.name);
        let line = |(name, hosts): (&config::KeyName, &[config::Host])| KeyLine {
            name: name.to_string(),
            user: user.clone(),
            hosts: hosts.iter().map(ToString::to_string).collect(),
        };
        self.settled.iter().flat_map(Settled::keys).map(line).collect()
    }

    /// Installs it.
    pub(super) fn install(&self, presets: &Presets, place: &Place<'_>) -> Result<(), Failure> {
        let install = |values: &Values| presets.install(&self.name, &self.package, values, Existing::Keep);
        match &self.settled {
            Some(settled) => settled.keep(place, install),
            None => install(&self.values),
        }
    }
}

/// Takes keys in clear out of a manifest: from `userValues`, and from providers, where a question takes their place.
///
/// The comments stay.
fn without_keys(text: &str) -> Result<(String, Answers), String> {
    let manifest = manifest::read(text, manifest::FILE).map_err(|problems| one_line(&problems.to_string()))?;
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    let mut answers = Answers::default();
    let told = |error: edit::EditError| error.to_string();
    for (id, value) in &manifest.user_values {
        let Some(key) = value.as_str().filter(|key| !key.is_empty()) else { continue };
        let place = path::key("userValues", id);
        if let Some(question) = manifest.question(id).filter(|question| question.is_secret()) {
            text = edit::remove(&text, &place).map_err(told)?;
            // A reference in a manifest is nobody's word.
            if let Ok(Answer::Secret(given @ Given::Literal(_))) = check(question, key, None) {
                answers.secrets.insert(id.clone(), given);
            }
        } else if manifest.question(id).is_none() && is_key_of_provider(id) {
            // claude-code-router sets the value at such a path.
            text = edit::remove(&text, &place).map_err(told)?;
            text = edit::set(&text, &inside(&manifest, id), value).map_err(told)?;
        }
    }
    let document = Document::parse(&text, manifest::FILE).map_err(|problems| problems.to_string())?;
    let root = root(&document.value);
    let mut questions = document.value.get("schema").and_then(Value::as_array).map_or(0, Vec::len);
    let providers = ["Providers", "providers"].iter().find_map(|key| Some((*key, root.get(*key)?.as_array()?)));
    for (i, provider) in providers.iter().flat_map(|(_, list)| list.iter().enumerate()) {
        let word = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, key) = (word("name"), word("api_key"));
        let host = config::endpoint(word("api_base_url")).ok().and_then(|uri| uri.host().map(str::to_owned));
        let Some(host) = host.filter(|host| literal::is_secret(key, host) && !key.contains(['{', '}'])) else {
            continue;
        };
        let Ok(secret) = Secret::key(key.to_owned()) else { continue };
        let id = free_id(&manifest, name, &answers);
        let place = format!("{}[{i}].api_key", providers.as_ref().map_or("Providers", |(key, _)| key));
        let question = serde_json::json!({"id": id, "type": "password", "label": format!("Key for {host}")});
        text = edit::set(&text, &inside(&manifest, &place), &Value::from(format!("{{{{{id}}}}}"))).map_err(told)?;
        text = edit::set(&text, &path::index("schema", questions), &question).map_err(told)?;
        questions += 1;
        answers.secrets.insert(id, Given::Literal(secret));
    }
    Ok((text, answers))
}

fn free_id(manifest: &Manifest, name: &str, answers: &Answers) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let base: String = name.chars().map(|c| if is_part(c) { c } else { '_' }).collect();
    let numbered = (2..).map(|number| format!("{base}_key_{number}"));
    let mut ids = [format!("{base}_key")].into_iter().chain(numbered);
    ids.find(|id| manifest.question(id).is_none() && !answers.secrets.contains_key(id)).unwrap_or(base)
}

fn is_key_of_provider(id: &str) -> bool {
    let steps = path::steps(id).unwrap_or_default();
    matches!(&steps[..], [path::Step::Key(list), path::Step::Index(_), path::Step::Key(key)]
        if list.eq_ignore_ascii_case("providers") && key == "api_key")
}

/// The object that the configuration is made of.
fn root(value: &Value) -> &Value {
    value.get("template").filter(|template| template.as_object().is_some_and(|map| !map.is_empty())).unwrap_or(value)
}

/// A path of the configuration, in the manifest.
fn inside(manifest: &Manifest, place: &str) -> String {
    if manifest.has_template() { format!("template.{place}") } else { place.to_owned() }
}

fn words(failure: &Failure) -> String {
    let mut text = one_line(&failure.error.to_string().replace(", and nothing has been written", ""));
    for cause in failure.error.chain().skip(1) {
        text = format!("{text}: {}", one_line(&cause.to_string()));
    }
    text
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" | ").replace(": | ", ": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a manifest, and the keys that were in it.
    #[track_caller]
    fn becomes(text: &str, expect: &str, keys: &[(&str, &str)]) {
        let (text, answers) = without_keys(text).expect("a manifest");
        assert_eq!(text, expect);
        let found: Vec<(&str, &str)> = answers
            .secrets
            .iter()
            .map(|(id, given)| match given {
                Given::Literal(secret) => (id.as_str(), secret.expose()),
                Given::Reference(reference) => panic!("{reference} was in no manifest"),
            })
            .collect();
        assert_eq!(found, keys);
    }

    #[test]
    fn an_answer_goes_out_of_the_user_values() {
        let rest = "schema: [{id: 'k', type: 'password'}], Providers: []";
        becomes(
            &format!("{{userValues: {{k: 'sk-1', model: 'm'}}, // mine\n{rest}}}"),
            &format!("{{userValues: {{model: 'm'}}, // mine\n{rest}}}"),
            &[("k", "sk-1")],
        );
    }

    #[test]
    fn a_key_in_a_provider_becomes_a_question_in_a_template_too() {
        let provider = |key: &str| format!("[{{name: 'p.q', api_base_url: 'https://x.example/v1', api_key: '{key}'}}]");
        becomes(
            &format!("{{Providers: {}}}", provider("sk-1")),
            &format!(
                "{{Providers: {}, schema: [{{ id: 'p_q_key', type: 'password', label: 'Key for x.example' }}]}}",
                provider("{{p_q_key}}")
            ),
            &[("p_q_key", "sk-1")],
        );
        becomes(
            &format!("{{schema: [{{id: 'm'}}], template: {{Providers: {}}}}}", provider("sk-1")),
            &format!(
                "{{schema: [{{id: 'm'}}, {{ id: 'p_q_key', type: 'password', label: 'Key for x.example' }}], \
                 template: {{Providers: {}}}}}",
                provider("{{p_q_key}}")
            ),
            &[("p_q_key", "sk-1")],
        );
    }

    #[test]
    fn a_key_that_the_user_values_put_into_a_provider_is_one_too() {
        becomes(
            "{Providers: [{name: 'p', api_base_url: 'https://x.example/v1'}], userValues: {'Providers[0].api_key': 'sk-1'}}",
            "{Providers: [{name: 'p', api_base_url: 'https://x.example/v1', api_key: '{{p_key}}'}], userValues: {}, \
             schema: [{ id: 'p_key', type: 'password', label: 'Key for x.example' }]}",
            &[("p_key", "sk-1")],
        );
    }

    #[test]
    fn what_is_no_key_stays() {
        for key in ["$KEY", "{{k}}", "#{k}", ""] {
            let text =
                format!("{{Providers: [{{name: 'p', api_base_url: 'https://x.example/v1', api_key: '{key}'}}]}}");
            becomes(&text, &text, &[]);
        }
        let local = "{Providers: [{name: 'p', api_base_url: 'http://localhost:1234/v1', api_key: 'lm-studio'}]}";
        becomes(local, local, &[]);
    }
}
