//! Whether a provider is there and takes its key: `GET <base>/models`, or where else it says so.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use http::response::Parts;
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::health_probe::Sign;
use super::{AGENT, authorization};
use crate::config::{Connection, Provider};
use crate::egress::{About, ConnectError, Contact, Egress};
use crate::keys::{KeyError, Resolver};

/// How long a list of models may take.
const CLOCK: Duration = Duration::from_secs(15);

/// Why the models of a provider were not asked for, or what was no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// There is no key to ask with.
    #[error("{0}")]
    NoKey(#[from] KeyError),
    /// The key does not fit into a header.
    #[error("the key holds characters that no header can")]
    Unprintable,
    /// The guard does not let it go.
    #[error("{0}")]
    Denied(String),
    /// It has to be on record before it goes, and cannot be.
    #[error("{0}")]
    Unrecorded(String),
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(String),
}

/// Asks for the models and returns the status of the answer, whatever it is.
pub async fn probe(
    egress: &Egress,
    keys: &Resolver,
    connection: &Connection,
    about: About<'_>,
) -> Result<StatusCode, NoAnswer> {
    let (answer, _noted) = get(egress, keys, connection, connection.models(), CLOCK, about).await?;
    Ok(answer.status())
}

/// The same, with the answer: its head tells the date, who passed it on, and how it was reached.
///
/// The list is there where the status is good and it came whole, within the clock and up to a number of bytes.
pub async fn ask_for_models(
    egress: &Egress,
    keys: &Resolver,
    connection: &Connection,
    limit: usize,
    about: About<'_>,
) -> Result<(Parts, Option<Bytes>), NoAnswer> {
    let (answer, mut contact) = get(egress, keys, connection, connection.models(), CLOCK, about).await?;
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        return Ok((head, None));
    }
    let list = timeout(CLOCK, Limited::new(body, limit).collect()).await;
    let list = list.ok().and_then(Result::ok).map(Collected::to_bytes);
    if let Some(list) = &list {
        contact.received(list.len() as u64);
    }
    Ok((head, list))
}

/// Reads what a server says of itself to everybody, up to a number of bytes.
pub async fn read_words(egress: &Egress, uri: Uri, limit: usize, about: About<'_>) -> Option<Bytes> {
    let mut request = Request::new(Full::<Bytes>::default());
    *request.uri_mut() = uri;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let (answer, mut contact) = egress.ask(request, about).await.ok()?;
    let words = Limited::new(answer.into_body(), limit).collect().await.ok()?.to_bytes();
    contact.received(words.len() as u64);
    Some(words)
}

/// Asks a provider for a sign of life that costs nothing.
pub async fn sign_of_life(egress: &Egress, keys: &Resolver, provider: &Provider) -> Sign {
    let Ok(connection) = &provider.connection else { return Sign::Nothing };
    let uri = connection.sign_of_life(provider.dialect);
    let about = About::of(&provider.name, "a sign of life");
    let answer = get(egress, keys, connection, uri, provider.health_probe.timeout, about).await;
    match answer.map(|(answer, _noted)| answer.status().as_u16()) {
        // A server without that path is there all the same.
        Ok(200..=299 | 404 | 405) => Sign::Life,
        Ok(500..=599) | Err(NoAnswer::Unreachable(_)) => Sign::Silence,
        Ok(_) | Err(NoAnswer::NoKey(_) | NoAnswer::Unprintable | NoAnswer::Denied(_) | NoAnswer::Unrecorded(_)) => {
            Sign::Nothing
        }
    }
}

async fn get(
    egress: &Egress,
    keys: &Resolver,
    connection: &Connection,
    uri: Uri,
    clock: Duration,
    about: About<'_>,
) -> Result<(Response<Incoming>, Contact), NoAnswer> {
    let mut request = Request::new(Full::<Bytes>::default());
    *request.uri_mut() = uri;
    if let Err(error) = egress.check(request.uri()) {
        return Err(NoAnswer::Denied(error.to_string()));
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(key) = &connection.key {
        let key = keys.resolve(key, connection.host()).await?;
        headers.insert(AUTHORIZATION, authorization(&key).map_err(|_| NoAnswer::Unprintable)?);
    }
    match timeout(clock, egress.ask(request, about)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error @ ConnectError::Denied { .. })) => Err(NoAnswer::Denied(error.to_string())),
        Ok(Err(error @ ConnectError::Unrecorded { .. })) => Err(NoAnswer::Unrecorded(error.to_string())),
        Ok(Err(error)) => Err(NoAnswer::Unreachable(error.to_string())),
        Err(_) => {
            let what = format!("{}: no answer within {} s", connection.host(), clock.as_secs_f64());
            Err(NoAnswer::Unreachable(what))
        }
    }
}
