//! `rewrite`: declarative changes to the outgoing body.
//!
//! A path is dotted, and `*` in it stands for every element of a list or every member
//! of an object. What a path does not reach stays as it is.

use serde_json::{Map, Value, json};

use crate::config::Rewrite;

/// Applies the changes in the order remove, rename, set, default.
pub(super) fn apply(body: &mut Map<String, Value>, rewrite: &Rewrite) {
    let mut root = Value::Object(std::mem::take(body));
    for path in &rewrite.remove {
        each(&mut root, path, &mut |parent, key| drop(take(parent, key)));
    }
    for (from, to) in &rewrite.rename {
        rename(&mut root, from, to);
    }
    for (path, value) in &rewrite.set {
        put(&mut root, path, value, true);
    }
    for (path, value) in &rewrite.default {
        put(&mut root, path, value, false);
    }
    if let Value::Object(changed) = root {
        *body = changed;
    }
}

/// Moves a value; below a star each one in its place.
///
/// Many values do not fit into one place, so out of a star nothing is moved.
fn rename(root: &mut Value, from: &str, to: &str) {
    match (from.split_once("*."), to.split_once("*.")) {
        (Some((stem, from)), Some((same, to))) if stem == same => {
            each(root, &format!("{stem}*"), &mut |parent, key| {
                if let Some(element) = step_into(parent, key) {
                    rename(element, from, to);
                }
            });
        }
        _ if from.split('.').any(|step| step == "*") => {}
        _ => {
            let mut moved = None;
            each(root, from, &mut |parent, key| moved = take(parent, key));
            if let Some(value) = moved {
                put(root, to, &value, true);
            }
        }
    }
}

/// Calls `act` with every parent that the path reaches and the last step, from the last element to the first.
fn each(value: &mut Value, path: &str, act: &mut impl FnMut(&mut Value, &str)) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let steps = if step == "*" { members(value) } else { vec![step.to_owned()] };
    for step in steps.iter().rev() {
        match rest {
            None => act(value, step),
            Some(rest) => {
                if let Some(next) = step_into(value, step) {
                    each(next, rest, act);
                }
            }
        }
    }
}

fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => (0..list.len()).map(|place| place.to_string()).collect(),
        Value::Object(object) => object.keys().cloned().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn step_into<'a>(value: &'a mut Value, step: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(object) => object.get_mut(step),
        Value::Array(list) => list.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    }
}

fn take(parent: &mut Value, key: &str) -> Option<Value> {
    match parent {
        Value::Object(object) => object.shift_remove(key),
        Value::Array(list) => {
            key.parse().ok().filter(|&place: &usize| place < list.len()).map(|place| list.remove(place))
        }
        _ => None,
    }
}

/// Sets a path; objects on the way are made, everything else must be there.
fn put(value: &mut Value, path: &str, new: &Value, replace: bool) {
    let Some((step, rest)) = path.split_once('.') else {
        return each(value, path, &mut |parent, key| put_member(parent, key, new, replace));
    };
    match value {
        Value::Object(object) if step != "*" => {
            put(object.entry(step).or_insert_with(|| json!({})), rest, new, replace);
        }
        _ => each(value, step, &mut |parent, key| {
            if let Some(next) = step_into(parent, key) {
                put(next, rest, new, replace);
            }
        }),
    }
}

fn put_member(parent: &mut Value, key: &str, new: &Value, replace: bool) {
    match parent {
        Value::Object(object) if replace || !object.contains_key(key) => {
            object.insert(key.to_owned(), new.clone());
        }
        Value::Array(list) if replace => {
            if let Some(element) = key.parse::<usize>().ok().and_then(|place| list.get_mut(place)) {
                *element = new.clone();
            }
        }
        _ => {}
    }
}
