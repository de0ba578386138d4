//! Sends the probes that are due, for as long as the proxy lives.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Proxy;
use crate::upstream::health_probe::Sign;
use crate::upstream::sign_of_life;
use crate::upstream::watch::Due;

impl Proxy {
    /// Probes whoever is to be probed; ends never, and with it what it has sent.
    pub fn probe(&self) -> impl Future<Output = ()> + Send + use<> {
        let (health, keys, current) = (Arc::clone(&self.health), Arc::clone(&self.keys), self.current());
        async move {
            let mut sent = JoinSet::new();
            loop {
                let snapshot = current.load();
                let wanted = snapshot.config.targets.iter().filter(|target| target.provider.health_probe.enabled);
                wanted.for_each(|target| health.know(target, &snapshot.egress));
                let Due { probes, next } = health.due();
                for (group, way) in probes {
                    let keys = Arc::clone(&keys);
                    let is_refused = health.is_refused(&way.provider);
                    sent.spawn(async move {
                        let sign = if is_refused {
                            Sign::Nothing
                        } else {
                            sign_of_life(&way.egress, &keys, &way.provider).await
                        };
                        (group, way, sign)
                    });
                }
                tokio::select! {
                    () = health.probing() => {}
                    Some(done) = sent.join_next() => {
                        if let Ok((group, way, sign)) = done {
                            health.probed(&group, &way, sign);
                        }
                    }
                    () = wait(next) => {}
                }
            }
        }
    }
}

/// Waits until the next is due; for good where none is.
async fn wait(next: Option<Duration>) {
    match next {
        Some(span) => sleep(span).await,
        None => std::future::pending().await,
    }
}
