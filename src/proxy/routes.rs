//! What there is to be asked for: every method and path that is answered, and no other.
//!
//! Nothing here returns the configuration or a file, or takes one; whoever adds to it changes the list that a test
//! holds.

use http::Method;

use super::status::{RESET, STATUS, STOP};
use crate::config::Endpoint;

const MESSAGES: &str = "/v1/messages";
const COUNT_TOKENS: &str = "/v1/messages/count_tokens";
const CHAT: &str = "/v1/chat/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const FIM: &str = "/v1/fim/completions";
const MODELS: &str = "/v1/models";
const HEALTH: &str = "/health";
/// Stands at a path's end for what a client puts there.
const ID: &str = "<id>";

/// A method and a path, and what they mean together.
pub(super) struct Route<W> {
    method: Method,
    /// May end in [`ID`].
    path: &'static str,
    what: W,
}

/// What stands at the root for the configuration, and below `/preset/NAME` for a preset.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A message in Anthropic's protocol.
    Messages,
    /// How many tokens one would have.
    CountTokens,
    /// A request in OpenAI's protocol.
    OpenAi(Endpoint),
    /// The configured models.
    Models,
    /// One of them.
    Model,
    /// A session, for the status line.
    Session,
    /// That mcr is there, and which version.
    Health,
    /// That somebody is there.
    Sign,
}

/// What the background service has beside it, at the root alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Own {
    /// Its state.
    Status,
    /// Its end.
    Stop,
    /// Targets that are taken for well again.
    Reset,
}

const fn route<W>(method: Method, path: &'static str, what: W) -> Route<W> {
    Route { method, path, what }
}

pub(super) const ROUTES: &[Route<What>] = &[
    route(Method::POST, MESSAGES, What::Messages),
    route(Method::POST, COUNT_TOKENS, What::CountTokens),
    route(Method::POST, CHAT, What::OpenAi(Endpoint::Chat)),
    route(Method::POST, EMBEDDINGS, What::OpenAi(Endpoint::Embeddings)),
    route(Method::POST, FIM, What::OpenAi(Endpoint::Fim)),
    route(Method::GET, MODELS, What::Models),
    route(Method::GET, "/v1/models/<id>", What::Model),
    // Where the status line asks for its session.
    route(Method::GET, "/mcr/session/<id>", What::Session),
    route(Method::GET, HEALTH, What::Health),
    route(Method::HEAD, HEALTH, What::Sign),
    route(Method::HEAD, "/", What::Sign),
    route(Method::HEAD, "/api/hello", What::Sign),
];

pub(super) const OWN: &[Route<Own>] = &[
    route(Method::GET, STATUS, Own::Status),
    route(Method::POST, STOP, Own::Stop),
    route(Method::POST, RESET, Own::Reset),
];

/// What a method and a path come to.
pub(super) enum Found<'p, W> {
    /// Something, with the id at the path's end.
    What(W, &'p str),
    /// A path that is there for other methods, as the table has it.
    NoMethod(&'static str),
    /// Nothing.
    NoPath,
}

/// Looks a method and a path up in a table.
pub(super) fn find<'p, W: Copy>(table: &[Route<W>], method: &Method, path: &'p str) -> Found<'p, W> {
    let id = |route: &Route<W>| match route.path.strip_suffix(ID) {
        Some(folder) => path.strip_prefix(folder),
        None => (route.path == path).then_some(""),
    };
    if let Some((what, id)) =
        table.iter().filter(|route| route.method == *method).find_map(|route| Some((route.what, id(route)?)))
    {
        return Found::What(what, id);
    }
    // What only has a sign of life is no place to speak of.
    let other = table.iter().find(|route| route.method != Method::HEAD && id(route).is_some());
    other.map_or(Found::NoPath, |route| Found::NoMethod(route.path))
}

/// Every method and path that is answered, `METHOD PATH` each: what stands at the root and below a preset's name, then
/// what the service has beside it.
pub fn all() -> Vec<String> {
    let shared = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path));
    shared.chain(OWN.iter().map(|route| format!("{} {}", route.method, route.path))).collect()
}
