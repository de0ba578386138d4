//! The command line of `mcr model`.

use std::path::PathBuf;

use clap::Args;

/// What a route and a target look like.
pub(super) const MODEL: &str = "\
Routes are default, background, think, longContext, webSearch and image. Without
arguments you choose on a terminal; elsewhere the routes are printed.

Only the value is changed: comments and order of the file stay, and the three
last states of it are kept beside it.

Examples:
  mcr model default mistral,MODEL
  mcr model background ollama/MODEL --add
  mcr model think --unset";

/// Options of `mcr model`.
#[derive(Debug, Args)]
pub struct Model {
    /// The route
    #[arg(value_name = "ROUTE")]
    pub route: Option<String>,
    /// Where it leads: `provider,model`, `provider/model`, or the id of a model that one provider has
    #[arg(value_name = "PROVIDER,MODEL", conflicts_with = "unset")]
    pub target: Option<String>,
    /// Take the route away, so that its requests take the next that fits
    #[arg(long, requires = "route")]
    pub unset: bool,
    /// Add a model to its provider's list that is not in it
    #[arg(long, requires = "target")]
    pub add: bool,
    /// Show the routes of this preset
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<String>,
    /// Print the routes as JSON, and ask nothing
    #[arg(long)]
    pub json: bool,
    /// Use this configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
