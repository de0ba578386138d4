//! What proves where everything went: the guard still denies, and the record is what was written.

use super::finding::Finding;
use crate::audit;
use crate::cli::config::Place;
use crate::cli::self_test::self_test;
use crate::config::Config;
use crate::error::Failure;

/// Tries the guard.
pub(super) fn guard(config: &Config, place: &Place<'_>) -> Result<Finding, Failure> {
    const ID: &str = "egress-guard";
    let test = self_test(Some(config), place)?;
    let host = &test.host;
    Ok(if test.denied {
        Finding::ok(ID, format!("a connection to {host} is denied"))
    } else {
        let what = format!("a connection to {host} would be let go, as `Egress` is configured");
        Finding::warning(ID, what, format!("run `mcr egress check {host}` to see why"))
    })
}

/// Verifies the record.
pub(super) fn record(config: Option<&Config>, place: &Place<'_>) -> Finding {
    const ID: &str = "audit";
    if config.is_some_and(|config| !config.audit.enabled) {
        return Finding::note(ID, "no record is kept: `Audit.enabled` is false");
    }
    let folder = audit::folder(&place.paths.state);
    let report = match audit::log(&folder, &[]) {
        Ok(log) => audit::verify(&log),
        Err(error) => {
            return Finding::error(ID, format!("the record cannot be read: {error}"), "run `mcr audit verify`");
        }
    };
    match report.damage.first() {
        Some(found) => {
            let what = format!(
                "the record is not as it was written: {} at {}:{}",
                found.damage.as_str(),
                found.file,
                found.line
            );
            Finding::error(ID, what, "run `mcr audit verify`, and keep the folder as it is")
        }
        None => Finding::ok(
            ID,
            format!("{} records of {} writers are as they were written", report.records, report.writers),
        ),
    }
}
