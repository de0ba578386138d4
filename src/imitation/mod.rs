//! Stand-ins for the two ends mcr sits between: Mistral's API and the agent.
//!
//! The imitation of Mistral refuses what the hosted API refuses and answers
//! from a script or a brain; the client speaks as Claude Code does and accepts
//! only lawful streams. Tests use both, and so does the check that runs without
//! a network. Nothing here knows how mcr translates, so neither end can share
//! a mistake with it.

pub mod agent_brain;
pub mod client;
pub mod gate;
pub mod grammar;
pub mod models;
pub mod reply;
pub mod rules;
pub mod server;

pub use agent_brain::Brain;
pub use client::Client;
pub use gate::Gate;
pub use models::Models;
pub use reply::Reply;
pub use server::{Captured, Imitation, Law, Scripted};
