//! The protocols as they are on the wire, and the framing of streams.
//!
//! Types that are read borrow from the bytes they were read from: a request of
//! Claude Code is mostly text that is only carried. Nothing here knows what a
//! message means on the other side.

pub mod anthropic;
mod body;
pub mod chat;
pub mod error;
pub mod event;
pub mod message;
pub mod openai;
pub mod session;
pub mod sse;
pub mod status;
mod text;

pub use text::{RawText, Text};
