//! Whether and how often a provider is asked for a sign of life that costs nothing.

use std::time::Duration;

use super::{
    Source, path,
    reader::{Node, Reader},
    scalars,
};

const KEYS: [&str; 3] = ["enabled", "interval_seconds", "timeout_seconds"];

/// How a provider is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthProbe {
    /// Whether it is probed while it is well, too; one that failed is probed in any case.
    pub enabled: bool,
    /// From one probe to the next; each time up to a fifth more or less.
    pub interval: Duration,
    /// How long a sign of life may take.
    pub timeout: Duration,
}

impl Default for HealthProbe {
    fn default() -> Self {
        Self { enabled: false, interval: Duration::from_secs(30), timeout: Duration::from_secs(5) }
    }
}

/// Reads the `health_probe` of a provider.
pub(super) fn health_probe(reader: &mut Reader, item: &Node<'_>) -> HealthProbe {
    let mut probe = HealthProbe::default();
    let node = item.get("health_probe");
    if let Some(node) = &node
        && reader.object(node).is_some()
    {
        reader.check_keys(node, &KEYS, &[]);
    }
    let get = |key: &str| node.as_ref().and_then(|node| node.get(key));
    if let Some(enabled) = get("enabled").and_then(|node| reader.boolean(&node).inspect(|_| reader.record(&node))) {
        probe.enabled = enabled;
    } else {
        let key = path::key(&path::key(&item.path, "health_probe"), "enabled");
        reader.record_absent(key, false, Source::Default);
    }
    for (key, span) in [("interval_seconds", &mut probe.interval), ("timeout_seconds", &mut probe.timeout)] {
        if let Some(seconds) = get(key).and_then(|node| scalars::seconds(reader, &node, 0.01..=86_400.0)) {
            *span = seconds;
        }
    }
    probe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read;

    fn probe(rest: &str) -> HealthProbe {
        let text = format!("{{Providers: [{{name: 'p', api_base_url: 'http://localhost', models: ['m'], {rest}}}]}}");
        read(&text, "c.json", &|_| None).unwrap().providers[0].health_probe
    }

    #[test]
    fn nobody_is_probed_while_well_unless_that_is_configured() {
        let usual = HealthProbe { enabled: false, interval: Duration::from_secs(30), timeout: Duration::from_secs(5) };
        assert_eq!(probe(""), usual);
        let expect =
            HealthProbe { enabled: true, interval: Duration::from_millis(50), timeout: Duration::from_secs(1) };
        assert_eq!(probe("health_probe: {enabled: true, interval_seconds: 0.05, timeout_seconds: 1}"), expect);
    }
}
