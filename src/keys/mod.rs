//! Where keys are when they are not in the configuration.
//!
//! A [`Resolver`] finds the key that a [`SecretRef`](crate::config::SecretRef) names when a
//! request needs it, and no sooner. [`Store`] keeps keys in one private file, each bound to
//! the hosts it was asked for: whoever asks for a stored key says for which host, and gets
//! it for that host or not at all.

mod command;
mod error;
mod resolver;
mod store;

pub use error::KeyError;
pub use resolver::{Key, Resolver};
pub use store::{Store, Stored};
