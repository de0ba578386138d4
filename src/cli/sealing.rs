//! An agent that is sealed in: its end, and whether the seal held before it began.

use std::net::TcpListener;
use std::pin::pin;
use std::time::Duration;

use tokio::{select, time::timeout};

use super::running::Running;
use super::witnessing::Witnessed;
use crate::error::{Exit, Failure};
use crate::launch::Agent;
use crate::launch::seal::Seal;
use crate::proxy::server::Listener;

/// Runs an agent inside and serves what it reaches; `agent` goes through `seal`.
pub(super) async fn run(agent: Agent, seal: Seal, running: &Running, witnessed: &Witnessed) -> Result<u8, Failure> {
    let mut agent = pin!(agent.run());
    let mut sealed = pin!(seal.sealed());
    let listeners = select! {
        biased;
        listeners = sealed.as_mut() => listeners,
        code = agent.as_mut() => {
            // Its last words may be on their way; without any it was ended from outside.
            const PATIENCE: Duration = Duration::from_millis(200);
            return match timeout(PATIENCE, sealed).await {
                Ok(Err(failure)) => Err(failure),
                Ok(Ok(_)) | Err(_) => code,
            };
        }
    };
    match listeners.and_then(|listeners| serve(listeners, running, witnessed)) {
        Ok(()) => agent.await,
        Err(failure) => {
            // It ends by itself: it was not told to go on, or finds nobody to speak to.
            let _ = agent.await;
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
