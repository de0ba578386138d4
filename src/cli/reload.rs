//! How a running proxy gets to another configuration, and to the door out that it asks for.

use std::path::Path;

use super::config::Place;
use crate::config::{self, Config, StartOnly};
use crate::egress::{Egress, Options, ProxyVariables};
use crate::env;
use crate::error::{Exit, Failure};
use crate::proxy::{Open, Reload};

/// Reads the configuration anew from where it was read first, or from where it would have been.
pub(super) fn reload(place: &Place<'_>, start_only: &'static [StartOnly]) -> Reload {
    let file = config::file(place.explicit, place.paths, place.environment);
    let read = Box::new(|file: &Path| config::read_again(file, &env::process));
    Reload { file, read, open: open(place), start_only }
}

/// Opens doors out with the proxy variables of this process.
pub(super) fn open(place: &Place<'_>) -> Open {
    let variables = ProxyVariables::from_lookup(place.environment);
    Box::new(move |config| door(config, &variables))
}

/// Opens the door out as a configuration asks for it.
pub(super) fn door(config: &Config, variables: &ProxyVariables) -> Result<Egress, Failure> {
    let options = Options {
        proxy_url: config.proxy_url.clone(),
        environment: variables.clone(),
        connect_timeout: config.clocks.connect(),
        ..Options::default()
    };
    Egress::new(&options).map_err(|error| {
        let error = anyhow::Error::new(error).context("cannot use the configured proxy");
        Failure::new(Exit::Config, error).hint("correct `PROXY_URL` or `HTTPS_PROXY`, or remove it")
    })
}
