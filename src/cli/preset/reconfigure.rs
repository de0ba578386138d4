//! `mcr preset reconfigure`: the questions of an installed preset again, with the last answers as defaults.

use std::collections::BTreeMap;

use super::{
    Reconfigure,
    ask::{self, Mode},
    install::bound,
    settle::{forget, settle},
    summary,
};
use crate::{
    cli::config::Place,
    cli::recording,
    error::{Exit, Failure},
    preset::{Installed, Presets, Stage, apply, capabilities, faulty, refused},
    ui,
};

/// Asks again.
pub(super) fn run(options: &Reconfigure, place: &Place<'_>) -> Result<(), Failure> {
    let presets = Presets::open(place.paths);
    let installed = presets.get(&super::name(&options.name)?)?;
    let given = super::given(&options.answers.set, &installed.manifest)?;
    reconfigure(&installed, &given, Mode::new(options.answers.yes), &presets, place)
}

/// The same for a preset that has been read.
pub(super) fn reconfigure(
    installed: &Installed,
    given: &BTreeMap<String, String>,
    mode: Mode,
    presets: &Presets,
    place: &Place<'_>,
) -> Result<(), Failure> {
    let Installed { name, manifest, .. } = installed;
    let applied = apply(manifest, Stage::Before).map_err(|problems| faulty(Exit::Data, &problems))?;
    let found = capabilities(manifest, &applied);
    if !found.refusals.is_empty() {
        return Err(refused(&format!("preset `{name}` is refused"), &found.refusals));
    }
    ui::say(summary::words(&found).trim_end());
    let earlier = installed.values.clone().unwrap_or_default();
    let answers = ask::answers(manifest, (&earlier, earlier.answers()), given, mode, place)?;
    let mut settled = settle(name, manifest, &answers, earlier.clone(), place)?;
    settled.warn();
    settled.refuse_denied(place)?;
    bound(&found, &settled.found);
    recording::changing_preset("configured", name, place, || {
        settled.keep(place, |values| presets.save(name, values))?;
        forget(name, &earlier, Some(&settled.values), place)
    })?;
    ui::say(format_args!("configured preset {name}"));
    Ok(())
}
