mod archives;
mod capabilities;
mod forms;
mod guide;
mod manifests;

use serde_json::{Map, Value};

use super::{Applied, Manifest, Stage, apply, manifest};

pub(super) fn read(text: &str) -> Manifest {
    manifest::read(text, "m.json").unwrap_or_else(|problems| panic!("{problems}"))
}

/// Everything that is wrong with a manifest.
pub(super) fn problems(text: &str) -> String {
    manifest::read(text, "m.json").map(drop).expect_err("it has errors").to_string()
}

pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

pub(super) fn answered(manifest: &Manifest, plain: Value, secrets: &[&str]) -> Applied {
    apply(manifest, Stage::Answered { plain: &map(plain), secrets }).unwrap_or_else(|problems| panic!("{problems}"))
}
