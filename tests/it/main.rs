//! The one integration binary.

mod config;
mod smoke;
