//! A witness of the agent's traffic that runs inside this process.

use std::collections::BTreeMap;
use std::net::TcpListener;

use tokio::task::JoinHandle;

use crate::audit::Audit;
use crate::config::{AgentTraffic, By, Config, EgressRules, Secret};
use crate::egress::Egress;
use crate::egress::witness::{self, Asked, Limits, Policy, Seen, Witness};
use crate::error::{Exit, Failure};
use crate::proxy::auth::new_token;

/// A port for a witness, and what will open it.
pub(super) struct Stand {
    listener: TcpListener,
    port: u16,
    token: Secret,
}

impl Stand {
    /// Takes a free port; who connects waits until it is served.
    pub(super) fn take() -> Result<Self, Failure> {
        let token = new_token().map_err(|error| Failure::new(Exit::Io, error))?;
        let bound = witness::bind().and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (port, listener) = bound.map_err(|error| {
            let what = "cannot listen for the agent's other traffic";
            Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context(what))
        })?;
        Ok(Self { listener, port, token })
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What the agent's proxy variables say.
    pub(super) fn url(&self) -> Secret {
        witness::url(&self.token, self.port)
    }

    /// Serves; needs a runtime.
    pub(super) fn serve(self, policy: Policy, egress: Egress, audit: Audit) -> Witnessed {
        let witness = Witness::new(policy, egress, audit, &self.token, Limits::default());
        let served = tokio::spawn(witness.clone().serve(self.listener));
        Witnessed { witness, served }
    }
}

/// A witness that is served.
pub(super) struct Witnessed {
    witness: Witness,
    served: JoinHandle<std::io::Result<()>>,
}

impl Witnessed {
    /// Serves one listener more.
    pub(super) fn also(&self, listener: TcpListener) {
        tokio::spawn(self.witness.clone().serve(listener));
    }

    /// Closes every connection, and returns what was asked for.
    pub(super) async fn end(self) -> BTreeMap<Asked, Seen> {
        self.witness.end().await;
        self.served.abort();
        self.witness.seen()
    }
}

/// What the agent may reach; one that was asked to update itself may reach its vendor, unless little may be reached.
pub(super) fn policy(config: &Config, updates: bool) -> Policy {
    if config.narrowings.iter().any(|narrowing| narrowing.by == By::OfflineOnly) {
        return Policy::Local;
    }
    let mut rules: EgressRules = config.egress.clone();
    rules.agent = match rules.agent {
        AgentTraffic::BlockVendor if updates => AgentTraffic::Observe,
        agent @ (AgentTraffic::Observe | AgentTraffic::BlockVendor | AgentTraffic::Strict) => agent,
    };
    Policy::Configured(rules)
}
