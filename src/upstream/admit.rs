//! What a request needs before it is sent: a key that is good as far as is known, and a place.

use std::sync::Arc;

use http::HeaderMap;

use super::gate::{Asking, NotAdmitted};
use super::health::Health;
use super::pass::Pass;
use crate::audit::AddressClass;
use crate::config::{Connection, Secret, Target};
use crate::egress::Reached;
use crate::keys::{Key, KeyError, Resolver};
use crate::wire::error::{ApiError, ErrorKind};

/// The right to ask a target once.
#[derive(Debug)]
pub struct Admitted<'a> {
    /// What becomes of it goes back with this.
    pub pass: Pass,
    /// What the upstream calls the request, once it has said so.
    pub request: Option<String>,
    /// What kind of address answered.
    pub address: Option<AddressClass>,
    pub(super) connection: &'a Connection,
    pub(super) key: Option<Key<'a>>,
    health: &'a Health,
    keys: &'a Resolver,
    target: &'a Target,
}

/// Finds a target's key and waits for a place.
///
/// # Errors
/// Fails where the guard does not let it go; where there is no key, or the target has refused it before; and where
/// there is no place in time.
pub async fn admit<'a>(
    health: &'a Arc<Health>,
    keys: &'a Resolver,
    target: &'a Target,
    asking: Asking<'_>,
) -> Result<Admitted<'a>, NotAdmitted> {
    let provider = &target.provider.name;
    let connection = target
        .provider
        .connection
        .as_ref()
        .map_err(|unset| ApiError::last(401, ErrorKind::AuthenticationError, format!("{provider}: {unset}")))
        .map_err(NotAdmitted::TurnedAway)?;
    // Before a key is looked for: who may not be asked needs none.
    asking
        .egress
        .admit(&connection.endpoint, &target.model, provider)
        .map_err(|error| NotAdmitted::TurnedAway(super::denied(provider, &error)))?;
    let key = match &connection.key {
        Some(key) => Some(
            keys.resolve(key, connection.host())
                .await
                .map_err(|error| NotAdmitted::TurnedAway(no_key(provider, &error)))?,
        ),
        None => None,
    };
    let check = || match health.refused.of(target, key.as_deref()) {
        Some(error) => {
            // The next request looks whether there is another by then.
            if let Some(key) = &connection.key {
                keys.forget(key, connection.host());
            }
            Err(error)
        }
        None => Ok(()),
    };
    check().map_err(NotAdmitted::TurnedAway)?;
    let pass = health.enter(target, asking).await?;
    // Those in front may have learned something.
    if let Err(error) = check() {
        pass.failed(&error, false);
        return Err(NotAdmitted::TurnedAway(error));
    }
    Ok(Admitted { pass, request: None, address: None, connection, key, health, keys, target })
}

impl Admitted<'_> {
    /// The key, to write it into a header.
    pub(super) fn key(&self) -> Option<&Secret> {
        self.key.as_deref()
    }

    /// The head of an answer is there.
    pub(super) fn heard(&mut self, headers: &HeaderMap, reached: Option<&Reached>) {
        self.address = reached.map(|reached| reached.address);
        self.pass.heard(headers);
        self.request = request_id(headers).map(str::to_owned);
    }

    /// The provider did not accept the key, or not for this model.
    pub(super) fn refused(&self, status: u16) {
        if status == 401
            && let Some(key) = &self.connection.key
        {
            self.keys.forget(key, self.connection.host());
        }
        self.health.refused.note(self.target, self.key(), status);
    }
}

/// What an upstream calls a request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("mistral-correlation-id").or_else(|| text("x-request-id"))
}

/// Says whose key is missing; no retry mends that.
fn no_key(provider: &str, error: &KeyError) -> ApiError {
    let message = format!("{provider}: no API key for provider `{provider}`: {error}");
    let (status, kind) =
        if error.is_denied() { (403, ErrorKind::PermissionError) } else { (401, ErrorKind::AuthenticationError) };
    ApiError::last(status, kind, message).quoting(&error.quoted, &format!("; {}", error.mend))
}
