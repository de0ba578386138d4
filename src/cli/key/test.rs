//! `mcr key test`: each provider is asked for its models with its key.
//!
//! Some providers list their models to everybody; there a good answer proves that they
//! are there, and nothing of the key.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::args::KeyTest;
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::cli::recording;
use crate::cli::running::{block_on, keys};
use crate::config::{Config, Provider, SecretRef, load};
use crate::egress::{About, Egress};
use crate::error::{Exit, Failure};
use crate::keys::Resolver;
use crate::ui;
use crate::upstream::{NoAnswer, probe};

/// What came of one provider.
struct Row {
    provider: String,
    host: String,
    /// What the configuration says of the key: a reference, `written`, or nothing.
    key: Option<String>,
    status: Option<u16>,
    verdict: Verdict,
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Works,
    /// The provider does not take the key.
    Refused,
    /// There is no key, or it is not for this host; the exit code says which.
    NoKey(Exit),
    /// No answer, or one that says nothing of the key.
    Unavailable,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Refused => "refused",
            Self::NoKey(_) => "no key",
            Self::Unavailable => "unavailable",
        }
    }

    fn exit(self) -> Option<Exit> {
        match self {
            Self::Works => None,
            Self::Refused => Some(Exit::Denied),
            Self::NoKey(exit) => Some(exit),
            Self::Unavailable => Some(Exit::Unavailable),
        }
    }
}

/// Prints a line for each provider; 0 when all work, 77 when a key is refused, else the worst of what was in the way.
pub(super) fn run(options: &KeyTest, place: &Place<'_>) -> Result<u8, Failure> {
    let config = load(place.explicit, place.paths, place.environment)?;
    let providers = chosen(&config, options.provider.as_deref())?;
    let audit = recording::open(&config.audit, place.paths);
    let egress = Doorway::of(place).open(&config)?.noting(audit.clone());
    let keys = keys(place.paths);
    let rows = block_on(async {
        let mut rows = Vec::new();
        for provider in providers {
            rows.push(row(provider, &egress, &keys).await);
        }
        Ok(rows)
    })?;
    audit.close();
    ui::print(&if options.form.json { as_json(&rows) } else { as_lines(&rows) })
        .map_err(|error| Failure::new(Exit::Io, error))?;
    Ok(worst(rows.iter().map(|row| row.verdict)).map_or(0, |exit| exit as u8))
}

/// Finds the configured provider of a name, or returns all of them.
pub(in crate::cli) fn chosen<'c>(config: &'c Config, name: Option<&str>) -> Result<Vec<&'c Arc<Provider>>, Failure> {
    let all: Vec<&Arc<Provider>> = config.providers.iter().collect();
    let Some(name) = name else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|provider| provider.name.as_str()).collect();
    let found: Vec<&Arc<Provider>> =
        all.iter().copied().filter(|provider| provider.name.eq_ignore_ascii_case(name)).collect();
    if found.is_empty() {
        return Err(Failure::say(Exit::Usage, format!("there is no provider `{name}`"))
            .hint(format!("configured are {}", super::row(&names))));
    }
    Ok(found)
}

async fn row(provider: &Provider, egress: &Egress, keys: &Resolver) -> Row {
    let (mut host, mut key, mut status) = (String::new(), None, None);
    let (verdict, words) = match &provider.connection {
        Err(unset) => (Verdict::NoKey(Exit::Config), unset.to_string()),
        Ok(connection) => {
            connection.host().clone_into(&mut host);
            key = connection.key.as_ref().map(|key| match key {
                SecretRef::Value(_) => "written".to_owned(),
                SecretRef::Elsewhere(reference) => reference.to_string(),
            });
            match probe(egress, keys, connection, About::of(&provider.name, "mcr key test")).await {
                Ok(answer) => {
                    status = Some(answer.as_u16());
                    said(answer.as_u16(), &host, key.is_some())
                }
                Err(NoAnswer::NoKey(error)) => (Verdict::NoKey(error.exit), error.to_string()),
                Err(error @ NoAnswer::Unprintable) => {
                    (Verdict::NoKey(Exit::Data), format!("{error}; correct its `api_key`"))
                }
                Err(NoAnswer::Denied(words)) => (Verdict::Refused, words),
                Err(error @ (NoAnswer::Unreachable(_) | NoAnswer::Unrecorded(_))) => {
                    (Verdict::Unavailable, error.to_string())
                }
            }
        }
    };
    Row { provider: provider.name.clone(), host, key, status, verdict, words }
}

/// What a status says of the key.
fn said(status: u16, host: &str, with_key: bool) -> (Verdict, String) {
    match (status, with_key) {
        (200..=299, _) => (Verdict::Works, format!("{host} answered {status}")),
        (401 | 403, true) => (Verdict::Refused, format!("{host} answered {status}; correct the provider's `api_key`")),
        (401 | 403, false) => {
            (Verdict::Refused, format!("{host} answered {status} to a request without a key; set `api_key`"))
        }
        (404 | 405, _) => {
            let words = format!("{host} answered {status}: it lists no models, which says nothing of the key");
            (Verdict::Unavailable, words)
        }
        (_, _) => (Verdict::Unavailable, format!("{host} answered {status}, which says nothing of the key")),
    }
}

/// A refusal says most; after it, a key that is missing.
fn worst(verdicts: impl Iterator<Item = Verdict>) -> Option<Exit> {
    let rank = |exit: &Exit| match exit {
        Exit::Denied => 2,
        Exit::Unavailable => 0,
        _ => 1,
    };
    verdicts.filter_map(Verdict::exit).max_by_key(rank)
}

fn as_lines(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.provider.chars().count()).max().unwrap_or(0);
    rows.iter().fold(String::new(), |mut text, row| {
        let _ = writeln!(text, "{:width$}  {:11}  {}", row.provider, row.verdict.as_str(), row.words);
        text
    })
}

fn as_json(rows: &[Row]) -> String {
    let providers: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({"provider": row.provider, "host": row.host, "key": row.key, "verdict": row.verdict.as_str(),
                "status": row.status, "message": row.words})
        })
        .collect();
    let ok = rows.iter().all(|row| row.verdict == Verdict::Works);
    format!("{:#}\n", json!({"ok": ok, "providers": providers}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_outweighs_a_missing_key_and_that_a_silent_provider() {
        let check = |verdicts: &[Verdict], expect| assert_eq!(worst(verdicts.iter().copied()), expect);
        let missing = Verdict::NoKey(Exit::Config);
        check(&[Verdict::Works], None);
        check(&[Verdict::Unavailable, Verdict::Works], Some(Exit::Unavailable));
        check(&[Verdict::Unavailable, missing, Verdict::Works], Some(Exit::Config));
        check(&[Verdict::Refused, missing, Verdict::Unavailable], Some(Exit::Denied));
        check(&[Verdict::NoKey(Exit::Denied), missing], Some(Exit::Denied));
    }

    #[test]
    fn only_some_answers_say_something_of_a_key() {
        let verdict = |status| said(status, "x.example", true).0;
        assert_eq!([200, 401, 403].map(verdict), [Verdict::Works, Verdict::Refused, Verdict::Refused]);
        assert_eq!([301, 404, 429, 500].map(verdict), [Verdict::Unavailable; 4]);
    }
}
