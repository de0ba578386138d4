//! The whole proxy on a paused clock: hyper on both sides over pipes, and upstreams that do as scripted.
//!
//! Hours pass in milliseconds, and nothing happens by chance but what a seed says.

mod client;
mod reloads;
mod tests;
mod upstream;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use self::client::Heard;
use self::upstream::{Act, Upstream};
use super::{Parts, Proxy};
use crate::audit::Audit;
use crate::config::{Secret, read};
use crate::egress::Egress;
use crate::egress::pipes::Pipes;
use crate::keys::Resolver;
use crate::observe::spending::{Scope, Spending};
use crate::paths::Paths;

const PORT: u16 = 3456;
/// More requests than anybody here sends.
const MANY: u32 = 10_000;
const TOKEN: &str = "token-of-the-simulation";

/// A proxy with its upstreams, each at `NAME.example`.
struct World {
    proxy: Arc<Proxy>,
    upstreams: BTreeMap<&'static str, Arc<Upstream>>,
    began: Instant,
}

impl World {
    /// Makes the upstreams `one` and `two`, of which the second stands in for the first.
    fn pair(
        one: impl Fn(usize) -> Act + Send + Sync + 'static,
        two: impl Fn(usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let router = json!({"default": ["one,m", "two,m"]});
        Self::new([("one", Upstream::new(one)), ("two", Upstream::new(two))], &router)
    }

    /// Makes one upstream that nobody stands in for.
    fn alone(one: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self::new([("one", Upstream::new(one))], &json!({"default": "one,m"}))
    }

    /// The same, with one request at a time.
    fn narrow(one: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        Self::limited([("one", Upstream::new(one))], &json!({"default": "one,m"}), 1)
    }

    fn new<const N: usize>(upstreams: [(&'static str, Upstream); N], router: &Value) -> Self {
        Self::limited(upstreams, router, MANY)
    }

    fn limited<const N: usize>(upstreams: [(&'static str, Upstream); N], router: &Value, most: u32) -> Self {
        let names = upstreams.each_ref().map(|(name, _)| *name);
        let config = read(&configuration(&names, router, most), "config.json", &|_| None).unwrap();
        let upstreams: BTreeMap<_, _> =
            upstreams.into_iter().map(|(name, upstream)| (name, Arc::new(upstream))).collect();
        let hosts = upstreams.clone();
        let pipes = Pipes::new(move |uri| {
            let name = uri.host().and_then(|host| host.strip_suffix(".example")).unwrap_or_default();
            hosts[name].dialled(name)
        });
        let parts = Parts {
            port: PORT,
            token: Secret::new(TOKEN.to_owned()),
            config,
            egress: Egress::piped(pipes),
            keys: Resolver::new(&Paths::below(std::path::Path::new("/nowhere")), |_| None),
            usage: Arc::default(),
            spending: Spending::new(Scope::Launch, None),
            trace: None,
            audit: Audit::off(),
            preset: None,
            service: None,
        };
        Self { proxy: Arc::new(Proxy::new(parts).unwrap()), upstreams, began: Instant::now() }
    }

    /// How often an upstream was asked.
    fn asked(&self, name: &str) -> usize {
        self.upstreams[name].asked()
    }

    /// When an upstream was asked, in milliseconds since the world began.
    fn times(&self, name: &str) -> Vec<u128> {
        self.upstreams[name].times().iter().map(|time| (*time - self.began).as_millis()).collect()
    }

    /// Asks for a stream, and hears it to its end.
    async fn ask(&self) -> Heard {
        client::ask(Arc::clone(&self.proxy), true).await
    }

    /// The same from many clients at once.
    async fn ask_together(&self, clients: usize) -> Vec<Heard> {
        let asked: Vec<_> = (0..clients).map(|_| tokio::spawn(client::ask(Arc::clone(&self.proxy), true))).collect();
        let mut heard = Vec::new();
        for one in asked {
            heard.push(one.await.unwrap());
        }
        heard
    }
}

/// A configuration of these providers.
/// `most` is how many requests each may have at a time.
fn configuration(names: &[&str], router: &Value, most: u32) -> String {
    let provider = |name: &&str| {
        json!({"name": name, "api_base_url": format!("https://{name}.example/v1"), "models": ["m"],
            "dialect": "openai", "limits": {"max_concurrency": most},
            "facts": {"m": {"window": 100_000, "tokenizer": "estimate"}}})
    };
    json!({"Providers": names.iter().map(provider).collect::<Vec<_>>(), "Router": router}).to_string()
}

/// Lets time pass.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Counts for a script that changes with the request.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn next(&self) -> usize {
        self.0.fetch_add(1, SeqCst)
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}
