//! Mistral's API on a loopback port: hyper in front, rules behind, a script or a brain to answer.
//!
//! Dropping the imitation ends it, with every connection it has.

mod body;
mod log;
mod scripted;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::log::Log;
pub use self::log::{Captured, End};
pub use self::scripted::Scripted;
use super::models::Models;
use super::reply::Reply;
use super::rules::Refusal;

/// Whose rules hold.
#[derive(Debug, Clone)]
pub enum Law {
    /// Mistral's hosted API: a key is needed, and everything is checked.
    Mistral(Models),
    /// A local server: no key, and any JSON will do. It lists these models.
    Lenient(Models),
    /// Another host: a key is needed, any JSON will do, and this says what the host refuses in it.
    Hosted(Models, Refuses),
}

/// Says why a host refuses a body, if it does.
pub type Refuses = fn(&Value) -> Option<&'static str>;

impl Law {
    fn models(&self) -> &Models {
        match self {
            Self::Mistral(models) | Self::Lenient(models) | Self::Hosted(models, _) => models,
        }
    }
}

/// Answers a request; the number counts requests from nought.
pub type Brain = dyn Fn(&Value, usize) -> Reply + Send + Sync;

/// A running imitation.
#[derive(Debug)]
pub struct Imitation {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    law: Law,
    brain: Box<Brain>,
    queue: Mutex<VecDeque<Reply>>,
    pushed: AtomicUsize,
    log: Log,
    /// Paths that were asked for otherwise than for a chat.
    visits: watch::Sender<Vec<String>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Imitation {
    /// Starts Mistral's hosted API with the models of the catalogue.
    pub async fn start(brain: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_under(Law::Mistral(Models::hosted()), brain).await
    }

    /// Starts with a law of its own.
    pub async fn start_under(
        law: Law,
        brain: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            law,
            brain: Box::new(brain),
            queue: Mutex::default(),
            pushed: AtomicUsize::new(0),
            log: Log::default(),
            visits: watch::Sender::default(),
        });
        let listener = tokio::spawn(serve::accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, listener })
    }

    /// Starts Mistral's hosted API with a script, which must be used up.
    pub async fn scripted(replies: impl IntoIterator<Item = Reply>) -> io::Result<Scripted> {
        Self::scripted_under(Law::Mistral(Models::hosted()), replies).await
    }

    /// Starts a script under a law of its own.
    pub async fn scripted_under(law: Law, replies: impl IntoIterator<Item = Reply>) -> io::Result<Scripted> {
        let imitation = Self::start_under(law, |_, _| Reply::status(500, &json!({"message": END_OF_SCRIPT}))).await?;
        for reply in replies {
            imitation.push(reply);
        }
        Ok(Scripted::new(imitation))
    }

    /// Returns the loopback address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the server, without a path.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address of the chat completions.
    pub fn url(&self) -> String {
        format!("http://{}/v1/chat/completions", self.address)
    }

    /// Adds a reply to the queue, which is used up before the brain is asked.
    pub fn push(&self, reply: Reply) {
        self.shared.pushed.fetch_add(1, Ordering::Relaxed);
        self.shared.queue().push_back(reply);
    }

    /// Counts the replies that nobody has asked for yet.
    pub fn waiting_replies(&self) -> usize {
        self.shared.queue().len()
    }

    /// Returns every chat request so far, in the order of arrival.
    pub fn captured(&self) -> Vec<Captured> {
        self.shared.log.captured()
    }

    /// Returns every refusal so far.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.captured().into_iter().filter_map(|captured| captured.refusal).collect()
    }

    /// Waits until this many chat requests have come, and returns them.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<Captured> {
        self.shared.log.wait(|captured| captured.len() >= count).await;
        self.captured()
    }

    /// Returns the path of every request that was no chat.
    pub fn visits(&self) -> Vec<String> {
        self.shared.visits.borrow().clone()
    }

    /// Waits until there were this many of those, and returns them.
    pub async fn wait_for_visits(&self, count: usize) -> Vec<String> {
        // The sender lives as long as this.
        let _ = self.shared.visits.subscribe().wait_for(|visits| visits.len() >= count).await;
        self.visits()
    }

    /// Waits until a client has left before its answer was complete.
    pub async fn wait_for_disconnect(&self) {
        self.shared.log.wait(|captured| captured.iter().any(Captured::client_gone)).await;
    }
}

impl Drop for Imitation {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Shared {
    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Reply>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the replies that were ever pushed.
    fn scripted(&self) -> usize {
        self.pushed.load(Ordering::Relaxed)
    }

    fn reply(&self, body: &Value, turn: usize) -> Reply {
        let scripted = self.queue().pop_front();
        scripted.unwrap_or_else(|| (self.brain)(body, turn))
    }
}

/// What a script answers when it is over; `Scripted` looks for it.
const END_OF_SCRIPT: &str = "the script has no more replies";
