//! `Audit`: whether and how it is recorded what left this machine.

use super::{
    Source, path,
    reader::{Node, Reader},
};

const KEYS: [&str; 4] = ["enabled", "required", "body_digest", "retention_days"];

/// What the configuration says of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRules {
    /// Whether it is kept.
    pub enabled: bool,
    /// Whether a request is refused, and nobody is asked anything, where that cannot be recorded.
    pub required: bool,
    /// Whether a keyed digest of each body is kept.
    pub body_digest: bool,
    /// After how many days `mcr audit purge` takes records away, unless it is told otherwise.
    pub retention_days: Option<u32>,
}

impl Default for AuditRules {
    fn default() -> Self {
        Self { enabled: true, required: false, body_digest: false, retention_days: None }
    }
}

/// Reads `Audit`.
pub(super) fn audit_rules(reader: &mut Reader, root: &Node<'_>) -> AuditRules {
    let mut rules = AuditRules::default();
    let node = root.get("Audit");
    if let Some(node) = &node
        && reader.object(node).is_some()
    {
        reader.check_keys(node, &KEYS, &[]);
    }
    let get = |key: &str| node.as_ref().and_then(|node| node.get(key));
    for (key, flag) in
        [("enabled", &mut rules.enabled), ("required", &mut rules.required), ("body_digest", &mut rules.body_digest)]
    {
        match get(key).and_then(|node| reader.boolean(&node).inspect(|_| reader.record(&node))) {
            Some(value) => *flag = value,
            None => reader.record_absent(path::key("Audit", key), *flag, Source::Default),
        }
    }
    let days = get("retention_days");
    let days = days.and_then(|node| reader.integer(&node, 1..=36_500).inspect(|_| reader.record(&node)));
    rules.retention_days = days.and_then(|days| u32::try_from(days).ok());
    rules
}
