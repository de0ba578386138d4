//! `mcr providers`: what is known of providers, with sources and dates.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::args::Providers;
use super::config::Place;
use super::table::Table;
use crate::catalog::{self, Endpoint, Fact, Facts, Field, Overlay, Provider};
use crate::config::{self, suggest};
use crate::error::{Exit, Failure};
use crate::ui;

/// What stands below everything that is printed here.
const NOTICE: &str = "Not legal advice.";
/// How many endpoints of one provider the table shows.
const MOST_ENDPOINTS: usize = 3;
/// The column in which the endpoints begin.
const ENDPOINT: usize = 6;

/// A provider with everything that is said of it; its own entry is absent where only the user knows it.
struct Known<'a> {
    name: &'a str,
    entry: Option<&'static Provider>,
    facts: Facts,
}

/// Prints the table, or one provider in full.
pub fn run(options: &Providers, place: &Place<'_>) -> Result<u8, Failure> {
    let overlay = config::overlay(place.explicit, place.paths, place.environment)?;
    let mut all = known(&overlay);
    let whole = options.name.is_some();
    if let Some(name) = &options.name {
        all = vec![one(all, name)?];
    }
    let text = match all.first().filter(|_| whole) {
        _ if options.json => as_json(&all),
        Some(known) => in_full(known),
        None => as_table(&all),
    };
    ui::print(&text).map(|()| 0).map_err(|error| Failure::new(Exit::Io, error))
}

fn known(overlay: &Overlay) -> Vec<Known<'_>> {
    let ours = catalog::providers().map(|entry| (entry.name(), Some(entry)));
    let all = ours.chain(overlay.others().map(|name| (name, None)));
    all.map(|(name, entry)| Known { name, entry, facts: overlay.facts(name).unwrap_or_default() }).collect()
}

fn one<'a>(all: Vec<Known<'a>>, name: &str) -> Result<Known<'a>, Failure> {
    let entry = catalog::known_provider(name).map(Provider::name);
    let names: Vec<String> = all
        .iter()
        .flat_map(|known| known.entry.map_or_else(|| vec![known.name.to_owned()], |entry| entry.names.clone()))
        .collect();
    let is_it = |known: &Known<'_>| {
        entry.is_none_or(|entry| entry == known.name) && (entry.is_some() || known.name.eq_ignore_ascii_case(name))
    };
    all.into_iter().find(is_it).ok_or_else(|| {
        let failure = Failure::say(Exit::Usage, format!("nothing is known of a provider `{name}`"));
        let nearest = suggest::nearest(&name.replace(' ', "-"), names.iter().map(String::as_str));
        let failure = match nearest {
            Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
            None => failure,
        };
        failure.hint("run `mcr providers` to list those that are known")
    })
}

/// The values of a fact, and that they differ.
fn said(facts: &Facts, field: Field) -> String {
    facts.values(field).join(" / ")
}

fn as_table(all: &[Known<'_>]) -> String {
    let mut table = Table::new(&[
        "provider",
        "operator",
        "established",
        "CLOUD Act",
        "training",
        "retention",
        "endpoint",
        "region",
    ]);
    for known in all {
        let fact = |field| said(&known.facts, field);
        let mut row = vec![
            known.name.to_owned(),
            fact(Field::Operator),
            fact(Field::Establishment),
            fact(Field::CloudAct),
            fact(Field::Training),
            fact(Field::Retention),
        ];
        let endpoints = known.entry.map(Provider::endpoints).unwrap_or_default();
        if endpoints.is_empty() {
            let region = if known.entry.is_some_and(|entry| entry.local) { "local" } else { "unknown" };
            row.extend(["-".to_owned(), region.to_owned()]);
            table.row(row);
            continue;
        }
        for endpoint in endpoints.iter().take(MOST_ENDPOINTS) {
            row.extend([endpoint.address.to_owned(), region(endpoint).to_owned()]);
            table.row(std::mem::replace(&mut row, vec![String::new(); ENDPOINT]));
        }
        if endpoints.len() > MOST_ENDPOINTS {
            row.extend([format!("and {} more", endpoints.len() - MOST_ENDPOINTS), String::new()]);
            table.row(row);
        }
    }
    let mut text = table.text();
    let _ = writeln!(
        text,
        "\na / b: sources differ, and nothing is decided here. unknown: nobody here knows.\n\
         Facts of {}; `mcr providers NAME` shows each with its source and date. {NOTICE}",
        catalog::facts_as_of()
    );
    text
}

fn region<'e>(endpoint: &'e Endpoint<'_>) -> &'e str {
    endpoint.region().unwrap_or("unknown")
}

fn in_full(known: &Known<'_>) -> String {
    let mut text = format!("{}\n", known.name);
    let endpoints = known.entry.map(Provider::endpoints).unwrap_or_default();
    if !endpoints.is_empty() {
        text.push_str("\nendpoints\n");
        let (mut table, mut sources) = (Table::bare(), Vec::new());
        for endpoint in &endpoints {
            let mut row = vec![format!("  {}", endpoint.address), region(endpoint).to_owned()];
            if let Some(host) = endpoint.host {
                let at = sources.iter().position(|known| *known == host.source).unwrap_or_else(|| {
                    sources.push(host.source.as_str());
                    sources.len() - 1
                });
                row.extend([format!("promises {}", host.promise), format!("[{}]", at + 1)]);
            }
            table.row(row);
        }
        text.push_str(&table.text());
        for (at, source) in sources.iter().enumerate() {
            let _ = writeln!(text, "    [{}] {source}", at + 1);
        }
    }
    for (field, cells) in known.facts.iter().filter(|(_, cells)| !cells.is_empty()) {
        let differ = if known.facts.values(field).len() > 1 { " (sources differ)" } else { "" };
        let _ = writeln!(text, "\n{}{differ}", field.label());
        for fact in cells {
            cell(&mut text, fact);
        }
    }
    let gaps: Vec<&str> = known.facts.gaps().map(Field::label).collect();
    if !gaps.is_empty() {
        let _ = writeln!(text, "\nunknown\n  {}", gaps.join(", "));
    }
    let _ = writeln!(text, "\nFacts of {}. {NOTICE}", catalog::facts_as_of());
    text
}

fn cell(text: &mut String, fact: &Fact) {
    let note = fact.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let _ = writeln!(text, "  {}{note}", fact.value);
    let address = fact.address.as_ref().map(|address| format!(", {address}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "    {}, {}, confidence {}: {}{address}",
        fact.as_of,
        fact.kind.as_str(),
        fact.confidence.as_str(),
        fact.source
    );
}

fn as_json(all: &[Known<'_>]) -> String {
    let providers: Vec<Value> = all
        .iter()
        .map(|known| {
            let endpoints: Vec<Value> = known
                .entry
                .map(Provider::endpoints)
                .unwrap_or_default()
                .iter()
                .map(|endpoint| {
                    json!({
                        "address": endpoint.address,
                        "region": region(endpoint),
                        "promise": endpoint.host.map(|host| &host.promise),
                        "source": endpoint.host.map(|host| &host.source),
                    })
                })
                .collect();
            let facts: Map<String, Value> =
                known.facts.iter().map(|(field, cells)| (field.as_str().to_owned(), json!(cells))).collect();
            json!({
                "name": known.name,
                "names": known.entry.map(|entry| &entry.names),
                "endpoints": endpoints,
                "facts": facts,
                "unknown": known.facts.gaps().map(Field::as_str).collect::<Vec<_>>(),
            })
        })
        .collect();
    let value = json!({
        "as_of": catalog::facts_as_of(),
        "sha256": catalog::hash(),
        "notice": NOTICE,
        "providers": providers,
    });
    format!("{value:#}\n")
}
