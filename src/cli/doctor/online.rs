//! What only the providers can tell: whether the key is good, the models are there, and who stands between.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::configured::{ROOM, is_refused};
use super::finding::Finding;
use super::head;
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::cli::preset::discover::{self, Reported};
use crate::cli::recording;
use crate::cli::running::{block_on, keys};
use crate::config::{Config, Connection, Dialect, Provider};
use crate::egress::{About, Egress, Judged};
use crate::error::Failure;
use crate::keys::Resolver;
use crate::upstream::{self, NoAnswer};

/// Before it anybody who reaches the port may read its memory: CVE-2026-7482.
const OLLAMA: crate::launch::version::Version = crate::launch::version::Version([0, 17, 1]);
/// A server's own words, read whole.
const LONGEST: usize = 64 * 1024;
/// How long a version may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks every provider that may be asked, all at once.
pub(super) fn online(config: &Config, judged: &[Judged], place: &Place<'_>) -> Result<Vec<Finding>, Failure> {
    let audit = recording::open(&config.audit, place.paths);
    let egress = Doorway::of(place).open(config)?.noting(audit.clone());
    let keys = Arc::new(keys(place.paths));
    let found = block_on(async {
        let mut asking = JoinSet::new();
        // Whom the guard refuses has been told of.
        let allowed = config.providers.iter().filter(|provider| !is_refused(provider, judged));
        for (at, provider) in allowed.enumerate() {
            let (provider, egress, keys) = (Arc::clone(provider), egress.clone(), Arc::clone(&keys));
            asking.spawn(async move { (at, of_provider(&provider, &egress, &keys).await) });
        }
        let mut found = asking.join_all().await;
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().flat_map(|(_, findings)| findings).collect())
    });
    audit.close();
    found
}

async fn of_provider(provider: &Provider, egress: &Egress, keys: &Resolver) -> Vec<Finding> {
    let name = &provider.name;
    let connection = match &provider.connection {
        Ok(connection) => connection,
        Err(unset) => return vec![Finding::error("key", format!("{name}: {unset}"), unset.mend())],
    };
    let about = About::of(name, "mcr doctor");
    let answer = upstream::ask_for_models(egress, keys, connection, discover::LONGEST, about).await;
    let mut findings = Vec::new();
    let list = match answer {
        Ok((head, list)) => {
            findings.push(key(provider, connection, head.status.as_u16()));
            findings.extend(head::examined(name, connection.host(), &head));
            list
        }
        Err(NoAnswer::NoKey(error)) => {
            findings.push(Finding::error("key", format!("{name}: {error}"), provider.mend_key()));
            return findings;
        }
        Err(error @ NoAnswer::Unprintable) => {
            findings.push(Finding::error("key", format!("{name}: {error}"), provider.mend_key()));
            return findings;
        }
        Err(NoAnswer::Denied(why)) => {
            findings.push(Finding::error("egress", format!("{name}: {why}"), "run `mcr egress show`"));
            return findings;
        }
        Err(NoAnswer::Unrecorded(why)) => {
            findings.push(Finding::error("audit", format!("{name}: {why}"), "run `mcr audit checkpoint`"));
            return findings;
        }
        Err(NoAnswer::Unreachable(why)) => {
            findings.push(Finding::error("reachable", format!("{name}: {why}"), unreachable(provider)));
            return findings;
        }
    };
    if let Some(list) = list
        && let Ok(models) = discover::detailed(provider, &list, egress.clone(), keys).await
    {
        findings.extend(served(provider, &models));
    }
    if provider.dialect == Dialect::Ollama {
        findings.extend(ollama(provider, connection, egress).await);
    }
    findings
}

fn unreachable(provider: &Provider) -> &'static str {
    match provider.dialect {
        Dialect::Ollama => "run `OLLAMA_CONTEXT_LENGTH=65536 ollama serve`",
        Dialect::LmStudio => "start LM Studio's server, in its tab for developers",
        Dialect::LlamaCpp => "run `llama-server -m MODEL.gguf --jinja --ctx-size 65536`",
        Dialect::Vllm => "start it with `vllm serve`",
        Dialect::Mistral | Dialect::OpenAi | Dialect::Infomaniak | Dialect::Ionos => {
            "look at the network, `PROXY_URL` and `HTTPS_PROXY`; then run `mcr key test`"
        }
    }
}

/// What the status says of the key.
fn key(provider: &Provider, connection: &Connection, status: u16) -> Finding {
    const ID: &str = "key";
    let (name, host) = (&provider.name, connection.host());
    match (status, connection.key.is_some()) {
        (200..=299, true) => Finding::ok(ID, format!("{name}: {host} takes the key, or lists models to everybody")),
        (200..=299, false) => Finding::ok(ID, format!("{name}: {host} answers, and wants no key")),
        (401 | 403, _) => Finding::error(ID, format!("{name}: {host} answered {status}"), provider.mend_key()),
        (_, _) => Finding::note(ID, format!("{name}: {host} answered {status}, which says nothing of the key")),
    }
}

/// Whether the configured models are there, with tools and with room.
fn served(provider: &Provider, models: &[Reported]) -> Vec<Finding> {
    let name = &provider.name;
    let mut findings = Vec::new();
    let mut there = 0;
    for model in &provider.models {
        let is_it = |reported: &&Reported| reported.id == *model || reported.id == format!("{model}:latest");
        let Some(reported) = models.iter().find(is_it) else {
            // Mistral answers for models of others that it does not list.
            let what = format!("{name}: `{model}` is not in its list of models");
            let mend = if provider.dialect == Dialect::Ollama {
                format!("run `ollama pull {model}`, or name another: `mcr models --refresh`")
            } else {
                "look what it has: `mcr models --refresh`; some serve what they do not list".to_owned()
            };
            findings.push(Finding::warning("model-served", what, mend));
            continue;
        };
        there += 1;
        if reported.tools == Some(false) {
            let what = format!("{name}: `{model}` calls no tools, without which the agent cannot read or write a file");
            findings.push(Finding::error("tools", what, "name a model that calls tools: `mcr models --refresh`"));
        }
        if let Some(given) = reported.given.filter(|given| *given < ROOM) {
            let what =
                format!("{name}: the server gives `{model}` {given} tokens of context; Claude Code wants {ROOM}");
            let mend = if provider.dialect == Dialect::Ollama {
                "run `OLLAMA_CONTEXT_LENGTH=65536 ollama serve`"
            } else {
                "start the server with at least 65536 tokens of context"
            };
            findings.push(Finding::error("context", what, mend));
        }
    }
    if there == provider.models.len() {
        findings.insert(0, Finding::ok("model-served", format!("{name}: lists all {there} configured models")));
    }
    findings
}

/// Ollama's version, and who else reaches it.
async fn ollama(provider: &Provider, connection: &Connection, egress: &Egress) -> Vec<Finding> {
    let name = &provider.name;
    let uri = connection.sign_of_life(Dialect::Ollama);
    let words =
        tokio::time::timeout(PATIENCE, upstream::read_words(egress, uri, LONGEST, About::of(name, "mcr doctor"))).await;
    let version = words.ok().flatten().and_then(|words| {
        let words: serde_json::Value = serde_json::from_slice(&words).ok()?;
        crate::launch::version::Version::parse(words.get("version")?.as_str()?)
    });
    let mut findings = vec![match version {
        None => Finding::note("ollama", format!("{name}: Ollama does not tell its version")),
        Some(version) if version < OLLAMA => Finding::error(
            "ollama",
            format!("{name}: Ollama {version} lets others read its memory (CVE-2026-7482, mended in {OLLAMA})"),
            "update Ollama: `curl -fsSL https://ollama.com/install.sh | sh`, or its package",
        ),
        Some(version) => Finding::ok("ollama", format!("{name}: Ollama {version}")),
    }];
    let port = connection.endpoint.port_u16().unwrap_or(11_434);
    if crate::config::is_this_machine(connection.host()) && crate::cli::service::port::is_open_to_others(port) {
        let what = format!("{name}: port {port} takes connections from other machines, and asks for no key");
        findings.push(Finding::warning("ollama", what, "run it with `OLLAMA_HOST=127.0.0.1`"));
    }
    findings
}
