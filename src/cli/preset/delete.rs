//! `mcr preset delete`: the folder, and the keys that were stored for it.

use crate::cli::question::confirm;
use crate::cli::recording;

use super::{Delete, settle::forget};
use crate::{
    cli::config::Place,
    error::{Exit, Failure},
    preset::Presets,
    ui,
};

/// Removes a preset; one that is not there is an error.
pub(super) fn run(options: &Delete, place: &Place<'_>) -> Result<(), Failure> {
    let presets = Presets::open(place.paths);
    let name = super::name(&options.name)?;
    if !presets.has(&name) {
        return Err(presets.unknown(&name));
    }
    if !options.yes {
        if !ui::is_interactive() {
            return Err(Failure::say(Exit::Usage, format!("nobody is there to agree to the end of preset `{name}`"))
                .hint(format!("run `mcr preset delete {name} --yes`")));
        }
        let prompt = format!("Delete {} and the keys stored for it?", presets.folder(&name).display());
        if !confirm(&prompt, false)? {
            return Err(Failure::say(Exit::Denied, format!("preset `{name}` stays: you did not agree")));
        }
    }
    // Answers that cannot be understood name no keys; the folder goes all the same.
    let values = presets.values(&name).ok().flatten().unwrap_or_default();
    recording::changing_preset("deleted", &name, place, || {
        presets.delete(&name)?;
        forget(&name, &values, None, place)
    })?;
    ui::say(format_args!("deleted preset {name}"));
    Ok(())
}
