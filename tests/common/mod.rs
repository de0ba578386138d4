//! What the integration tests share: a home with the real binary in it, and a scripted upstream behind it.

#[cfg(target_os = "linux")]
pub mod dns;
pub mod raw;
pub mod requests;
pub mod rig;
pub mod sandbox;
pub mod server;
pub mod shells;
pub mod signals;
pub mod terminal;

use std::time::Duration;

pub use requests::{ask, config, whole};
pub use rig::Rig;
pub use sandbox::Sandbox;
pub use server::Server;
pub use signals::hearing;
pub use terminal::Terminal;

/// Longer than anything here takes on a busy machine; only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must come.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it comes within half a minute")
}
