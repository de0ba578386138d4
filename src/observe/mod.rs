//! What mcr says about itself: the log, and a session's summary.

pub mod log;
pub mod trace;
pub mod usage;

mod line;
