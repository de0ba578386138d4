//! Claude Code on European and local models.
//!
//! One package: this library and a small binary. The library exists for tests,
//! fuzzing and this page; it promises no API.
//!
//! # What decides everything
//!
//! 1. Bytes and decisions are pure; sockets and clocks live at the edge. [`wire`],
//!    [`translate`], [`openai`], [`route`], [`catalog`], [`report`], [`status_line`], [`config`] (but for [`config::load()`]) and
//!    [`preset`] (but for its [`preset::source`] and [`preset::store`])
//!    know no tokio, no hyper, no file, no environment and no clock.
//! 2. A request is one async function read top to bottom, without a middleware stack.
//!    A command is one function in one file of [`cli`].
//! 3. A request sees one configuration: it takes a snapshot on entry.
//! 4. Every stream ends truthfully: exactly one `message_stop`, or one `error`.
//! 5. Secrets are a type, [`config::Secret`]: every way out goes through it. Where one is kept
//!    elsewhere, [`keys`] finds it when a request needs it.
//! 6. Nothing leaves but through one door, [`egress::Egress`], and [`audit`] shows what did. What the agent itself asks
//!    for comes by a witness, [`egress::witness`]; where it is sealed in ([`launch::seal`]) there is no other way.
//! 7. Enums before traits, functions before objects, data before plugins.
//!
//! # One request, a straight line
//!
//! ```text
//! TCP - accept - permit - hyper - method + path            proxy::server
//!   | auth          Host, Origin, token in constant time   proxy::auth        400 / 401 / 403 / 421
//!   | snapshot      held for the whole request             proxy::Snapshot
//!   | body          limited, read with an idle clock       proxy::body        408 / 413
//!   | anthropic     bytes -> MessagesRequest               wire::anthropic    400
//!   | route         translate, count, choose, balance      route              400
//!   | budget        what was spent, is in flight, and this     observe::budget     400
//!   | record        from here every exit writes one line   proxy
//!   | send          per target: translate -> key, place -> POST   upstream::{admit, send}, keys
//!   |               a place in turn, within the target's limits  upstream::{queue, limits}
//!   |               its breaker leaves it alone, a fallback takes its place, or it   upstream::health
//!   |               is asked again: only until the first content is in, which        upstream::retry
//!   |               after 10 s of silence is waited for behind the stream's head     proxy
//!   | Whole  -> translate::response -> JSON
//!   | Stream -> sse::Decoder -> StreamTranslator -> bytes
//! HTTP out - body finished or dropped - record closed
//! ```
//!
//! OpenAI's clients go the same line with [`openai`] in the places of the first and the last: a question is made
//! fit for each target and no more, an answer is looked at and passed on as the bytes that it is. What is between
//! does not know which of the two it serves (`proxy::question`, `proxy::reader`, `proxy::protocol`).
//!
//! There is no task per stream: the client pulls the body, the body pulls upstream.
//! Backpressure is free, and a client that goes away drops the upstream's connection
//! in the same drop.
//!
//! # The same proxy in the background
//!
//! `mcr code` and `mcr <preset>` run the proxy inside, for one agent ([`launch`]). `mcr start` runs
//! mcr once more, detached (`cli::service`): whoever holds the lock of [`launch::service`] is the
//! service, and its record says where it listens. To it [`proxy::Service`] adds its state, its end
//! and a [`proxy::Shelf`]: below `/preset/<name>` stands what stands at the root, with that
//! preset's snapshot. `mcr activate` turns the agent's environment into a shell's, and back
//! ([`launch::activation`], written by [`launch::shell`]).
//!
//! `mcr setup` and `mcr import` write a whole configuration, `mcr model` one value of it
//! ([`config::edit`]); each keeps a copy of what was there.
//!
//! # Who may import whom
//!
//! ```text
//! cli         -> everything
//! proxy       -> audit catalog config egress error keys observe openai route translate upstream wire
//! upstream    -> audit config egress keys observe translate wire
//! egress      -> audit catalog config
//! audit       -> config paths wire
//! keys        -> config error paths
//! observe     -> config paths wire
//! launch      -> config env error paths
//! preset      -> catalog config env error paths
//! config      -> catalog env error paths
//! openai      -> catalog config translate wire
//! translate   -> catalog config wire
//! route       -> catalog config wire
//! report      -> audit catalog config
//! status_line -> config wire
//! paths       -> env error
//! ui          -> error
//! catalog, env, error, imitation, wire -> (nothing)
//! ```
//!
//! `tests/it/layers.rs` reads the sources and this map, and compares.
//!
//! # Where the code differs from its first plan
//!
//! - The stream translator hands each event to a closure instead of queueing it
//!   ([`translate::StreamTranslator`]): an event borrows from the chunk that caused it,
//!   so a delta is copied once, into the bytes that leave. A whole reply goes through
//!   the same translator, with [`wire::message::Message`] collecting the events.
//! - Tool calls go out whole and in order, not in fragments; the module says why.
//! - [`imitation`] is a module of its own: `mcr smoke --offline` and the tests speak to
//!   the same strict imitation of Mistral, and the binary carries it.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests play the clients and the servers at both ends"))]

pub mod env;
pub mod error;
pub mod paths;
pub mod ui;

pub mod catalog;
pub mod config;

pub mod keys;

pub mod wire;

pub mod openai;
pub mod route;
pub mod translate;

pub mod audit;
pub mod egress;
pub mod upstream;

pub mod observe;
pub mod proxy;

pub mod launch;

pub mod preset;
pub mod report;
pub mod status_line;

pub mod imitation;

pub mod cli;
