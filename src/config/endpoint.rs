//! A provider's address: the full chat completions endpoint, or the base it stands below.

use std::net::Ipv4Addr;

use http::Uri;

use super::local::is_local;
use crate::catalog;

/// What every endpoint ends with.
pub(super) const CHAT_COMPLETIONS: &str = "/chat/completions";

/// Ends of paths that belong to other protocols.
const FOREIGN: [&str; 4] = ["/messages", "/responses", "/completions", "/models"];

/// Returns the chat completions endpoint that an address means.
///
/// # Errors
/// Says what is wrong in words that do not repeat the address, which may hold credentials.
pub fn parse(address: &str) -> Result<Uri, String> {
    let address = address.trim();
    let Some((scheme, _)) = address.split_once("://") else {
        return Err("the address has no scheme; it begins with `https://`, or `http://` for a local server".to_owned());
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err("the address begins with neither `https://` nor `http://`".to_owned());
    }
    let uri: Uri = address.parse().map_err(|error| format!("the address is not a URL ({error})"))?;
    let Some(authority) = uri.authority() else {
        return Err("the address names no host".to_owned());
    };
    if authority.as_str().contains('@') {
        return Err("the address holds credentials; give the key as `api_key`".to_owned());
    }
    let port = authority.as_str().rsplit_once(':').map_or("", |(_, port)| port);
    if !port.ends_with(']') && !port.is_empty() && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("the port is no number from 1 to 65535".to_owned());
    }
    if scheme.eq_ignore_ascii_case("http") && !may_be_ones_own(authority.host()) {
        return Err(format!(
            "`http` sends key and code readable for everyone to {}; use `https`, or a loopback or private address",
            authority.host()
        ));
    }
    let path = complete(uri.path())?;
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(path_and_query.parse().map_err(|error| format!("the address is not a URL ({error})"))?);
    Uri::from_parts(parts).map_err(|error| format!("the address is not a URL ({error})"))
}

/// Whether a host is this machine's or its network's, or may be one day: a name that nobody else is known by.
///
/// What it leads to is the egress guard's affair, which lets plain text go to this machine's network alone.
fn may_be_ones_own(host: &str) -> bool {
    let is_name = host.parse::<Ipv4Addr>().is_err() && !host.starts_with('[');
    is_local(host) || (is_name && catalog::provider_of(host).is_none())
}

/// Returns the path of the endpoint.
fn complete(path: &str) -> Result<String, String> {
    let path = path.trim_end_matches('/');
    if path.ends_with(CHAT_COMPLETIONS) {
        return Ok(path.to_owned());
    }
    if let Some(end) = FOREIGN.iter().find(|end| path.ends_with(*end)) {
        return Err(format!(
            "`{end}` is another protocol; mcr speaks chat completions only (`…/v1{CHAT_COMPLETIONS}`)"
        ));
    }
    let base = if path.is_empty() { "/v1" } else { path };
    Ok(format!("{base}{CHAT_COMPLETIONS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expect: &str) {
        assert_eq!(parse(address).map(|uri| uri.to_string()).as_deref(), Ok(expect), "{address}");
    }

    fn refuse(address: &str, expect: &str) {
        assert_eq!(parse(address).unwrap_err(), expect, "{address}");
    }

    #[test]
    fn a_full_endpoint_stays() {
        check("https://api.mistral.ai/v1/chat/completions", "https://api.mistral.ai/v1/chat/completions");
        check("https://api.mistral.ai/v1/chat/completions/", "https://api.mistral.ai/v1/chat/completions");
        check("https://x.example/chat/completions?api-version=1", "https://x.example/chat/completions?api-version=1");
    }

    #[test]
    fn a_base_is_completed() {
        check("https://api.mistral.ai/v1", "https://api.mistral.ai/v1/chat/completions");
        check("https://api.mistral.ai/v1/", "https://api.mistral.ai/v1/chat/completions");
        check("http://localhost:11434", "http://localhost:11434/v1/chat/completions");
        check("http://[::1]:8080/", "http://[::1]:8080/v1/chat/completions");
        check("https://x.example/2/ai/7/openai/v1", "https://x.example/2/ai/7/openai/v1/chat/completions");
    }

    #[test]
    fn http_is_for_local_servers() {
        // Names of a network of one's own: the guard looks where they lead.
        check("http://gpu.lan:8000/v1", "http://gpu.lan:8000/v1/chat/completions");
        check("http://192.168.1.5:1234/v1", "http://192.168.1.5:1234/v1/chat/completions");
        refuse(
            "http://api.mistral.ai/v1",
            "`http` sends key and code readable for everyone to api.mistral.ai; \
             use `https`, or a loopback or private address",
        );
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        refuse("https://me:sk-1@api.mistral.ai/v1", "the address holds credentials; give the key as `api_key`");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        refuse(
            "localhost:11434/v1",
            "the address has no scheme; it begins with `https://`, or `http://` for a local server",
        );
        refuse("ftp://x.example", "the address begins with neither `https://` nor `http://`");
        refuse("https://x.example:70000/v1", "the port is no number from 1 to 65535");
        refuse("https://", "the address is not a URL (empty string)");
        refuse("https://a b/v1", "the address is not a URL (invalid uri character)");
    }

    #[test]
    fn another_protocol_is_refused() {
        refuse(
            "https://api.anthropic.com/v1/messages",
            "`/messages` is another protocol; mcr speaks chat completions only (`…/v1/chat/completions`)",
        );
    }
}
