//! `mcr preset list`, `info` and `show`: what is there, what it asks and does, and what it makes.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{List, Named, summary};
use crate::{
    cli::config::{self as config_command, Place},
    error::{Exit, Failure},
    preset::{Manifest, Presets, Stage, apply, built_in, capabilities, faulty, fill, judged, manifest},
    ui,
};

/// Lists presets, a line each; one that cannot be read is listed with why.
pub(super) fn list(options: &List, place: &Place<'_>) -> Result<(), Failure> {
    let mut rows: Vec<(String, Result<Manifest, String>)> = Vec::new();
    if options.built_in {
        for preset in built_in::PRESETS {
            let manifest = manifest::read(preset.manifest, manifest::FILE).map_err(|problems| problems.to_string());
            rows.push((preset.name.to_owned(), manifest));
        }
    } else {
        let presets = Presets::open(place.paths);
        for name in presets.names()? {
            let manifest =
                presets.get(&name).map(|installed| installed.manifest).map_err(|failure| failure.to_string());
            rows.push((name.to_string(), manifest));
        }
    }
    if options.form.json {
        let list: Vec<Value> = rows.iter().map(|(name, manifest)| row_json(name, manifest.as_ref())).collect();
        return super::print(&format!("{:#}\n", Value::Array(list)));
    }
    if rows.is_empty() {
        ui::say("no preset is installed; `mcr preset list --built-in` shows those that mcr carries");
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let text = rows.iter().fold(String::new(), |mut text, (name, manifest)| {
        let words = match manifest {
            Ok(manifest) => {
                let version = manifest.about.version.as_deref().unwrap_or("-");
                let about = printable(manifest.about.description.as_deref().unwrap_or_default());
                format!("{version:<8} {about}")
            }
            Err(why) => format!("{:<8} {}", "broken", why.lines().last().unwrap_or_default().trim()),
        };
        let _ = writeln!(text, "{}", format!("{name:<width$}  {words}").trim_end());
        text
    });
    super::print(&text)
}

fn row_json(name: &str, manifest: Result<&Manifest, &String>) -> Value {
    match manifest {
        Ok(manifest) => {
            let about = &manifest.about;
            json!({"name": name, "version": about.version, "description": about.description, "author": about.author,
                "keywords": about.keywords})
        }
        Err(why) => json!({"name": name, "error": why}),
    }
}

/// Shows one preset: installed, else built in.
pub(super) fn info(options: &Named, place: &Place<'_>) -> Result<(), Failure> {
    let presets = Presets::open(place.paths);
    let name = super::name(&options.name)?;
    let installed = if presets.has(&name) { Some(presets.get(&name)?) } else { None };
    let manifest = match (&installed, built_in::find(name.as_str())) {
        (Some(installed), _) => installed.manifest.clone(),
        (None, Some(preset)) => {
            manifest::read(preset.manifest, manifest::FILE).map_err(|problems| faulty(Exit::Data, &problems))?
        }
        (None, None) => return Err(presets.unknown(&name)),
    };
    let values = installed.as_ref().and_then(|installed| installed.values.clone()).unwrap_or_default();
    let found = if let Ok(answers) = fill(&manifest, values.answers(), &BTreeMap::new()) {
        judged(&manifest, &answers)?.1
    } else {
        let applied = apply(&manifest, Stage::Before).map_err(|problems| faulty(Exit::Data, &problems))?;
        capabilities(&manifest, &applied)
    };
    let about = &manifest.about;
    if options.form.json {
        let questions: Vec<Value> = manifest
            .questions
            .iter()
            .map(|question| {
                json!({"id": question.id, "type": question.kind.as_str(), "name": question.name(),
                    "required": question.required})
            })
            .collect();
        let mut report = row_json(name.as_str(), Ok(&manifest));
        report["installed"] = json!(installed.as_ref().map(|installed| installed.folder.display().to_string()));
        report["source"] = json!(installed.as_ref().map(|_| &values.source));
        report["questions"] = json!(questions);
        report["answers"] = json!(values.answers);
        report["secrets"] = values
            .secrets
            .iter()
            .map(|(id, bound)| (id.clone(), json!(bound.from)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        report["does"] = summary::json(&found);
        return super::print(&format!("{report:#}\n"));
    }
    let mut text = String::new();
    let mut line = |what: &str, words: &str| {
        if !words.is_empty() {
            let _ = writeln!(text, "  {what:<12} {}", printable(words));
        }
    };
    line("version", about.version.as_deref().unwrap_or_default());
    line("about", about.description.as_deref().unwrap_or_default());
    line("author", about.author.as_deref().unwrap_or_default());
    line("keywords", &about.keywords.join(", "));
    match &installed {
        Some(installed) => {
            line("folder", &installed.folder.display().to_string());
            line("source", &values.source);
        }
        None => line("installed", "no; it is built in"),
    }
    for question in &manifest.questions {
        let answer = match (values.secrets.get(&question.id), values.answers.get(&question.id)) {
            (Some(bound), _) => bound.from.clone(),
            (None, Some(answer)) => answer.to_string(),
            (None, None) => "no answer".to_owned(),
        };
        line("asks", &format!("{} ({}, {}): {answer}", question.name(), question.id, question.kind.as_str()));
    }
    super::print(&format!("{name}\n{text}{}", summary::words(&found)))
}

/// Shows the configuration that an installed preset makes.
pub(super) fn show(options: &Named, place: &Place<'_>) -> Result<(), Failure> {
    let installed = Presets::open(place.paths).get(&super::name(&options.name)?)?;
    let ready = installed.ready(place.environment)?;
    super::print(&if options.form.json {
        config_command::shown_json(&ready.config)
    } else {
        config_command::shown(&ready.config)
    })
}

/// Keeps a preset's words from steering the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}
