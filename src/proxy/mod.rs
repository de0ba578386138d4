//! The loopback proxy: the listener, who may enter, and what is done for them.

pub mod auth;
pub mod body;
pub mod refusal;
pub mod server;

mod clocked;
mod seats;
