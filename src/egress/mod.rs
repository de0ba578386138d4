//! The one door out: everything that leaves the machine leaves through an [`Egress`].
//!
//! A pooled client over one connector, which asks the [`Guard`] before it says a word. Redirects are not followed, so
//! a key never travels to a host that the configuration did not name; whoever sends decides what a 302 means.

mod accept;
mod address;
mod connect;
mod contact;
mod failure;
mod guard;
mod issuer;
#[cfg(test)]
pub(crate) mod pipes;
mod proxies;
mod reach;
mod targets;
mod tls;
mod verdict;
pub mod witness;

use std::{io, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use crate::audit::{AddressClass, Audit, Decision, Event};
pub use accept::accept;
pub use address::{check, classify};
use connect::Connector;
pub use contact::{About, Contact};
pub use failure::ConnectError;
pub use guard::{Guard, is_passed_on, passes_on};
pub use proxies::ProxyVariables;
use proxies::{Proxies, Way};
pub use targets::{Judged, judged};
pub use verdict::{Verdict, eu_endpoint};

/// What kind of address answered, among the extensions of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The class of the address that the connection was made to.
    pub address: AddressClass,
}

/// Who signed the server's certificate, among the extensions of a response that came by way of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy(pub std::sync::Arc<str>);

/// How connections are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration's `PROXY_URL`; beats the environment's proxies.
    pub proxy_url: Option<Uri>,
    /// The environment's proxies, read by the caller.
    pub environment: ProxyVariables,
    /// Decides whom it opens for, to begin with.
    pub guard: Guard,
    /// Where it is noted whom it did not open for, and who was asked something without a prompt.
    pub audit: Audit,
    /// Whether nobody is asked such a thing unless that is on record before.
    pub required: bool,
    /// Name, TCP and the proxy's consent together.
    pub connect_timeout: Duration,
    /// The TLS handshake alone.
    pub tls_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            proxy_url: None,
            environment: ProxyVariables::default(),
            guard: Guard::default(),
            audit: Audit::off(),
            required: false,
            connect_timeout: Duration::from_secs(5),
            tls_timeout: Duration::from_secs(10),
        }
    }
}

/// Who decides; may be another one later.
type Rules = Arc<ArcSwap<Guard>>;

/// Opens, pools and reuses connections; clones share one pool.
#[derive(Debug, Clone)]
pub struct Egress {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
    options: Arc<Options>,
    /// Shared with every door that has come of this one, or taken its place.
    rules: Rules,
    #[cfg(test)]
    pipes: Option<pipes::Pipes>,
}

impl Egress {
    /// Prepares the door; opens no socket and reads no certificate yet.
    ///
    /// Fails on a proxy that cannot be used, rather than going around it.
    pub fn new(options: &Options) -> io::Result<Self> {
        let proxies = Proxies::new(options.proxy_url.as_ref(), &options.environment)
            .map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        let rules = Arc::new(ArcSwap::from_pointee(options.guard.clone()));
        let connector = Connector::new(proxies, Arc::clone(&rules), options.connect_timeout, options.tls_timeout);
        Ok(Self::pooling(connector, options.clone(), rules))
    }

    fn pooling(connector: Connector, options: Options, rules: Rules) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            // A laptop that slept, or changed networks, leaves dead HTTP/2 connections behind;
            // without a ping the next request waits on one until its own clock runs out.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .build(connector.clone());
        Self {
            client,
            connector,
            options: Arc::new(options),
            rules,
            #[cfg(test)]
            pipes: None,
        }
    }

    /// A door whose every connection is a pipe.
    #[cfg(test)]
    pub(crate) fn piped(pipes: pipes::Pipes) -> Self {
        let guard = Guard::by_hand(crate::config::EgressRules::default(), Vec::new());
        Self { pipes: Some(pipes), ..Self::new(&Options { guard, ..Options::default() }).unwrap() }
    }

    /// Whether another door does exactly as this one, so that its warm connections may be kept.
    pub fn is_as(&self, other: &Self) -> bool {
        let shape = |options: &Options| {
            let Options { proxy_url, environment, guard: _, audit: _, required, connect_timeout, tls_timeout } =
                options.clone();
            (proxy_url, environment, required, connect_timeout, tls_timeout)
        };
        shape(&self.options) == shape(&other.options) && self.guard() == other.guard()
    }

    /// The same door, which notes in this record what it refuses, and who is asked something without a prompt.
    #[must_use]
    pub fn noting(self, audit: Audit) -> Self {
        Self { options: Arc::new(Options { audit, ..(*self.options).clone() }), ..self }
    }

    /// Lets another guard decide from now on, here and wherever this door is held; the one that is returned uses no
    /// connection that was made before.
    #[must_use]
    pub fn under(&self, guard: Guard) -> Self {
        self.rules.store(Arc::new(guard));
        Self::pooling(self.connector.clone(), (*self.options).clone(), Arc::clone(&self.rules))
    }

    /// Takes the place of another door, wherever that is held still: nothing goes there that does not go here.
    #[must_use]
    pub fn in_place_of(self, before: &Self) -> Self {
        before.rules.store(self.guard());
        let connector = self.connector.under(Arc::clone(&before.rules));
        Self::pooling(connector, (*self.options).clone(), Arc::clone(&before.rules))
    }

    /// Where it notes what it refuses.
    pub fn audit(&self) -> Audit {
        self.options.audit.clone()
    }

    /// Who decides whom it opens for.
    pub fn guard(&self) -> Arc<Guard> {
        self.rules.load_full()
    }

    /// Asks the guard for a model of a provider's, and notes when it may not be asked; opens nothing.
    ///
    /// # Errors
    /// Fails with [`ConnectError::Denied`].
    pub fn admit(&self, uri: &Uri, model: &str, provider: &str) -> Result<(), ConnectError> {
        self.refuse(&self.guard().judge_at(uri, model), Some(provider))
    }

    /// Asks the guard for a host alone, and notes when it may not be spoken to; opens nothing.
    ///
    /// # Errors
    /// Fails with [`ConnectError::Denied`].
    pub fn check(&self, uri: &Uri) -> Result<(), ConnectError> {
        self.refuse(&self.guard().judge_uri(uri), None)
    }

    fn refuse(&self, verdict: &Verdict, provider: Option<&str>) -> Result<(), ConnectError> {
        match verdict.decision {
            Decision::Allowed => Ok(()),
            Decision::Observed => {
                tracing::warn!(host = %verdict.host, why = %verdict.why, "the egress guard would not let this go");
                Ok(())
            }
            Decision::Denied => {
                tracing::warn!(host = %verdict.host, why = %verdict.why, "the egress guard does not let this go");
                self.options.audit.note(verdict.event(provider));
                Err(ConnectError::Denied { host: verdict.host.clone(), reason: verdict.refusal(), address: None })
            }
        }
    }

    /// Sends one request and returns the answer as soon as its head is there.
    ///
    /// The URI must be absolute. Where the guard does not let it go, nothing is opened. A request that met a pooled connection which was
    /// closed before a byte was written is sent again on a new one.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ConnectError> {
        self.check(request.uri())?;
        if let Way::Forward { authorization: Some(value), .. } = self.connector.way(request.uri()) {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        #[cfg(test)]
        if let Some(pipes) = &self.pipes {
            return pipes.send(request).await;
        }
        let host = failure::host_of(request.uri());
        let name = request.uri().host().unwrap_or_default().to_owned();
        self.client.request(request).await.map_err(|error| {
            let error = ConnectError::classify(&host, &error);
            if let ConnectError::Denied { reason, address: Some(class), .. } = &error {
                tracing::warn!(%host, %reason, "the egress guard does not let this go");
                let verdict = self.guard().judge(&name);
                let (decision, address, reason) = (Some(Decision::Denied), Some(*class), Some(reason.clone()));
                self.options.audit.note(Event { address, decision, reason, ..verdict.event(None) });
            }
            error
        })
    }

    /// Connects to `uri`'s host in the background, so that the first request finds a warm connection.
    ///
    /// It asks `HEAD /` without a key: an answer of any kind leaves the connection in
    /// the pool, and only a connection that has answered is known to work. Plain HTTP
    /// has no handshake worth saving and is left alone. Must be called within a runtime.
    pub fn warm(&self, uri: &Uri, provider: &str, preset: Option<&str>) {
        let (Some("https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return;
        };
        let root = Uri::builder().scheme("https").authority(authority.clone()).path_and_query("/").build();
        let Ok(root) = root else { return };
        let (egress, provider, preset) = (self.clone(), provider.to_owned(), preset.map(str::to_owned));
        tokio::spawn(async move {
            let about = About { preset: preset.as_deref(), ..About::of(&provider, "a connection opened ahead") };
            let mut request = Request::new(Full::default());
            *request.method_mut() = Method::HEAD;
            *request.uri_mut() = root;
            if let Err(error) = egress.ask(request, about).await {
                tracing::debug!(%error, "cannot connect ahead of time");
            }
        });
    }
}
