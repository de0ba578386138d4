//! A place for the agent from which the network is reached through mcr alone. Linux only.
//!
//! mcr starts itself once more with a hidden word in front of the agent's command. That process, which has one thread,
//! leaves for a user and a network namespace of its own (`inner`), listens there at the ports that mcr has outside,
//! hands these sockets out (`outer`) and becomes the agent: its process id, terminal and signals stay as they are.
//! A socket belongs to the namespace that it was made in, so mcr, outside, answers what is asked inside.
//!
//! What it does not keep in: files, and sockets of this machine that have a path, such as a container engine's.

#[cfg(target_os = "linux")]
mod inner;
#[cfg(target_os = "linux")]
mod outer;

use std::ffi::OsString;

#[cfg(target_os = "linux")]
pub use outer::Seal;

use crate::error::Failure;

/// The hidden command: `mcr __seal SOCKET PORT,PORT PROGRAM [ARGUMENT]...`.
const WORD: &str = "__seal";

/// Returns what stands behind the hidden command.
pub fn asked(mut words: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    (words.nth(1)? == WORD).then(|| words.collect())
}

/// Seals this process in and becomes the agent; returns only when that cannot be, with an exit code when it has told why.
#[cfg(target_os = "linux")]
pub fn enter(words: &[OsString]) -> Result<u8, Failure> {
    inner::enter(words)
}

/// There is nothing to be sealed in with.
#[cfg(not(target_os = "linux"))]
pub fn enter(_: &[OsString]) -> Result<u8, Failure> {
    Err(other::refuse())
}

#[cfg(not(target_os = "linux"))]
pub use other::Seal;

#[cfg(not(target_os = "linux"))]
mod other {
    use std::net::TcpListener;
    use std::path::Path;

    use crate::error::{Exit, Failure};
    use crate::launch::child::Command;

    pub(super) fn refuse() -> Failure {
        Failure::say(Exit::Usage, "`--sealed` needs namespaces, which Linux alone has")
            .hint("leave it out: the agent's traffic is still seen, and its vendor blocked")
    }

    /// Is never made.
    #[derive(Debug)]
    pub enum Seal {}

    impl Seal {
        /// Refuses.
        pub fn prepare(_: &Path, _: &[u16]) -> Result<Self, Failure> {
            Err(refuse())
        }

        /// Cannot be called.
        pub fn wrap(&self, _: &Command) -> Command {
            match *self {}
        }

        /// Cannot be called.
        pub async fn sealed(self) -> Result<Vec<TcpListener>, Failure> {
            match self {}
        }
    }
}
