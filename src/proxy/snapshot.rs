//! What one request sees of the configuration, and how a new one takes its place.
//!
//! A request takes the snapshot on entry and never looks again. A file that changed
//! is read, checked, and only then swapped in; a bad one, or one that is gone, keeps
//! the old configuration and says so. Whom it lets be spoken to holds from then on all
//! the same: what was taken back must not go on because something else is wrong.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::audit::{Audit, Event, Kind};
use crate::catalog;
use crate::config::{self, Allowance, Config, Look, Reading, Scenario, Severity, StartOnly, Strategy, Target};
use crate::egress::{Egress, Guard};
use crate::error::Failure;
use crate::route::{self, Choice, Facts, Smooth, Turn};
use crate::upstream::health::Health;
use crate::wire::status::Invalid;

/// How often the files are looked at; a look is one `stat` each.
const PAUSE: Duration = Duration::from_millis(500);
/// Sessions whose target is remembered.
const SESSIONS: usize = 256;

/// One configuration, and the door out that it asks for.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration.
    pub config: Arc<Config>,
    /// Knows the configuration's proxy and its `connect` clock.
    pub egress: Egress,
    /// The preset that it is, where it is one.
    pub preset: Option<Arc<str>>,
    /// One name for all that the configuration says.
    pub config_hash: String,
    /// Whose turn it is, for each route with several targets.
    turns: Mutex<[Smooth; Scenario::ALL.len()]>,
    /// The targets of sessions that were given the soonest one: they stay, though another be sooner by now.
    stays: Mutex<VecDeque<(Scenario, String, Arc<Target>)>>,
}

impl Snapshot {
    /// Begins every round anew.
    pub fn new(config: Config, egress: Egress) -> Self {
        let config_hash = config.hash();
        Self {
            config: Arc::new(config),
            egress,
            preset: None,
            config_hash,
            turns: Mutex::default(),
            stays: Mutex::default(),
        }
    }

    /// Says which preset it is.
    #[must_use]
    pub fn of_preset(self, preset: Option<Arc<str>>) -> Self {
        Self { preset, ..self }
    }

    /// The same, under other rules.
    fn under(&self, rules: Guard) -> Self {
        let (turns, stays) = <_>::default();
        let config_hash = config::sha256(format!("{}\n{}", self.config.hash(), rules.hash()).as_bytes());
        let (config, preset) = (Arc::clone(&self.config), self.preset.clone());
        Self { config, egress: self.egress.under(rules), preset, config_hash, turns, stays }
    }

    /// Takes one of the route's targets for a request, where it has several and one of them can; says by which rule.
    pub(super) fn balanced(&self, mut choice: Choice, facts: &Facts, session: Option<&str>, health: &Health) -> Choice {
        let Some(balance) = self.config.routes.balance(choice.scenario) else { return choice };
        // An explicit model or a tag names its target itself.
        if !balance.targets.iter().any(|(target, _)| Arc::ptr_eq(target, &choice.target)) {
            return choice;
        }
        let by = match balance.strategy {
            Strategy::Single | Strategy::Fallback => "",
            Strategy::WeightedRoundRobin | Strategy::Cost | Strategy::Latency => balance.strategy.as_str(),
        };
        let stay = (balance.strategy == Strategy::Latency).then_some(session).flatten();
        let stayed = stay.and_then(|session| self.stays(choice.scenario, session));
        let target = if let Some(target) = stayed.filter(|target| route::obstacle(target, facts).is_none()) {
            target
        } else {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = Turn { smooth: &mut turns[choice.scenario as usize], load: &|target| health.load(target) };
            let Some(at) = route::pick(balance, facts, session, turn) else { return choice };
            let target = Arc::clone(&balance.targets[at].0);
            if let Some(session) = stay {
                self.stay(choice.scenario, session, &target);
            }
            target
        };
        choice.target = target;
        if !by.is_empty() {
            choice.reason.extend([" by ", by]);
        }
        choice
    }

    fn stays(&self, scenario: Scenario, session: &str) -> Option<Arc<Target>> {
        let stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.iter().find(|(of, id, _)| *of == scenario && id == session).map(|(_, _, target)| Arc::clone(target))
    }

    fn stay(&self, scenario: Scenario, session: &str, target: &Arc<Target>) {
        let mut stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.retain(|(of, id, _)| *of != scenario || id != session);
        if stays.len() == SESSIONS {
            stays.pop_front();
        }
        stays.push_back((scenario, session.to_owned(), Arc::clone(target)));
    }
}

/// The snapshot in use, and what is wrong with the one on disk.
#[derive(Debug)]
pub struct Current {
    snapshot: ArcSwap<Snapshot>,
    invalid: ArcSwapOption<Invalid>,
    audit: Audit,
}

impl Current {
    /// Begins with a snapshot.
    pub fn new(snapshot: Snapshot, audit: Audit) -> Self {
        Self { snapshot: ArcSwap::from_pointee(snapshot), invalid: ArcSwapOption::empty(), audit }
    }

    /// What a request sees from now on, whatever is swapped in.
    pub fn load(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Why the configuration on disk is not the one in use.
    pub fn invalid(&self) -> Option<Arc<Invalid>> {
        self.invalid.load_full()
    }

    fn swap(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(snapshot);
        self.invalid.store(None);
    }

    /// Lets other rules hold for the configuration in use; whether they are others.
    fn keep_to(&self, rules: Guard) -> bool {
        let before = self.load();
        if rules == *before.egress.guard() {
            return false;
        }
        let snapshot = Arc::new(before.under(rules));
        self.audit.note(in_force(&snapshot, "rules of egress"));
        self.snapshot.store(snapshot);
        true
    }

    /// Notes what is wrong; it has been so since the first time in a row.
    fn keep(&self, failure: &Failure) {
        let since = self.invalid().map_or_else(super::status::now, |invalid| invalid.since.clone());
        self.invalid.store(Some(Arc::new(Invalid { since, problem: failure.to_string() })));
    }
}

/// Reads a configuration.
pub type Read = Box<dyn Fn(&Path) -> Reading + Send + Sync>;
/// Opens the door out that a configuration asks for.
pub type Open = Box<dyn Fn(&Config) -> Result<Egress, Failure> + Send + Sync>;
/// Reads the hosts that the user vouches for.
pub type Allowances = Box<dyn Fn() -> Result<Vec<Allowance>, Failure> + Send + Sync>;

/// How another configuration takes the place of the one in use.
pub struct Reload {
    /// The file it is read from; it may come later, where the built-in configuration is in use.
    pub file: PathBuf,
    /// Files that the reading takes besides, there or not, from the beginning.
    pub beside: Vec<PathBuf>,
    /// Reads exactly that file.
    pub read: Read,
    /// Opens another door out; refuses a configuration whose targets may not be spoken to.
    pub open: Open,
    /// Reads whom the user vouches for, which holds whatever else is refused.
    pub allowances: Allowances,
    /// Keys that an edit changes for the next start only.
    pub start_only: &'static [StartOnly],
}

/// Watches the configuration's file, and swaps a good one in; ends never.
///
/// Looks at the files for the first time at the call and not when the future is first
/// polled: what is edited once the proxy is said to be ready counts as an edit.
pub fn watch(current: Arc<Current>, reload: Reload) -> impl Future<Output = ()> + Send {
    let prompt = current.load().config.rewrite_system_prompt.clone();
    let files = [&reload.file].into_iter().chain(&reload.beside).chain(&prompt);
    let mut looks: Vec<Look> = files.map(|path| Look::at(path)).collect();
    async move {
        loop {
            tokio::time::sleep(PAUSE).await;
            if !looks.iter().any(Look::is_stale) {
                continue;
            }
            let reading = (reload.read)(&reload.file);
            // Those of a bad configuration too: what mends it may be a file that it names.
            looks = reading.looks;
            take(&current, reading.config, &reload);
        }
    }
}

/// Puts what was read in the place of what is in use, or as much of it as must hold in any case.
fn take(current: &Current, read: Result<Config, Failure>, reload: &Reload) {
    let before = current.load();
    let (rules, failure) = match read {
        Err(failure) => ((*before.egress.guard()).clone(), failure),
        Ok(config) => match (reload.open)(&config) {
            Err(failure) => (Guard::new(config.egress, config.narrowings, Vec::new()), failure),
            Ok(door) => {
                let snapshot = Arc::new(successor(&before, config, door));
                current.swap(Arc::clone(&snapshot));
                tracing::info!("configuration reloaded");
                current.audit.note(in_force(&snapshot, "reloaded"));
                return tell(&before.config, &snapshot.config, reload.start_only);
            }
        },
    };
    current.keep(&failure);
    tracing::error!(%failure, "configuration not reloaded; the one before stays in use");
    // Where they cannot be read, the failure tells of it.
    let allowances = (reload.allowances)().unwrap_or_else(|_| before.egress.guard().allowances().to_vec());
    let others_hold = current.keep_to(rules.vouching(allowances));
    if others_hold {
        tracing::warn!("whom the file on disk, and the allowances, let be spoken to holds all the same");
    }
}

/// Takes the open door over where that will do, since its connections are warm.
fn successor(before: &Snapshot, config: Config, door: Egress) -> Snapshot {
    let egress = if before.egress.is_as(&door) {
        before.egress.clone()
    } else {
        door.noting(before.egress.audit()).in_place_of(&before.egress)
    };
    Snapshot::new(config, egress).of_preset(before.preset.clone())
}

/// That a configuration came into force, for the record.
pub(super) fn in_force(snapshot: &Snapshot, why: &str) -> Event {
    Event {
        preset: snapshot.preset.as_deref().map(str::to_owned),
        config_hash: Some(snapshot.config_hash.clone()),
        catalogue_hash: Some(catalog::hash().to_owned()),
        reason: Some(why.to_owned()),
        ..Event::new(Kind::Config)
    }
}

/// Says what the edit does not change, and what is odd in it.
fn tell(old: &Config, new: &Config, start_only: &[StartOnly]) {
    let keys = StartOnly::changed(start_only, old, new).join(", ");
    if !keys.is_empty() {
        tracing::warn!(%keys, "part of the configuration takes effect at the next start");
    }
    note_problems(new);
}

/// Says what is odd in a configuration that is used all the same.
pub(super) fn note_problems(config: &Config) {
    for problem in config.warnings.iter().chain(&config.unset) {
        match problem.severity {
            Severity::Error => tracing::error!(%problem, "problem in the configuration"),
            Severity::Warning => tracing::warn!(%problem, "problem in the configuration"),
        }
    }
}
