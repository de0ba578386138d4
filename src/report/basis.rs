//! What a report rests on, and what it can never show.

use super::document::{Section, Table};

/// What a report rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Basis {
    /// When it was made, as RFC 3339 has it.
    pub made: String,
    /// The period that it covers.
    pub since: Option<String>,
    /// mcr's version.
    pub version: String,
    /// The configuration in force, by name and hash; absent where there is none.
    pub configuration: Option<(String, String)>,
    /// The dates of the catalogue's providers and of its models, and its hash.
    pub catalogue: (String, String, String),
    /// The record.
    pub record: Record,
}

/// The record of what left this machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The installation's first public key.
    pub fingerprint: Option<String>,
    /// The last checkpoint: its number, time and hash.
    pub checkpoint: Option<(u64, String, String)>,
    /// What the check of the record found: `Ok` with its summary, or the damage.
    pub verified: Option<Result<String, String>>,
    /// Lines that could not be read.
    pub unread: u64,
    /// Whether a record is kept at all.
    pub is_kept: bool,
}

/// Words at the end of every report.
pub const NOT_ADVICE: &str = "This is a record of technical facts with their dates and sources. It is not legal advice, \
and it decides nothing: what follows from it is for the controller and their counsel to say.";

impl Basis {
    /// The lines below the title.
    pub(super) fn about(&self, period: bool) -> Vec<(&'static str, String)> {
        let mut about = Vec::new();
        if period {
            let since = self.since.as_deref().unwrap_or("the beginning of the record");
            about.push(("Period", format!("{since} to {}", self.made)));
        }
        about.push(("Made", format!("{} by mcr {}", self.made, self.version)));
        about
    }

    /// What the report rests on: the record and its checkpoint, the configuration, the catalogue.
    pub(super) fn section(&self) -> Section {
        let mut table = Table::new(&[("what", "What"), ("value", "Value")]);
        let (providers, models, hash) = &self.catalogue;
        let catalogue = format!("providers of {providers}, models of {models}, SHA-256 {hash}");
        table.push(["Catalogue", &catalogue]);
        if let Some((name, hash)) = &self.configuration {
            table.push(["Configuration in force", &format!("{name}, SHA-256 {hash}")]);
        }
        let Record { fingerprint, checkpoint, verified, unread, is_kept } = &self.record;
        if let Some((number, time, hash)) = checkpoint {
            table.push(["Last checkpoint of the record", &format!("no. {number} of {time}, {hash}")]);
        }
        if let Some(fingerprint) = fingerprint {
            table.push(["Installation's key", fingerprint]);
        }
        let mut section = Section::new("basis", "What this rests on");
        match verified {
            Some(Ok(summary)) => table.push(["Check of the record", summary.as_str()]),
            Some(Err(damage)) => {
                table.push(["Check of the record", &format!("FAILED: {damage}")]);
                section = section.gap(format!("the record is damaged, so what it says may be wrong: {damage}"));
            }
            None => {}
        }
        section = section.table(table, "");
        if !is_kept {
            section = section.gap("no record is kept (`Audit.enabled` is false), so nothing here was observed");
        } else if checkpoint.is_none() {
            section = section.gap("the record has no checkpoint yet: nothing but its chain protects it");
        }
        if *unread > 0 {
            section = section.gap(format!("{unread} lines of the record cannot be read"));
        }
        section
    }
}

/// What no report of mcr's shows.
pub(super) fn limits() -> Section {
    Section::new("limits", "What this does not show").list([
        "where a host's machines are: a promise of a place is the provider's word, named with its source and date",
        "who else the provider lets have the data: see its list of sub-processors",
        "that names led to the hosts they belong to: TLS certificates are checked against the system's authorities, and no more",
        "traffic of programs that mcr did not start, or that went past `HTTPS_PROXY` without `--sealed`",
        "what was kept out of the record by who controlled this machine at the time",
    ])
}

/// The last part of every report.
pub(super) fn not_advice() -> Section {
    Section::new("notice", "Not legal advice").words(NOT_ADVICE)
}
