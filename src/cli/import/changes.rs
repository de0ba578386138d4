//! Changes of a text by the paths that its values have before any of them.

use std::borrow::Cow;

use serde_json::Value;

use super::report::Fate;
use crate::config::{
    edit,
    path::{self, Step},
};

/// Changes that have not been made.
pub(super) struct Changes<'t> {
    text: &'t str,
    list: Vec<Change>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Change {
    /// What is changed.
    pub(super) path: String,
    /// What becomes of it.
    pub(super) fate: Fate,
    /// Why.
    pub(super) why: String,
    /// The new value; without one it is left out.
    value: Option<Value>,
}

impl<'t> Changes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Leaves a value out; says whether that is news.
    pub(super) fn remove(&mut self, path: &str, why: &str) -> bool {
        let is_gone = |change: &Change| change.value.is_none() && path::is_below(path, &change.path);
        if path.is_empty() || self.list.iter().any(is_gone) {
            return false;
        }
        // What is left out as a whole is told once.
        self.list.retain(|change| !path::is_below(&change.path, path));
        self.list.push(Change { path: path.to_owned(), fate: Fate::LeftOut, why: why.to_owned(), value: None });
        true
    }

    /// Puts another value in place of one.
    pub(super) fn set(&mut self, path: &str, value: &Value, why: &str) {
        let (path, why) = (path.to_owned(), why.to_owned());
        self.list.push(Change { path, fate: Fate::Changed, why, value: Some(value.clone()) });
    }

    pub(super) fn list(&self) -> &[Change] {
        &self.list
    }

    /// Whether a value, or the whole that it is part of, is changed.
    pub(super) fn concerns(&self, path: &str) -> bool {
        self.list.iter().any(|change| path::is_below(path, &change.path))
    }

    /// The text with all changes made.
    pub(super) fn text(&self) -> String {
        let mut text = Cow::Borrowed(self.text);
        for change in &self.list {
            if let Some(value) = &change.value {
                // The path is one of the text's, which has been read.
                text = edit::set(&text, &change.path, value).map_or(text, Cow::Owned);
            }
        }
        let mut gone: Vec<Vec<Step>> = self.gone().filter_map(path::steps).collect();
        // From the end, since what stands behind in a list moves up.
        gone.sort();
        for steps in gone.iter().rev() {
            let path = steps.iter().fold(String::new(), |path, step| step.below(&path));
            text = edit::remove(&text, &path).map_or(text, Cow::Owned);
        }
        text.into_owned()
    }

    /// The path that a value of the changed text had before.
    pub(super) fn original(&self, path: &str) -> String {
        let is_gone = |path: &str| self.gone().any(|gone| gone == path);
        path::steps(path).unwrap_or_default().iter().fold(String::new(), |before, step| match step {
            Step::Key(_) => step.below(&before),
            Step::Index(index) => {
                let places = (0..).map(|index| path::index(&before, index));
                places.filter(|place| !is_gone(place)).nth(*index).unwrap_or_default()
            }
        })
    }

    fn gone(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter(|change| change.value.is_none()).map(|change| change.path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_moves_up_in_a_list_keeps_its_first_path() {
        let text = "{a: [0, 1, 2, {b: [3, 4]}]}";
        let mut changes = Changes::new(text);
        assert!(changes.remove("a[0]", ""));
        assert!(changes.remove("a[3].b[0]", ""));
        assert!(!changes.remove("a[0].x", "") && !changes.remove("", ""));
        changes.set("a[2]", &json!("two"), "");
        assert_eq!(changes.text(), "{a: [1, \"two\", {b: [4]}]}");
        assert_eq!(changes.original("a[0]"), "a[1]");
        assert_eq!(changes.original("a[2].b[0]"), "a[3].b[1]");
        assert!(changes.remove("a[3]", ""));
        assert_eq!((changes.text().as_str(), changes.list().len()), ("{a: [1, \"two\"]}", 3));
        assert!(changes.concerns("a[3].b") && !changes.concerns("a[1]"));
    }
}
