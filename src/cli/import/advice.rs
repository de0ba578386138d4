//! What to do in place of what mcr does not do.

use crate::catalog;

/// Of `HOST: 0.0.0.0`.
pub(super) const OPEN_HOST: &str = "mcr listens on this machine only, so that nobody else uses your keys; \
     run mcr on each machine, or forward the port: `ssh -L 3456:127.0.0.1:3456 HOST`";
/// Of an `APIKEY` that everybody knows.
pub(super) const KNOWN_TOKEN: &str = "it is too well known or too short for a token; mcr makes one of its own";
/// Of the guide's plugin.
pub(super) const STRIP_REASONING: &str = "what this plugin does is built in; the file is not run";
/// Of a key in clear that has no effect.
pub(super) const UNREAD_KEY: &str = "a key in clear where nobody reads it; a provider's stands in `api_key`";
/// Of a provider with an empty key.
pub(super) const NO_KEY: &str = "claude-code-router passes a provider without a key over; mcr uses it";
/// The keys of the proxy.
pub(super) const PROXIES: [&str; 4] = ["PROXY_URL", "HTTPS_PROXY", "https_proxy", "httpsProxy"];
/// Of a proxy that is left out.
pub(super) const NO_PROXY: &str =
    "requests go without a proxy until `PROXY_URL` names one that can be used, and most of them speak `http`";
/// Of a project's routes.
pub(super) const PROJECT: &str =
    "mcr has no routes for single projects; make a preset of them and run `mcr NAME` there";
/// Of JavaScript.
pub(super) const SCRIPT: &str = "mcr runs no JavaScript; `rewrite` in a provider's `transformer.use` changes requests \
     without it";

/// What is said of keys that claude-code-router acts on, by the last part of their path.
const IDLE: [(&str, &str); 9] = [
    (
        "CUSTOM_ROUTER_PATH",
        "mcr runs no JavaScript; `Router`, `fallback`, `/model provider,model` and `<CCR-SUBAGENT-MODEL>` decide",
    ),
    (
        "forceUseImageAgent",
        "there is no image agent; images go as they are to `Router.image` when the model chosen cannot see",
    ),
    ("plugins", SERVER_PLUGINS),
    ("Plugins", SERVER_PLUGINS),
    ("tokenizer", "mcr counts Mistral's tokens exactly and estimates others; `facts` names another tokenizer"),
    ("OPENAI_API_KEY", NO_OPENAI),
    ("OPENAI_BASE_URL", NO_OPENAI),
    ("OPENAI_MODEL", NO_OPENAI),
    ("log", "the key is `LOG`"),
];
const SERVER_PLUGINS: &str =
    "mcr runs no JavaScript; the status line knows tokens a second without a plugin (`{{tokensPerSecond}}`)";
const NO_OPENAI: &str = "claude-code-router 2 does not read it either; name the provider in `Providers`";

/// What is said of a key that mcr does not act on.
pub(super) fn of(path: &str) -> Option<&'static str> {
    let last = path.rsplit('.').next().unwrap_or(path);
    IDLE.iter().find(|(key, _)| *key == last).map(|(_, words)| *words)
}

/// What is said of where a provider's host is.
pub(super) fn place(address: &str) -> Option<String> {
    let uri: http::Uri = address.trim().parse().ok()?;
    let host = catalog::host(uri.host()?)?;
    let name = &host.host;
    (host.region == "global").then(|| {
        let other = name.strip_prefix("api.").map(|rest| format!("api.eu.{rest}"));
        let other = other.filter(|other| catalog::host(other).is_some());
        let instead = other.map(|other| format!("; {other} promises the EU")).unwrap_or_default();
        format!("{name} promises no place of processing{instead}")
    })
}
