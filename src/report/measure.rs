//! What mcr does for the security of processing, as it is configured: Art. 32 GDPR in evidence, not in promises.

use super::controller::Controller;
use super::document::{Section, Table};
use super::ropa::missing;
use crate::config::{AgentTraffic, AuditRules, EgressRules, Mode};

/// Something that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// What.
    pub what: String,
    /// How one sees that it is.
    pub evidence: String,
    /// What it does not do as it is configured; nothing where it does all it can.
    pub gap: Option<String>,
}

/// What follows from the configuration.
pub fn in_force(egress: &EgressRules, audit: &AuditRules) -> Vec<Measure> {
    let done = |what: &str, evidence: String| Measure { what: what.to_owned(), evidence, gap: None };
    vec![
        Measure {
            gap: (egress.mode == Mode::Observe).then(|| "`Egress.mode` is `observe`: nothing is refused".to_owned()),
            ..done(
                "Requests go to allowed operators and hosts only",
                format!(
                    "Egress.allow: {}; Egress.deny: {}; Egress.mode: {}",
                    list(&egress.allow),
                    list(&egress.deny),
                    egress.mode.as_str()
                ),
            )
        },
        Measure {
            gap: egress.region.is_none().then(|| {
                "`Egress.region` is not set: an endpoint that promises no place is warned of, not refused".to_owned()
            }),
            ..done(
                "The place of processing is held to",
                format!("Egress.region: {}", egress.region.as_deref().unwrap_or("-")),
            )
        },
        Measure {
            gap: (egress.agent == AgentTraffic::Observe)
                .then(|| "`Egress.agent` is `observe`: the agent's vendor is reached".to_owned()),
            ..done(
                "The agent's own traffic is seen, and kept from its vendor",
                format!("Egress.agent: {}; `mcr code --sealed` leaves no other way out", egress.agent.as_str()),
            )
        },
        Measure {
            gap: match (audit.enabled, audit.required) {
                (false, _) => Some("`Audit.enabled` is false: nothing is recorded".to_owned()),
                (true, false) => {
                    Some("`Audit.required` is false: a request goes even where it cannot be recorded".to_owned())
                }
                (true, true) => None,
            },
            ..done(
                "What left is recorded, in a chain that shows changes",
                format!("Audit.enabled: {}; Audit.required: {}; `mcr audit verify`", audit.enabled, audit.required),
            )
        },
        Measure {
            gap: audit
                .retention_days
                .is_none()
                .then(|| "`Audit.retention_days` is not set: records stay until they are removed".to_owned()),
            ..done(
                "Records are kept for a limited time",
                audit.retention_days.map_or_else(|| "-".to_owned(), |days| format!("Audit.retention_days: {days}")),
            )
        },
        done(
            "No prompt, answer, path or name of a person is recorded",
            "the fields of `mcr audit show --json`".to_owned(),
        ),
        done(
            "Only this machine reaches the proxy, with a token of the session",
            "`HOST` is a loopback address; `mcr smoke`".to_owned(),
        ),
        done(
            "Connections to providers are encrypted and their certificates checked",
            "TLS 1.2 or later, no switch to turn it off".to_owned(),
        ),
        done("Keys go to the hosts they were set for and nowhere else", "`mcr key list`".to_owned()),
        done("Files are their owner's alone", "`mcr doctor`, check `permissions`".to_owned()),
    ]
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

/// Field (g) of a record of processing activities.
pub(super) fn measures(in_force: &[Measure], controller: &Controller) -> Section {
    let mut table = Table::new(&[("measure", "Measure"), ("evidence", "Evidence")]);
    for Measure { what, evidence, .. } in in_force {
        table.push([what, evidence]);
    }
    let section = Section::new("measures", "(g) Technical and organisational measures (Art. 32 GDPR)")
        .table(table, "")
        .list(controller.measures.iter().map(|measure| format!("The controller's own: {measure}")));
    let section = in_force.iter().filter_map(|measure| measure.gap.clone()).fold(section, Section::gap);
    if controller.measures.is_empty() {
        return section.gap(missing("measures", "the controller's own measures"));
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_force_is_a_gap_and_never_a_promise() {
        let usual = in_force(&EgressRules::default(), &AuditRules::default());
        let gaps = |measures: &[Measure]| measures.iter().filter(|measure| measure.gap.is_some()).count();
        assert_eq!(gaps(&usual), 3);
        let strict = EgressRules { region: Some("eu".to_owned()), ..EgressRules::default() };
        let kept = AuditRules { required: true, retention_days: Some(90), ..AuditRules::default() };
        assert_eq!(gaps(&in_force(&strict, &kept)), 0);
        let open = EgressRules { mode: Mode::Observe, agent: AgentTraffic::Observe, ..strict };
        assert_eq!(gaps(&in_force(&open, &AuditRules { enabled: false, ..kept })), 3);
    }
}
