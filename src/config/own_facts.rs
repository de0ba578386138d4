//! `facts.json` beside the configuration: what the user knows of providers, such as when an agreement was signed.
//!
//! `{mistral: {dpa: {value, as_of, source, confidence, note}}}`, JSON5; a list where there is more than one. All
//! problems are told at once, each with its place.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Document, Problems, Severity, kind, path};
use crate::catalog::{Confidence, Fact, Field, Kind, Overlay, is_printable};

/// What a cell may say.
const KEYS: [&str; 5] = ["value", "as_of", "source", "confidence", "note"];
/// More is no fact but a document.
const LONGEST: usize = 500;

/// Reads the user's own facts; `file` is what problems call the text.
///
/// # Errors
/// Fails with all problems when there is one; nothing of the text counts then.
pub fn own_facts(text: &str, file: &str) -> Result<Overlay, Problems> {
    let document = Document::parse(text, file)?;
    let mut reading = Reading { document: &document, problems: Problems(Vec::new()), overlay: Overlay::default() };
    reading.whole();
    reading.problems.0.sort_by_key(|problem| problem.position);
    if reading.problems.0.is_empty() { Ok(reading.overlay) } else { Err(reading.problems) }
}

struct Reading<'d> {
    document: &'d Document,
    problems: Problems,
    overlay: Overlay,
}

impl<'d> Reading<'d> {
    fn whole(&mut self) {
        let document = self.document;
        let Some(providers) = self.object("", &document.value) else { return };
        for (provider, fields) in providers {
            let here = path::key("", provider);
            if provider.trim().is_empty() || !is_printable(provider) {
                self.wrong(&here, "this is no name of a provider");
                continue;
            }
            let Some(fields) = self.object(&here, fields) else { continue };
            for (key, cells) in fields {
                let here = path::key(&here, key);
                let Some(field) = Field::parse(key) else {
                    let known = Field::ALL.map(Field::as_str);
                    self.unknown(&here, &format!("there is no such fact; there are {}", known.join(", ")), key, &known);
                    continue;
                };
                self.cells(provider, field, &here, cells);
            }
        }
    }

    /// One cell, or a list of them.
    fn cells(&mut self, provider: &str, field: Field, here: &str, cells: &'d Value) {
        let Value::Array(list) = cells else { return self.cell(provider, field, here, cells) };
        for (index, cell) in list.iter().enumerate() {
            self.cell(provider, field, &path::index(here, index), cell);
        }
    }

    fn cell(&mut self, provider: &str, field: Field, here: &str, cell: &'d Value) {
        let Some(cell) = self.object(here, cell) else { return };
        for key in cell.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            self.unknown(&path::key(here, key), "unknown key", key, &KEYS);
        }
        let value = self.required(here, cell, "value").filter(|value| self.is_word(field, here, value));
        let as_of = self.required(here, cell, "as_of").filter(|day| self.is_day(here, day));
        let source = self.required(here, cell, "source");
        let note = self.text(here, cell, "note");
        let confidence = self.confidence(here, cell);
        let (Some(value), Some(as_of), Some(source)) = (value, as_of, source) else { return };
        let fact = Fact { value, as_of, source, address: None, kind: Kind::Own, confidence, note };
        self.overlay.add(provider, field, fact);
    }

    fn is_word(&mut self, field: Field, here: &str, value: &str) -> bool {
        let words = field.words();
        let fits = words.is_empty() || words.contains(&value);
        if !fits {
            self.wrong(&path::key(here, "value"), &format!("`{}` is one of {}", field.as_str(), words.join(", ")));
        }
        fits
    }

    fn is_day(&mut self, here: &str, day: &str) -> bool {
        let fits = day.len() == 10 && day.parse::<Date>().is_ok();
        if !fits {
            self.wrong(&path::key(here, "as_of"), "a day is written as 2026-11-21");
        }
        fits
    }

    /// The user knows best what is the user's own, unless told otherwise.
    fn confidence(&mut self, here: &str, cell: &Map<String, Value>) -> Confidence {
        let Some(word) = self.text(here, cell, "confidence") else { return Confidence::High };
        let found = Confidence::ALL.into_iter().find(|one| one.as_str() == word);
        if found.is_none() {
            let words = Confidence::ALL.map(Confidence::as_str).join(", ");
            self.wrong(&path::key(here, "confidence"), &format!("`confidence` is one of {words}"));
        }
        found.unwrap_or(Confidence::High)
    }

    fn required(&mut self, here: &str, cell: &Map<String, Value>, key: &str) -> Option<String> {
        if !cell.contains_key(key) {
            self.wrong(here, &format!("`{key}` is missing"));
        }
        self.text(here, cell, key)
    }

    fn text(&mut self, here: &str, cell: &Map<String, Value>, key: &str) -> Option<String> {
        let here = path::key(here, key);
        let text = match cell.get(key)? {
            Value::String(text) => text.trim(),
            other => {
                self.wrong(&here, &format!("`{key}` is a string, not {}", kind(other)));
                return None;
            }
        };
        if text.is_empty() || text.chars().count() > LONGEST || !is_printable(text) {
            self.wrong(&here, &format!("`{key}` is one line of 1 to {LONGEST} characters"));
            return None;
        }
        Some(text.to_owned())
    }

    fn object(&mut self, here: &str, value: &'d Value) -> Option<&'d Map<String, Value>> {
        if value.is_object() {
            return value.as_object();
        }
        self.wrong(here, &format!("this is an object, not {}", kind(value)));
        None
    }

    fn wrong(&mut self, here: &str, what: &str) {
        self.problems.0.push(self.document.problem(Severity::Error, here, what));
    }

    fn unknown(&mut self, here: &str, what: &str, key: &str, known: &[&str]) {
        let known = known.iter().copied();
        self.problems.0.push(self.document.unknown_key(Severity::Error, here, what, key, known));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problems(text: &str) -> String {
        own_facts(text, "facts.json").map_or_else(|problems| problems.to_string(), |overlay| format!("{overlay:?}"))
    }

    #[test]
    fn a_cell_is_read_with_where_it_is_from() {
        let overlay = own_facts(
            "{Mistral: {dpa: {value: 'signed on 2026-10-01', as_of: '2026-10-01', source: 'contract no. 17'},
              zero_retention: [{value: 'approved', as_of: '2026-10-02', source: 'a letter', note: 'chat alone',
                                confidence: 'medium'}]}}",
            "facts.json",
        )
        .unwrap();
        let facts = overlay.facts("mistral").unwrap();
        let dpa = facts.get(Field::Dpa).last().unwrap();
        assert_eq!(
            (dpa.value.as_str(), dpa.kind, dpa.confidence),
            ("signed on 2026-10-01", Kind::Own, Confidence::High)
        );
        let zero = facts.get(Field::ZeroRetention).last().unwrap();
        assert_eq!((zero.note.as_deref(), zero.confidence), (Some("chat alone"), Confidence::Medium));
        assert!(own_facts("{}", "facts.json").unwrap().is_empty());
    }

    #[test]
    fn all_problems_are_told_at_once_each_with_its_place() {
        let text = "{\n mistral: {\n  dap: {},\n  dpa: {value: 1, as_of: 'today', sourc: 's'},\n  \
                    cloud_act: {value: 'perhaps', as_of: '2026-10-01', source: 's', confidence: 'sure'},\n  \
                    retention: [3, {value: '\\u001b[2J', as_of: '2026-02-30', source: ''}],\n }, acme: []}";
        let known = Field::ALL.map(Field::as_str).join(", ");
        assert_eq!(
            problems(text).replace(&known, "…"),
            "facts.json:3:3: mistral.dap: there is no such fact; there are …, did you mean `dpa`?\n\
             facts.json:4:8: mistral.dpa: `source` is missing\n\
             facts.json:4:16: mistral.dpa.value: `value` is a string, not a number\n\
             facts.json:4:26: mistral.dpa.as_of: a day is written as 2026-11-21\n\
             facts.json:4:35: mistral.dpa.sourc: unknown key, did you mean `source`?\n\
             facts.json:5:22: mistral.cloud_act.value: `cloud_act` is one of none, indirect, direct, unknown\n\
             facts.json:5:79: mistral.cloud_act.confidence: `confidence` is one of low, medium, high\n\
             facts.json:6:15: mistral.retention[0]: this is an object, not a number\n\
             facts.json:6:26: mistral.retention[1].value: `value` is one line of 1 to 500 characters\n\
             facts.json:6:46: mistral.retention[1].as_of: a day is written as 2026-11-21\n\
             facts.json:6:68: mistral.retention[1].source: `source` is one line of 1 to 500 characters\n\
             facts.json:7:11: acme: this is an object, not a list"
        );
        assert_eq!(problems("[]"), "facts.json:1:1: this is an object, not a list");
        assert!(problems("{a:").starts_with("facts.json:1:"), "{}", problems("{a:"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_taken_is_printable(text in "[{}\\[\\]:,'a-z_ 0-9-]{0,60}") {
            let _ = own_facts(&text, "facts.json");
        }

        #[test]
        fn every_field_takes_a_cell_whatever_its_words(at in 0..Field::ALL.len(), words in "[^\\p{C}'\\\\]{1,40}") {
            let field = Field::ALL[at];
            let value = if field.words().is_empty() { words.trim().to_owned() } else { "direct".to_owned() };
            prop_assume!(!value.is_empty() && is_printable(&value));
            let cell = serde_json::json!({"value": value, "as_of": "2026-10-01", "source": "x"});
            let text = serde_json::json!({"Acme": {field.as_str(): cell}}).to_string();
            let overlay = own_facts(&text, "facts.json").unwrap_or_else(|problems| panic!("{problems}"));
            let facts = overlay.facts("acme").unwrap();
            prop_assert_eq!(facts.values(field), [value]);
        }
    }
}
