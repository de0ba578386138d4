//! `mcr preset install`: read, show, ask, check, and only then write.

use std::{collections::BTreeMap, sync::Arc};

use crate::cli::egress::guard;
use crate::cli::question::confirm;
use crate::cli::recording;
use crate::egress::Verdict;

use super::{
    Install,
    ask::{self, Mode},
    fetch::fetch,
    reconfigure,
    settle::{forget, settle},
    summary,
};
use crate::{
    cli::config::Place,
    error::{Exit, Failure},
    paths::Existing,
    preset::{
        Capabilities, Manifest, Name, Presets, Source, Stage, Values, apply, capabilities, faulty, manifest,
        package::Package,
        refused,
        source::{Read, cannot_install, unpack},
        store, without_secrets,
    },
    ui,
};

/// Installs a preset.
pub(super) fn run(options: &Install, place: &Place<'_>) -> Result<(), Failure> {
    let source = Source::find(&options.source)?;
    let (mut package, sha256) = read(&source, options.sha256.as_deref(), options.name.as_deref(), place)?;
    let manifest = manifest_of(&package, &source)?;
    let name = name(options.name.as_deref(), &source, &manifest)?;
    let presets = Presets::open(place.paths);
    let mode = Mode::new(options.answers.yes);
    if presets.has(&name) && !options.force && !options.dry_run {
        return again(&name, options, &presets, mode, place);
    }
    let given = super::given(&options.answers.set, &manifest)?;
    ui::say(format_args!("preset {name} from {}", source.words()));
    for warning in &manifest.warnings {
        ui::say(format_args!("warning: {warning}"));
    }
    let found = show(&manifest)?;
    refuse_denied(&found, place)?;
    ui::say(format_args!("  {:<12} {}: {}", "writes", presets.folder(&name).display(), summary::files(&package)));
    agree(mode, options)?;

    let earlier =
        if presets.has(&name) { presets.values(&name).ok().flatten().unwrap_or_default() } else { Values::default() };
    let mut before = earlier.answers();
    if let Some((text, answers)) = without_secrets(&manifest, &earlier) {
        ui::say("the manifest holds a key in clear; it goes into the store of keys and out of the manifest");
        package.set_manifest(text);
        before = answers;
    }
    let answers = ask::answers(&manifest, (&earlier, before), &given, mode, place)?;
    let values = Values { source: source.words(), sha256, ..Values::default() };
    let mut settled = settle(&name, &manifest, &answers, values, place)?;
    settled.warn();
    settled.refuse_denied(place)?;
    bound(&found, &settled.found);
    if options.dry_run {
        ui::say("nothing has been written: this was a dry run");
        return Ok(());
    }
    let existing = if options.force { Existing::Replace } else { Existing::Keep };
    recording::changing_preset("installed", &name, place, || {
        settled.keep(place, |values| presets.install(&name, &package, values, existing))?;
        forget(&name, &earlier, Some(&settled.values), place)
    })?;
    ui::say(format_args!("installed preset {name}"));
    ui::say(format_args!("run it with `mcr {name}`"));
    Ok(())
}

/// Reads a source to its files, with the checksum of an archive; `name` is the preset's, where it is known already.
pub(super) fn read(
    source: &Source,
    sha256: Option<&str>,
    name: Option<&str>,
    place: &Place<'_>,
) -> Result<(Package, Option<String>), Failure> {
    let words = source.words();
    let packed = match source.read()? {
        Read::Package(package) => {
            if sha256.is_some() {
                return Err(Failure::say(Exit::Usage, "`--sha256` is the checksum of an archive, and this is none"));
            }
            return Ok((package, None));
        }
        Read::Packed(bytes) => bytes,
        Read::Remote(url) => {
            if sha256.is_none() {
                return Err(Failure::say(
                    Exit::Usage,
                    "nothing says that what comes from there is what you were told of",
                )
                .hint("pass `--sha256 HEX`, with the checksum that the preset's maker names"));
            }
            fetch(&url, name, place)?
        }
    };
    Ok((unpack(&packed, sha256, &words)?, Some(crate::config::sha256(&packed))))
}

/// Reads the manifest of a package.
pub(super) fn manifest_of(package: &Package, source: &Source) -> Result<Manifest, Failure> {
    let text = package.manifest().map_err(|refused| cannot_install(&source.words(), refused))?;
    manifest::read(text, manifest::FILE).map_err(|problems| {
        let failure = faulty(Exit::Data, &problems);
        Failure::new(failure.exit, failure.error.context(format!("cannot install from {}", source.words())))
    })
}

/// The name that was given, else the folder's, else the manifest's.
fn name(explicit: Option<&str>, source: &Source, manifest: &Manifest) -> Result<Name, Failure> {
    if let Some(explicit) = explicit {
        return super::name(explicit);
    }
    let of_source = source.name();
    let of_manifest = manifest.about.name.clone();
    // An archive is called after its repository, a folder after its preset.
    let first = match source {
        Source::Archive(_) | Source::Url(_) => of_manifest.unwrap_or(of_source),
        Source::Folder(_) if Name::parse(&of_source).is_err() => of_manifest.unwrap_or(of_source),
        Source::Folder(_) | Source::BuiltIn(_) => of_source,
    };
    super::name(&first)
}

/// Shows what the preset would do; what is refused ends it here.
fn show(manifest: &Manifest) -> Result<Capabilities, Failure> {
    let applied = apply(manifest, Stage::Before).map_err(|problems| faulty(Exit::Data, &problems))?;
    let found = capabilities(manifest, &applied);
    if !found.refusals.is_empty() {
        return Err(refused("the preset is refused, and nothing has been written", &found.refusals));
    }
    ui::say(summary::words(&found).trim_end());
    Ok(found)
}

/// Refuses hosts that may not be spoken to, as far as they are known before anything is asked.
fn refuse_denied(found: &Capabilities, place: &Place<'_>) -> Result<(), Failure> {
    let guard = guard(place)?;
    let mut denied: Vec<Arc<Verdict>> = Vec::new();
    for contact in found.hosts.iter().filter(|contact| !contact.host.contains(['{', '}', '$'])) {
        let verdict = guard.judge(&contact.host);
        if !verdict.lets_go() && !denied.contains(&verdict) {
            denied.push(verdict);
        }
    }
    if denied.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = denied.iter().map(|verdict| format!("\n  {}: {}", verdict.host, verdict.why)).collect();
    let what = format!("the preset is refused, and nothing has been written:{}", lines.concat());
    let mut failure = Failure::say(Exit::Denied, what);
    failure.hints = denied.iter().flat_map(|verdict| verdict.mend.clone()).collect();
    Err(failure)
}

/// Tells hosts that only the answers have decided.
pub(super) fn bound(before: &Capabilities, now: &Capabilities) {
    for secret in now.secrets.iter().filter(|secret| !before.secrets.contains(secret)) {
        ui::say(format_args!("{} will be sent to {} only", secret.name, secret.hosts.join(", ")));
    }
}

fn agree(mode: Mode, options: &Install) -> Result<(), Failure> {
    if options.dry_run || options.answers.yes {
        return Ok(());
    }
    match mode {
        Mode::Missing => Ok(()),
        Mode::Nobody => Err(Failure::say(Exit::Usage, "nobody is there to agree to this")
            .hint("pass `--yes` to agree to what is listed above, or `--dry-run` to see it only")),
        Mode::Everything => {
            if confirm("Install it?", true)? {
                return Ok(());
            }
            Err(Failure::say(Exit::Denied, "not installed: you did not agree"))
        }
    }
}

/// A preset of that name is there: its questions may be put again instead.
fn again(name: &Name, options: &Install, presets: &Presets, mode: Mode, place: &Place<'_>) -> Result<(), Failure> {
    if mode != Mode::Everything {
        return Err(store::exists(name));
    }
    ui::say(format_args!("preset {name} is already installed"));
    let prompt = "Answer its questions again? (`--force` replaces it)";
    if !confirm(prompt, true).unwrap_or(false) {
        return Err(store::exists(name));
    }
    let installed = presets.get(name)?;
    let given: BTreeMap<String, String> = super::given(&options.answers.set, &installed.manifest)?;
    reconfigure::reconfigure(&installed, &given, mode, presets, place)
}
