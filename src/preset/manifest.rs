//! Reads a preset's `manifest.json`: JSON5 in claude-code-router's form.
//!
//! What is neither metadata nor one of the four keys that make the manifest dynamic
//! (`schema`, `template`, `configMappings`, `userValues`) is configuration, and is read
//! as such once the questions are answered.

use serde_json::{Map, Value};

use super::{
    fields::Fields,
    order::{self, Disorder},
    placeholder,
    question::{Choices, Question},
    schema,
    when::{Condition, Operator},
};
use crate::config::{Document, Problem, Problems, Severity, path};

/// The name of the file in a preset's folder.
pub const FILE: &str = "manifest.json";

/// Keys that say what the preset is and configure nothing.
pub(super) const METADATA: [&str; 12] = [
    "name",
    "version",
    "description",
    "author",
    "homepage",
    "repository",
    "license",
    "keywords",
    "ccrVersion",
    "source",
    "sourceType",
    "checksum",
];

/// Keys that make the manifest more than a configuration.
pub(super) const DYNAMIC: [&str; 4] = ["schema", "template", "configMappings", "userValues"];

/// A manifest that has been read.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What the preset says of itself.
    pub about: About,
    /// The questions, in the order in which they are put.
    pub questions: Vec<Question>,
    /// Answers that stand in the manifest itself, as claude-code-router leaves them there.
    pub user_values: Map<String, Value>,
    /// What is odd and does not stop anything.
    pub warnings: Vec<Problem>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) document: Document,
}

/// What a preset says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its name; the folder's counts.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Where to read of it.
    pub homepage: Option<String>,
    /// What it may be used for.
    pub license: Option<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
}

/// A value that is put somewhere once the questions are answered.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// The path: `Providers[0].api_key`.
    pub(super) target: String,
    /// What goes there; placeholders are replaced.
    pub(super) value: Value,
    /// Only when all of these hold.
    pub(super) when: Vec<Condition>,
    /// Where it stands in the manifest.
    pub(super) place: String,
}

/// Reads a manifest; `file` is what problems call it.
///
/// # Errors
/// Fails with all problems at once, at least one of them an error.
pub fn read(text: &str, file: &str) -> Result<Manifest, Problems> {
    let document = Document::parse(text.trim_start_matches('\u{feff}'), file)?;
    let mut fields = Fields::new(&document);
    let Some(root) = fields.item(&document.value, "") else {
        return Err(Problems(fields.problems));
    };
    check_characters(&mut fields, &document.value, "");
    let about = about(&mut fields, root);
    let list = fields.list(root, "", "schema").map_or(&[][..], Vec::as_slice);
    let questions = schema::schema(&mut fields, list);
    check_conditions(&mut fields, &questions);
    let questions = ordered(&mut fields, root, questions);
    let mappings = mappings(&mut fields, root, &questions);
    fields.object(root, "", "template");
    let user_values = fields.object(root, "", "userValues").cloned().unwrap_or_default();
    for key in user_values.keys().filter(|key| !questions.iter().any(|question| question.id == **key)) {
        // A path among the values is set as such, question or no question.
        if !is_path(key) {
            let known = questions.iter().map(|question| question.id.as_str());
            let place = path::key("userValues", key);
            let problem = fields.document.unknown_key(Severity::Warning, &place, "no question has this id", key, known);
            fields.problems.push(problem);
        }
    }
    let mut problems = fields.problems;
    problems.sort_by_key(|problem| problem.position);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Problems(problems));
    }
    Ok(Manifest { about, questions, user_values, warnings: problems, mappings, document })
}

impl Manifest {
    /// Finds a question.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Whether the configuration is made of `template` alone.
    pub fn has_template(&self) -> bool {
        self.document.value.as_object().is_some_and(|root| base(root).1)
    }

    /// The id of a question whose answer makes a route, if there is one.
    pub fn asked_by_route(&self, route: &str) -> Option<&str> {
        let (base, _) = base(self.document.value.as_object()?);
        let written = base.get("Router").and_then(|router| router.get(route));
        let target = path::key("Router", route);
        let mapped = self.mappings.iter().filter(|mapping| mapping.target == target).map(|mapping| &mapping.value);
        mapped.chain(written).flat_map(placeholder::ids).find(|id| self.question(id).is_some())
    }

    /// What problems call the manifest.
    pub fn file(&self) -> String {
        self.document.problem(Severity::Error, "", "").file.to_string()
    }

    /// The providers as the manifest writes them, placeholders and all.
    pub(super) fn providers(&self) -> Vec<&Map<String, Value>> {
        self.document.value.as_object().map(providers_of).unwrap_or_default()
    }
}

/// Whether an id is the path of a value, which claude-code-router sets as such.
pub(super) fn is_path(id: &str) -> bool {
    id.contains(['.', '['])
}

/// The object that the configuration is made of: the template, else the manifest itself.
pub(super) fn base(root: &Map<String, Value>) -> (&Map<String, Value>, bool) {
    match root.get("template").and_then(Value::as_object).filter(|template| !template.is_empty()) {
        Some(template) => (template, true),
        None => (root, false),
    }
}

fn providers_of(root: &Map<String, Value>) -> Vec<&Map<String, Value>> {
    let (base, _) = base(root);
    let list = base.get("Providers").or_else(|| base.get("providers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object).collect()
}

fn about(fields: &mut Fields<'_>, root: &Map<String, Value>) -> About {
    let about = About {
        name: fields.text(root, "", "name"),
        version: fields.text(root, "", "version"),
        description: fields.text(root, "", "description"),
        author: fields.text(root, "", "author"),
        homepage: fields.text(root, "", "homepage"),
        license: fields.text(root, "", "license"),
        keywords: fields.texts(root, "", "keywords"),
    };
    if about.name.is_none() {
        fields.warn("", "`name` is missing; the folder's name counts");
    }
    if about.version.is_none() {
        fields.warn("", "`version` is missing");
    }
    about
}

/// What a stranger writes is shown on a terminal, which control characters steer.
fn check_characters(fields: &mut Fields<'_>, value: &Value, place: &str) {
    let is_wild = |text: &str| text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match value {
        Value::String(text) if is_wild(text) => fields.error(place, "there are control characters in it"),
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                check_characters(fields, value, &path::index(place, i));
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                if is_wild(key) {
                    fields.error(place, "there are control characters in a key of it");
                }
                check_characters(fields, value, &path::key(place, key));
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A condition may ask whether a secret is there, and nothing else of it.
fn check_conditions(fields: &mut Fields<'_>, questions: &[Question]) {
    let is_secret = |id: &str| questions.iter().any(|other| other.id == id && other.is_secret());
    for question in questions {
        let looks = question.when.iter().any(|one| one.operator != Operator::Exists && is_secret(&one.field));
        if looks {
            fields.error(&path::key(&question.place, "when"), "of a password only `exists` can be asked");
        }
    }
}

fn ordered(fields: &mut Fields<'_>, root: &Map<String, Value>, questions: Vec<Question>) -> Vec<Question> {
    let providers = providers_of(root);
    let names: Vec<&str> =
        providers.iter().filter_map(|provider| provider.get("name").and_then(Value::as_str)).collect();
    for question in &questions {
        if let Choices::Discover { from } = &question.choices
            && !names.contains(&from.as_str())
        {
            let place = path::key(&path::key(&question.place, "options"), "from");
            fields.unknown(&place, format!("there is no provider `{from}`"), from, names.iter().copied());
        }
    }
    let discovered = |from: &str| {
        let provider = providers.iter().find(|provider| provider.get("name").and_then(Value::as_str) == Some(from));
        let parts = ["api_base_url", "api_key"].map(|key| provider.and_then(|provider| provider.get(key)));
        let ids = parts.into_iter().flatten().flat_map(placeholder::ids).map(str::to_owned);
        ids.filter(|id| questions.iter().any(|question| question.id == *id)).collect()
    };
    match order::order(&questions, &discovered) {
        Ok(order) => order.into_iter().map(|place| questions[place].clone()).collect(),
        Err(disorders) => {
            for disorder in disorders {
                tell(fields, &questions, &disorder);
            }
            questions
        }
    }
}

fn tell(fields: &mut Fields<'_>, questions: &[Question], disorder: &Disorder) {
    match disorder {
        Disorder::Unknown { question, id } => {
            let known = questions.iter().map(|question| question.id.as_str());
            fields.unknown(&questions[*question].place, format!("no question has the id `{id}`"), id, known);
        }
        Disorder::Cycle(cycle) => {
            let ids: Vec<&str> = cycle.iter().chain(cycle.first()).map(|place| questions[*place].id.as_str()).collect();
            let what = format!("these questions wait for each other: {}", ids.join(" -> "));
            fields.error(&questions[cycle[0]].place, what);
        }
    }
}

fn mappings(fields: &mut Fields<'_>, root: &Map<String, Value>, questions: &[Question]) -> Vec<Mapping> {
    let Some(list) = fields.list(root, "", "configMappings") else { return Vec::new() };
    let mut mappings = Vec::new();
    for (i, value) in list.iter().enumerate() {
        let place = path::index("configMappings", i);
        let Some(map) = fields.item(value, &place) else { continue };
        fields.check_keys(map, &place, &["target", "value", "when"]);
        let Some(target) = fields.text(map, &place, "target") else {
            fields.error(&place, "`target` is missing: the path of a value, as in `Providers[0].api_key`");
            continue;
        };
        let Some(value) = map.get("value").cloned() else {
            fields.error(&place, "`value` is missing");
            continue;
        };
        let conditions_place = path::key(&place, "when");
        let when = Fields::get(map, "when")
            .map(|when| schema::conditions(fields, when, &conditions_place))
            .unwrap_or_default();
        for condition in &when {
            if !questions.iter().any(|question| question.id == condition.field) {
                let known = questions.iter().map(|question| question.id.as_str());
                let what = format!("no question has the id `{}`", condition.field);
                fields.unknown(&conditions_place, what, &condition.field, known);
            }
        }
        mappings.push(Mapping { target, value, when, place });
    }
    mappings
}
