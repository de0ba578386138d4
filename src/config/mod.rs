//! The configuration, valid by construction.
//!
//! A `Config` is made by [`load`] from a file in claude-code-router's format and
//! cannot name a provider or a model that is not there. What only a provider's use
//! needs (its key) is checked when the provider is used.

mod dialect;
mod provider;
mod secret;
mod transformer;

pub use dialect::Dialect;
pub use provider::{Connection, Provider, Target, Unset};
pub use secret::Secret;
pub use transformer::{Rewrite, Sampling, Transformer};
