//! Takes values out of a document: checks their types, notes what is wrong and where each value came from.

use std::{ops::RangeInclusive, path::Path, sync::Arc};

use serde_json::{Map, Value};

use super::{
    Environment, Position, Problem, Setting, Severity, Source, Unset,
    document::kind,
    interpolate::{Refusal, Strings},
    locate::Places,
    path,
    setting::{mask, masked},
    suggest,
};

/// What is said of a key that claude-code-router acts on.
pub const IDLE: &str = "mcr does not act on this key of claude-code-router's";
/// What is said of a key that nobody knows.
pub const UNKNOWN: &str = "unknown key";

/// A value of the document and its path.
#[derive(Debug, Clone)]
pub(super) struct Node<'d> {
    pub(super) value: &'d Value,
    pub(super) path: String,
}

impl<'d> Node<'d> {
    /// Returns the value of a key; `null` counts as absent, as it does in claude-code-router.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Self { value, path: path::key(&self.path, key) })
    }

    /// Returns the keys of an object.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.value.as_object().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// Returns the values of a list; of anything else, none.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'d> {
        let parent = self.path.clone();
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(i, value)| Self { value, path: path::index(&parent, i) })
    }
}

/// Reads one document.
pub(super) struct Reader<'e> {
    file: Arc<str>,
    places: Places,
    strings: Strings,
    environment: Environment<'e>,
    pub(super) problems: Vec<Problem>,
    pub(super) settings: Vec<Setting>,
    unset: Deferral,
}

/// What an unset variable means where the reader is.
enum Deferral {
    /// An error.
    Off,
    /// A provider that cannot be used; the first one is kept.
    On(Option<(Unset, Problem)>),
}

impl<'e> Reader<'e> {
    pub(super) fn new(file: &str, places: Places, strings: Strings, environment: Environment<'e>) -> Self {
        let (problems, settings) = (Vec::new(), Vec::new());
        let mut reader =
            Self { file: file.into(), places, strings, environment, problems, settings, unset: Deferral::Off };
        for (path, position) in reader.places.repeated.clone() {
            let what = "this key stands here twice, and only the last one counts".to_owned();
            reader.report(Severity::Warning, position, path, what, None);
        }
        reader
    }

    /// Reads with unset variables set aside; returns the first of them, and the problem that it is in `config check`.
    pub(super) fn deferring<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> (T, Option<(Unset, Problem)>) {
        self.unset = Deferral::On(None);
        let value = read(self);
        match std::mem::replace(&mut self.unset, Deferral::Off) {
            Deferral::On(unset) => (value, unset),
            Deferral::Off => (value, None),
        }
    }

    pub(super) fn error(&mut self, node: &Node<'_>, what: impl Into<String>) {
        let position = self.places.value(&node.path);
        self.report(Severity::Error, position, node.path.clone(), what.into(), None);
    }

    pub(super) fn warn(&mut self, node: &Node<'_>, what: impl Into<String>) {
        self.warn_of(node, what, None);
    }

    /// The same, with what may have been meant.
    pub(super) fn warn_of(&mut self, node: &Node<'_>, what: impl Into<String>, suggestion: Option<String>) {
        let position = self.places.value(&node.path);
        self.report(Severity::Warning, position, node.path.clone(), what.into(), suggestion);
    }

    /// Notes an error about a word that is not among the known ones, with the nearest of these.
    pub(super) fn unknown<'k>(
        &mut self,
        node: &Node<'_>,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
        what: impl Into<String>,
    ) {
        let position = self.places.value(&node.path);
        self.report(Severity::Error, position, node.path.clone(), what.into(), suggest::nearest(word, known));
    }

    /// Notes a warning about a key of an object; the place is that of the key.
    pub(super) fn warn_of_key(&mut self, node: &Node<'_>, key: &str, what: &str, suggestion: Option<String>) {
        let path = path::key(&node.path, key);
        self.report(Severity::Warning, self.places.key(&path), path, what.to_owned(), suggestion);
    }

    fn report(
        &mut self,
        severity: Severity,
        position: Position,
        path: String,
        what: String,
        suggestion: Option<String>,
    ) {
        let file = Arc::clone(&self.file);
        self.problems.push(Problem { severity, file, position, path, what, suggestion });
    }

    /// Warns of the keys of an object that are neither known nor known to do nothing here.
    pub(super) fn check_keys(&mut self, node: &Node<'_>, known: &[&str], idle: &[&str]) {
        for key in node.keys().filter(|key| !known.contains(key)) {
            if idle.contains(&key) {
                self.warn_of_key(node, key, IDLE, None);
            } else {
                let nearest = suggest::nearest(key, known.iter().copied());
                self.warn_of_key(node, key, UNKNOWN, nearest);
            }
        }
    }

    /// Notes that a value is not what it should be.
    pub(super) fn expected(&mut self, node: &Node<'_>, what: &str) {
        self.error(node, format!("expected {what}, found {}", kind(node.value)));
    }

    pub(super) fn object<'d>(&mut self, node: &Node<'d>) -> Option<&'d Map<String, Value>> {
        let object = node.value.as_object();
        if object.is_none() {
            self.expected(node, "an object");
        }
        object
    }

    /// Returns the items of a list, and notes when it is none.
    pub(super) fn list<'d>(&mut self, node: &Node<'d>) -> Vec<Node<'d>> {
        if !node.value.is_array() {
            self.expected(node, "a list");
        }
        node.items().collect()
    }

    /// Returns a string whose variables are all set.
    pub(super) fn string<'d>(&mut self, node: &Node<'d>) -> Option<&'d str> {
        let Value::String(text) = node.value else {
            self.expected(node, "a string");
            return None;
        };
        self.is_settled(node).then_some(text)
    }

    /// Returns a string that is not empty; an empty one counts as absent, as it does in claude-code-router.
    pub(super) fn text<'d>(&mut self, node: &Node<'d>) -> Option<&'d str> {
        self.string(node).filter(|text| !text.is_empty())
    }

    /// Returns a boolean; variables make strings, so the words count too.
    pub(super) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        match node.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if !self.is_settled(node) || text.is_empty() => None,
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => {
                self.expected(node, "true or false");
                None
            }
        }
    }

    /// Returns a whole number within a range; digits in a string count too.
    pub(super) fn integer(&mut self, node: &Node<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match node.value {
            Value::Number(number) if number.is_u64() => number.as_u64(),
            Value::Number(number) => {
                let shown = number.to_string();
                self.out_of_range(node, &shown, &range);
                return None;
            }
            Value::String(text) if !self.is_settled(node) || text.is_empty() => return None,
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.expected(node, "a whole number");
            return None;
        };
        if !range.contains(&number) {
            self.out_of_range(node, &number.to_string(), &range);
            return None;
        }
        Some(number)
    }

    fn out_of_range(&mut self, node: &Node<'_>, number: &str, range: &RangeInclusive<u64>) {
        self.error(node, format!("{number} is no whole number from {} to {}", range.start(), range.end()));
    }

    /// Returns a number.
    pub(super) fn number(&mut self, node: &Node<'_>) -> Option<f64> {
        let number = node.value.as_f64();
        if number.is_none() {
            self.expected(node, "a number");
        }
        number
    }

    /// Whether the variables of all strings in a value are set; notes those that are not.
    pub(super) fn is_settled(&mut self, node: &Node<'_>) -> bool {
        match self.strings.refused.get(&node.path).cloned() {
            Some(Refusal::NotAName) => {
                self.error(node, "`${` begins the name of a variable, as in `${NAME}`; write `$$` for a dollar");
                return false;
            }
            Some(Refusal::Unset(variable)) => {
                self.note_unset(node, variable);
                return false;
            }
            None => {}
        }
        let inner: Vec<Node<'_>> = match node.value {
            Value::Array(_) => node.items().collect(),
            Value::Object(_) => node.keys().filter_map(|key| node.get(key)).collect(),
            _ => Vec::new(),
        };
        inner.iter().filter(|node| !self.is_settled(node)).count() == 0
    }

    /// Returns a string as it is written, with its variables not put in; `text` is what became of it.
    pub(super) fn written(&self, node: &Node<'_>, text: &str) -> String {
        self.strings.written.get(&node.path).map_or(text, String::as_str).to_owned()
    }

    /// Where a value stands.
    pub(super) fn position(&self, node: &Node<'_>) -> Position {
        self.places.value(&node.path)
    }

    /// Takes a value that the file does not hold for standing where another does, from which it follows.
    pub(super) fn stands_at(&mut self, path: &str, node: &Node<'_>) {
        let position = self.places.value(&node.path);
        self.places.put(path, position);
    }

    /// The variable that a string is made of, where it is made of one.
    pub(super) fn variable(&self, node: &Node<'_>) -> Option<String> {
        match self.strings.variables.get(&node.path).map(Vec::as_slice) {
            Some([variable]) => Some(variable.clone()),
            Some(_) | None => None,
        }
    }

    /// The folder from which the paths in the document are seen.
    pub(super) fn folder(&self) -> &Path {
        Path::new(&*self.file).parent().unwrap_or(Path::new(""))
    }

    /// Notes that a value comes from a variable that it names in its own way; says whether that is set.
    pub(super) fn names_variable(&mut self, node: &Node<'_>, name: &str) -> bool {
        if (self.environment)(name).is_some_and(|value| !value.is_empty()) {
            self.strings.variables.entry(node.path.clone()).or_default().push(name.to_owned());
            return true;
        }
        self.strings.refused.insert(node.path.clone(), Refusal::Unset(name.to_owned()));
        self.is_settled(node)
    }

    fn note_unset(&mut self, node: &Node<'_>, variable: String) {
        let position = self.places.value(&node.path);
        let unset = Unset { path: node.path.clone(), variable };
        match &mut self.unset {
            Deferral::On(first) => {
                let (severity, file, path) = (Severity::Warning, Arc::clone(&self.file), node.path.clone());
                let problem = Problem { severity, file, position, path, what: unset.mend(), suggestion: None };
                first.get_or_insert((unset, problem));
            }
            Deferral::Off => self.error(node, unset.mend()),
        }
    }

    /// Records a value that is written in the file and used as it stands.
    pub(super) fn record(&mut self, node: &Node<'_>) {
        self.record_as(node, masked(node.value));
    }

    /// Records a value that is written in the file and used in another form.
    pub(super) fn record_as(&mut self, node: &Node<'_>, value: impl Into<Value>) {
        let setting = Setting { path: node.path.clone(), value: value.into(), source: self.source(node) };
        self.settings.push(setting);
    }

    /// Records a secret; that it is empty may be known.
    pub(super) fn record_secret(&mut self, node: &Node<'_>) {
        let is_empty = node.value.as_str().is_some_and(str::is_empty);
        self.record_as(node, if is_empty { Value::from("") } else { mask() });
    }

    /// Records a value that the file does not hold.
    pub(super) fn record_absent(&mut self, path: String, value: impl Into<Value>, source: Source) {
        self.settings.push(Setting { path, value: value.into(), source });
    }

    fn source(&self, node: &Node<'_>) -> Source {
        let position = self.places.value(&node.path);
        match self.strings.refused.get(&node.path) {
            Some(Refusal::Unset(variable)) => Source::Unset { position, variable: variable.clone() },
            Some(Refusal::NotAName) | None => Source::Written {
                position,
                variables: self.strings.variables.get(&node.path).cloned().unwrap_or_default(),
            },
        }
    }
}
