//! A shell's environment before, during and after an activation.
//!
//! Pure. An activation remembers in [`SAVED`] what it replaced, so that another one
//! starts from what was there before the first, and a deactivation brings that back:
//! values, and variables that were not set.

use std::ffi::OsString;

use super::environment::Environment;
use crate::env::{MCR_ACTIVE, MCR_SAVED as SAVED};

/// Looks a variable of the shell up.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// One change to a shell's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets and exports a variable.
    Set(String, OsString),
    /// Takes a variable away.
    Unset(String),
}

/// What a variable was before the activation.
type Before = (String, Option<OsString>);

/// The value that a variable has without any activation.
pub fn original(name: &str, now: Variables<'_>) -> Option<OsString> {
    match saved(now).into_iter().find(|(saved, _)| saved == name) {
        Some((_, value)) => value,
        None => now(name),
    }
}

/// Whether an activation is in effect.
pub fn is_active(now: Variables<'_>) -> bool {
    now(MCR_ACTIVE).is_some()
}

/// Returns what turns the present environment into the wanted one; `name` says which activation it is.
pub fn activate(wanted: &Environment, name: &str, now: Variables<'_>) -> Vec<Change> {
    let removed = wanted.remove.iter().filter(|name| original(name, now).is_some());
    let touched: Vec<&String> = wanted.set.iter().map(|(name, _)| name).chain(removed).collect();
    let before: Vec<Before> = touched.iter().map(|name| ((*name).clone(), original(name, now))).collect();
    // What the activation before touched and this one does not goes back.
    let mut changes: Vec<Change> =
        saved(now).into_iter().filter(|(name, _)| !touched.contains(&name)).map(restore).collect();
    changes.extend(wanted.set.iter().map(|(name, value)| Change::Set(name.clone(), value.into())));
    changes.extend(touched[wanted.set.len()..].iter().map(|name| Change::Unset((*name).clone())));
    changes.push(Change::Set(SAVED.to_owned(), encode(&before).into()));
    changes.push(Change::Set(MCR_ACTIVE.to_owned(), name.into()));
    changes
}

/// Returns what brings back the environment before the activation; nothing when there is none.
pub fn deactivate(now: Variables<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = saved(now).into_iter().map(restore).collect();
    let marks = [SAVED, MCR_ACTIVE].into_iter().filter(|name| now(name).is_some());
    changes.extend(marks.map(|name| Change::Unset(name.to_owned())));
    changes
}

fn restore((name, value): Before) -> Change {
    match value {
        Some(value) => Change::Set(name, value),
        None => Change::Unset(name),
    }
}

fn saved(now: Variables<'_>) -> Vec<Before> {
    now(SAVED).and_then(|text| decode(text.to_str()?)).unwrap_or_default()
}

/// `NAME=hexadecimal` for a value, `NAME` for a variable that was not set, commas between them.
fn encode(before: &[Before]) -> String {
    let entry = |(name, value): &Before| match value {
        None => name.clone(),
        Some(value) => {
            let digits: Vec<String> = value.as_encoded_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{name}={}", digits.concat())
        }
    };
    before.iter().map(entry).collect::<Vec<_>>().join(",")
}

/// Reads what [`encode`] wrote; anything else is nothing, for a variable may come from anywhere.
fn decode(text: &str) -> Option<Vec<Before>> {
    let entry = |entry: &str| match entry.split_once('=') {
        None => Some((entry.to_owned(), None)),
        Some((name, digits)) => Some((name.to_owned(), Some(value(digits)?))),
    };
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    let entries: Option<Vec<Before>> = text.split(',').filter(|entry| !entry.is_empty()).map(entry).collect();
    entries.filter(|entries| entries.iter().all(|(name, _)| is_name(name)))
}

fn value(digits: &str) -> Option<OsString> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> =
        digits.as_bytes().chunks(2).map(|pair| byte(pair).filter(|_| pair.len() == 2)).collect::<Option<_>>()?;
    from_bytes(bytes)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not every row of bytes is a value")]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    type Shell = BTreeMap<String, OsString>;

    fn apply(shell: &Shell, changes: Vec<Change>) -> Shell {
        let mut shell = shell.clone();
        for change in changes {
            match change {
                Change::Set(name, value) => drop(shell.insert(name, value)),
                Change::Unset(name) => drop(shell.remove(&name)),
            }
        }
        shell
    }

    fn activated(shell: &Shell, wanted: &Environment) -> Shell {
        apply(shell, activate(wanted, "default", &|name| shell.get(name).cloned()))
    }

    fn deactivated(shell: &Shell) -> Shell {
        apply(shell, deactivate(&|name| shell.get(name).cloned()))
    }

    fn wanted(set: &[&str], remove: &[&str]) -> Environment {
        Environment {
            set: set.iter().map(|name| ((*name).to_owned(), format!("{name} of mcr"))).collect(),
            remove: remove.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Variables of a small set, some empty, some not text.
    fn shells() -> impl Strategy<Value = Shell> {
        let value = prop::collection::vec(1_u8.., 0..12).prop_map(|bytes| from_bytes(bytes).unwrap_or_default());
        prop::collection::btree_map("[A-D]", value, 0..4)
    }

    fn environments() -> impl Strategy<Value = Environment> {
        (prop::sample::subsequence(vec!["A", "B", "C", "D"], 0..=4), any::<prop::sample::Index>()).prop_map(
            |(names, middle)| {
                let (set, remove) = names.split_at(middle.index(names.len() + 1));
                wanted(set, remove)
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_there_comes_back(shell in shells(), one in environments(), other in environments()) {
            prop_assert_eq!(&deactivated(&activated(&shell, &one)), &shell);
            prop_assert_eq!(&deactivated(&activated(&activated(&shell, &one), &other)), &shell);
            prop_assert_eq!(&deactivated(&shell), &shell);
        }

        #[test]
        fn the_last_activation_is_the_one_that_counts(shell in shells(), one in environments(), other in environments()) {
            let once = activated(&shell, &other);
            prop_assert_eq!(&activated(&activated(&shell, &one), &other), &once);
            prop_assert_eq!(&activated(&once, &other), &once);
            for (name, value) in &other.set {
                prop_assert_eq!(once.get(name), Some(&OsString::from(value)));
            }
            for name in &other.remove {
                prop_assert_eq!(once.get(name), None);
            }
        }

        #[test]
        fn what_was_remembered_is_read_again(shell in shells()) {
            let before: Vec<Before> = "ABCD".chars().map(|name| (name.to_string(), shell.get(&name.to_string()).cloned())).collect();
            prop_assert_eq!(decode(&encode(&before)), Some(before));
        }

        #[test]
        fn a_memory_from_elsewhere_does_no_harm(text in ".{0,40}") {
            for (name, _) in decode(&text).unwrap_or_default() {
                prop_assert!(name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_'));
            }
        }
    }

    #[test]
    fn a_value_seen_through_an_activation_is_the_one_before() {
        let shell = Shell::from([("A".to_owned(), "mine".into())]);
        let active = activated(&shell, &wanted(&["A"], &[]));
        assert_eq!(active["A"], "A of mcr");
        assert_eq!(original("A", &|name| active.get(name).cloned()), Some("mine".into()));
        assert!(is_active(&|name| active.get(name).cloned()) && !is_active(&|name| shell.get(name).cloned()));
    }
}
