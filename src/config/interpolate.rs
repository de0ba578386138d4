//! `$VAR` and `${VAR}` in the configuration's strings.
//!
//! `$$` stands for a dollar; any other dollar stands for itself, as in `$5`.

use std::collections::HashMap;

use serde_json::Value;

use super::{Environment, path};

/// Why a string cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names a variable that is unset or empty.
    Unset(String),
    /// It holds `${` and then no variable's name.
    NotAName,
}

/// What became of a document's strings, by path; one that names no variable is in none.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// The variables that went into a string.
    pub(super) variables: HashMap<String, Vec<String>>,
    /// Such a string as it was before.
    pub(super) written: HashMap<String, String>,
    /// Strings that are left as they are, because they cannot be used.
    pub(super) refused: HashMap<String, Refusal>,
}

/// Replaces the variables in all strings of a document.
pub(super) fn document(value: &mut Value, environment: Environment<'_>) -> Strings {
    let mut strings = Strings::default();
    walk(value, "", environment, &mut strings);
    strings
}

fn walk(value: &mut Value, path: &str, environment: Environment<'_>, strings: &mut Strings) {
    match value {
        Value::String(text) => match string(text, environment) {
            Ok((new, variables)) => {
                let written = std::mem::replace(text, new);
                if !variables.is_empty() {
                    strings.variables.insert(path.to_owned(), variables);
                    strings.written.insert(path.to_owned(), written);
                }
            }
            Err(refusal) => {
                strings.refused.insert(path.to_owned(), refusal);
            }
        },
        Value::Array(list) => {
            for (i, value) in list.iter_mut().enumerate() {
                walk(value, &path::index(path, i), environment, strings);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                walk(value, &path::key(path, key), environment, strings);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces the variables in one string, and says which went in.
fn string(text: &str, environment: Environment<'_>) -> Result<(String, Vec<String>), Refusal> {
    let mut result = String::with_capacity(text.len());
    let mut variables = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        result.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (name, length) = if let Some(doubled) = after.strip_prefix('$') {
            result.push('$');
            rest = doubled;
            continue;
        } else if let Some(inside) = after.strip_prefix('{') {
            let end = inside.find('}').ok_or(Refusal::NotAName)?;
            let name = &inside[..end];
            if name.is_empty() || name_length(name, char::is_alphabetic) != name.len() {
                return Err(Refusal::NotAName);
            }
            (name, end + 2)
        } else {
            let length = name_length(after, char::is_uppercase);
            (&after[..length], length)
        };
        rest = &after[length..];
        if name.is_empty() {
            result.push('$');
            continue;
        }
        let value =
            environment(name).filter(|value| !value.is_empty()).ok_or_else(|| Refusal::Unset(name.to_owned()))?;
        result.push_str(&value);
        variables.push(name.to_owned());
    }
    result.push_str(rest);
    Ok((result, variables))
}

/// The variables that a string of the configuration names, set or not.
pub fn variables(text: &str) -> Vec<String> {
    string(text, &|_| Some("-".to_owned())).map(|(_, variables)| variables).unwrap_or_default()
}

/// Counts the bytes of the name a text begins with: ASCII letters of a kind, `_`, and digits after the first.
fn name_length(text: &str, letter: fn(char) -> bool) -> usize {
    let is_part = |(i, c): (usize, char)| c == '_' || (c.is_ascii() && letter(c)) || (i > 0 && c.is_ascii_digit());
    text.char_indices().take_while(|part| is_part(*part)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("sk-1".to_owned()),
            "lower" => Some("low".to_owned()),
            "DOLLAR" => Some("$KEY".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn check(text: &str, expect: &str, variables: &[&str]) {
        let variables = variables.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(string(text, &environment), Ok((expect.to_owned(), variables)), "{text}");
    }

    #[test]
    fn a_variable_is_replaced_anywhere() {
        check("$KEY", "sk-1", &["KEY"]);
        check("a${KEY}b-$KEY.", "ask-1b-sk-1.", &["KEY", "KEY"]);
        check("${lower}$KEY", "lowsk-1", &["lower", "KEY"]);
    }

    #[test]
    fn a_value_is_not_read_again() {
        check("$DOLLAR", "$KEY", &["DOLLAR"]);
    }

    #[test]
    fn two_dollars_are_one() {
        check("$$KEY $$$KEY", "$KEY $sk-1", &["KEY"]);
    }

    #[test]
    fn other_dollars_stand_for_themselves() {
        check("$5 $key a$ $", "$5 $key a$ $", &[]);
    }

    #[test]
    fn unset_and_empty_are_refused_by_name() {
        assert_eq!(string("x$NONE", &environment), Err(Refusal::Unset("NONE".to_owned())));
        assert_eq!(string("${EMPTY}", &environment), Err(Refusal::Unset("EMPTY".to_owned())));
    }

    #[test]
    fn braces_hold_a_name_and_nothing_else() {
        for text in ["${}", "${KEY", "${KEY:-x}", "${1A}"] {
            assert_eq!(string(text, &environment), Err(Refusal::NotAName), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_with_its_dollars_doubled_comes_back(text in "[${}A-Z_a-z0-9 ä]{0,40}") {
            let doubled = text.replace('$', "$$");
            prop_assert_eq!(string(&doubled, &environment), Ok((text, Vec::new())));
        }

        #[test]
        fn what_stands_around_a_variable_stays(before in "[^$]{0,10}", after in "[^$]{0,10}") {
            let expected = format!("{before}sk-1{after}");
            prop_assert_eq!(string(&format!("{before}${{KEY}}{after}"), &environment), Ok((expected, vec!["KEY".to_owned()])));
        }
    }
}
