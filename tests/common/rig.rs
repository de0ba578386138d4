//! The whole path: client, the real binary, a scripted upstream.

use mcr::imitation::client::{Answer, Stream};
use mcr::imitation::{Client, Imitation, Reply, Scripted};
use serde_json::Value;

use super::{Sandbox, Server, config, soon};

/// A server in front of an upstream that follows its script.
pub struct Rig {
    pub client: Client,
    pub server: Server,
    pub upstream: Scripted,
    pub sandbox: Sandbox,
}

impl Rig {
    /// One provider, one model.
    pub async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::configured(replies, |_| {}).await
    }

    /// The same, after a change to the configuration.
    pub async fn configured(replies: impl IntoIterator<Item = Reply>, change: impl FnOnce(&mut Value)) -> Self {
        let upstream = Imitation::scripted(replies).await.expect("an upstream");
        let sandbox = Sandbox::new();
        let mut config = config(&upstream.url());
        change(&mut config);
        sandbox.configure(&config);
        let server = sandbox.start().await;
        Self { client: server.client(), server, upstream, sandbox }
    }

    /// Asks, and reads the answer to its lawful end.
    pub async fn messages(&self, request: &Value) -> Answer {
        soon(self.client.messages(request)).await.expect("a lawful answer")
    }

    /// Asks, and returns at the head of the answer.
    pub async fn open(&self, request: &Value) -> Stream {
        soon(self.client.open(request)).await.expect("the head of an answer")
    }
}
