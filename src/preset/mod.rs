//! Presets: configurations to share, with questions for what is the owner's own.
//!
//! A preset is a folder with a `manifest.json` in claude-code-router's form ([`manifest`]).
//! Its questions are a [`Form`]; [`apply()`] puts the answers in, [`capabilities()`] says what
//! the outcome would do and what of it is refused. All of that is pure, and so is a
//! [`package`] with its archives.
//!
//! [`Presets`] are those that are installed, [`Installed::ready`] makes a configuration of
//! one, and a [`Source`] is where one comes from.

mod answer;
mod apply;
pub mod archive;
pub mod built_in;
mod capability;
pub mod export;
mod fields;
mod form;
pub mod manifest;
pub mod name;
mod order;
pub mod package;
mod placeholder;
mod question;
mod ready;
mod schema;
mod settings;
pub mod source;
pub mod store;
mod target;
#[cfg(test)]
mod tests;
mod values;
mod when;
mod zip;

pub use answer::{Answer, Answers, Given, Refused, check, listed, parts};
pub use apply::{Applied, Stage, apply};
pub use capability::{Capabilities, Contact, SecretUse, VariableUse, capabilities};
pub use form::{Form, Key, Offer, Provider, fill};
pub use manifest::Manifest;
pub use name::{Name, NameError};
pub use question::{Choice, Choices, Kind, Question};
pub use ready::{Ready, faulty, judged, refused, without_secrets};
pub use settings::{Refusal, Settings};
pub use source::Source;
pub use store::{Installed, Presets};
pub use values::{Bound, Values, key_name};
