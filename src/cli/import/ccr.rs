//! `mcr import ccr`: read, judge, ask, and only then write.

use std::path::{Path, PathBuf};

use crate::cli::question::confirm;

use super::{
    Ccr, Keys,
    folder::{self, Folder},
    judge::{self, Bench, Judged, Unusable},
    literal::{Found, Slot},
    presets,
    report::{Field, KeyLine, Report},
    target,
};
use crate::{
    audit::Kind,
    cli::{
        config::{Place, refuse_link},
        moment, recording,
    },
    config::{self, Host, KeyName, Secret},
    error::{Exit, Failure},
    keys::Store,
    paths,
    preset::Presets,
    ui,
};

/// What is typed to run it.
const COMMAND: &str = "import ccr";

/// Imports.
pub(super) fn run(options: &Ccr, place: &Place<'_>) -> Result<(), Failure> {
    let folder = folder::read(&source(options.from.as_deref())?)?;
    let asks = ui::is_interactive() && !options.dry_run && !options.json;
    let mut plan = Plan::new(&folder, options.keys != Some(Keys::Drop), place)?;
    if asks && options.keys.is_none() && !plan.keys().is_empty() && !keep_keys(&plan.keys())? {
        plan = Plan::new(&folder, false, place)?;
    }
    let in_the_way = plan.in_the_way(place);
    if !in_the_way.is_empty() && !options.dry_run && !options.force {
        let may = asks && confirm(&target::may_replace(&in_the_way), false)?;
        if !may {
            return Err(target::occupied(&in_the_way, COMMAND));
        }
    }
    let backups = if options.dry_run { Vec::new() } else { plan.write(place)? };
    let report = plan.report(options, &folder, backups, in_the_way, place);
    let text = if options.json { report.json() } else { report.words() };
    ui::print(&text).map_err(|error| Failure::new(Exit::Io, error))
}

fn source(explicit: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = explicit {
        return std::path::absolute(path).map_err(|error| Failure::new(Exit::NoInput, error));
    }
    let folders = directories::BaseDirs::new().ok_or_else(|| {
        let what = "there is no home folder that claude-code-router's could be in";
        Failure::say(Exit::NoInput, what).hint("name it: `mcr import ccr --from DIR`")
    })?;
    Ok(folders.home_dir().join(".claude-code-router"))
}

/// Everything that is to be written.
struct Plan {
    target: PathBuf,
    source: Option<PathBuf>,
    config: Option<Judged>,
    presets: Vec<presets::Judged>,
    keeps_keys: bool,
}

impl Plan {
    fn new(folder: &Folder, keeps_keys: bool, place: &Place<'_>) -> Result<Self, Failure> {
        let target = config::file(place.explicit, place.paths, place.environment);
        if is_inside(&target, &folder.path) {
            let what = format!(
                "claude-code-router's folder stays as it is, and the configuration would be written there: {}",
                target.display()
            );
            return Err(Failure::say(Exit::Usage, what)
                .hint("run `mcr import ccr` without `--config` and without `MCR_CONFIG`"));
        }
        let config = match &folder.config {
            Some((file, text)) => Some(configuration(file, text, &folder.path, keeps_keys, place)?),
            None => None,
        };
        let judge = |(name, path): &(String, PathBuf)| presets::judge(name, path, keeps_keys, place);
        let presets = folder.presets.iter().map(judge).collect();
        let source = folder.config.as_ref().map(|(file, _)| file.clone());
        Ok(Self { target, source, config, presets, keeps_keys })
    }

    fn taken(&self) -> impl Iterator<Item = &presets::Taken> {
        self.presets.iter().filter_map(|preset| preset.taken.as_ref())
    }

    /// The keys that stood in clear, of the configuration and of presets.
    fn keys(&self) -> Vec<KeyLine> {
        let found = self.config.iter().flat_map(|config| &config.keys);
        let line = |key: &Found| KeyLine {
            name: key.name.to_string(),
            user: key.user.clone(),
            hosts: vec![key.host.to_string()],
        };
        found.map(line).chain(self.taken().flat_map(presets::Taken::keys)).collect()
    }

    /// What is there already.
    fn in_the_way(&self, place: &Place<'_>) -> Vec<String> {
        let store = Presets::open(place.paths);
        let config = self.config.as_ref().filter(|_| self.target.exists()).map(|_| self.target.clone());
        let presets = self.taken().filter(|preset| store.has(&preset.name)).map(|preset| store.folder(&preset.name));
        config.into_iter().chain(presets).map(|path| path.display().to_string()).collect()
    }

    /// Writes keys, configuration and presets; returns where what was there is now.
    fn write(&self, place: &Place<'_>) -> Result<Vec<PathBuf>, Failure> {
        let stamp = format!("before-import.{}", moment::stamp());
        let mut backups = Vec::new();
        if let Some(config) = &self.config {
            refuse_link(&self.target)?;
            let store = Store::open(place.paths);
            let mut new = Vec::new();
            for key in config.keys.iter().filter(|_| self.keeps_keys) {
                // What has the name already is this key, and may be bound to more hosts.
                if store.get(&key.name)?.is_none() {
                    new.push(&key.name);
                    let what = format!("stored, for {}", key.host);
                    let set = || Ok(store.set(&key.name, &key.secret, std::slice::from_ref(&key.host))?);
                    recording::changing(Kind::Key, &what, place, set)?;
                }
            }
            let written = target::write(&self.target, &config.text, &stamp, COMMAND);
            backups.extend(written.inspect_err(|_| {
                for name in new {
                    // The failure that is told already is the one that counts.
                    let _ = store.remove(name);
                }
            })?);
        }
        let presets = Presets::open(place.paths);
        for preset in self.taken() {
            let folder = presets.folder(&preset.name);
            let failed = |error| Failure::new(Exit::CannotCreate, anyhow::Error::new(error));
            let aside = presets.has(&preset.name).then(|| paths::put_aside(&folder, &stamp)).transpose();
            let aside = aside.map_err(failed)?;
            let install = || preset.install(&presets, place);
            if let Err(failure) = recording::changing_preset("installed", &preset.name, place, install) {
                if let Some(aside) = &aside {
                    paths::put_back(aside, &folder).map_err(failed)?;
                }
                let hint =
                    "what comes before it in the report is written; run `mcr import ccr --force` once this is mended";
                return Err(failure.hint(hint));
            }
            backups.extend(aside);
        }
        Ok(backups)
    }

    fn report(
        self,
        options: &Ccr,
        folder: &Folder,
        backups: Vec<PathBuf>,
        in_the_way: Vec<String>,
        place: &Place<'_>,
    ) -> Report {
        let next = self.next(place);
        let keys = self.keys();
        Report {
            folder: folder.path.clone(),
            files: self.source.zip(Some(self.target)),
            notes: folder.notes.clone(),
            fields: self.config.map(|config| config.fields).unwrap_or_default(),
            presets: self.presets.into_iter().map(|preset| preset.line).collect(),
            others: folder.others.clone(),
            keys,
            keeps_keys: self.keeps_keys,
            backups,
            in_the_way,
            is_dry: options.dry_run,
            next,
        }
    }

    /// The commands that come next.
    fn next(&self, place: &Place<'_>) -> Vec<(String, &'static str)> {
        let mcr = target::mcr(place);
        let mut next = Vec::new();
        if let Some(config) = &self.config {
            next.extend(config.unset.iter().map(|name| (format!("export {name}=..."), "the configuration names it")));
            for key in config.keys.iter().filter(|_| !self.keeps_keys) {
                next.push((format!("mcr key set {} --host {}", key.name, key.host), "asks for the key"));
            }
            next.extend(target::allowances(&config.text, place));
            next.push((format!("{mcr} config check"), "what is odd"));
            next.push((format!("{mcr} key test"), "whether the providers take the keys"));
            next.push((format!("{mcr} code"), "Claude Code on the configured models"));
            next.push((
                "mcr activate".to_owned(),
                "what to write into your shell's start file in place of `ccr activate`",
            ));
        }
        for preset in self.taken() {
            if preset.is_waiting() {
                next.push((format!("mcr preset reconfigure {}", preset.name), "asks what the preset wants to know"));
            }
            next.push((format!("mcr {}", preset.name), "Claude Code on the preset's models"));
        }
        next
    }
}

/// Whether a file, which need not be there, lies below a folder, whatever links lead to it.
fn is_inside(file: &Path, folder: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    file.ancestors().skip(1).any(|above| real(above) == real(folder))
}

fn configuration(
    file: &Path,
    text: &str,
    folder: &Path,
    keeps_keys: bool,
    place: &Place<'_>,
) -> Result<Judged, Failure> {
    let store = Store::open(place.paths).list()?;
    let slots = |name: &KeyName, secret: &Secret, host: &Host| match store.get(name) {
        None => Slot::Free,
        Some(stored) if stored.key_for(host).is_some_and(|key| key.expose() == secret.expose()) => Slot::Same,
        Some(_) => Slot::Taken,
    };
    let name = file.display().to_string();
    let bench = Bench {
        file: &name,
        environment: place.environment,
        read: &|document| config::read_in(folder, document, place.environment),
        absolute: &|path| {
            let inside = folder.join(path);
            (Path::new(path).is_relative() && inside.exists()).then(|| inside.display().to_string())
        },
        slots: &slots,
        keeps_keys,
    };
    judge::judge(text.trim_start_matches('\u{feff}'), &bench).map_err(|unusable| match unusable {
        Unusable::Broken(problems) => {
            let failure = config::failure(&problems);
            let error = failure.error.context("cannot import claude-code-router's configuration");
            Failure::new(Exit::Data, error)
                .hint("mend it there and run `mcr import ccr` again; nothing has been written")
        }
        Unusable::Nothing(fields) => nothing_left(&fields),
    })
}

fn nothing_left(fields: &[Field]) -> Failure {
    let reasons = fields.iter().filter_map(|field| Some(format!("\n  {}: {}", field.path, field.why.as_ref()?)));
    let what = format!("nothing of claude-code-router's configuration can be used:{}", reasons.collect::<String>());
    Failure::say(Exit::Data, what).hint("begin without it: `mcr preset list --built-in`; nothing has been written")
}

fn keep_keys(keys: &[KeyLine]) -> Result<bool, Failure> {
    for key in keys {
        ui::say(format_args!("the key of {} stands in clear, for {}", key.user, key.hosts.join(", ")));
    }
    confirm("Keep them in mcr's store?", true)
}
