//! The questions as a conversation: which is next, does the answer count, what is the outcome.
//!
//! Knows no terminal. [`Form::question`] says what to ask, [`Form::answer`] takes a text
//! or says why not, and then the same question is next again.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    answer::{Answer, Answers, Given, Refused, check, listed},
    apply::{Stage, apply, seen},
    manifest::Manifest,
    placeholder::{Piece, pieces, words},
    question::{Choice, Choices, Kind, ProviderField, Question},
};

/// A conversation.
#[derive(Debug)]
pub struct Form<'m> {
    manifest: &'m Manifest,
    next: usize,
    answers: Answers,
    /// What was answered the last time.
    before: Answers,
}

/// What can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum Offer {
    /// Anything.
    Free,
    /// One of these.
    Among(Vec<Choice>),
    /// What this provider reports, else anything.
    Reported(Provider),
}

/// A provider that is to be asked for its models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Its address, as the configuration writes it.
    pub address: String,
    /// Whose rules it follows, where the manifest says so.
    pub dialect: Option<String>,
    /// Its key, as the configuration writes it; the id of a secret where it is one.
    pub key: Key,
}

/// A key before the preset is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// What the manifest writes.
    Written(String),
    /// The answer to this question.
    Answer(String),
}

impl<'m> Form<'m> {
    /// Begins; `before` are the answers that count unless others are given.
    pub fn new(manifest: &'m Manifest, before: Answers) -> Self {
        Self { manifest, next: 0, answers: Answers::default(), before }
    }

    /// Returns the next question; one whose conditions do not hold is passed over, and has no answer.
    pub fn question(&mut self) -> Option<&'m Question> {
        loop {
            let question = self.manifest.questions.get(self.next)?;
            let ids: Vec<&str> = self.answers.secrets.keys().map(String::as_str).collect();
            let seen = seen(&self.answers.plain, &ids);
            if question.when.iter().all(|condition| condition.holds(&seen)) {
                return Some(question);
            }
            self.next += 1;
        }
    }

    /// Returns what can be chosen as the answer to a question.
    pub fn offer(&self, question: &Question) -> Offer {
        match &question.choices {
            Choices::Free => Offer::Free,
            Choices::Static(choices) => Offer::Among(choices.clone()),
            Choices::Providers => Offer::Among(self.providers()),
            Choices::Models { provider } => Offer::Among(self.models(provider)),
            Choices::Discover { from } => self.provider(from).map_or(Offer::Free, Offer::Reported),
        }
    }

    /// Returns what counts when nothing is said: the answer of the last time, the manifest's, the kind's.
    ///
    /// Of a secret only [`Form::keep`] knows.
    pub fn default(&self, question: &Question) -> Option<Value> {
        if question.is_secret() {
            return None;
        }
        let before = self.before.plain.get(&question.id);
        let written = || self.manifest.user_values.get(&question.id).or(question.default.as_ref());
        before.or_else(written).cloned().or_else(|| question.kind.default())
    }

    /// Returns the default as text, if it counts as an answer.
    pub fn default_text(&self, question: &Question, choices: Option<&[Choice]>) -> Option<String> {
        let text = match self.default(question)? {
            Value::Array(list) => listed(&list.iter().map(words).collect::<Vec<_>>()),
            value => words(&value),
        };
        check(question, &text, choices).is_ok().then_some(text)
    }

    /// Whether the answer becomes the window of a model, which a server may have told already.
    pub fn is_window(&self, question: &Question) -> bool {
        let of_provider = |provider: &Map<String, Value>| {
            let facts = provider.get("facts").and_then(Value::as_object);
            facts.into_iter().flat_map(Map::values).any(|facts| {
                let window = facts.get("window").and_then(Value::as_str).unwrap_or_default();
                matches!(pieces(window)[..], [Piece::Id(id, _)] if id == question.id)
            })
        };
        self.manifest.providers().into_iter().any(of_provider)
    }

    /// Whether a secret was given the last time.
    pub fn has_before(&self, question: &Question) -> bool {
        self.before.secrets.contains_key(&question.id)
    }

    /// Keeps the secret of the last time.
    pub fn keep(&mut self, question: &Question) {
        if let Some(given) = self.before.secrets.get(&question.id) {
            self.answers.secrets.insert(question.id.clone(), given.clone());
            self.next += 1;
        }
    }

    /// Takes an answer to the question that is next; `choices` are those of a list that is known.
    ///
    /// # Errors
    /// Fails with the reason for which it does not count; the question stays the next.
    pub fn answer(&mut self, question: &Question, text: &str, choices: Option<&[Choice]>) -> Result<(), Refused> {
        match check(question, text, choices)? {
            Answer::Plain(value) => drop(self.answers.plain.insert(question.id.clone(), value)),
            Answer::Secret(given) => drop(self.answers.secrets.insert(question.id.clone(), given)),
            Answer::Nothing => {}
        }
        self.next += 1;
        Ok(())
    }

    /// The answers so far.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Ends; only the answers to questions that were put are among the outcome.
    pub fn finish(self) -> Answers {
        self.answers
    }

    fn providers(&self) -> Vec<Choice> {
        let names = self.manifest.providers().into_iter().filter_map(|provider| {
            let mut choice = Choice::plain(provider.get("name")?.as_str()?);
            choice.description = provider.get("api_base_url").and_then(Value::as_str).map(str::to_owned);
            Some(choice)
        });
        names.collect()
    }

    fn models(&self, field: &ProviderField) -> Vec<Choice> {
        let name = match field {
            ProviderField::Name(name) => Some(name.as_str()),
            ProviderField::Answer(id) => self.answers.plain.get(id).and_then(Value::as_str),
        };
        let providers = self.manifest.providers();
        let provider = providers.iter().find(|provider| provider.get("name").and_then(Value::as_str) == name);
        let models = provider.and_then(|provider| provider.get("models")).and_then(Value::as_array);
        models.into_iter().flatten().filter_map(Value::as_str).map(Choice::plain).collect()
    }

    /// Finds a provider with the answers so far in place.
    fn provider(&self, name: &str) -> Option<Provider> {
        let secrets: Vec<&str> = self.answers.secrets.keys().map(String::as_str).collect();
        let stage = Stage::Answered { plain: &self.answers.plain, secrets: &secrets };
        let applied = apply(self.manifest, stage).ok()?;
        let config: &Map<String, Value> = applied.config.value.as_object()?;
        let list = config.get("Providers").or_else(|| config.get("providers"))?.as_array()?;
        let provider = list.iter().find(|provider| provider.get("name").and_then(Value::as_str) == Some(name))?;
        let text = |key: &str| provider.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let written = text("api_key");
        // Servers on one's own machine often have no key at all.
        let secret =
            provider.get("api_key").and_then(|key| super::apply::secrets_in(self.manifest, key).first().copied());
        let key = secret.map_or(Key::Written(written), |id| Key::Answer(id.to_owned()));
        let dialect = Some(text("dialect")).filter(|word| !word.is_empty());
        Some(Provider { name: name.to_owned(), address: text("api_base_url"), dialect, key })
    }
}

/// Reads `--set` values and the like for all questions at once, without anybody to ask.
///
/// # Errors
/// Fails with every question that has no answer, or one that does not count.
pub fn fill(
    manifest: &Manifest,
    before: Answers,
    given: &BTreeMap<String, String>,
) -> Result<Answers, Vec<(String, Kind, Refused)>> {
    let mut form = Form::new(manifest, before);
    let mut problems = Vec::new();
    while let Some(question) = form.question() {
        let offer = form.offer(question);
        let choices = match &offer {
            Offer::Among(choices) => Some(choices.as_slice()),
            Offer::Free | Offer::Reported(_) => None,
        };
        let outcome = match given.get(&question.id) {
            Some(text) => form.answer(question, text, choices),
            None if form.has_before(question) => {
                form.keep(question);
                Ok(())
            }
            None => {
                let text = form.default_text(question, choices).unwrap_or_default();
                form.answer(question, &text, choices)
            }
        };
        if let Err(refused) = outcome {
            problems.push((question.id.clone(), question.kind, refused));
            form.next += 1;
        }
    }
    if problems.is_empty() { Ok(form.finish()) } else { Err(problems) }
}

impl Given {
    /// The reference, where it is one.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Reference(reference) => Some(reference),
        }
    }
}
