//! Which way a target is reached: directly, or through which proxy.
//!
//! Decides and opens nothing. A loopback target is never proxied, whatever the
//! variables say: a proxy would look for the local model on its own machine.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::config::{PROXY_SCHEMES, is_this_machine, unusable_proxy};

/// The proxy variables of the environment as strings; an empty one is unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyVariables {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https: String,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http: String,
    /// `ALL_PROXY` or `all_proxy`.
    pub all: String,
    /// `NO_PROXY` or `no_proxy`: hosts, domains and networks that are reached directly.
    pub none: String,
}

impl ProxyVariables {
    /// Reads them through `lookup`; the lower-case name wins, as it does for curl.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let either = |lower: &str| {
            let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
            set(lower).or_else(|| set(&lower.to_ascii_uppercase())).unwrap_or_default()
        };
        Self {
            https: either("https_proxy"),
            http: either("http_proxy"),
            all: either("all_proxy"),
            none: either("no_proxy"),
        }
    }
}

/// How one target is reached.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// A socket to the target itself.
    Direct,
    /// A plain HTTP request handed to the proxy in absolute form.
    Forward { proxy: Uri, authorization: Option<HeaderValue> },
    /// A CONNECT tunnel through an HTTP proxy.
    Tunnel { proxy: Uri, authorization: Option<HeaderValue> },
    /// A SOCKS5 proxy.
    Socks { proxy: Uri, login: Option<(String, String)>, resolve_here: bool },
}

/// The proxies in force.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// Checks every proxy that is set and takes them in.
    ///
    /// The matcher drops what it does not understand, which would send the traffic
    /// around the proxy in silence; so a value without effect is an error here.
    pub(super) fn new(configured: Option<&Uri>, environment: &ProxyVariables) -> Result<Self, String> {
        if let Some(proxy) = configured {
            let proxy = proxy.to_string();
            check("PROXY_URL", &proxy)?;
            return Ok(Self(Matcher::builder().all(proxy).no(environment.none.clone()).build()));
        }
        check("HTTPS_PROXY", &environment.https)?;
        check("HTTP_PROXY", &environment.http)?;
        check("ALL_PROXY", &environment.all)?;
        let matcher = Matcher::builder()
            .https(environment.https.clone())
            .http(environment.http.clone())
            .all(environment.all.clone())
            .no(environment.none.clone())
            .build();
        Ok(Self(matcher))
    }

    /// Returns the way to `target`.
    pub(super) fn way(&self, target: &Uri) -> Way {
        if target.host().is_none_or(is_this_machine) {
            return Way::Direct;
        }
        let Some(proxy) = self.0.intercept(target) else {
            return Way::Direct;
        };
        let uri = proxy.uri().clone();
        match (uri.scheme_str(), target.scheme_str()) {
            (Some("socks5" | "socks5h"), _) => Way::Socks {
                login: proxy.raw_auth().map(|(user, password)| (user.to_owned(), password.to_owned())),
                resolve_here: uri.scheme_str() == Some("socks5"),
                proxy: uri,
            },
            (_, Some("http")) => Way::Forward { authorization: proxy.basic_auth().cloned(), proxy: uri },
            (_, _) => Way::Tunnel { authorization: proxy.basic_auth().cloned(), proxy: uri },
        }
    }
}

/// Refuses a proxy that would be ignored or cannot be used; never repeats its value, which may hold a password.
fn check(name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Ok(());
    }
    let probe = Uri::from_static("https://proxied.invalid/");
    let matcher = Matcher::builder().all(value.to_owned()).build();
    let scheme = matcher.intercept(&probe).as_ref().map(Intercept::uri).and_then(Uri::scheme_str).map(str::to_owned);
    match scheme.as_deref() {
        Some(scheme) if PROXY_SCHEMES.contains(&scheme) => Ok(()),
        Some(scheme) => Err(format!("{name}: {}", unusable_proxy(scheme))),
        None => Err(format!("{name}: not a proxy address, expected such as `http://proxy.example:8080`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &ProxyVariables) -> Proxies {
        Proxies::new(None, variables).expect("usable proxies")
    }

    fn everything(none: &str) -> Proxies {
        proxies(&ProxyVariables {
            all: "http://user:pass@proxy.test:8080".to_owned(),
            none: none.to_owned(),
            ..Default::default()
        })
    }

    fn is_direct(proxies: &Proxies, target: &'static str) -> bool {
        matches!(proxies.way(&Uri::from_static(target)), Way::Direct)
    }

    #[test]
    fn a_loopback_target_is_never_proxied() {
        let proxies = everything("");
        for target in [
            "http://127.0.0.1:11434/v1",
            "http://127.9.9.9/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://localhost:1234/",
            "http://LOCALHOST./",
            "http://0.0.0.0:11434/",
            "https://localhost/",
        ] {
            assert!(is_direct(&proxies, target), "{target}");
        }
        assert!(!is_direct(&proxies, "http://localhost.evil.test/"));
        assert!(!is_direct(&proxies, "http://192.168.1.5:11434/"));
    }

    #[test]
    fn no_proxy_is_honoured_with_a_configured_proxy_too() {
        let environment = ProxyVariables { none: "intern.test, 10.0.0.0/8".to_owned(), ..Default::default() };
        let proxy = Uri::from_static("http://proxy.test:8080");
        let proxies = Proxies::new(Some(&proxy), &environment).expect("usable proxies");
        assert!(is_direct(&proxies, "https://llm.intern.test/v1"));
        assert!(is_direct(&proxies, "https://10.1.2.3/v1"));
        assert!(!is_direct(&proxies, "https://api.mistral.ai/v1"));
    }

    #[test]
    fn https_is_tunnelled_and_http_is_forwarded_each_with_the_credentials() {
        let proxies = everything("");
        let Way::Tunnel { proxy, authorization } = proxies.way(&Uri::from_static("https://api.test/")) else {
            panic!("not a tunnel");
        };
        assert_eq!(proxy, Uri::from_static("http://proxy.test:8080/"));
        assert_eq!(authorization.expect("credentials"), "Basic dXNlcjpwYXNz");
        assert!(matches!(
            proxies.way(&Uri::from_static("http://api.test/")),
            Way::Forward { authorization: Some(_), .. }
        ));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_that_keeps_its_password() {
        for bad in ["https://me:hunter2@proxy.test", "socks9://me:hunter2@proxy.test", "http://me:hunter2@:::"] {
            let variables = ProxyVariables { https: bad.to_owned(), ..Default::default() };
            let reason = Proxies::new(None, &variables).expect_err(bad);
            assert!(reason.starts_with("HTTPS_PROXY: "), "{reason}");
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    #[test]
    fn an_empty_variable_is_unset_and_the_lower_case_name_wins() {
        let variables = ProxyVariables::from_lookup(|name| match name {
            "https_proxy" => Some("http://lower.test".to_owned()),
            "HTTPS_PROXY" | "HTTP_PROXY" => Some("http://upper.test".to_owned()),
            "http_proxy" => Some(String::new()),
            _ => None,
        });
        assert_eq!(variables.https, "http://lower.test");
        assert_eq!(variables.http, "http://upper.test");
        assert_eq!(variables.all, "");
    }
}
