//! Presets: configurations to share, with questions for what is the owner's own.
//!
//! A preset is a folder with a `manifest.json` in claude-code-router's form ([`manifest`]).
//! Its questions are a [`Form`]; [`apply()`] puts the answers in, [`capabilities()`] says what
//! the outcome would do and what of it is refused. All of that is pure.

mod answer;
mod apply;
mod capability;
mod fields;
mod form;
pub mod manifest;
pub mod name;
mod order;
mod placeholder;
mod question;
mod schema;
mod settings;
mod target;
#[cfg(test)]
mod tests;
mod when;

pub use answer::{Answer, Answers, Given, Refused, check};
pub use apply::{Applied, Stage, apply};
pub use capability::{Capabilities, Contact, SecretUse, VariableUse, capabilities};
pub use form::{Form, Key, Offer, Provider, fill};
pub use manifest::Manifest;
pub use name::{Name, NameError};
pub use question::{Choice, Choices, Kind, Question};
pub use settings::{Refusal, Settings};
