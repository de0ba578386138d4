//! Mistral's EU endpoint: where its key is, and which model leads the conversation.

use std::collections::BTreeMap;

use super::ask::choose;
use crate::cli::config::Place;
use crate::cli::preset::discover::{self, Reported};
use crate::cli::question::{confirm, key};
use crate::config::{Host, KeyName, Secret};
use crate::env::MISTRAL_API_KEY;
use crate::error::{Exit, Failure};
use crate::keys::Store;
use crate::preset::{Answers, Given, Key, Provider, Values};
use crate::ui;

/// The endpoint that promises the EU and EFTA.
pub(super) const ADDRESS: &str = "https://api.eu.mistral.ai/v1";
const HOST: &str = "api.eu.mistral.ai";
const NAME: &str = "mistral";
/// A secret of these questions alone.
const TYPED: &str = "apiKey";

/// What was answered.
#[derive(Debug)]
pub(super) struct Cloud {
    pub(super) key: WhereKey,
    /// The model of the conversation; absent where the endpoint told none.
    pub(super) model: Option<String>,
    /// The ids that the endpoint reports; none where it told none.
    pub(super) reported: Vec<String>,
}

/// Where the key is.
#[derive(Debug)]
pub(super) enum WhereKey {
    /// In the environment.
    Variable,
    /// In the store, from before.
    Stored(KeyName),
    /// Typed, and kept under this name once everything is agreed to.
    Typed(KeyName, Secret),
}

/// What the key may be called in the store, the usual name first.
fn names() -> impl Iterator<Item = KeyName> {
    let numbered = (2..).map(|number| format!("{NAME}-eu-{number}"));
    let names = [NAME.to_owned(), format!("{NAME}-eu")].into_iter().chain(numbered);
    names.map(|name| KeyName::parse(&name).expect("a name of letters is one"))
}

/// The host that the key is bound to.
pub(super) fn host() -> Host {
    Host::parse(HOST).expect("a host's name is one")
}

impl Cloud {
    /// Asks, and checks the key with the endpoint's own list of models.
    pub(super) fn ask(place: &Place<'_>) -> Result<Self, Failure> {
        let mut key = where_key(place)?;
        loop {
            let why = match models(&key, place) {
                Ok(reported) => return chosen(key, &reported),
                Err(why) => why,
            };
            ui::say(format_args!("cannot ask {HOST} for its models: {why}"));
            match choose("What now?", &["type another key", "go on without a check", "stop"], 0)? {
                0 => key = typed(place)?,
                1 => return Ok(Self { key, model: None, reported: Vec::new() }),
                _ => {
                    return Err(Failure::say(Exit::Failed, "nothing was written").hint("run `mcr setup` to begin anew"));
                }
            }
        }
    }

    /// The key that is to be kept.
    pub(super) fn typed(&self) -> Option<(&KeyName, &Secret)> {
        match &self.key {
            WhereKey::Typed(name, secret) => Some((name, secret)),
            WhereKey::Variable | WhereKey::Stored(_) => None,
        }
    }
}

impl WhereKey {
    /// What the configuration says.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Variable => format!("${MISTRAL_API_KEY}"),
            Self::Stored(name) | Self::Typed(name, _) => format!("store:{name}"),
        }
    }
}

fn where_key(place: &Place<'_>) -> Result<WhereKey, Failure> {
    let is_set = (place.environment)(MISTRAL_API_KEY).is_some_and(|key| !key.is_empty());
    if is_set && confirm(&format!("Use the key in ${MISTRAL_API_KEY}?"), true)? {
        return Ok(WhereKey::Variable);
    }
    let keys = Store::open(place.paths).list()?;
    let is_ours = |name: &KeyName| keys.get(name).is_some_and(|stored| stored.hosts.contains(&host()));
    if let Some(name) = names().take(keys.len() + 1).find(is_ours)
        && confirm(&format!("Use the stored key `{name}`?"), true)?
    {
        return Ok(WhereKey::Stored(name));
    }
    typed(place)
}

/// Asks for a key; what is kept for another host, too, stays as it is.
fn typed(place: &Place<'_>) -> Result<WhereKey, Failure> {
    let secret = key(&format!("Key for {HOST} (from console.mistral.ai)"))?;
    let keys = Store::open(place.paths).list()?;
    let may_have = |name: &KeyName| keys.get(name).is_none_or(|stored| stored.hosts == [host()]);
    let name = names().find(may_have).expect("there are more names than keys");
    Ok(WhereKey::Typed(name, secret))
}

fn models(key: &WhereKey, place: &Place<'_>) -> Result<Vec<Reported>, String> {
    let mut answers = Answers::default();
    let key = match key {
        WhereKey::Typed(_, secret) => {
            answers.secrets = BTreeMap::from([(TYPED.to_owned(), Given::Literal(secret.clone()))]);
            Key::Answer(TYPED.to_owned())
        }
        WhereKey::Variable | WhereKey::Stored(_) => Key::Written(key.written()),
    };
    let provider =
        Provider { name: NAME.to_owned(), address: ADDRESS.to_owned(), dialect: Some("mistral".to_owned()), key };
    discover::models(&provider, &answers, &Values::default(), place)
}

fn chosen(key: WhereKey, reported: &[Reported]) -> Result<Cloud, Failure> {
    let usable: Vec<&Reported> = reported.iter().filter(|model| model.tools != Some(false)).collect();
    let reported = reported.iter().map(|model| model.id.clone()).collect();
    if usable.is_empty() {
        ui::say(format_args!("{HOST} lists no model that takes tools"));
        return Ok(Cloud { key, model: None, reported });
    }
    let labels: Vec<String> = usable.iter().map(|model| model.label()).collect();
    let usual = super::text::usual_model();
    let default = usable.iter().position(|model| model.id == usual).unwrap_or(0);
    let at = choose("Which model for the conversation?", &labels, default)?;
    Ok(Cloud { key, model: Some(usable[at].id.clone()), reported })
}
