//! Whose agent it is: other users of the machine reach a loopback port too.

use http::{HeaderMap, header};
use hyper_util::client::proxy::matcher::Matcher;
use subtle::{Choice, ConstantTimeEq};

use crate::config::Secret;

/// The user's name in the address; the token is the password.
const USER: &str = "mcr";

/// Knows what the agent has to say of itself.
#[derive(Debug)]
pub(super) struct Door {
    expected: Secret,
}

impl Door {
    pub(super) fn new(token: &Secret) -> Self {
        // What a client makes of the address is left to one.
        let of_a_client = Matcher::builder().all(url(token, 1).expose().to_owned()).build();
        let proxy = of_a_client.intercept(&http::Uri::from_static("http://proxied.invalid/"));
        let value = proxy.as_ref().and_then(|proxy| proxy.basic_auth()?.to_str().ok());
        let expected = value.and_then(credentials).unwrap_or_default().to_owned();
        Self { expected: Secret::new(expected) }
    }

    /// Whether a request shows the token; the time it takes does not tell how much of it was right.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get_all(header::PROXY_AUTHORIZATION).iter();
        let mut admitted = Choice::from(0);
        for credentials in shown.filter_map(|value| credentials(value.to_str().ok()?)) {
            admitted |= credentials.as_bytes().ct_eq(self.expected.expose().as_bytes());
        }
        bool::from(admitted) && !self.expected.expose().is_empty()
    }
}

/// What the agent's proxy variables say: where a witness listens, with what opens it.
pub fn url(token: &Secret, port: u16) -> Secret {
    Secret::new(format!("http://{USER}:{}@127.0.0.1:{port}", token.expose()))
}

fn credentials(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::PROXY_AUTHORIZATION, value.parse().unwrap());
        Door::new(&Secret::new("tok123".to_owned())).admits(&headers)
    }

    #[test]
    fn the_token_opens_and_nothing_else_does() {
        // What curl, git, npm, pip, cargo and Claude Code send for `mcr:tok123`.
        assert!(admits("Basic bWNyOnRvazEyMw==") && admits("basic  bWNyOnRvazEyMw=="));
        for wrong in ["", "Basic", "Basic ", "Basic bWNyOnRvazEyNA==", "Bearer bWNyOnRvazEyMw==", "Basic bWNyOnRvazEyM"]
        {
            assert!(!admits(wrong), "{wrong}");
        }
        assert!(!Door::new(&Secret::new("tok123".to_owned())).admits(&HeaderMap::new()));
    }

    #[test]
    fn the_address_holds_the_token_and_does_not_print_it() {
        let token = Secret::new("tok123".to_owned());
        assert_eq!(url(&token, 4711).expose(), "http://mcr:tok123@127.0.0.1:4711");
        assert!(!format!("{:?}", Door::new(&token)).contains("bWNyOnRvazEyMw"));
    }
}
