//! The door out that a configuration asks for, once the guard has seen every target.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::config::Place;
use super::recording;
use crate::audit::{Audit, Event, Kind};
use crate::config::{self, Allowance, Config, EgressRules};
use crate::egress::{Egress, Guard, Judged, Options, ProxyVariables, Verdict, eu_endpoint, judged};
use crate::error::{Exit, Failure};
use crate::paths::{self, Paths};
use crate::proxy::Open;
use crate::ui;

/// What a door is opened with, apart from the configuration.
#[derive(Debug, Clone)]
pub(super) struct Doorway {
    variables: ProxyVariables,
    /// The file of the hosts that the user vouches for.
    pub(super) allowances: PathBuf,
    paths: Paths,
}

/// A door, and what is odd about where it leads.
pub(super) struct Opened {
    pub(super) egress: Egress,
    warnings: Vec<String>,
    notes: Vec<Event>,
}

impl Opened {
    /// Writes what is odd into the record, too.
    pub(super) fn note(&self, audit: &Audit) {
        self.notes.iter().for_each(|event| audit.note(event.clone()));
    }

    /// Says what is odd, unless nothing is to be said.
    pub(super) fn told(self, quiet: bool) -> Egress {
        if !quiet {
            self.warnings.iter().for_each(|warning| ui::say(format_args!("warning: {warning}")));
        }
        self.egress
    }
}

impl Doorway {
    /// With the proxy variables and the allowances of this machine.
    pub(super) fn of(place: &Place<'_>) -> Self {
        Self {
            variables: ProxyVariables::from_lookup(place.environment),
            allowances: place.paths.allowances.clone(),
            paths: place.paths.clone(),
        }
    }

    /// Who decides where a configuration's traffic may go.
    ///
    /// # Errors
    /// Fails when the file of allowances cannot be read, or has errors.
    pub(super) fn guard(&self, config: &Config) -> Result<Guard, Failure> {
        Ok(Guard::new(config.egress.clone(), config.narrowings.clone(), self.allowances()?))
    }

    /// The hosts that the user vouches for; none where there is no file.
    pub(super) fn allowances(&self) -> Result<Vec<Allowance>, Failure> {
        let text = match paths::read_private(&self.allowances) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot tell what is allowed")));
            }
        };
        config::allowances(&text, &self.allowances.display().to_string()).map_err(|problems| {
            config::failure(&problems).hint(format!("correct it, or take it away: {}", self.allowances.display()))
        })
    }

    /// Opens the door as a configuration asks for it; who may not go through it is refused when it comes.
    pub(super) fn open(&self, config: &Config) -> Result<Egress, Failure> {
        let guard = self.guard(config)?;
        self.opened(config, guard)
    }

    /// Opens it for an address that a person has typed, whoever is there, unless that is denied.
    pub(super) fn by_hand(&self, config: &Config) -> Result<Egress, Failure> {
        let guard = Guard::by_hand(config.egress.clone(), self.allowances()?);
        self.opened(config, guard)
    }

    /// Opens it where every target that something leads to may go through it.
    ///
    /// # Errors
    /// Fails with all of those that may not, and with what would mend that.
    pub(super) fn checked(&self, config: &Config) -> Result<Opened, Failure> {
        let guard = self.guard(config)?;
        let judged = judged(config, &guard);
        let in_the_way: Vec<&Judged> = judged.iter().filter(|judged| judged.is_in_the_way()).collect();
        if !in_the_way.is_empty() {
            let audit = recording::open(&config.audit, &self.paths);
            for judged in &in_the_way {
                audit.note(judged.verdict.event(Some(&judged.target.provider.name)));
            }
            audit.close();
            return Err(refused(&in_the_way));
        }
        let warnings = warnings(&judged, &config.egress);
        let note = |verdict: &Verdict| {
            let reason = Some(format!("{} promises no place", verdict.host));
            Event { kind: Kind::Policy, reason, ..verdict.event(None) }
        };
        let notes = global(&judged).into_iter().map(note).collect();
        Ok(Opened { egress: self.opened(config, guard)?, warnings, notes })
    }

    /// The same for a configuration that is to take the place of another; what is odd goes into the log.
    pub(super) fn reopen(&self) -> Open {
        let doorway = self.clone();
        Box::new(move |config| {
            let opened = doorway.checked(config)?;
            opened.warnings.iter().for_each(|warning| tracing::warn!(%warning, "where traffic goes"));
            Ok(opened.egress)
        })
    }

    fn opened(&self, config: &Config, guard: Guard) -> Result<Egress, Failure> {
        let options = Options {
            proxy_url: config.proxy_url.clone(),
            environment: self.variables.clone(),
            guard,
            required: config.audit.required,
            connect_timeout: config.clocks.connect(),
            ..Options::default()
        };
        Egress::new(&options).map_err(|error| {
            let error = anyhow::Error::new(error).context("cannot use the configured proxy");
            Failure::new(Exit::Config, error).hint("correct `PROXY_URL` or `HTTPS_PROXY`, or remove it")
        })
    }
}

/// Names every target that may not be spoken to, and what would mend it.
fn refused(judged: &[&Judged]) -> Failure {
    let what = match judged.len() {
        1 => "the egress guard does not let a target go".to_owned(),
        count => format!("the egress guard does not let {count} targets go"),
    };
    let lines: Vec<String> = judged.iter().map(|judged| format!("\n  {}", judged.words())).collect();
    let mut failure = Failure::say(Exit::Denied, format!("{what}:{}", lines.concat()));
    let mends = judged.iter().flat_map(|judged| &judged.verdict.mend);
    for mend in mends {
        if !failure.hints.contains(mend) {
            failure.hints.push(mend.clone());
        }
    }
    failure.hint("`mcr egress show` tells of every target")
}

/// What people should know of targets that are no reason to stop.
fn warnings(judged: &[Judged], rules: &EgressRules) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |warning: String| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    for verdict in global(judged) {
        warn(format!(
            "{} promises no place where requests are worked on; `mcr egress use-eu` changes to {}, which does",
            verdict.host,
            eu_endpoint(&verdict.host).unwrap_or_default()
        ));
    }
    for one in judged {
        let verdict = &one.verdict;
        match verdict.decision {
            crate::audit::Decision::Allowed => {}
            crate::audit::Decision::Observed => {
                warn(format!("`Egress.mode` is {}, so it goes all the same: {}", rules.mode.as_str(), one.words()));
            }
            crate::audit::Decision::Denied => {
                warn(format!("{}; it is refused when it is asked for by name", one.words()));
            }
        }
    }
    warnings
}

/// The hosts in use that promise no place, where the same provider has one that does.
fn global(judged: &[Judged]) -> Vec<&Verdict> {
    let mut hosts: Vec<&Verdict> = Vec::new();
    let in_use = judged.iter().filter(|judged| !judged.places.is_empty() && judged.verdict.lets_go());
    for verdict in in_use.map(|judged| &*judged.verdict) {
        if eu_endpoint(&verdict.host).is_some() && !hosts.iter().any(|known| known.host == verdict.host) {
            hosts.push(verdict);
        }
    }
    hosts
}
