//! The listener and the connector against raw sockets.

mod door;
mod drain;
mod framing;
mod house;
mod limits;
mod outward;
mod tls;
