//! `mcr providers`: what is known of providers, with sources and dates.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::Sandbox;

fn as_json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let words = ["providers", "--json"].iter().chain(arguments).copied();
    let output = sandbox.command(words).output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The line of the table that begins with a name, its columns joined by a bar.
fn line(table: &str, name: &str) -> String {
    let found = table.lines().find(|line| line.starts_with(&format!("{name} ")));
    let line = found.unwrap_or_else(|| panic!("no {name} in\n{table}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_table_names_operator_country_exposure_and_where_each_endpoint_is() {
    let table = Sandbox::new().mcr(["providers"]);
    assert!(table.starts_with("exit code: 0\n----- stdout -----\nprovider "), "{table}");
    let lines = ["openai", "anthropic", "google-vertex", "aws-bedrock", "cohere", "aleph-alpha", "mistral"];
    assert_snapshot!(lines.map(|name| line(&table, name)).join("\n"), @r"
    openai | OpenAI LLC, Delaware | US | direct | no, unless opted in | up to 30 days | api.openai.com | global
    anthropic | Anthropic PBC, Delaware | US | direct | no | 7 days / 30 days | api.anthropic.com | global
    google-vertex | Google LLC, Delaware | US | direct | no, unless permitted | limited, by feature | aiplatform.googleapis.com | global
    aws-bedrock | Amazon.com Inc., Delaware | US | direct | no | by model / by model, up to 30 days | bedrock-runtime.eu-central-1.amazonaws.com | DE
    cohere | Cohere Inc., Delaware | US / CA | direct / none | yes, unless opted out / no, unless opted in | unknown | api.cohere.com | US
    aleph-alpha | Aleph Alpha GmbH, Heidelberg | DE | none | unknown | unknown | api.aleph-alpha.com | unknown
    mistral | Mistral AI SAS, Paris | FR | none / indirect | no / free plan: yes, unless opted out / yes, unless opted out | 30 days | api.eu.mistral.ai | EU
    ");
    for (name, place) in [("self-hosted", "- | local"), ("privatemode", "- | unknown")] {
        assert!(line(&table, name).ends_with(place), "{table}");
    }
    let mistral: Vec<&str> =
        table.lines().skip_while(|line| !line.starts_with("mistral ")).take(3).map(str::trim_end).collect();
    assert!(mistral[1].ends_with("api.us.mistral.ai                                     US"), "{mistral:?}");
    assert!(mistral[2].ends_with("api.mistral.ai                                        global"), "{mistral:?}");
    assert!(table.ends_with("shows each with its source and date. Not legal advice.\n"), "{table}");
    let lower = table.to_lowercase();
    assert!(!lower.contains("compliant") && !lower.contains("act-free"), "{table}");
}

#[test]
fn one_provider_is_shown_with_every_source_and_with_what_is_not_known() {
    assert_snapshot!(Sandbox::new().mcr(["providers", "OVHcloud"]), @r"
    exit code: 0
    ----- stdout -----
    ovhcloud

    endpoints
      oai.endpoints.kepler.ai.cloud.ovh.net  FR  promises Gravelines  [1]
        [1] OVHcloud AI Endpoints, guide to features and limitations of 2025-08-18; seen 2026-11-21

    operator
      OVH SAS, Roubaix
        2026-11-21, vendor-doc, confidence medium: the providers' published documentation, as the presets of this project name it

    established in
      FR
        2026-11-21, vendor-doc, confidence high: the providers' published documentation, as the presets of this project name it

    where it works (sources differ)
      Gravelines, France
        2025-08-18, vendor-doc, confidence medium: OVHcloud, guide to features and limitations of AI Endpoints, https://docs.ovhcloud.com
      EU
        2026-11-22, press, confidence low: Docker's documentation on OVHcloud, https://docs.docker.com/ai/docker-agent/providers/ovhcloud.md

    unknown
      parent, presence in the US, CLOUD Act exposure, retention, zero retention, training by default, sub-processors, certifications, processing agreement, transfer mechanism, interface

    Facts of 2026-11-22. Not legal advice.
    ");
}

#[test]
fn each_endpoint_names_the_source_that_holds_for_it() {
    let shown = Sandbox::new().mcr(["providers", "google-vertex"]);
    let part = shown.split("\n\n").find(|part| part.starts_with("endpoints")).expect("the part");
    let lines: Vec<&str> = part.lines().skip(1).map(str::trim).collect();
    let (rows, sources): (Vec<&str>, Vec<&str>) = lines.iter().partition(|line| !line.starts_with('['));
    let number = |row: &&str| row.rsplit("  ").next().unwrap_or_default().to_owned();
    assert_eq!((rows.len(), sources.len()), (15, 3), "{part}");
    assert_eq!(rows[..4].iter().map(number).collect::<Vec<_>>(), ["[1]", "[2]", "[2]", "[3]"], "{part}");
    assert!(rows[3..].iter().all(|row| number(row) == "[3]"), "{part}");
    assert!(sources[2].starts_with("[3] Google Cloud, data residency of Vertex AI and Firebase's list"), "{part}");
}

#[test]
fn what_sources_say_differently_stands_one_below_the_other() {
    let shown = Sandbox::new().mcr(["providers", "mistral"]);
    let part = shown.split("\n\n").find(|part| part.starts_with("CLOUD Act exposure")).expect("the part");
    assert_snapshot!(part, @r"
    CLOUD Act exposure (sources differ)
      none; its words: No - MLAT only; sub-processors from the US would bring it back
        2026-11-20, press, confidence low: sota.io, comparison of LLM APIs by jurisdiction, post 4 of a series, https://sota.io/blog/mistral-ai-eu-native-llm-api-gdpr-no-cloud-act-2026
      indirect; its words: review carefully; a US office, US cloud providers for some infrastructure
        2026-11-20, press, confidence medium: Thomas Hochbichler, setup guide for Claude Code with Mistral, part 1, https://github.com/hochbichler/claude-code-mistral
      indirect; its word: material; a US parent, or a US-owned cloud among the core sub-processors
        2026-11-22, registry, confidence medium: EU Vetted, entry of Mistral AI, https://euvetted.on-forge.com/p/mistral-ai
    ");
}

#[test]
fn ones_own_facts_are_shown_beside_the_catalogues() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/facts.json",
        "{Mistral: {dpa: {value: 'signed', as_of: '2026-10-01', source: 'contract no. 17'}, // by hand\n\
          retention: {value: '0 days', as_of: '2026-10-02', source: 'letter', note: 'chat alone'}},\n\
          acme: {operator: {value: 'Acme GmbH', as_of: '2026-10-01', source: 'its register'}}}",
    );
    let mistral = as_json(&sandbox, &["mistral"])["providers"][0].clone();
    let dpa = mistral["facts"]["dpa"].as_array().unwrap();
    assert_eq!(dpa.len(), 3, "the catalogue's stay: {dpa:?}");
    assert_eq!(
        dpa[2],
        json!({"value": "signed", "as_of": "2026-10-01", "source": "contract no. 17", "address": null, "kind": "own",
            "confidence": "high", "note": null})
    );
    let table = sandbox.mcr(["providers"]);
    assert!(line(&table, "mistral").contains("30 days / 0 days"), "{table}");
    assert_eq!(line(&table, "acme"), "acme | Acme GmbH | unknown | unknown | unknown | unknown | - | unknown");
    let shown = sandbox.mcr(["providers", "ACME"]);
    assert!(shown.contains("operator\n  Acme GmbH\n    2026-10-01, own, confidence high: its register\n"), "{shown}");
    let elsewhere = sandbox.write("other/config.json", "{}");
    let other = as_json(&sandbox, &["mistral", "--config", elsewhere.to_str().unwrap()]);
    assert_eq!(other["providers"][0]["facts"]["dpa"].as_array().map(Vec::len), Some(2), "facts lie beside the file");
}

#[test]
fn a_bad_file_of_ones_own_is_told_with_all_its_places() {
    let sandbox = Sandbox::new();
    sandbox.write("home/facts.json", "{mistral: {dap: {}, dpa: {value: 'signed', as_of: 'May'}}}");
    let shown = sandbox.mcr(["providers"]);
    let known = shown.split("there are ").nth(1).and_then(|rest| rest.split(", did").next()).expect("the fields");
    assert_snapshot!(shown.replace(known, "…"), @r"
    exit code: 78
    ----- stderr -----
    error: your own facts of providers have errors:
      ~/home/facts.json:1:12: mistral.dap: there is no such fact; there are …, did you mean `dpa`?
      ~/home/facts.json:1:26: mistral.dpa: `source` is missing
      ~/home/facts.json:1:51: mistral.dpa.as_of: a day is written as 2026-11-21
    hint: correct ~/home/facts.json, or take it away
    ");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest() {
    assert_snapshot!(Sandbox::new().mcr(["providers", "antropic"]), @r"
    exit code: 64
    ----- stderr -----
    error: nothing is known of a provider `antropic`
    hint: did you mean `anthropic`?
    hint: run `mcr providers` to list those that are known
    ");
}

#[test]
fn json_has_every_field_of_every_provider_in_one_order() {
    let all = as_json(&Sandbox::new(), &[]);
    let providers = all["providers"].as_array().unwrap();
    assert!(providers.len() >= 27, "only {}", providers.len());
    assert_eq!((all["sha256"].as_str().map(str::len), &all["notice"]), (Some(64), &json!("Not legal advice.")));
    for provider in providers {
        let facts = provider["facts"].as_object().unwrap();
        assert_eq!(facts.len(), 14, "{}", provider["name"]);
        assert!(provider["endpoints"].as_array().unwrap().iter().all(|it| it["region"].is_string()));
    }
    let evroc = providers.iter().find(|it| it["name"] == "evroc").unwrap();
    assert_eq!((&evroc["facts"]["cloud_act"], evroc["unknown"].as_array().map(Vec::len)), (&json!([]), Some(13)));
}
