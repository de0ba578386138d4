//! From answers to what is kept: which key goes where, and does the whole make a configuration.

use std::{collections::BTreeMap, path::Path};

use crate::{
    cli::{config::Place, doorway::Doorway, reload::under_machine},
    config::{self, Config, Host, KeyName, Problem, Secret, SecretRef},
    error::{Exit, Failure},
    keys,
    preset::{Answers, Capabilities, Given, Manifest, Name, Values, faulty, judged, key_name, refused},
    ui,
};

/// What is to be kept.
#[derive(Debug)]
pub(in crate::cli) struct Settled {
    /// The answers and what was agreed to.
    pub(in crate::cli) values: Values,
    /// What the preset does, with every host known.
    pub(in crate::cli) found: Capabilities,
    /// What it makes.
    pub(in crate::cli) config: Config,
    /// What is odd and does not stop anything.
    pub(in crate::cli) warnings: Vec<Problem>,
    /// Keys for the store.
    keys: Vec<(KeyName, Secret, Vec<Host>)>,
}

/// Checks that the answers make a configuration that may be used; keeps nothing yet.
pub(in crate::cli) fn settle(
    name: &Name,
    manifest: &Manifest,
    answers: &Answers,
    mut values: Values,
    place: &Place<'_>,
) -> Result<Settled, Failure> {
    let (applied, found) = judged(manifest, answers)?;
    if !found.refusals.is_empty() {
        return Err(refused("the preset is refused, and nothing has been written", &found.refusals));
    }
    let mut references: BTreeMap<String, String> = BTreeMap::new();
    let mut keys: Vec<(KeyName, Secret, Vec<Host>)> = Vec::new();
    for (id, given) in &answers.secrets {
        let reference = match given {
            Given::Reference(reference) => checked(id, reference)?,
            Given::Literal(secret) => {
                let key = key_name(name.as_str(), id).map_err(|error| Failure::say(Exit::Data, error))?;
                if keys.iter().any(|(other, ..)| *other == key) {
                    let what = format!("two questions would keep their keys as `{key}`");
                    return Err(Failure::say(Exit::Data, what).hint("give one of them as `env:NAME`"));
                }
                let reference = format!("store:{key}");
                keys.push((key, secret.clone(), hosts(&found, id)?));
                reference
            }
        };
        references.insert(id.clone(), reference);
    }
    values.answers.clone_from(&answers.plain);
    values.bind(&found, &references);
    let document = applied.document(&references);
    let config =
        config::read_document(document, place.environment).map_err(|problems| faulty(Exit::Data, &problems))?;
    let warnings = [applied.warnings, config.warnings.clone(), config.unset.clone()].concat();
    Ok(Settled { values, found, config, warnings, keys })
}

/// Checks what a person names; a file is seen from where they are, and later from nowhere else.
fn checked(id: &str, reference: &str) -> Result<String, Failure> {
    let told = |error: String| Failure::say(Exit::Usage, format!("the answer to `{id}` cannot be used: {error}"));
    let reference = match reference.strip_prefix("file:") {
        Some(path) if !path.starts_with('~') => {
            let path = std::path::absolute(path).map_err(|error| told(error.to_string()))?;
            format!("file:{}", path.display())
        }
        Some(_) | None => reference.to_owned(),
    };
    SecretRef::parse(&reference, Path::new("")).map_err(told)?;
    Ok(reference)
}

/// The hosts that a secret is bound to.
fn hosts(found: &Capabilities, id: &str) -> Result<Vec<Host>, Failure> {
    let hosts = found.secrets.iter().filter(|secret| secret.id == id).flat_map(|secret| &secret.hosts);
    hosts
        .map(|host| Host::parse(&Host::of_url(host).to_string()))
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::say(Exit::Data, format!("secret `{id}` cannot be bound: {error}")))
}

impl Settled {
    /// Tells what is odd.
    pub(super) fn warn(&self) {
        for problem in &self.warnings {
            ui::say(format_args!("warning: {problem}"));
        }
    }

    /// Refuses a preset whose targets may not be spoken to, here and by its own rules.
    pub(super) fn refuse_denied(&mut self, place: &Place<'_>) -> Result<(), Failure> {
        under_machine(&mut self.config, place)?;
        match Doorway::of(place).checked(&self.config) {
            Ok(opened) => drop(opened.told(false)),
            Err(failure) if failure.exit == Exit::Denied => {
                let error = failure.error.context("the preset is refused, and nothing has been written");
                return Err(Failure { error, ..failure });
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// The keys that are to be kept, and for which hosts.
    pub(in crate::cli) fn keys(&self) -> impl Iterator<Item = (&KeyName, &[Host])> {
        self.keys.iter().map(|(name, _, hosts)| (name, hosts.as_slice()))
    }

    /// Keeps the keys, does what makes them useful, and takes them back when that fails.
    pub(in crate::cli) fn keep(
        &self,
        place: &Place<'_>,
        then: impl FnOnce(&Values) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let store = keys::Store::open(place.paths);
        let mut new = Vec::new();
        for (name, secret, hosts) in &self.keys {
            if store.get(name)?.is_none() {
                new.push(name);
            }
            store.set(name, secret, hosts)?;
        }
        then(&self.values).inspect_err(|_| {
            for name in new {
                // The failure that is told already is the one that counts.
                let _ = store.remove(name);
            }
        })
    }
}

/// Takes the keys of a preset out of the store, but for those that these values still name.
pub(super) fn forget(name: &Name, before: &Values, now: Option<&Values>, place: &Place<'_>) -> Result<(), Failure> {
    let store = keys::Store::open(place.paths);
    let own = format!("store:preset/{name}/");
    let is_used = |from: &str| now.is_some_and(|now| now.secrets.values().any(|bound| bound.from == from));
    for bound in before.secrets.values().filter(|bound| bound.from.starts_with(&own) && !is_used(&bound.from)) {
        if let Some(key) = bound.from.strip_prefix("store:").and_then(|key| KeyName::parse(key).ok()) {
            store.remove(&key)?;
        }
    }
    Ok(())
}
