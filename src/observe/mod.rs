//! What mcr says about itself: the log, a session's summary, and what the status line shows.

pub mod ledger;
pub mod log;
pub mod log_files;
pub mod sessions;
pub mod trace;
pub mod usage;

mod line;
