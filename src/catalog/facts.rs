//! What is said of providers, cell by cell, each with its source, its kind, its date and how far it can be relied upon.
//!
//! `facts.json` is the data. Where sources disagree all of them are kept, in the order of the file, and nothing is
//! decided here; what is not there is not known, and nobody guesses it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::{Standing, known_provider, providers};

/// What can be said of a provider, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The legal entity that operates it.
    Operator,
    /// The country in which that is established, two letters.
    Establishment,
    /// Who owns that.
    Parent,
    /// What of it is in the United States.
    UsPresence,
    /// The exposure to the US CLOUD Act: `none`, `indirect`, `direct` or `unknown`.
    CloudAct,
    /// Where it says that it works; where each endpoint does stands with the endpoint.
    Location,
    /// How long requests are kept.
    Retention,
    /// Whether they can be kept not at all.
    ZeroRetention,
    /// Whether requests are used for training when nothing else is agreed.
    Training,
    /// The list of those who process for it, by its address where there is one.
    SubProcessors,
    /// What it was certified for.
    Certifications,
    /// The agreement on data processing, by its address where there is one.
    Dpa,
    /// On what basis data goes to third countries.
    Transfer,
    /// What its interface does otherwise than others.
    Wire,
}

impl Field {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::Operator,
        Self::Establishment,
        Self::Parent,
        Self::UsPresence,
        Self::CloudAct,
        Self::Location,
        Self::Retention,
        Self::ZeroRetention,
        Self::Training,
        Self::SubProcessors,
        Self::Certifications,
        Self::Dpa,
        Self::Transfer,
        Self::Wire,
    ];

    /// The key in data and overlay.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Establishment => "establishment",
            Self::Parent => "parent",
            Self::UsPresence => "us_presence",
            Self::CloudAct => "cloud_act",
            Self::Location => "location",
            Self::Retention => "retention",
            Self::ZeroRetention => "zero_retention",
            Self::Training => "training",
            Self::SubProcessors => "sub_processors",
            Self::Certifications => "certifications",
            Self::Dpa => "dpa",
            Self::Transfer => "transfer",
            Self::Wire => "wire",
        }
    }

    /// The same for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Establishment => "established in",
            Self::Parent => "parent",
            Self::UsPresence => "presence in the US",
            Self::CloudAct => "CLOUD Act exposure",
            Self::Location => "where it works",
            Self::Retention => "retention",
            Self::ZeroRetention => "zero retention",
            Self::Training => "training by default",
            Self::SubProcessors => "sub-processors",
            Self::Certifications => "certifications",
            Self::Dpa => "processing agreement",
            Self::Transfer => "transfer mechanism",
            Self::Wire => "interface",
        }
    }

    /// Finds a field by its key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == key)
    }

    /// The words that its value must be one of; none where any will do.
    pub fn words(self) -> &'static [&'static str] {
        if self == Self::CloudAct { &["none", "indirect", "direct", "unknown"] } else { &[] }
    }
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The provider's own documentation.
    VendorDoc,
    /// A contract or its published terms.
    Contract,
    /// Somebody who keeps a list of providers.
    Registry,
    /// What was seen of the thing itself.
    Observed,
    /// Articles and guides.
    Press,
    /// The user's own, from the overlay.
    Own,
}

impl Kind {
    /// The word in data and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VendorDoc => "vendor-doc",
            Self::Contract => "contract",
            Self::Registry => "registry",
            Self::Observed => "observed",
            Self::Press => "press",
            Self::Own => "own",
        }
    }
}

/// How far a cell can be relied upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Somebody says so, and may be mistaken or interested.
    Low,
    /// Likely.
    Medium,
    /// The source would know.
    High,
}

impl Confidence {
    /// All of them, rising.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The word in data and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What is said, in a few words.
    pub value: String,
    /// The day of the source, or on which it was read, `YYYY-MM-DD`.
    pub as_of: String,
    /// Who says so.
    pub source: String,
    /// Where that stands; absent in the user's own, and where there is no one address.
    pub address: Option<String>,
    /// What the source is.
    pub kind: Kind,
    /// How far it can be relied upon.
    pub confidence: Confidence,
    /// What else belongs to it.
    pub note: Option<String>,
}

/// What is said of one provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(pub(super) BTreeMap<Field, Vec<Fact>>);

impl Facts {
    /// What sources say of one thing, several where there are several; none where it is not known.
    pub fn get(&self, field: Field) -> &[Fact] {
        self.0.get(&field).map_or(&[], Vec::as_slice)
    }

    /// All fields in the order in which they are shown, those of which nothing is known too.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &[Fact])> {
        Field::ALL.into_iter().map(|field| (field, self.get(field)))
    }

    /// The values of one thing, each once, and whether they differ; `unknown` alone where nobody knows.
    pub fn values(&self, field: Field) -> Vec<&str> {
        let mut values: Vec<&str> = Vec::new();
        for fact in self.get(field) {
            if !values.contains(&&*fact.value) {
                values.push(&fact.value);
            }
        }
        if values.is_empty() { vec!["unknown"] } else { values }
    }

    /// The fields of which nobody knows anything, or of which a source says that it is not known and no other more.
    pub fn gaps(&self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(|field| self.values(*field) == ["unknown"])
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEntry {
    name: String,
    #[serde(default)]
    address: Option<String>,
    kind: Kind,
    as_of: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Cell {
    value: String,
    from: String,
    confidence: Confidence,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Training {
    begins: String,
    #[serde(flatten)]
    cell: Cell,
}

#[derive(Debug, Deserialize)]
struct Elsewhere {
    ends: Vec<String>,
    provider: String,
    #[expect(dead_code, reason = "for the reader of the data file")]
    #[serde(flatten)]
    cell: Cell,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    training: Vec<Training>,
    elsewhere: Vec<Elsewhere>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    as_of: String,
    #[expect(dead_code, reason = "for the reader of the data file")]
    about: String,
    #[expect(dead_code, reason = "for the reader of the data file")]
    licence: String,
    sources: BTreeMap<String, SourceEntry>,
    providers: BTreeMap<String, BTreeMap<Field, Vec<Cell>>>,
    models: Models,
}

impl File {
    fn fact(&self, cell: &Cell) -> Fact {
        let source = &self.sources[&cell.from];
        Fact {
            value: cell.value.clone(),
            as_of: source.as_of.clone(),
            source: source.name.clone(),
            address: source.address.clone(),
            kind: source.kind,
            confidence: cell.confidence,
            note: cell.note.clone(),
        }
    }
}

static FILE: LazyLock<File> =
    LazyLock::new(|| serde_json::from_str(include_str!("facts.json")).expect("facts.json is checked by a test"));

static FACTS: LazyLock<BTreeMap<&'static str, Facts>> = LazyLock::new(|| {
    let facts = |cells: &BTreeMap<Field, Vec<Cell>>| {
        Facts(cells.iter().map(|(field, cells)| (*field, cells.iter().map(|cell| FILE.fact(cell)).collect())).collect())
    };
    providers()
        .map(|provider| (provider.name(), FILE.providers.get(provider.name()).map(facts).unwrap_or_default()))
        .collect()
});

/// Returns what is known of a provider, by one of its names; absent where there is no such provider.
pub fn facts(name: &str) -> Option<&'static Facts> {
    FACTS.get(known_provider(name)?.name())
}

/// The day the facts were put together.
pub fn facts_as_of() -> &'static str {
    &FILE.as_of
}

/// Returns who operates a model that a server of one's own hands on to somebody else; absent for models that run on it.
///
/// Only the id is looked at, so it is to be asked of servers of one's own alone.
pub fn runs_elsewhere(model: &str) -> Option<Standing> {
    let model = model.to_ascii_lowercase();
    let rule = FILE.models.elsewhere.iter().find(|rule| rule.ends.iter().any(|end| model.ends_with(end)))?;
    super::standing(known_provider(&rule.provider)?.hosts.first()?)
}

/// Returns what is said of a model whose requests may be used for training whatever was agreed otherwise.
pub fn may_train(model: &str) -> Option<Fact> {
    let rule = FILE.models.training.iter().find(|rule| model.starts_with(&rule.begins))?;
    Some(FILE.fact(&rule.cell))
}

/// Whether a terminal shows a text as it is: no control characters, and none that turn around or hide what is beside
/// them.
pub fn is_printable(text: &str) -> bool {
    let hides = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.chars().any(|c| c.is_control() || hides(c))
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
