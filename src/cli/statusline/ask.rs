//! Asks the proxy on this machine for its record of a session.

use std::time::Duration;

use serde_json::Value;

use crate::cli::loopback::{Call, ask};
use crate::config::Environment;
use crate::env;
use crate::wire::session::Session;

/// A listener on this machine takes a connection at once or not at all.
const CONNECT: Duration = Duration::from_millis(5);
/// From the request to the last byte of the answer; the line does without it then.
const ANSWER: Duration = Duration::from_millis(20);

/// Returns what the agent's proxy knows of the agent's session.
pub(super) fn session(status: &Value, environment: Environment<'_>) -> Option<Session> {
    let base = environment(env::ANTHROPIC_BASE_URL)?;
    let token = environment(env::ANTHROPIC_AUTH_TOKEN)?;
    let path = path(status.get("session_id")?.as_str()?)?;
    let call = Call { base: &base, token: &token, method: "GET", path: &path, connect: CONNECT, answer: ANSWER };
    let answer = ask(&call).ok().filter(|answer| answer.status == 200)?;
    serde_json::from_slice(&answer.body).ok()
}

/// Where a session's record stands; what is no id has none.
fn path(id: &str) -> Option<String> {
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_id.then(|| format!("/mcr/session/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_becomes_part_of_the_path() {
        assert_eq!(path("a-1").as_deref(), Some("/mcr/session/a-1"));
        for id in ["../health", "", "a b", "a\r\nx: y", "a?b"] {
            assert_eq!(path(id), None, "{id}");
        }
    }
}
