//! What a preset asks: one entry of the manifest's `schema`, read.

use regex_lite::Regex;
use serde_json::Value;

use super::when::Condition;

/// One question.
#[derive(Debug, Clone)]
pub struct Question {
    /// What placeholders call the answer.
    pub id: String,
    /// Where it stands in the manifest: `schema[0]`.
    pub place: String,
    /// How it is asked, and of what type the answer is.
    pub kind: Kind,
    /// A short name for people.
    pub label: Option<String>,
    /// The sentence that asks.
    pub prompt: Option<String>,
    /// An example of an answer.
    pub placeholder: Option<String>,
    /// What can be chosen.
    pub choices: Choices,
    /// Asked only when all of these hold.
    pub when: Vec<Condition>,
    /// The answer when nothing is said.
    pub default: Option<Value>,
    /// Whether there must be an answer.
    pub required: bool,
    /// What an answer must match somewhere.
    pub validator: Option<Regex>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// Questions that come before, beside those that `when` names.
    pub depends_on: Vec<String>,
}

impl Question {
    /// The words that ask.
    pub fn words(&self) -> &str {
        self.prompt.as_deref().or(self.label.as_deref()).unwrap_or(&self.id)
    }

    /// The name for summaries.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.id)
    }

    /// Whether the answer is a secret.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Password
    }
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A secret, not shown while it is typed.
    Password,
    /// A line.
    Input,
    /// One of several.
    Select,
    /// Any of several.
    Multiselect,
    /// Yes or no.
    Confirm,
    /// Lines, in an editor.
    Editor,
    /// A number.
    Number,
}

impl Kind {
    /// All of them, in the order of claude-code-router's documentation.
    pub const ALL: [Self; 7] =
        [Self::Password, Self::Input, Self::Select, Self::Multiselect, Self::Confirm, Self::Editor, Self::Number];

    /// The word in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Input => "input",
            Self::Select => "select",
            Self::Multiselect => "multiselect",
            Self::Confirm => "confirm",
            Self::Editor => "editor",
            Self::Number => "number",
        }
    }

    /// What counts as the answer when the question has no default and nobody says anything.
    pub(super) fn default(self) -> Option<Value> {
        match self {
            Self::Confirm => Some(Value::Bool(false)),
            Self::Multiselect => Some(Value::Array(Vec::new())),
            Self::Number => Some(Value::from(0)),
            Self::Password | Self::Input | Self::Select | Self::Editor => None,
        }
    }
}

/// Where the choices of a list come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Choices {
    /// There are none: the answer is free.
    Free,
    /// The manifest names them.
    Static(Vec<Choice>),
    /// The names of the preset's providers.
    Providers,
    /// The models of the provider that another answer names.
    Models {
        /// The id of that other question, or the provider's name itself.
        provider: ProviderField,
    },
    /// The models that a running server reports; typed where it does not answer.
    Discover {
        /// The name of the provider.
        from: String,
    },
}

/// Which provider a list of models is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderField {
    /// The one that the answer to a question names.
    Answer(String),
    /// This one.
    Name(String),
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What the answer becomes.
    pub value: Value,
    /// What is shown.
    pub label: String,
    /// What is shown behind it.
    pub description: Option<String>,
    /// Whether it is shown and cannot be chosen.
    pub disabled: bool,
}

impl Choice {
    /// A choice that is shown as it is.
    pub fn plain(value: &str) -> Self {
        Self { value: Value::from(value), label: value.to_owned(), description: None, disabled: false }
    }
}
