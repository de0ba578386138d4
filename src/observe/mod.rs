//! What mcr says about itself: the log, a session's summary, and what the status line shows.

pub mod budget;
pub mod ledger;
pub mod log;
pub mod log_files;
pub mod sessions;
pub mod spending;
pub mod tail;
pub mod trace;
pub mod usage;

mod line;
