//! The data itself is what is tested here.

use super::*;
use crate::catalog::{data, hash, standing};

/// Whether a text is a day, `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10
}

fn cells() -> impl Iterator<Item = (&'static str, Field, &'static Fact)> {
    let of = |(name, facts): (&&'static str, &'static Facts)| {
        let name = *name;
        facts.iter().flat_map(move |(field, facts)| facts.iter().map(move |fact| (name, field, fact)))
    };
    FACTS.iter().flat_map(of)
}

#[test]
fn every_cell_has_a_date_and_a_source_that_is_there() {
    let mut count = 0;
    for (name, field, fact) in cells() {
        let what = format!("{name}: {}", field.as_str());
        assert!(is_day(&fact.as_of) && *fact.as_of <= *facts_as_of(), "{what}: {}", fact.as_of);
        assert!(!fact.source.is_empty() && !fact.value.is_empty() && fact.kind != Kind::Own, "{what}");
        assert!(fact.address.as_ref().is_none_or(|it| it.starts_with("https://")), "{what}");
        assert!(field.words().is_empty() || field.words().contains(&&*fact.value), "{what}: {}", fact.value);
        assert!(fact.value.chars().count() <= 60, "{what}: what is long belongs into the note");
        count += 1;
    }
    assert!(count >= 150, "only {count} cells");
}

#[test]
fn every_name_of_the_facts_is_a_provider_of_its_own_and_every_provider_has_facts() {
    let named: Vec<&str> = FILE.providers.keys().map(String::as_str).collect();
    let mut known: Vec<&str> = providers().map(crate::catalog::Provider::name).collect();
    known.sort_unstable();
    assert_eq!(named, known);
}

#[test]
fn operator_and_country_are_the_same_wherever_they_stand() {
    for provider in providers() {
        let facts = facts(provider.name()).unwrap();
        let first = |field| facts.get(field).first().map(|fact| fact.value.as_str());
        assert_eq!(first(Field::Establishment), provider.country.as_deref(), "{}", provider.name());
        assert_eq!(first(Field::Operator) == Some("yourself"), provider.local, "{}", provider.name());
        let operator = first(Field::Operator).filter(|_| !provider.local);
        assert_eq!(operator, provider.entity.as_deref(), "{}", provider.name());
    }
}

/// Where what nobody here knows is a gap, and not forgotten.
const NO_REGION: &[&str] = &[
    "api.aleph-alpha.com",
    "api.berget.ai",
    "api.cortecs.ai",
    "api.infomaniak.com",
    "api.openai-compat.model-serving.eu01.onstackit.cloud",
    "api.scaleway.ai",
    "models.think.evroc.com",
];

#[test]
fn every_endpoint_has_a_region_or_is_a_gap_that_is_named() {
    let endpoints: Vec<_> = providers().flat_map(crate::catalog::Provider::endpoints).collect();
    assert!(endpoints.len() >= 40, "only {}", endpoints.len());
    let mut without: Vec<&str> =
        endpoints.iter().filter(|endpoint| endpoint.region().is_none()).map(|endpoint| endpoint.address).collect();
    without.sort_unstable();
    assert_eq!(without, NO_REGION);
}

#[test]
fn mistrals_endpoints_are_told_apart() {
    let mut endpoints: Vec<_> = known_provider("mistral")
        .unwrap()
        .endpoints()
        .iter()
        .map(|endpoint| (endpoint.address.to_owned(), endpoint.region()))
        .collect();
    endpoints.sort_unstable();
    let expect = [("api.eu.mistral.ai", "EU"), ("api.mistral.ai", "global"), ("api.us.mistral.ai", "US")];
    assert_eq!(endpoints, expect.map(|(host, region)| (host.to_owned(), Some(region))));
}

#[test]
fn no_text_passes_a_judgement() {
    for (name, text) in data() {
        let text = text.to_lowercase();
        for word in ["compliant", "cloud-act-free", "cloud act-free", "cloud act free", "gdpr-proof"] {
            assert!(!text.contains(word), "{name} says `{word}`");
        }
    }
}

#[test]
fn every_row_of_the_published_table_of_exposures_is_there_with_its_source_and_date() {
    for (name, entity, country, exposure) in [
        ("OpenAI", "OpenAI LLC", "US", "direct"),
        ("Anthropic", "Anthropic PBC", "US", "direct"),
        ("Google Vertex AI", "Google LLC", "US", "direct"),
        ("AWS Bedrock", "Amazon.com Inc.", "US", "direct"),
        ("Cohere", "Cohere Inc.", "US", "direct"),
        ("Aleph Alpha", "Aleph Alpha GmbH", "DE", "none"),
        ("Mistral", "Mistral AI SAS", "FR", "none"),
    ] {
        let facts = facts(name).unwrap_or_else(|| panic!("no {name}"));
        let says = |field, words: &str| {
            let mut said = facts.get(field).iter().filter(|fact| fact.source.starts_with("sota.io"));
            assert!(said.any(|fact| fact.value.starts_with(words) && is_day(&fact.as_of)), "{name}: {words}");
        };
        says(Field::Operator, entity);
        says(Field::Establishment, country);
        says(Field::CloudAct, exposure);
        assert!(!facts.get(Field::Transfer).is_empty(), "{name}");
    }
}

#[test]
fn sources_that_disagree_are_all_there_and_nothing_is_decided() {
    let facts = facts("mistral").unwrap();
    let said: Vec<_> = facts.get(Field::CloudAct).iter().map(|fact| (fact.kind, fact.value.as_str())).collect();
    assert_eq!(said, [(Kind::Press, "none"), (Kind::Press, "indirect"), (Kind::Registry, "indirect")]);
    assert_eq!(facts.values(Field::CloudAct), ["none", "indirect"]);
    assert_eq!(facts.values(Field::Training).len(), 3);
}

#[test]
fn what_nobody_knows_is_a_gap() {
    let facts = facts("evroc").unwrap();
    assert_eq!(facts.values(Field::CloudAct), ["unknown"]);
    assert_eq!(facts.gaps().count(), Field::ALL.len() - 1);
}

#[test]
fn a_model_that_a_local_server_hands_on_runs_elsewhere() {
    for id in ["gpt-oss:120b-cloud", "gemma4:cloud", "Gemma4:CLOUD"] {
        let standing = runs_elsewhere(id).unwrap_or_else(|| panic!("{id} is local"));
        assert_eq!((standing.operator, standing.country), ("Ollama Inc.", "US"), "{id}");
    }
    for id in ["cloud", "cloudy:7b", "mistral-small", "gpt-oss:120b", ""] {
        assert_eq!(runs_elsewhere(id), None, "{id}");
    }
}

#[test]
fn some_models_may_be_used_for_training_whatever_was_agreed() {
    let fact = may_train("labs-anything").unwrap();
    assert_eq!((fact.kind, fact.as_of.as_str()), (Kind::VendorDoc, "2026-08-21"));
    assert_eq!(may_train("mistral-labs"), None);
}

#[test]
fn hosts_of_operators_abroad_are_known() {
    for (host, country) in [
        ("api.anthropic.com", "US"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "US"),
        ("europe-west9-aiplatform.googleapis.com", "US"),
        ("api.cohere.com", "US"),
        ("api.aleph-alpha.com", "DE"),
        ("ollama.com", "US"),
    ] {
        assert_eq!(standing(host).map(|it| it.country), Some(country), "{host}");
    }
    let vertex = standing("europe-west9-aiplatform.googleapis.com").unwrap();
    assert_eq!((vertex.country, vertex.region), ("US", Some("FR")), "who and where are two answers");
}

#[test]
fn the_hash_is_of_all_data_files() {
    assert!(hash().len() == 64 && hash().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| std::path::Path::new(name).extension().is_some_and(|it| it == "json")).collect();
    names.sort_unstable();
    assert_eq!(names, data().map(|(name, _)| name));
}
