//! The guard is tried: whether it still denies the agent's vendor.

use http::Uri;

use super::config::Place;
use super::doorway::Doorway;
use crate::config::{self, Config};
use crate::error::Failure;
use crate::report::SelfTest;

/// Where the agent's vendor answers: what the guard has to deny.
const VENDOR: &str = "https://api.anthropic.com/v1/messages";

/// Asks the guard in force for the vendor's host, as a connection would.
pub(super) fn self_test(config: Option<&Config>, place: &Place<'_>) -> Result<SelfTest, Failure> {
    let built_in;
    let config = if let Some(config) = config {
        config
    } else {
        built_in = config::built_in_alone(place.environment)?;
        &built_in
    };
    let egress = Doorway::of(place).open(config)?;
    let uri = Uri::from_static(VENDOR);
    let host = uri.host().unwrap_or_default().to_owned();
    Ok(match egress.check(&uri) {
        Ok(()) => SelfTest { host, denied: false, words: "the guard let it go".to_owned() },
        Err(error) => SelfTest { host, denied: true, words: error.to_string() },
    })
}
