//! What the running service knows of its targets.

use super::finding::Finding;
use crate::cli::service::status;
use crate::launch::service::Record;
use crate::wire::status::{Configuration, LeftOut, Status, Target};

/// Asks the service for its state.
pub(super) fn served(record: &Record) -> Vec<Finding> {
    match status::ask(record) {
        Ok(status) => of_status(&status),
        Err(failure) => {
            let mend = failure.hints.first().cloned().unwrap_or_else(|| "run `mcr restart`".to_owned());
            vec![Finding::error("service", format!("{:#}", failure.error), mend)]
        }
    }
}

fn of_status(status: &Status) -> Vec<Finding> {
    let Status { url, pid, .. } = status;
    let mut findings = vec![Finding::ok("service", format!("runs at {url} (process {pid})"))];
    let presets = status.presets.iter().filter_map(|preset| preset.configuration.as_ref());
    findings.extend([&status.configuration].into_iter().chain(presets).filter_map(stale));
    findings.extend(status.targets.iter().flat_map(of_target));
    findings
}

/// A file that is wrong by now; the configuration before it is in use.
fn stale(configuration: &Configuration) -> Option<Finding> {
    let Configuration { file, invalid, .. } = configuration;
    let invalid = invalid.as_ref()?;
    let what = format!("invalid on disk since {}, and the one before is in use: {file}", invalid.since);
    Some(Finding::warning("service", what, "run `mcr config check`"))
}

fn of_target(target: &Target) -> Vec<Finding> {
    let name = &target.name;
    let mut findings = Vec::new();
    if let Some(refused) = &target.refused {
        let what = format!("{name}: its key is refused since {}", refused.since);
        findings.push(Finding::error("key", what, refused.problem.clone()));
    }
    if let Some(failure) = target.failure.as_ref().filter(|_| target.state != "closed") {
        let what = format!("{name} is left alone ({}): {}", target.state, failure.problem);
        findings.push(Finding::warning(
            "target",
            what,
            format!("when it is well again, run `mcr breaker reset {name}`"),
        ));
    }
    if let Some(LeftOut { fields, requests }) = &target.left_out {
        let fields = fields.join(", ");
        let what = format!("{name} does not take {fields}, which mcr has left out of {requests} requests");
        findings.push(Finding::note("self-repair", what));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;
    use crate::wire::status::Invalid;

    #[test]
    fn what_the_service_has_learned_of_a_target_is_told() {
        let target = Target {
            name: "p,m".to_owned(),
            state: "open".to_owned(),
            failure: Some(Invalid { since: "2026-01-02T03:04:05Z".to_owned(), problem: "p: no".to_owned() }),
            refused: Some(Invalid { since: "2026-01-02T03:04:06Z".to_owned(), problem: "mend it".to_owned() }),
            left_out: Some(LeftOut { fields: vec!["seed".to_owned()], requests: 3 }),
            ..Target::default()
        };
        let found = of_status(&Status { targets: vec![target], ..Status::default() });
        let told: Vec<_> = found.iter().map(|finding| (finding.id, finding.severity)).collect();
        assert_eq!(
            told,
            [
                ("service", Severity::Ok),
                ("key", Severity::Error),
                ("target", Severity::Warning),
                ("self-repair", Severity::Note)
            ]
        );
        assert_eq!(found[3].evidence, "p,m does not take seed, which mcr has left out of 3 requests");
    }
}
