//! `mcr report`: from a session through the real proxy to the papers of those who have to answer for it.

use mcr::imitation::Reply;
use serde_json::Value;

use crate::common::{Rig, Sandbox, ask, soon};

/// Runs a report and reads its JSON.
fn report(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output =
        sandbox.command(["--config", "config.json", "report"].iter().chain(arguments)).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The same where there is no configuration.
fn report_alone(arguments: &[&str]) -> Value {
    let sandbox = Sandbox::new();
    let output = sandbox.command(["report"].iter().chain(arguments)).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn section<'r>(report: &'r Value, id: &str) -> &'r Value {
    let sections = report["sections"].as_array().expect("sections");
    sections.iter().find(|section| section["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

#[tokio::test]
async fn a_session_stands_in_the_report_with_its_host_and_the_record_that_shows_it() {
    let rig = Rig::new([Reply::say("Hello")]).await;
    rig.messages(&ask("hello")).await;
    let Rig { server, sandbox, .. } = rig;
    // At its end the record has a checkpoint.
    server.stopped().await;
    let report = soon(tokio::task::spawn_blocking(move || {
        (report(&sandbox, &["egress", "--since", "1h", "--format", "json"]), sandbox)
    }));
    let (report, sandbox) = report.await.expect("no panic");
    let reached = &section(&report, "reached")["rows"];
    assert_eq!((reached[0]["host"].as_str(), reached[0]["region"].as_str()), (Some("127.0.0.1"), Some("local")));
    assert_eq!((reached[0]["by"].as_str(), reached[0]["times"].as_str()), (Some("mcr"), Some("1")));
    assert_ne!(reached[0]["sent_bytes"], "0");
    let test = &section(&report, "self-test")["rows"][0];
    assert_eq!((test["host"].as_str(), test["outcome"].as_str()), (Some("api.anthropic.com"), Some("denied")));
    let basis = section(&report, "basis")["rows"].to_string();
    let day = test["words"].as_str().and_then(|words| words.split("catalogue of ").nth(1)?.get(..10));
    assert!(day.is_some_and(|day| basis.contains(&format!("providers of {day}, models of "))), "{test} {basis}");
    assert!(basis.contains("Last checkpoint of the record") && basis.contains("Installation's key"), "{basis}");
    assert!(!report.to_string().contains("hello"), "no word of the conversation: {report}");

    let picture = sandbox.mcr(["--config", "config.json", "report", "egress", "--format", "svg"]);
    assert!(picture.contains("<svg ") && picture.contains(">127.0.0.1</text>"), "{picture}");
}

#[test]
fn every_row_of_a_guides_table_of_exposure_is_there_with_source_and_date() {
    let report = report_alone(&["providers", "--format", "json"]);
    let facts = section(&report, "facts")["rows"].as_array().expect("rows").clone();
    for (provider, exposure) in [
        ("openai", "direct"),
        ("anthropic", "direct"),
        ("google-vertex", "direct"),
        ("aws-bedrock", "direct"),
        ("cohere", "direct"),
        ("aleph-alpha", "none"),
        ("mistral", "none"),
    ] {
        let is_it = |row: &&Value| row["provider"] == provider && row["field"] == "CLOUD Act exposure";
        let rows: Vec<&Value> = facts.iter().filter(is_it).collect();
        let row = rows.iter().find(|row| row["value"].as_str().is_some_and(|value| value.starts_with(exposure)));
        let row = row.unwrap_or_else(|| panic!("{provider}: {rows:?}"));
        assert!(row["as_of"].as_str().is_some_and(|day| day.starts_with("20")), "{row}");
        assert!(row["source"].as_str().is_some_and(|source| !source.is_empty()), "{row}");
    }
    let mistrals: Vec<_> = section(&report, "endpoints")["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["provider"] == "mistral")
        .map(|row| (row["endpoint"].as_str().unwrap_or_default(), row["region"].as_str().unwrap_or_default()))
        .collect();
    for endpoint in [("api.eu.mistral.ai", "EU"), ("api.us.mistral.ai", "US"), ("api.mistral.ai", "global")] {
        assert!(mistrals.contains(&endpoint), "{mistrals:?}");
    }
}

#[test]
fn the_owners_words_are_taken_and_a_bad_file_is_an_error_that_changes_nothing() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-x");
    std::fs::create_dir_all(sandbox.home()).expect("a folder");
    let file = sandbox.home().join("report.json");
    let example = sandbox.command(["report", "example"]).output().expect("it runs");
    std::fs::write(&file, &example.stdout).expect("written");
    let output = sandbox.command(["report", "ropa", "--format", "json"]).output().expect("it runs");
    let ropa: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(section(&ropa, "controller")["rows"][0]["role"], "Controller");
    assert!(!ropa["gaps"].to_string().contains("report.json"), "{}", ropa["gaps"]);

    std::fs::write(&file, "{controler: 'me'}").expect("written");
    let picture = sandbox.mcr(["report", "ropa"]);
    assert!(picture.starts_with("exit code: 65\n"), "{picture}");
    assert!(picture.contains("controler") && picture.contains("report.json"), "{picture}");
}

#[test]
fn a_report_goes_to_a_file_of_its_owners_alone() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-x");
    let picture = sandbox.mcr(["report", "nis2", "--output", "nis2.md"]);
    assert!(picture.starts_with("exit code: 0\n----- stderr -----\nwrote the report: nis2.md\n"), "{picture}");
    let file = sandbox.folder().join("nis2.md");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(std::fs::read_to_string(&file).expect("text").contains("## Supplier: mistral"));
}

#[test]
fn who_is_not_known_to_operate_a_provider_is_a_gap_and_never_the_user() {
    let report = report_alone(&["providers", "--format", "json"]);
    let (rows, gaps) = (&section(&report, "exposure")["rows"], report["gaps"].to_string());
    let rows = rows.as_array().expect("rows");
    for name in ["berget", "evroc", "cortecs", "regolo", "privatemode"] {
        let row = rows.iter().find(|row| row["provider"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(row["operator"], "not known", "{name}");
        assert!(gaps.contains(&format!("\"{name}: operator\"")), "{name}: {gaps}");
    }
    let own = ["ollama", "lm-studio", "vllm", "llama.cpp", "sglang", "lmdeploy", "self-hosted"];
    assert!(rows.iter().all(|row| row["provider"].as_str().is_some_and(|name| !own.contains(&name))), "{rows:?}");
    let endpoints = section(&report, "endpoints")["rows"].as_array().expect("rows");
    let privatemode = endpoints.iter().find(|row| row["provider"] == "privatemode").expect("a row");
    assert_eq!(
        (privatemode["endpoint"].as_str(), privatemode["region"].as_str()),
        (Some("not known"), Some("not known"))
    );
}

#[test]
fn whom_the_user_names_as_the_operator_of_a_host_here_is_not_the_user() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MISTRAL_API_KEY", "sk-x");
    let provider = r#"{"name": "gpu", "api_base_url": "http://10.0.0.7/v1/chat/completions", "models": ["m"]}"#;
    let config = format!(r#"{{"Providers": [{provider}], "Router": {{"default": "gpu,m"}}}}"#);
    std::fs::write(sandbox.folder().join("config.json"), config).expect("written");
    let entity = |sandbox: &Sandbox| {
        let report = report(sandbox, &["ropa", "--format", "json"]);
        section(&report, "recipients")["rows"][0]["operator"].as_str().expect("words").to_owned()
    };
    assert_eq!(entity(&sandbox), "on this machine or its network; whose it is, is not known here");
    let arguments = ["egress", "allow", "10.0.0.7", "--private", "--operator", "Partner GmbH", "--reason", "agreed"];
    let output = sandbox.command(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let named = entity(&sandbox);
    assert!(named.starts_with("Partner GmbH (egress.json, 20"), "{named}");
}

#[test]
fn a_picture_that_cannot_be_is_refused_with_what_can() {
    let sandbox = Sandbox::new();
    for kind in ["providers", "nis2"] {
        let picture = sandbox.mcr(["report", kind, "--format", "svg"]);
        assert_eq!(
            picture,
            format!(
                "exit code: 64\n----- stderr -----\nerror: the report `{kind}` has no diagram to draw\n\
                 hint: `--format svg` is for `egress`, `ropa`, `dpia`; take `--format md`, `csv` or `json` here\n"
            )
        );
    }
    insta::assert_snapshot!(sandbox.mcr(["report", "egress", "--format", "svg"]), @r"
    exit code: 66
    ----- stderr -----
    error: the report `egress` has nothing to draw: nothing was observed
    hint: take `--format md` for what is known without
    hint: run `mcr code` and have it do something first
    ");
    insta::assert_snapshot!(sandbox.mcr(["report", "ropa", "--since", "1h", "--format", "svg"]), @r"
    exit code: 66
    ----- stderr -----
    error: the report `ropa` has nothing to draw: nothing was observed in the period
    hint: take `--format md` for what is known without
    hint: leave `--since` out, or take an earlier time
    ");
}
