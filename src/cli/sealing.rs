//! An agent that is sealed in: its end, and whether the seal held before it began.

use std::net::TcpListener;
use std::pin::pin;
use std::time::Duration;

use tokio::{select, time::timeout};

use super::running::Running;
use super::witnessing::Witnessed;
use crate::error::{Exit, Failure};
use crate::launch::seal::Seal;
use crate::proxy::server::Listener;

/// Waits for the end of an agent that goes through `seal`, and serves what it reaches inside.
///
/// # Errors
/// Fails where it could not be sealed in; it did not begin then.
pub(super) async fn run<T>(
    agent: impl Future<Output = T>,
    seal: Seal,
    running: &Running,
    witnessed: &Witnessed,
) -> Result<T, Failure> {
    let mut agent = pin!(agent);
    let mut sealed = pin!(seal.sealed());
    let listeners = select! {
        biased;
        listeners = sealed.as_mut() => listeners,
        end = agent.as_mut() => {
            // Its last words may be on their way; without any it was ended from outside.
            const PATIENCE: Duration = Duration::from_millis(200);
            return match timeout(PATIENCE, sealed).await {
                Ok(Err(failure)) => Err(failure),
                Ok(Ok(_)) | Err(_) => Ok(end),
            };
        }
    };
    match listeners.and_then(|listeners| serve(listeners, running, witnessed)) {
        Ok(()) => Ok(agent.await),
        Err(failure) => {
            // It ends by itself: it was not told to go on, or finds nobody to speak to.
            agent.await;
            Err(failure)
        }
    }
}

/// The proxy's port comes first, the witness's second.
fn serve(listeners: Vec<TcpListener>, running: &Running, witnessed: &Witnessed) -> Result<(), Failure> {
    let unlike = |error| Failure::new(Exit::Software, error);
    let mut listeners = listeners.into_iter();
    let (Some(proxy), Some(witness), None) = (listeners.next(), listeners.next(), listeners.next()) else {
        return Err(Failure::say(Exit::Software, "not two listeners came from inside"));
    };
    running.also(Listener::of(proxy).map_err(unlike)?);
    witnessed.also(witness);
    Ok(())
}
