//! The command line of `mcr usage`.

use clap::Args;
use jiff::civil::Date;

use crate::cli::usage::{By, day};

/// Where the figures are from.
pub(super) const USAGE: &str = "\
Every answered request leaves a line of figures in the state folder: tokens, the
provider's price where it is known, no content. `LOG` set to false leaves none.

Example: mcr usage monthly --since 2026-01-01";

/// Options of `mcr usage`.
#[derive(Debug, Args)]
pub struct Usage {
    /// What a row is
    #[arg(value_enum, default_value = "daily")]
    pub by: By,
    /// Leave out what was before this day, such as 2026-11-01
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub since: Option<Date>,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV
    #[arg(long)]
    pub csv: bool,
}
