//! Puts a preset's questions to a person, again where an answer does not count; or to the command line alone.

use std::collections::BTreeMap;

use dialoguer::{Confirm, Input, MultiSelect, Select};

use super::discover::{self, Reported};
use super::editor;
use crate::{
    cli::{
        config::Place,
        question::{cannot, hidden, screen},
    },
    error::{Exit, Failure},
    preset::{Answers, Choice, Form, Kind, Manifest, Offer, Question, Values, check, fill, listed, parts},
    ui,
};

/// How answers are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A person is there and is asked everything that the command line does not answer.
    Everything,
    /// A person is there and is asked what has no default.
    Missing,
    /// Nobody is there.
    Nobody,
}

impl Mode {
    /// Looks whether there is a terminal.
    pub(super) fn new(yes: bool) -> Self {
        match (ui::is_interactive(), yes) {
            (true, false) => Self::Everything,
            (true, true) => Self::Missing,
            (false, _) => Self::Nobody,
        }
    }
}

/// Collects the answers; `earlier` is what was agreed to the last time, and `before` its answers.
pub(super) fn answers(
    manifest: &Manifest,
    (earlier, before): (&Values, Answers),
    given: &BTreeMap<String, String>,
    mode: Mode,
    place: &Place<'_>,
) -> Result<Answers, Failure> {
    match mode {
        Mode::Nobody => fill(manifest, before, given).map_err(|problems| unanswered(manifest, &problems)),
        Mode::Everything | Mode::Missing => converse(manifest, (earlier, before), given, mode, place),
    }
}

/// Names every `--set` that is missing or does not count.
fn unanswered(manifest: &Manifest, problems: &[(String, Kind, crate::preset::Refused)]) -> Failure {
    use crate::preset::Refused;

    let lines = problems.iter().map(|(id, _, refused)| {
        let name = manifest.question(id).map_or(id.as_str(), Question::name);
        format!("\n  {id} ({name}): {refused}")
    });
    let what = format!("the preset asks what nobody is there to answer:{}", lines.collect::<String>());
    let exit =
        if problems.iter().all(|(_, _, refused)| *refused == Refused::Missing) { Exit::Usage } else { Exit::Data };
    problems.iter().fold(Failure::say(exit, what), |failure, (id, kind, _)| {
        let example = match kind {
            Kind::Password => "env:NAME",
            Kind::Number => "NUMBER",
            Kind::Confirm => "true",
            Kind::Input | Kind::Select | Kind::Multiselect | Kind::Editor => "ANSWER",
        };
        failure.hint(format!("pass `--set {id}={example}`"))
    })
}

fn converse(
    manifest: &Manifest,
    (earlier, before): (&Values, Answers),
    given: &BTreeMap<String, String>,
    mode: Mode,
    place: &Place<'_>,
) -> Result<Answers, Failure> {
    let mut form = Form::new(manifest, before);
    let mut given = given.clone();
    let mut chosen: Option<Reported> = None;
    while let Some(question) = form.question() {
        let mut reported = Vec::new();
        let choices = match form.offer(question) {
            Offer::Free => None,
            Offer::Among(choices) => Some((choices, true)),
            Offer::Reported(provider) => {
                let found = discover::models(&provider, form.answers(), earlier, place)
                    .and_then(|found| if found.is_empty() { Err("it lists none".to_owned()) } else { Ok(found) });
                if let (Err(why), false) = (&found, given.contains_key(&question.id)) {
                    ui::say(format_args!("cannot ask {} for its models: {why}; type one", provider.name));
                }
                reported = found.unwrap_or_default();
                let choices: Vec<Choice> = reported.iter().map(choice).collect();
                (!choices.is_empty()).then_some((choices, false))
            }
        };
        let strict = choices.as_ref().filter(|(_, is_strict)| *is_strict).map(|(choices, _)| choices.as_slice());
        let default = match chosen.as_ref().filter(|_| form.is_window(question)) {
            Some(model) => window(question, model).or_else(|| form.default_text(question, strict)),
            None => form.default_text(question, strict),
        };
        // What the command line says is said once; if it does not count, the person is asked.
        let text = match given.remove(&question.id) {
            Some(text) => text,
            None if mode == Mode::Missing && form.has_before(question) => {
                form.keep(question);
                continue;
            }
            None if mode == Mode::Missing && default.is_some() => default.unwrap_or_default(),
            None => {
                let offered = choices.as_ref().map(|(choices, _)| choices.as_slice());
                let text = put(question, offered, default.as_deref(), form.has_before(question), place)?;
                if text.is_empty() && form.has_before(question) {
                    form.keep(question);
                    continue;
                }
                text
            }
        };
        chosen = reported.into_iter().find(|model| model.id == text).or(chosen);
        if let Err(refused) = form.answer(question, &text, strict) {
            ui::say(format_args!("{}: {refused}", question.name()));
        }
    }
    Ok(form.finish())
}

/// A model of a server's as something to choose.
fn choice(model: &Reported) -> Choice {
    Choice { description: model.description(), ..Choice::plain(&model.id) }
}

/// The window that the server tells, where the question takes it; of too little the person is told.
fn window(question: &Question, model: &Reported) -> Option<String> {
    let tokens = model.given?;
    match check(question, &tokens.to_string(), None) {
        Ok(_) => Some(tokens.to_string()),
        Err(refused) => {
            ui::say(format_args!(
                "the server gives {} a context of {tokens} tokens, and {refused}; start it with more",
                model.id
            ));
            None
        }
    }
}

/// Asks once, and returns what is said as text.
fn put(
    question: &Question,
    choices: Option<&[Choice]>,
    default: Option<&str>,
    has_before: bool,
    place: &Place<'_>,
) -> Result<String, Failure> {
    let words = question.words();
    let answer = match (question.kind, choices) {
        (Kind::Password, _) => {
            let words = if has_before { format!("{words} (empty keeps the one of before)") } else { words.to_owned() };
            let may_be_empty = has_before || !question.required;
            let check = |text: &str| {
                if text.is_empty() && !may_be_empty { Err("an answer is needed".to_owned()) } else { Ok(()) }
            };
            hidden(&words, check).map_err(Into::into)
        }
        (Kind::Confirm, _) => {
            let default = default == Some("true");
            Confirm::new().with_prompt(words).default(default).interact_on(&screen()).map(|yes| yes.to_string())
        }
        (Kind::Editor, _) => {
            ui::say(words);
            return editor::edit(default.unwrap_or_default(), place);
        }
        (Kind::Multiselect, Some(choices)) => several(words, choices, default),
        (_, Some(choices)) => one(words, choices, default, question),
        (Kind::Input | Kind::Select | Kind::Multiselect | Kind::Number, None) => line(question, default),
    };
    answer.map_err(cannot)
}

fn line(question: &Question, default: Option<&str>) -> dialoguer::Result<String> {
    let words = match &question.placeholder {
        Some(example) => format!("{} (such as {example})", question.words()),
        None => question.words().to_owned(),
    };
    let input = Input::<String>::new().with_prompt(words).allow_empty(true);
    let input = match default {
        Some(default) => input.default(default.to_owned()),
        None => input,
    };
    input.interact_text()
}

fn label(choice: &Choice) -> String {
    match &choice.description {
        Some(description) => format!("{} - {description}", choice.label),
        None => choice.label.clone(),
    }
}

fn text(choice: &Choice) -> String {
    choice.value.as_str().map_or_else(|| choice.value.to_string(), str::to_owned)
}

fn open(choices: &[Choice]) -> Vec<&Choice> {
    choices.iter().filter(|choice| !choice.disabled).collect()
}

fn one(words: &str, choices: &[Choice], default: Option<&str>, question: &Question) -> dialoguer::Result<String> {
    const OTHER: &str = "another, which I type";

    let open = open(choices);
    let can_type = matches!(question.choices, crate::preset::Choices::Discover { .. });
    let labels: Vec<String> =
        open.iter().map(|choice| label(choice)).chain(can_type.then(|| OTHER.to_owned())).collect();
    let at = default.and_then(|default| open.iter().position(|choice| text(choice) == default)).unwrap_or(0);
    let chosen = Select::new().with_prompt(words).items(&labels).default(at).interact_on(&screen())?;
    match open.get(chosen) {
        Some(choice) => Ok(text(choice)),
        None => line(question, default),
    }
}

fn several(words: &str, choices: &[Choice], default: Option<&str>) -> dialoguer::Result<String> {
    let open = open(choices);
    let defaults = parts(default.unwrap_or_default());
    let items = open.iter().map(|choice| (label(choice), defaults.contains(&text(choice))));
    let chosen = MultiSelect::new().with_prompt(words).items_checked(items).interact_on(&screen())?;
    let chosen = chosen.into_iter().filter_map(|place| open.get(place));
    Ok(listed(&chosen.map(|choice| text(choice)).collect::<Vec<_>>()))
}
