//! `mcr import keeptrusts`: read a gateway's file, judge, ask, and only then write.

mod judge;
mod rules;
mod targets;

use std::{fs, io::Read as _, path::Path};

use self::judge::Judged;
use super::{
    Keeptrusts,
    report::{Field, Report},
    target, yaml,
};
use crate::{
    cli::{config::Place, moment, question::confirm},
    config::{self, Document},
    error::{Exit, Failure},
    ui,
};

/// The longest file that is read.
const LONGEST: u64 = 1024 * 1024;
/// What is typed to run it.
const COMMAND: &str = "import keeptrusts";

/// Imports.
pub(super) fn run(options: &Keeptrusts, place: &Place<'_>) -> Result<(), Failure> {
    let text = read(&options.file)?;
    let judged = configuration(&options.file, &text, place)?;
    let written = config::file(place.explicit, place.paths, place.environment);
    let in_the_way = if written.exists() { vec![written.display().to_string()] } else { Vec::new() };
    let command = format!("{COMMAND} {}", shell_words::quote(&options.file.to_string_lossy()));
    if !in_the_way.is_empty() && !options.dry_run && !options.force {
        let asks = ui::is_interactive() && !options.json;
        if !(asks && confirm(&target::may_replace(&in_the_way), false)?) {
            return Err(target::occupied(&in_the_way, &command));
        }
    }
    let mut backups = Vec::new();
    if !options.dry_run {
        let stamp = format!("before-import.{}", moment::stamp());
        backups.extend(target::write(&written, &judged.text, &stamp, &command)?);
    }
    let report = Report {
        folder: options.file.parent().unwrap_or(Path::new("")).to_owned(),
        files: Some((options.file.clone(), written)),
        notes: judged.notes,
        fields: judged.fields,
        backups,
        in_the_way,
        is_dry: options.dry_run,
        next: next(&judged.unset, &judged.text, place),
        ..Report::default()
    };
    let text = if options.json { report.json() } else { report.words() };
    ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |exit, error: anyhow::Error| {
        let error = error.context(format!("cannot read the gateway's configuration: {}", file.display()));
        Failure::new(exit, error)
    };
    let mut bytes = Vec::new();
    let opened = fs::File::open(file).and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut bytes));
    opened.map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NoInput } else { Exit::Io };
        failed(exit, error.into()).hint("name it: `mcr import keeptrusts policy-config.yaml`")
    })?;
    if bytes.len() as u64 > LONGEST {
        return Err(failed(Exit::Data, anyhow::anyhow!("it is larger than {} KiB", LONGEST >> 10)));
    }
    String::from_utf8(bytes).map_err(|error| failed(Exit::Data, error.utf8_error().into()))
}

/// Judges the text, and makes sure that what comes of it can be read.
fn configuration(file: &Path, text: &str, place: &Place<'_>) -> Result<Judged, Failure> {
    let refused = |what: String| {
        Failure::say(Exit::Data, format!("cannot import the gateway's configuration: {what}"))
            .hint("mend it there and run `mcr import keeptrusts` again; nothing has been written")
    };
    let value = yaml::read(text).map_err(|what| refused(format!("{}:{what}", file.display())))?;
    let judged = judge::judge(&value, place.environment).map_err(|fields| refused(nothing_left(&fields)))?;
    // Whether its variables are set here is another question.
    let anything = |name: &str| (place.environment)(name).or_else(|| Some("-".to_owned()));
    let read = Document::parse(&judged.text, "the new configuration")
        .and_then(|document| config::read_document(document, &anything));
    match read {
        Ok(_) => Ok(judged),
        Err(problems) => Err(refused(format!("what would come of it cannot be used:\n{problems}"))),
    }
}

fn nothing_left(fields: &[Field]) -> String {
    let reasons = fields.iter().filter_map(|field| Some(format!("\n  {}: {}", field.path, field.why.as_ref()?)));
    format!("it has no target that can be used{}", reasons.collect::<String>())
}

fn next(unset: &[String], text: &str, place: &Place<'_>) -> Vec<(String, &'static str)> {
    let mcr = target::mcr(place);
    let exports = unset.iter().map(|name| (format!("export {name}=..."), "the configuration names it"));
    let rest = [
        (format!("{mcr} config check"), "what is odd"),
        (format!("{mcr} key test"), "whether the providers take the keys"),
        (format!("{mcr} code"), "Claude Code on the configured models"),
    ];
    exports.chain(target::allowances(text, place)).chain(rest).collect()
}
