//! How long to wait for what.

use std::time::Duration;

use super::{Dialect, Provider};

/// Whose pace a default follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// A hosted service.
    Cloud,
    /// Mistral's: silent for minutes before a long prompt's answer, and while it writes a tool call, which it
    /// sends whole. These are the patience of Mistral's own client.
    Mistral,
    /// On this machine or network: may load a model and read a whole prompt first.
    Local,
}

impl Server {
    pub(super) const ALL: [Self; 3] = [Self::Cloud, Self::Mistral, Self::Local];

    fn of(provider: &Provider) -> Self {
        match provider {
            provider if provider.is_local() => Self::Local,
            provider if provider.dialect == Dialect::Mistral => Self::Mistral,
            _ => Self::Cloud,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Mistral => "mistral",
            Self::Local => "local",
        }
    }

    /// Until the headers, and from there until the first event.
    pub(super) fn begins(self) -> Duration {
        Duration::from_mins(match self {
            Self::Cloud => 1,
            Self::Mistral => 12,
            Self::Local => 5,
        })
    }

    /// Between two events.
    pub(super) fn pauses(self) -> Duration {
        Duration::from_secs(match self {
            Self::Cloud | Self::Local => 90,
            Self::Mistral => 300,
        })
    }
}

/// The five clocks of a request to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    pub(super) connect: Duration,
    pub(super) headers: Option<Duration>,
    pub(super) first_event: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) total: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            headers: None,
            first_event: None,
            idle: None,
            total: Duration::from_mins(10),
        }
    }
}

impl Clocks {
    /// Until the connection stands, TLS included.
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// Until the answer's headers are there, unless the configuration says otherwise as long as the server may need.
    pub fn headers(&self, provider: &Provider) -> Duration {
        self.headers.unwrap_or_else(|| Server::of(provider).begins())
    }

    /// From the headers until the stream's first event.
    pub fn first_event(&self, provider: &Provider) -> Duration {
        self.first_event.unwrap_or_else(|| Server::of(provider).begins())
    }

    /// Between two events.
    pub fn idle(&self, provider: &Provider) -> Duration {
        self.idle.unwrap_or_else(|| Server::of(provider).pauses())
    }

    /// From start to end of an answer that comes whole.
    pub fn total(&self, provider: &Provider) -> Duration {
        provider.limits.whole.unwrap_or(self.total)
    }

    /// From start to end of a stream; one that keeps moving may take as long as it likes, unless the provider has a
    /// limit of its own.
    pub fn stream(&self, provider: &Provider) -> Option<Duration> {
        provider.limits.stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Connection;

    fn provider(host: &str, dialect: Dialect) -> Provider {
        let endpoint = format!("http://{host}/v1").parse().unwrap();
        let connection = Ok(Connection { endpoint, key: None });
        Provider::new("p".to_owned(), dialect, Vec::new(), connection)
    }

    #[test]
    fn a_server_gets_the_time_that_it_may_need_to_begin() {
        let clocks = Clocks::default();
        for (host, dialect, minutes) in [
            ("example.org", Dialect::OpenAi, 1),
            ("example.org", Dialect::Mistral, 12),
            ("localhost", Dialect::OpenAi, 5),
            ("localhost", Dialect::Mistral, 5),
        ] {
            let provider = provider(host, dialect);
            let expect = Duration::from_mins(minutes);
            assert_eq!(
                (clocks.headers(&provider), clocks.first_event(&provider)),
                (expect, expect),
                "{host} {dialect:?}"
            );
        }
    }

    #[test]
    fn a_call_that_comes_whole_is_not_a_stall() {
        let clocks = Clocks::default();
        assert_eq!(clocks.idle(&provider("example.org", Dialect::OpenAi)), Duration::from_secs(90));
        assert_eq!(clocks.idle(&provider("example.org", Dialect::Mistral)), Duration::from_mins(5));
    }

    #[test]
    fn what_is_configured_holds_for_everybody() {
        let second = Duration::from_secs(1);
        let clocks =
            Clocks { headers: Some(second), first_event: Some(second), idle: Some(second), ..Clocks::default() };
        let provider = provider("localhost", Dialect::Mistral);
        assert_eq!([clocks.headers(&provider), clocks.first_event(&provider), clocks.idle(&provider)], [second; 3]);
    }
}
