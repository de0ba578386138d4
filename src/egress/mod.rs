//! The one door out: everything that leaves the machine leaves through an [`Egress`].
//!
//! A pooled client over one connector. Redirects are not followed, so a key
//! never travels to a host that the configuration did not name; whoever
//! sends decides what a 302 means.

mod connect;
mod failure;
#[cfg(test)]
pub(crate) mod pipes;
mod proxies;
mod reach;
pub mod witness;

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};

use connect::Connector;
pub use failure::ConnectError;
pub use proxies::ProxyVariables;
use proxies::{Proxies, Way};

/// How connections are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration's `PROXY_URL`; beats the environment's proxies.
    pub proxy_url: Option<Uri>,
    /// The environment's proxies, read by the caller.
    pub environment: ProxyVariables,
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
            connect_timeout: Duration::from_secs(5),
            tls_timeout: Duration::from_secs(10),
        }
    }
}

/// Opens, pools and reuses connections; clones share one pool.
#[derive(Debug, Clone)]
pub struct Egress {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
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
        let connector = Connector::new(proxies, options.connect_timeout, options.tls_timeout);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            // A laptop that slept, or changed networks, leaves dead HTTP/2 connections behind;
            // without a ping the next request waits on one until its own clock runs out.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .build(connector.clone());
        Ok(Self {
            client,
            connector,
            #[cfg(test)]
            pipes: None,
        })
    }

    /// A door whose every connection is a pipe.
    #[cfg(test)]
    pub(crate) fn piped(pipes: pipes::Pipes) -> Self {
        Self { pipes: Some(pipes), ..Self::new(&Options::default()).unwrap() }
    }

    /// Sends one request and returns the answer as soon as its head is there.
    ///
    /// The URI must be absolute. A request that met a pooled connection which was
    /// closed before a byte was written is sent again on a new one.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ConnectError> {
        if let Way::Forward { authorization: Some(value), .. } = self.connector.way(request.uri()) {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        #[cfg(test)]
        if let Some(pipes) = &self.pipes {
            return pipes.send(request).await;
        }
        let host = failure::host_of(request.uri());
        self.client.request(request).await.map_err(|error| ConnectError::classify(&host, &error))
    }

    /// Connects to `uri`'s host in the background, so that the first request finds a warm connection.
    ///
    /// It asks `HEAD /` without a key: an answer of any kind leaves the connection in
    /// the pool, and only a connection that has answered is known to work. Plain HTTP
    /// has no handshake worth saving and is left alone. Must be called within a runtime.
    pub fn warm(&self, uri: &Uri) {
        let (Some("https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return;
        };
        let root = Uri::builder().scheme("https").authority(authority.clone()).path_and_query("/").build();
        let Ok(root) = root else { return };
        let egress = self.clone();
        tokio::spawn(async move {
            let mut request = Request::new(Full::default());
            *request.method_mut() = Method::HEAD;
            *request.uri_mut() = root;
            if let Err(error) = egress.send(request).await {
                tracing::debug!(%error, "cannot connect ahead of time");
            }
        });
    }
}
