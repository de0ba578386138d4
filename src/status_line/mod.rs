//! The status line: what is known of a session, drawn in a style on one line.
//!
//! Pure: what Claude Code says, what the proxy says, the branch and what programs printed
//! come in as values. Whatever they hold, the line has no control character but the colours
//! that are drawn here, and stays within its width.

mod format;
mod paint;
mod values;

pub use paint::{Look, render};
pub use values::{Told, Values};
