//! `mcr egress`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::requests::provider;
use crate::common::{Sandbox, config};
use crate::service::Service;

fn configured(value: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", &format!("{value:#}"));
    sandbox
}

fn two() -> Value {
    json!({
        "Providers": [provider("eu", "https://api.eu.mistral.ai/v1", "m"), provider("far", "https://api.openai.com/v1", "n")],
        "Router": {"default": "eu,m"},
    })
}

/// What a sandbox's `egress.json` holds, without the day.
fn kept(sandbox: &Sandbox) -> Value {
    let text = fs::read_to_string(sandbox.home().join("egress.json")).expect("a file");
    let mut list: Value = serde_json::from_str(&text).expect("JSON");
    for one in list.as_array_mut().expect("a list") {
        let since = one.as_object_mut().expect("an object").remove("since").expect("a day");
        assert_eq!(since.as_str().expect("a text").len(), "2026-11-22".len());
    }
    list
}

/// A picture without the catalogue's day.
fn timeless(picture: &str) -> String {
    picture.replace(mcr::catalog::as_of(), "DAY").replace(mcr::catalog::facts_as_of(), "DAY")
}

#[test]
fn check_says_whether_a_host_would_be_spoken_to_and_why() {
    let sandbox = Sandbox::new();
    assert_snapshot!(timeless(&sandbox.mcr(["egress", "check", "https://api.eu.mistral.ai/v1"])), @r"
    exit code: 0
    ----- stdout -----
    allowed api.eu.mistral.ai: it is operated by Mistral AI SAS, Paris (FR; catalogue of DAY), and `eu` is allowed
    ");
    assert_snapshot!(sandbox.mcr(["egress", "check", "llm.example"]), @r"
    exit code: 77
    ----- stdout -----
    denied llm.example: nobody here knows who operates it
    ----- stderr -----
    hint: run `mcr egress allow llm.example --operator NAME --reason TEXT`
    ");
    for what in ["https://me:secret@llm.example/", "http://", "a b", "llm.example:443"] {
        let picture = sandbox.mcr(["egress", "check", what]);
        assert!(picture.starts_with("exit code: 64\n") && !picture.contains("secret"), "{picture}");
    }
}

#[test]
fn show_tells_of_every_target() {
    let sandbox = configured(&two());
    let picture = sandbox.mcr(["egress", "show"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let lines: Vec<&str> = picture.lines().collect();
    assert!(lines[3].starts_with("eu,m") && lines[3].contains("allowed") && lines[3].contains("EU"), "{picture}");
    assert!(lines[4].starts_with("far,n") && lines[4].contains("denied") && lines[4].contains("(US)"), "{picture}");
    let output = sandbox.command(["egress", "show", "--json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let decisions: Vec<&Value> = shown["targets"].as_array().unwrap().iter().map(|it| &it["decision"]).collect();
    assert_eq!(decisions, ["allowed", "denied"]);
    assert_eq!(shown["targets"][0]["used_by"], json!(["Router.default"]));
    assert_eq!(shown["rules"]["allow"], json!(["eu", "eea", "ch", "local"]));
}

#[test]
fn allow_vouches_for_a_host_and_deny_takes_that_back() {
    let sandbox = Sandbox::new();
    let reason = ["--reason", "our contract"];
    let missing = sandbox.mcr(["egress", "allow", "llm.example"].into_iter().chain(reason));
    assert!(missing.starts_with("exit code: 64\n") && missing.contains("pass `--operator NAME`"), "{missing}");
    let all = ["--operator", "Example GmbH", "--country", "de", "--region", "DE"];
    assert_snapshot!(sandbox.mcr(["egress", "allow", "LLM.example."].into_iter().chain(all).chain(reason)), @r"
    exit code: 0
    ----- stderr -----
    allowed llm.example (public), of Example GmbH: our contract
    ");
    assert_eq!(
        kept(&sandbox),
        json!([{"host": "llm.example", "operator": "Example GmbH", "country": "DE", "region": "DE", "network": "public",
            "reason": "our contract"}])
    );
    let mode = fs::metadata(sandbox.home().join("egress.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(sandbox.mcr(["egress", "check", "llm.example"]).starts_with("exit code: 0\n"));
    assert!(sandbox.mcr(["egress", "deny", "llm.example"]).contains("no longer allowed llm.example"));
    assert!(sandbox.mcr(["egress", "check", "llm.example"]).starts_with("exit code: 77\n"));
    assert_eq!(kept(&sandbox), json!([]));
    let record = sandbox.mcr(["audit", "show", "--kind", "policy"]);
    assert!(record.contains("allowed llm.example") && record.contains("no longer allowed llm.example"), "{record}");
}

#[test]
fn allow_shows_what_the_catalogue_knows_and_deny_forbids_what_would_go() {
    let sandbox = configured(&two());
    let picture = sandbox.mcr(["egress", "allow", "api.openai.com", "--reason", "agreed"]);
    assert!(picture.contains("api.openai.com is operated by OpenAI LLC, Delaware (US)"), "{picture}");
    assert!(sandbox.mcr(["egress", "check", "api.openai.com"]).starts_with("exit code: 0\n"));
    let picture = sandbox.mcr(["egress", "deny", "api.eu.mistral.ai"]);
    assert!(picture.starts_with("exit code: 0\n") && picture.ends_with("denied api.eu.mistral.ai\n"), "{picture}");
    assert!(sandbox.mcr(["egress", "check", "api.eu.mistral.ai"]).starts_with("exit code: 77\n"));
    // Vouching for it does not beat that.
    let picture = sandbox.mcr(["egress", "allow", "api.eu.mistral.ai", "--reason", "r"]);
    assert!(picture.contains("hint: take `api.eu.mistral.ai` out of `Egress.deny`"), "{picture}");
}

#[test]
fn deny_takes_a_word_for_several_and_says_where_it_is_not_enforced() {
    let sandbox = configured(&two());
    assert!(sandbox.mcr(["egress", "deny", "ollama-cloud"]).ends_with("denied ollama-cloud\n"));
    assert!(sandbox.mcr(["egress", "deny", "us"]).ends_with("denied us\n"));
    assert!(sandbox.mcr(["egress", "deny", "us"]).ends_with("`us` is in `Egress.deny` already\n"));
    assert!(sandbox.mcr(["egress", "check", "ollama-cloud"]).contains("`ollama-cloud` of `Egress.deny` means it"));
    let picture = sandbox.mcr(["egress", "allow", "openai", "--reason", "r"]);
    assert!(picture.starts_with("exit code: 64\n"), "{picture}");
    assert!(picture.contains("hint: run `mcr egress allow api.openai.com --reason TEXT`"), "{picture}");
    let mut observed = two();
    observed["Egress"] = json!({"mode": "observe"});
    let sandbox = configured(&observed);
    let picture = sandbox.mcr(["egress", "deny", "api.eu.mistral.ai"]);
    assert!(picture.contains("warning: `Egress.mode` is observe, so it goes all the same"), "{picture}");
    let picture = sandbox.mcr(["egress", "deny", "api.openai.com"]);
    assert!(picture.contains("spoken to all the same, since `Egress.mode` is observe"), "{picture}");
}

#[test]
fn deny_tells_what_the_running_service_made_of_it_and_the_status_does() {
    let sandbox = configured(&config("http://127.0.0.1:9/v1"));
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let service = Service::start(&sandbox);
    let picture = sandbox.mcr(["egress", "deny", "127.0.0.1", "--config", "config.json"]);
    let url = service.url();
    let told =
        format!("the service at {url} has taken that over\nrequests for mistral,mistral-medium-3-5 get a 403 there: ");
    assert!(picture.contains(&told), "{picture}");
    let denied = &service.status()["configuration"]["denied"];
    assert_eq!(denied[0]["target"], "mistral,mistral-medium-3-5", "{denied}");
    assert!(sandbox.mcr(["status"]).contains("denied mistral,mistral-medium-3-5  127.0.0.1: "));
    let elsewhere = sandbox.mcr(["egress", "deny", "127.0.0.2"]);
    assert!(elsewhere.contains(&format!("nothing is different for the service at {url}")), "{elsewhere}");
}

#[test]
fn nobody_vouches_for_a_metadata_service_nor_for_an_address_that_is_not_what_it_is_said_to_be() {
    let sandbox = Sandbox::new();
    for (host, more, code) in [
        ("169.254.169.254", &[][..], 77),
        ("::ffff:169.254.169.254", &["--private"], 77),
        ("fe80::1", &["--private"], 77),
        ("192.0.2.1", &[], 77),
        ("100.64.0.1", &[], 64),
        ("8.8.8.8", &["--private"], 64),
    ] {
        let words = ["egress", "allow", host, "--operator", "us", "--reason", "r"];
        let picture = sandbox.mcr(words.iter().chain(more));
        assert!(picture.starts_with(&format!("exit code: {code}\n")), "{host}: {picture}");
    }
    assert!(!sandbox.home().join("egress.json").exists());
    // And no command for it is named.
    for (host, words) in [
        ("169.254.169.254", "it is a cloud's metadata service, which nobody may vouch for\n"),
        ("fe80::1", "it is an address of this link alone, which nobody may vouch for\n"),
        ("100.64.0.1", "--reason TEXT --private`\n"),
    ] {
        let picture = sandbox.mcr(["egress", "check", host]);
        assert!(picture.starts_with("exit code: 77\n") && picture.ends_with(words), "{picture}");
    }
    let picture = sandbox.mcr(["egress", "allow", "127.1", "--operator", "us", "--reason", "r"]);
    assert!(picture.contains("`127.1` is an address in another spelling"), "{picture}");
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_place_and_stays() {
    let sandbox = configured(&config("http://127.0.0.1:9/v1"));
    let broken = "[{host: 'a.example', operator: 'A'}, // mine\n";
    sandbox.write("home/egress.json", broken);
    let allow = &["egress", "allow", "b.example", "--operator", "B", "--reason", "r"][..];
    for words in [&["egress", "show"][..], &["config", "check"], &["code", "-p", "hi"], allow] {
        let picture = sandbox.mcr(words);
        assert!(picture.starts_with("exit code: 78\n"), "{words:?} {picture}");
        assert!(picture.contains("home/egress.json:1:1: "), "{words:?} {picture}");
    }
    assert_eq!(fs::read_to_string(sandbox.home().join("egress.json")).unwrap(), broken);
}

#[test]
fn use_eu_changes_the_endpoint_and_nothing_else() {
    let text = "{\n  // mine\n  Providers: [{name: 'm', api_base_url: 'https://api.mistral.ai/v1', api_key: 'k', models: ['x']}],\n}\n";
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", text);
    let picture = sandbox.mcr(["config", "check"]);
    assert!(picture.contains("api.mistral.ai promises no place"), "{picture}");
    assert!(picture.contains("`mcr egress use-eu` changes to api.eu.mistral.ai"), "{picture}");
    let picture = sandbox.mcr(["egress", "use-eu"]);
    assert!(picture.contains("m now uses api.eu.mistral.ai"), "{picture}");
    let changed = fs::read_to_string(sandbox.home().join("config.json")).unwrap();
    assert_eq!(changed, text.replace("api.mistral.ai", "api.eu.mistral.ai"));
    assert!(!sandbox.mcr(["config", "check"]).contains("promises no place"));
    assert!(sandbox.mcr(["egress", "use-eu"]).contains("nothing to change"));
}
