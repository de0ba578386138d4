//! Why no answer came, in words for people and variants for the retry.
//!
//! Every text begins with who failed; none holds a key, a password or a query.

use std::{error::Error, fmt, io, time::Duration};

use http::Uri;

use crate::audit::AddressClass;

/// An exchange that ended before the answer's head was there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("{host}: name cannot be resolved: {reason}")]
    Dns {
        /// Who was to be reached, `host:port`.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Nobody listens there.
    #[error("{host}: connection refused; is it running?")]
    Refused {
        /// Who was to be reached.
        host: String,
    },
    /// The connect clock ran out.
    #[error("{host}: no connection within {after} (connect clock)")]
    Timeout {
        /// Who was to be reached.
        host: String,
        /// The clock's setting.
        after: Seconds,
    },
    /// The handshake failed; the reason says whether by certificate, by protocol or by its clock.
    #[error("{host}: TLS: {reason}")]
    Tls {
        /// Who was to be reached.
        host: String,
        /// The verifier's or the clock's words.
        reason: String,
    },
    /// The proxy could not be reached, or would not let us through.
    #[error("proxy {proxy}, on the way to {host}: {reason}")]
    Proxy {
        /// The proxy, without its credentials.
        proxy: String,
        /// Who was to be reached through it.
        host: String,
        /// The proxy's answer, or why there was none.
        reason: String,
    },
    /// The guard does not let it go: the host may not be spoken to, or its name leads to where it may not.
    #[error("{host}: {reason}")]
    Denied {
        /// Who was to be reached.
        host: String,
        /// Why not, and what would mend that.
        reason: String,
        /// The kind of address that the name leads to, where that is the reason.
        address: Option<AddressClass>,
    },
    /// It has to be on record before it goes, and cannot be.
    #[error(
        "{host}: the audit record cannot be written ({reason}) and `Audit.required` is set, so nothing was sent; run \
         `mcr audit checkpoint` to see what is in the way"
    )]
    Unrecorded {
        /// Who was to be asked.
        host: String,
        /// Why it cannot be written.
        reason: String,
    },
    /// The connection was there and went away before the answer.
    #[error("{host}: connection closed before the answer: {reason}")]
    Closed {
        /// Who was spoken to.
        host: String,
        /// What was seen of the closing.
        reason: String,
    },
    /// Whatever else.
    #[error("{host}: {reason}")]
    Other {
        /// Who was to be reached.
        host: String,
        /// The cause's words.
        reason: String,
    },
}

/// A clock's setting as it is shown: `5 s`, `250 ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (seconds, 0) => write!(f, "{seconds} s"),
            (_, _) => write!(f, "{} ms", self.0.as_millis()),
        }
    }
}

impl ConnectError {
    /// Whether the request certainly never reached anyone: they do not count among those who had it.
    pub fn nothing_was_sent(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::Refused { .. }
            | Self::Timeout { .. }
            | Self::Tls { .. }
            | Self::Proxy { .. }
            | Self::Denied { .. }
            | Self::Unrecorded { .. } => true,
            Self::Closed { .. } | Self::Other { .. } => false,
        }
    }

    /// Finds the cause in what the client returned.
    pub(super) fn classify(host: &str, error: &(dyn Error + 'static)) -> Self {
        if let Some(known) = find::<Self>(error) {
            return known.clone();
        }
        let host = host.to_owned();
        let reason = root(error).to_string();
        if was_closed(error) { Self::Closed { host, reason } } else { Self::Other { host, reason } }
    }

    /// Finds the cause in what dialling returned.
    pub(super) fn dialling(host: String, error: &(dyn Error + 'static), clock: Duration) -> Self {
        match find::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused { host },
            // The last address's share of the clock, which ends with the whole.
            Some(io::ErrorKind::TimedOut) => Self::Timeout { host, after: Seconds(clock) },
            _ => Self::Other { host, reason: root(error).to_string() },
        }
    }
}

/// Returns `host:port` as the URI has it, without what stands before an `@`.
pub(super) fn host_of(uri: &Uri) -> String {
    match (uri.host(), uri.port_u16()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "(no host)".to_owned(),
    }
}

/// Returns the last cause, which is the one that says something.
pub(super) fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    chain(error).last().unwrap_or(error)
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// Walks the causes. An `io::Error` names the source of what it wraps as its own and
/// leaves out what it wraps, so that is visited by hand.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => cause.source(),
    })
}

fn was_closed(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| {
        let by_hyper = cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_closed() || error.is_canceled());
        let by_socket = cause.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::NotConnected
            )
        });
        by_hyper || by_socket
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_cause_is_found_behind_two_io_errors() {
        let refused = ConnectError::Refused { host: "api.test".to_owned() };
        let outer = io::Error::other(io::Error::other(refused.clone()));
        assert_eq!(ConnectError::classify("elsewhere.test", &outer), refused);
    }

    #[test]
    fn a_reset_is_a_closed_connection() {
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(matches!(ConnectError::classify("api.test", &reset), ConnectError::Closed { .. }));
    }

    #[test]
    fn a_timeout_says_who_and_which_clock() {
        let error = ConnectError::Timeout { host: "api.test:443".to_owned(), after: Seconds(Duration::from_secs(5)) };
        assert_eq!(error.to_string(), "api.test:443: no connection within 5 s (connect clock)");
    }

    #[test]
    fn a_host_is_shown_without_credentials() {
        assert_eq!(host_of(&Uri::from_static("https://me:secret@api.test:8443/v1?key=1")), "api.test:8443");
    }
}
