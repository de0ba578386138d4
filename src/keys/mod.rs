//! Where keys are when they are not in the configuration.
//!
//! [`Store`] keeps them in one private file, each bound to the hosts it was asked for.
//! Whoever asks for a stored key says for which host, and gets it for that host or not
//! at all.

mod error;
mod store;

pub use error::KeyError;
pub use store::{Store, Stored};
