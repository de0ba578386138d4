//! Which target a request goes to, and why; pure.
//!
//! The first rule that matches wins:
//!
//! | scenario | when |
//! |---|---|
//! | explicit | the model is `provider,model` or `provider/model` of the configuration, or one of its model ids |
//! | subagent tag | `<CCR-SUBAGENT-MODEL>provider,model</CCR-SUBAGENT-MODEL>` stands in the system prompt or an early turn; see [`take_tags`] |
//! | `longContext` | the prompt has more tokens than `longContextThreshold` |
//! | `background` | the model asked for is of the haiku class, or `mcr/background` |
//! | `webSearch` | a tool of type `web_search…` is offered |
//! | `image` | the last turn holds an image and the model otherwise chosen cannot see |
//! | `think` | thinking is really asked for, see [`asks_to_think`] |
//! | `default` | always |
//!
//! `mcr/default` and `mcr/background` ([`DEFAULT_ID`], [`BACKGROUND_ID`]) are what the agent
//! is told. They name routes and no models: two routes may have the same model of different
//! providers, and a route may change while the agent keeps its id. The rules above `background`
//! that look at the request, and those below, hold for both.
//!
//! Whatever is chosen must hold the request: when its window is too small, or it
//! cannot see what was just shown, the next route that can is taken, and the reason
//! says so.

mod balance;
mod choose;
mod facts;
mod image_size;
mod layout;
mod name;
mod tag;
pub mod tekken;
#[cfg(test)]
mod tests;
mod tokens;

pub use balance::{Smooth, Turn, pick};
pub use choose::{Choice, Impossible, choose, largest_window, obstacle, roomier};
pub use facts::{Facts, asks_to_think};
pub use name::{listed, resolve};
pub use tag::{BACKGROUND_ID, DEFAULT_ID, LISTED, Tags, named_route, named_target, names_provider, take_tags};
pub use tokens::{Counter, TokenCount, needs_vocabulary, unpack_vocabulary};
