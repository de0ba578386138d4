//! Whether a provider is there and takes its key: `GET <base>/models`.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Full;
use tokio::time::timeout;

use super::{AGENT, authorization};
use crate::config::Connection;
use crate::egress::Egress;
use crate::keys::{KeyError, Resolver};

/// How long a list of models may take.
const CLOCK: Duration = Duration::from_secs(15);

/// Why the models of a provider were not asked for, or what was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// There is no key to ask with.
    #[error("{0}")]
    NoKey(#[from] KeyError),
    /// The key does not fit into a header.
    #[error("the key holds characters that no header can")]
    Unprintable,
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
}

/// Asks for the models and returns the status of the answer, whatever it is.
pub async fn probe(egress: &Egress, keys: &Resolver, connection: &Connection) -> Result<StatusCode, Unanswered> {
    let mut request = Request::new(Full::<Bytes>::default());
    *request.uri_mut() = connection.models();
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(key) = &connection.key {
        let key = keys.resolve(key, connection.host()).await?;
        headers.insert(AUTHORIZATION, authorization(&key).map_err(|_| Unanswered::Unprintable)?);
    }
    match timeout(CLOCK, egress.send(request)).await {
        Ok(Ok(response)) => Ok(response.status()),
        Ok(Err(error)) => Err(Unanswered::Unreachable(error.to_string())),
        Err(_) => {
            let what = format!("{}: no answer within {} s", connection.host(), CLOCK.as_secs());
            Err(Unanswered::Unreachable(what))
        }
    }
}
