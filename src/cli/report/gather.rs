//! What reports are made of: the record, the configuration, the catalogue, and the owner's words.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::audit;
use crate::catalog::{self, Confidence, Fact, Facts, Field, Overlay};
use crate::cli::config::Place;
use crate::cli::doctor::routed;
use crate::cli::doorway::Doorway;
use crate::cli::self_test::self_test;
use crate::config::{self, Allowance, AuditRules, Config, EgressRules, Network};
use crate::error::{Exit, Failure};
use crate::report::{Basis, Controller, FILE, Measure, Observed, Record, SelfTest, Supplier, in_force};

/// All of it.
pub(super) struct Gathered {
    pub(super) observed: Observed,
    pub(super) basis: Basis,
    pub(super) self_test: SelfTest,
    pub(super) controller: Controller,
    /// What the user says of providers and hosts.
    pub(super) own: Overlay,
    /// The configured providers.
    pub(super) suppliers: Vec<Supplier>,
    /// Every provider that is known.
    pub(super) known: Vec<Supplier>,
    pub(super) measures: Vec<Measure>,
}

impl Gathered {
    /// Reads it.
    ///
    /// # Errors
    /// Fails where a file is there and cannot be read; that there is no configuration or no record yet is a gap.
    pub(super) fn gather(since: Option<&str>, place: &Place<'_>) -> Result<Self, Failure> {
        let text = if config::is_missing(place.explicit, place.paths, place.environment) {
            None
        } else {
            Some(config::text(place.explicit, place.paths, place.environment)?)
        };
        let config = match &text {
            Some(text) => {
                Some(config::examine(text, place.environment).map_err(|problems| config::failure(&problems))?)
            }
            None => None,
        };
        let folder = audit::folder(&place.paths.state);
        let cannot_read =
            |error| Failure::new(Exit::Io, anyhow::Error::new(error).context("cannot read the audit record"));
        let reading = audit::read(&folder, since).map_err(cannot_read)?;
        let verified = audit::verify(&audit::log(&folder, &[]).map_err(cannot_read)?);
        let observed = Observed::of(reading.records.iter().map(|record| (&*record.time, &record.event)));
        let overlay = config::overlay(place.explicit, place.paths, place.environment)?;
        let (egress, audit_rules) = config
            .as_ref()
            .map_or_else(|| (EgressRules::default(), AuditRules::default()), |it| (it.egress.clone(), it.audit));
        let own = with_allowances(&overlay, &Doorway::of(place).allowances()?);
        let suppliers = config.as_ref().map(|config| suppliers(config, &own)).unwrap_or_default();
        let record = Record {
            fingerprint: verified.fingerprint.clone(),
            checkpoint: verified.last.clone(),
            verified: (verified.records > 0).then(|| summary(&verified)),
            unread: reading.unread.len() as u64,
            is_kept: audit_rules.enabled,
        };
        let basis = Basis {
            made: audit::moment(Timestamp::now()),
            since: since.map(str::to_owned),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            configuration: text.as_ref().map(|text| (text.origin.to_string(), config::sha256(text.text.as_bytes()))),
            catalogue: (catalog::facts_as_of().to_owned(), catalog::as_of().to_owned(), catalog::hash().to_owned()),
            record,
        };
        Ok(Self {
            observed,
            basis,
            self_test: self_test(config.as_ref(), place)?,
            controller: controller(place)?,
            known: known(&overlay, &suppliers),
            suppliers,
            own,
            measures: in_force(&egress, &audit_rules),
        })
    }
}

/// Adds whom the user names as the operator of a host in this network: whose that is, nobody else can know.
fn with_allowances(overlay: &Overlay, allowances: &[Allowance]) -> Overlay {
    let mut own = overlay.clone();
    // A host may be called what a provider is, and is not that.
    let is_a_hosts = |it: &&Allowance| catalog::known_provider(it.host.as_str()).is_none();
    for it in allowances.iter().filter(|it| it.network == Network::Private).filter(is_a_hosts) {
        let said = [(Field::Operator, Some(&it.operator)), (Field::Establishment, it.country.as_ref())];
        for (field, value) in said.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            let fact = Fact {
                value: value.clone(),
                as_of: it.since.clone(),
                source: "egress.json".to_owned(),
                address: None,
                kind: catalog::Kind::Own,
                confidence: Confidence::High,
                note: None,
            };
            own.add(it.host.as_str(), field, fact);
        }
    }
    own
}

fn summary(report: &audit::Report) -> Result<String, String> {
    match report.damage.first() {
        Some(found) => Err(format!("{} at {}:{}", found.damage.as_str(), found.file, found.line)),
        None => Ok(format!(
            "{} records of {} writers, {} checkpoints; {} records since the last checkpoint are protected by nothing but the chain",
            report.records, report.writers, report.checkpoints, report.uncovered
        )),
    }
}

/// The folder of the configuration, in which the owner's own words and facts are.
pub(super) fn beside(place: &Place<'_>) -> PathBuf {
    let file = config::file(place.explicit, place.paths, place.environment);
    file.parent().map(PathBuf::from).unwrap_or_default()
}

fn controller(place: &Place<'_>) -> Result<Controller, Failure> {
    let path = beside(place).join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Controller::default()),
        Err(error) => {
            let what = format!("cannot read your words for reports: {}", path.display());
            return Err(Failure::new(Exit::Io, anyhow::Error::new(error).context(what)));
        }
    };
    json5::from_str(&text).map_err(|error| {
        let what = format!("not a report.json: {}", path.display());
        Failure::new(Exit::Data, anyhow::Error::new(error).context(what))
            .hint("`mcr report example` prints one with every key")
    })
}

/// The configured providers, those of one name in the catalogue together.
fn suppliers(config: &Config, overlay: &Overlay) -> Vec<Supplier> {
    let mut suppliers: Vec<Supplier> = Vec::new();
    let routed = routed(config);
    for provider in &config.providers {
        let Ok(connection) = &provider.connection else { continue };
        let host = connection.host().to_ascii_lowercase();
        let known = catalog::provider_of(&host);
        let name = known.map_or(provider.name.as_str(), catalog::Provider::name).to_owned();
        let models: BTreeSet<String> = routed
            .iter()
            .filter(|target| target.provider.name == provider.name)
            .map(|target| target.model.clone())
            .collect();
        let region =
            if provider.is_local() { Some("local") } else { catalog::host(&host).map(|it| it.region.as_str()) };
        let same = |other: &&mut Supplier| other.name == name && other.region.as_deref() == region;
        if let Some(known) = suppliers.iter_mut().find(same) {
            known.hosts.extend((!known.hosts.contains(&host)).then_some(host));
            known.models.extend(models);
            continue;
        }
        suppliers.push(Supplier {
            facts: facts(&name, &host, provider.is_local(), overlay),
            hosts: vec![host],
            region: region.map(str::to_owned),
            is_local: provider.is_local(),
            models: models.into_iter().collect(),
            name,
            ..Supplier::default()
        });
    }
    suppliers
}

/// What is known of a configured provider: a name alone makes nobody's facts those of a host that is not theirs.
fn facts(name: &str, host: &str, is_local: bool, overlay: &Overlay) -> Facts {
    let of_host = overlay.of_host(host);
    let is_its = catalog::known_provider(name).is_none_or(|known| known.local && is_local);
    if catalog::provider_of(host).is_some() || !is_its {
        return of_host;
    }
    overlay.facts(name).unwrap_or(of_host)
}

/// Every provider of the catalogue and of the owner's own facts, with the hosts that are configured.
fn known(overlay: &Overlay, configured: &[Supplier]) -> Vec<Supplier> {
    let listed: Vec<&str> = catalog::providers().map(catalog::Provider::name).collect();
    listed
        .into_iter()
        .chain(overlay.others())
        .map(|name| {
            let known = catalog::known_provider(name);
            let hosts = configured.iter().filter(|it| it.name == name).flat_map(|it| it.hosts.clone()).collect();
            Supplier {
                name: name.to_owned(),
                hosts,
                is_local: known.is_some_and(|it| it.local),
                facts: overlay.facts(name).unwrap_or_default(),
                ..Supplier::default()
            }
        })
        .collect()
}
