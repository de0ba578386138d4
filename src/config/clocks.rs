//! How long to wait for what.

use std::time::Duration;

/// Waits for the headers and the first event of a hosted service.
const CLOUD: Duration = Duration::from_mins(1);
/// The same of a server on this machine or network, which may load a model and read a whole prompt first.
const LOCAL: Duration = Duration::from_mins(5);

/// The five clocks of a request to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    pub(super) connect: Duration,
    pub(super) headers: Option<Duration>,
    pub(super) first_event: Option<Duration>,
    pub(super) idle: Duration,
    pub(super) total: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            headers: None,
            first_event: None,
            idle: Duration::from_secs(90),
            total: Duration::from_mins(10),
        }
    }
}

impl Clocks {
    /// Until the connection stands, TLS included.
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// Until the answer's headers are there; a local server gets longer unless the configuration says otherwise.
    pub fn headers(&self, local: bool) -> Duration {
        self.headers.unwrap_or(if local { LOCAL } else { CLOUD })
    }

    /// From the headers until the stream's first event.
    pub fn first_event(&self, local: bool) -> Duration {
        self.first_event.unwrap_or(if local { LOCAL } else { CLOUD })
    }

    /// Between two events.
    pub fn idle(&self) -> Duration {
        self.idle
    }

    /// From start to end of an answer that comes whole; a stream that keeps moving may take as long as it likes.
    pub fn total(&self, stream: bool) -> Option<Duration> {
        (!stream).then_some(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_server_may_load_its_model_first() {
        let clocks = Clocks::default();
        assert_eq!(clocks.headers(false), Duration::from_mins(1));
        assert_eq!(clocks.headers(true), Duration::from_mins(5));
        assert_eq!(clocks.first_event(false), Duration::from_mins(1));
        assert_eq!(clocks.first_event(true), Duration::from_mins(5));
    }

    #[test]
    fn a_stream_has_no_total() {
        assert_eq!(Clocks::default().total(true), None);
        assert_eq!(Clocks::default().total(false), Some(Duration::from_mins(10)));
    }
}
