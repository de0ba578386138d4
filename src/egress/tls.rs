//! TLS over a socket that is already open, and what to do where it fails.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use tower_service::Service;

use super::{connect::Tcp, failure::root};

/// TLS over a socket that is already open.
///
/// hyper-rustls wants to dial for itself, which would put two clocks into one. It is given
/// [`Handed`], which "dials" by handing out what [`Tls::handshake`] has put there.
#[derive(Clone)]
pub(super) struct Tls(Arc<Mutex<HttpsConnector<Handed>>>, Handed);

impl Tls {
    pub(super) fn new() -> Result<Self, String> {
        let handed = Handed::default();
        let connector = HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|error| error.to_string())?
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(handed.clone());
        Ok(Self(Arc::new(Mutex::new(connector)), handed))
    }

    pub(super) fn handshake(
        &self,
        tcp: Tcp,
        target: Uri,
    ) -> impl Future<Output = Result<MaybeHttpsStream<Tcp>, Box<dyn Error + Send + Sync>>> + use<> {
        // The outer lock keeps two handshakes from taking each other's socket; the call takes it at once.
        let mut connector = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *self.1.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tcp);
        connector.call(target)
    }
}

#[derive(Clone, Default)]
struct Handed(Arc<Mutex<Option<Tcp>>>);

impl Service<Uri> for Handed {
    type Response = Tcp;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Tcp>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let tcp = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(tcp.ok_or_else(|| io::Error::other("no socket was handed over")))
    }
}

/// Says what to do about the TLS failures that people can mend; nothing goes on without a certificate that holds.
pub(super) fn explain(error: &(dyn Error + 'static)) -> String {
    let reason = root(error).to_string();
    if reason.contains("UnknownIssuer") {
        return format!("{reason}; a company's own authority is trusted when SSL_CERT_FILE names its certificate");
    }
    if reason.contains("BadSignature") {
        // As after a company has made its authority anew under the old name.
        return format!(
            "{reason}; an authority of the same name is trusted, with another key: SSL_CERT_FILE has to name the \
             certificate of the one that signed"
        );
    }
    if reason.contains("NotValidForName") || reason.contains("not valid for name") {
        return format!("{reason}; the address has to name the host as its certificate does");
    }
    if reason.contains("NotValidYet") || reason.contains("not valid yet") {
        return format!("{reason}; look at this machine's clock");
    }
    if reason.contains("Expired") || reason.contains("expired") {
        return format!("{reason}; look at this machine's clock, else whoever runs the server has to renew it");
    }
    reason
}
