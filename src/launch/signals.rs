//! Signals, but for those that this process was started to ignore.
//!
//! `nohup` ignores the hang-up, a shell without job control the interrupt of what it
//! puts in the background. A handler would undo that, for the agent too: at its start
//! a signal that has a handler falls back to its default, and one that is ignored
//! stays ignored. The mask is read where Linux tells it; elsewhere nothing counts
//! as ignored.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that were ignored at the time of the call.
#[derive(Debug, Clone, Copy)]
pub struct Ignored(u64);

impl Ignored {
    /// Asks the system; to be called before any handler is installed.
    pub fn of_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self(mask(&status))
    }

    /// Listens for a signal, which never comes when it is ignored. Needs a runtime.
    pub fn listen(self, kind: SignalKind) -> io::Result<Listening> {
        if self.contains(kind) { Ok(Listening(None)) } else { signal(kind).map(|signal| Listening(Some(signal))) }
    }

    fn contains(self, kind: SignalKind) -> bool {
        self.0 & 1 << (kind.as_raw_value() - 1) != 0
    }
}

/// Waits for one signal.
#[derive(Debug)]
pub struct Listening(Option<Signal>);

impl Listening {
    /// Returns when the signal comes.
    pub async fn recv(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// Reads the mask out of `/proc/self/status`: a bit for each signal, that of signal 1 the lowest.
fn mask(status: &str) -> u64 {
    let digits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    digits.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_has_a_bit_for_each_signal() {
        let ignored = Ignored(mask("Name:\tmcr\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001003\n"));
        let names = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit(), SignalKind::pipe()];
        assert_eq!(names.map(|kind| ignored.contains(kind)), [true, true, false, true]);
        assert_eq!(mask("none of it"), 0);
    }
}
