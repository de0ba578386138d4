//! `mcr preset export`: the configuration as a folder that can be given away.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    cli::config::Place,
    config::{self, Document, Origin},
    error::{Exit, Failure},
    paths::{self, Existing},
    preset::{export::export, manifest, manifest::About, package::Package, source},
    ui,
};

/// Options of `mcr preset export`.
#[derive(Debug, Args)]
pub struct Export {
    /// What the preset is called
    pub name: String,
    /// Write it here; a folder of its name by default
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Say who made it
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// Words to find it by, with commas between them
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Replace the folder
    #[arg(long)]
    pub force: bool,
}

/// Exports the configuration that is in use.
pub(super) fn run(options: &Export, place: &Place<'_>) -> Result<(), Failure> {
    let name = super::name(&options.name)?;
    let config::Text { origin, text } = config::text(place.explicit, place.paths, place.environment)?;
    // What cannot be used here is of no use elsewhere.
    config::read(&text, &origin.to_string(), place.environment).map_err(|problems| config::failure(&problems))?;
    let document = Document::parse(&text, &origin.to_string()).map_err(|problems| config::failure(&problems))?;
    let about = About {
        name: Some(name.to_string()),
        description: options.description.clone(),
        author: options.author.clone(),
        keywords: options.tags.clone(),
        ..About::default()
    };
    let exported = export(&about, &document);
    let mut package = Package::default();
    let refuse = |refused| source::cannot_install("the configuration", refused);
    package.add(manifest::FILE, format!("{:#}\n", exported.manifest).into_bytes()).map_err(refuse)?;
    if let Some((from, to)) = &exported.prompt {
        let folder = match &origin {
            Origin::File(file) => file.parent().unwrap_or(Path::new(".")).to_owned(),
            Origin::BuiltIn => PathBuf::new(),
        };
        package.add(to, source::file(&folder.join(from))?).map_err(refuse)?;
        ui::say(format_args!("the system prompt goes along: {from}"));
    }
    for note in &exported.notes {
        ui::say(format_args!("note: {note}"));
    }
    let output = std::path::absolute(options.output.clone().unwrap_or_else(|| PathBuf::from(name.as_str())))
        .map_err(|error| Failure::new(Exit::CannotCreate, error))?;
    if options.force && output.exists() && !output.join(manifest::FILE).is_file() {
        let what = format!("this folder holds no preset, so it is not replaced: {}", output.display());
        return Err(Failure::say(Exit::CannotCreate, what).hint("pass `--output DIR` for another folder"));
    }
    let existing = if options.force { Existing::Replace } else { Existing::Keep };
    paths::place_folder(&output, package.files(), existing).map_err(|error| {
        let failure = Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot write the preset"));
        failure.hint("pass `--output DIR` for another folder, or `--force` to replace this one")
    })?;
    ui::say(format_args!("exported preset {}", output.display()));
    Ok(())
}
