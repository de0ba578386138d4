//! What counts as an answer to a question, and why another does not.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    capability::is_reference,
    placeholder::words,
    question::{Choice, Kind, Question},
};
use crate::config::Secret;

/// The answers to a preset's questions.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Those that are no secrets.
    pub plain: Map<String, Value>,
    /// Those that are.
    pub secrets: BTreeMap<String, Given>,
}

/// A secret as a person gives it.
#[derive(Debug, Clone)]
pub enum Given {
    /// The secret itself; it goes into the store.
    Literal(Secret),
    /// Where it is to be had: `env:NAME`, `file:PATH`, `cmd:COMMAND`, `store:NAME`.
    Reference(String),
}

/// An answer that has been checked.
#[derive(Debug, Clone)]
pub enum Answer {
    /// No secret.
    Plain(Value),
    /// A secret.
    Secret(Given),
    /// The question is optional and is left open.
    Nothing,
}

/// Why an answer does not count. Never holds a secret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// There must be one.
    #[error("an answer is needed")]
    Missing,
    /// It is no number.
    #[error("`{0}` is no number")]
    NotANumber(String),
    /// It is out of bounds.
    #[error("it must be at least {0}")]
    TooSmall(f64),
    /// It is out of bounds.
    #[error("it must be at most {0}")]
    TooLarge(f64),
    /// It is neither yes nor no.
    #[error("`{0}` is neither `true` nor `false`")]
    NotABoolean(String),
    /// It is none of the choices.
    #[error("`{found}` is none of {}", choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "))]
    NoChoice {
        /// What was given.
        found: String,
        /// What there is.
        choices: Vec<String>,
    },
    /// It does not match.
    #[error("it does not match `{0}`")]
    NoMatch(String),
    /// It cannot be a key.
    #[error("a key has no spaces, line ends or other than ASCII characters")]
    NotAKey,
}

/// Checks an answer that was written as text; `choices` are those of a list that is known.
///
/// # Errors
/// Fails with the first reason for which it does not count.
pub fn check(question: &Question, text: &str, choices: Option<&[Choice]>) -> Result<Answer, Refused> {
    if text.trim().is_empty() && question.kind != Kind::Multiselect {
        return if question.required { Err(Refused::Missing) } else { Ok(Answer::Nothing) };
    }
    let value = match question.kind {
        Kind::Password => return secret(question, text.trim()).map(Answer::Secret),
        Kind::Number => number(text.trim())?,
        Kind::Confirm => boolean(text.trim())?,
        Kind::Multiselect => {
            Value::Array(parts(text).iter().map(|part| chosen(part, choices)).collect::<Result<_, _>>()?)
        }
        Kind::Select | Kind::Input => chosen(text.trim(), choices)?,
        Kind::Editor => Value::from(text),
    };
    bounds(question, &value)?;
    matches(question, &words(&value))?;
    Ok(Answer::Plain(value))
}

/// The parts of a list that is written as text: with commas between them, or as a JSON list where one has a comma.
pub fn parts(text: &str) -> Vec<String> {
    serde_json::from_str::<Vec<String>>(text)
        .unwrap_or_else(|_| text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

/// Writes a list as [`parts`] reads it.
pub fn listed(parts: &[String]) -> String {
    if parts.iter().any(|part| part.contains(',') || part.starts_with('[')) {
        return Value::from(parts).to_string();
    }
    parts.join(",")
}

fn secret(question: &Question, text: &str) -> Result<Given, Refused> {
    if is_reference(text) {
        return Ok(Given::Reference(text.to_owned()));
    }
    // What people type from habit means a variable.
    let name = text.strip_prefix("${").and_then(|name| name.strip_suffix('}')).or_else(|| text.strip_prefix('$'));
    if let Some(name) = name.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        return Ok(Given::Reference(format!("env:{name}")));
    }
    matches(question, text)?;
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Refused::NotAKey);
    }
    Ok(Given::Literal(Secret::new(text.to_owned())))
}

fn number(text: &str) -> Result<Value, Refused> {
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(Value::from(whole));
    }
    let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    number.map(Value::Number).ok_or_else(|| Refused::NotANumber(text.to_owned()))
}

fn boolean(text: &str) -> Result<Value, Refused> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "on" => Ok(Value::Bool(true)),
        "false" | "no" | "n" | "0" | "off" => Ok(Value::Bool(false)),
        _ => Err(Refused::NotABoolean(text.to_owned())),
    }
}

/// Finds a choice by its value, else by its label.
fn chosen(text: &str, choices: Option<&[Choice]>) -> Result<Value, Refused> {
    let Some(choices) = choices else { return Ok(Value::from(text)) };
    let open = || choices.iter().filter(|choice| !choice.disabled);
    let found =
        open().find(|choice| words(&choice.value) == text).or_else(|| open().find(|choice| choice.label == text));
    found.map(|choice| choice.value.clone()).ok_or_else(|| Refused::NoChoice {
        found: text.to_owned(),
        choices: open().map(|choice| words(&choice.value)).collect(),
    })
}

fn bounds(question: &Question, value: &Value) -> Result<(), Refused> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    match (question.min, question.max) {
        (Some(min), _) if number < min => Err(Refused::TooSmall(min)),
        (_, Some(max)) if number > max => Err(Refused::TooLarge(max)),
        _ => Ok(()),
    }
}

fn matches(question: &Question, text: &str) -> Result<(), Refused> {
    match &question.validator {
        Some(pattern) if !pattern.is_match(text) => Err(Refused::NoMatch(pattern.as_str().to_owned())),
        _ => Ok(()),
    }
}
