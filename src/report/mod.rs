//! What left this machine, and what is known of whom it went to, for people who have to answer for it.
//!
//! Pure: from a record that was read, the catalogue and the configuration to a [`Document`], and from there to
//! Markdown, CSV, JSON and a picture. A report states evidence with its date and source, and each gap; it passes no
//! judgement.

mod basis;
mod controller;
mod csv;
mod diagram;
mod document;
mod dpia;
mod egress;
mod host;
mod json;
mod markdown;
mod measure;
mod nis2;
mod observed;
mod picture;
mod providers;
mod recipients;
mod ropa;
mod supplier;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transfer_tests;

pub use basis::{Basis, NOT_ADVICE, Record};
pub use controller::{Controller, EXAMPLE, FILE};
pub use csv::csv;
pub use diagram::{Diagram, Party, Way};
pub use document::{Block, Document, Section, Table};
pub use dpia::dpia;
pub use egress::{SelfTest, egress};
pub use json::json;
pub use markdown::markdown;
pub use measure::{Measure, in_force};
pub use nis2::nis2;
pub use observed::{Observed, Traffic, Who};
pub use picture::{PICTURED, picture};
pub use providers::providers;
pub use ropa::{Processing, ropa};
pub use supplier::Supplier;
