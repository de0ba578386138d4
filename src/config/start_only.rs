//! Keys that are read once, when mcr starts: an edit of them waits for the next start.

use std::borrow::Cow;

use super::{Config, SecretRef};

/// One such key.
#[derive(Debug)]
pub struct StartOnly {
    key: &'static str,
    differs: fn(&Config, &Config) -> bool,
}

const LOG: StartOnly = StartOnly { key: "LOG", differs: |old, new| old.log != new.log };
const AUDIT: StartOnly = StartOnly { key: "Audit.enabled", differs: |old, new| old.audit.enabled != new.audit.enabled };
const LOG_LEVEL: StartOnly = StartOnly { key: "LOG_LEVEL", differs: |old, new| old.log_level != new.log_level };

impl StartOnly {
    /// What the service is started with.
    pub const SERVICE: &[Self] = &[
        Self { key: "PORT", differs: |old, new| old.port != new.port },
        Self { key: "HOST", differs: |old, new| old.host != new.host },
        Self { key: "APIKEY", differs: |old, new| token(old) != token(new) },
        LOG,
        LOG_LEVEL,
        AUDIT,
    ];
    /// What the agent is started with.
    pub const AGENT: &[Self] = &[
        LOG,
        LOG_LEVEL,
        AUDIT,
        Self { key: "API_TIMEOUT_MS", differs: |old, new| old.api_timeout != new.api_timeout },
        Self { key: "NON_INTERACTIVE_MODE", differs: |old, new| old.non_interactive != new.non_interactive },
        Self { key: "CLAUDE_PATH", differs: |old, new| old.claude_path != new.claude_path },
        Self { key: "Egress.agent", differs: |old, new| old.egress.agent != new.egress.agent },
        Self { key: "Egress.agent_allow", differs: |old, new| old.egress.agent_allow != new.egress.agent_allow },
        Self { key: "StatusLine.enabled", differs: |old, new| old.status_line.enabled != new.status_line.enabled },
    ];

    /// Returns those of the keys that an edit changes.
    pub fn changed(keys: &[Self], old: &Config, new: &Config) -> Vec<&'static str> {
        keys.iter().filter(|it| (it.differs)(old, new)).map(|it| it.key).collect()
    }
}

fn token(config: &Config) -> Option<Cow<'_, str>> {
    Some(match config.apikey.as_ref()? {
        SecretRef::Value(token) => Cow::Borrowed(token.expose()),
        SecretRef::Elsewhere(place) => Cow::Owned(place.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read;

    fn config(rest: &str) -> Config {
        let providers = "Providers: [{name: 'p', api_base_url: 'http://localhost/v1', models: ['m']}]";
        read(&format!("{{{providers}, Router: {{default: 'p,m'}}, {rest}}}"), "c.json", &|_| None).unwrap()
    }

    #[test]
    fn an_edit_changes_the_keys_that_it_changes() {
        let changed = |keys, rest| StartOnly::changed(keys, &config("APIKEY: 'a'"), &config(rest));
        assert_eq!(changed(StartOnly::SERVICE, "APIKEY: 'a', PROXY_URL: 'http://p'"), [""; 0]);
        assert_eq!(changed(StartOnly::SERVICE, "PORT: 1, HOST: '::1', LOG: false"), ["PORT", "HOST", "APIKEY", "LOG"]);
        assert_eq!(
            changed(StartOnly::AGENT, "PORT: 1, API_TIMEOUT_MS: 1, CLAUDE_PATH: '/c', StatusLine: {enabled: true}"),
            ["API_TIMEOUT_MS", "CLAUDE_PATH", "StatusLine.enabled"]
        );
    }
}
