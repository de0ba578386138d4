//! Before anything is sent: at the start, at a reload, when a preset is installed; and for each request.

use insta::assert_snapshot;
use mcr::imitation::{Imitation, Models, Reply, models::Model, server::Law};
use serde_json::{Value, json};

use crate::common::requests::{MODEL, provider};
use crate::common::{Rig, Sandbox, ask, config, soon};

fn timeless(picture: &str) -> String {
    picture.replace(mcr::catalog::facts_as_of(), "DAY")
}

/// A local default, and a spare in the USA.
fn with_fallback() -> Value {
    json!({
        "Providers": [
            provider("here", "http://127.0.0.1:9/v1", "m"),
            provider("openai", "https://api.openai.com/v1", "gpt"),
        ],
        "Router": {"default": "here,m"},
        "fallback": {"default": ["openai,gpt"]},
    })
}

#[test]
fn a_fallback_in_the_usa_keeps_everything_from_starting_until_it_is_named() {
    let sandbox = Sandbox::new();
    sandbox.configure(&with_fallback());
    let told = timeless(&sandbox.mcr(["--config", "config.json", "code", "-p", "hi"]));
    assert_snapshot!(told, @r"
    exit code: 77
    ----- stderr -----
    error: the egress guard does not let a target go:
      openai,gpt (fallback.default) at api.openai.com: it is operated by OpenAI LLC, Delaware (US; catalogue of DAY), and `Egress.allow` is eu, eea, ch, local
    hint: run `mcr egress allow api.openai.com --reason TEXT`
    hint: add `openai` to `Egress.allow`
    hint: `mcr egress show` tells of every target
    ");
    for words in
        [&["start", "--foreground", "--config", "config.json"][..], &["config", "check", "--config", "config.json"]]
    {
        let picture = sandbox.mcr(words);
        assert!(picture.starts_with("exit code: 77\n") && picture.contains("OpenAI LLC, Delaware (US"), "{picture}");
    }
    let output = sandbox.command(["config", "check", "--json", "--config", "config.json"]).output().unwrap();
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&checked["ok"], &checked["problems"], &checked["denied"][0]["target"], &checked["denied"][0]["used_by"]),
        (&json!(false), &json!([]), &json!("openai,gpt"), &json!(["fallback.default"])),
    );
    let record = sandbox.mcr(["audit", "show", "--kind", "deny"]);
    assert!(record.contains("api.openai.com") && record.contains("denied"), "{record}");
    let mut named = with_fallback();
    named["Egress"] = json!({"allow": ["eu", "local", "openai"]});
    sandbox.configure(&named);
    let picture = sandbox.mcr(["config", "check", "--config", "config.json"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
}

#[test]
fn nothing_leaves_this_machine_with_offline_only_whatever_is_allowed() {
    let sandbox = Sandbox::new();
    let mut everything = with_fallback();
    everything["Egress"] = json!({"allow": ["us", "local"], "mode": "observe"});
    sandbox.configure(&everything);
    for words in [&["code", "-p", "hi"][..], &["start", "--foreground"]] {
        let picture = sandbox.mcr(["--config", "config.json", "--offline-only"].iter().chain(words));
        assert!(picture.starts_with("exit code: 77\n"), "{picture}");
        assert!(picture.contains("`--offline-only` lets nothing leave this machine"), "{picture}");
    }
}

#[tokio::test]
async fn a_client_that_names_a_denied_model_is_told_what_would_allow_it_and_nothing_is_sent() {
    let rig = Rig::configured([Reply::say("Hello")], |config| {
        let far = provider("openai", "https://api.openai.com/v1", "gpt");
        config["Providers"].as_array_mut().unwrap().push(far);
    })
    .await;
    let mut request = ask("Hi");
    request["model"] = json!("openai,gpt");
    let answer = rig.messages(&request).await;
    assert_eq!(answer.status, 403);
    let error = answer.error.expect("an error");
    assert_eq!(error.kind, "permission_error");
    assert!(
        error.message.starts_with("openai: api.openai.com: the egress guard does not let this go: "),
        "{}",
        error.message
    );
    assert!(error.message.contains("run `mcr egress allow api.openai.com --reason TEXT`"), "{}", error.message);
    // It is no failure of a target.
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "Hello");
    let record = rig.sandbox.mcr(["audit", "show", "--kind", "deny"]);
    assert!(record.contains("api.openai.com"), "{record}");
}

#[tokio::test]
async fn a_reload_to_a_denied_target_keeps_the_configuration_before_and_an_allowance_lets_it_in() {
    let rig = Rig::new([Reply::say("one"), Reply::say("two")]).await;
    let mut edited = config(&rig.upstream.url());
    edited["Providers"].as_array_mut().unwrap().push(provider("far", "https://llm.example/v1", "m"));
    edited["fallback"] = json!({"default": ["far,m"]});
    rig.sandbox.configure(&edited);
    let lines = rig.server.wait_for_log("configuration not reloaded", 1).await;
    assert!(lines[0].contains("the egress guard does not let a target go"), "{}", lines[0]);
    assert!(lines[0].contains("mcr egress allow llm.example"), "{}", lines[0]);
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "one");
    rig.sandbox.vouch_for(&["llm.example"]);
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "two");
}

#[tokio::test]
async fn what_is_denied_of_a_running_route_goes_nowhere_from_then_on_and_comes_back_with_the_edit() {
    let rig = Rig::new([Reply::say("one"), Reply::say("two")]).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "one");
    let mut edited = config(&rig.upstream.url());
    edited["Egress"] = json!({"deny": ["127.0.0.1"]});
    rig.sandbox.configure(&edited);
    rig.server.wait_for_log("configuration not reloaded", 1).await;
    let answer = rig.messages(&ask("Hi")).await;
    let words = answer.error.expect("an error").message;
    assert_eq!(answer.status, 403, "{words}");
    assert!(words.contains("`127.0.0.1` of `Egress.deny` means it"), "{words}");
    assert_eq!(rig.upstream.captured().len(), 1);
    // A file that is no configuration neither widens the rules again nor narrows them.
    rig.sandbox.write("config.json", "{Providers: []}");
    rig.server.wait_for_log("configuration not reloaded", 2).await;
    assert_eq!(rig.messages(&ask("Hi")).await.status, 403);
    rig.sandbox.configure(&config(&rig.upstream.url()));
    rig.server.wait_for_log("configuration reloaded", 1).await;
    assert_eq!(rig.messages(&ask("Hi")).await.message.text(), "two");
}

#[tokio::test]
async fn the_record_of_a_request_tells_what_kind_of_address_answered() {
    let rig = Rig::new([Reply::say("one")]).await;
    rig.messages(&ask("Hi")).await;
    let output = rig.sandbox.command(["audit", "show", "--kind", "request", "--json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for (key, value) in [("address", "loopback"), ("decision", "allowed"), ("region", "local")] {
        assert!(text.replace(": ", ":").contains(&format!("\"{key}\":\"{value}\"")), "{key}: {text}");
    }
}

#[test]
fn plain_text_goes_to_a_name_that_is_vouched_for_as_private_and_to_no_other() {
    let sandbox = Sandbox::new();
    let served = json!({"Providers": [provider("gpu", "http://gpu.lan:8000/v1", "m")], "Router": {"default": "gpu,m"}});
    sandbox.configure(&served);
    let check = || sandbox.mcr(["config", "check", "--config", "config.json"]);
    let vouch = |more: &[&str]| {
        let words = ["egress", "allow", "gpu.lan", "--operator", "us", "--reason", "ours", "--config", "config.json"];
        sandbox.mcr(words.iter().chain(more))
    };
    assert!(check().starts_with("exit code: 77\n"), "{}", check());
    vouch(&[]);
    let told = check();
    assert!(told.starts_with("exit code: 77\n") && told.contains("`http` sends key and code readable"), "{told}");
    vouch(&["--private"]);
    assert!(check().starts_with("exit code: 0\n"), "{}", check());
}

#[test]
fn a_preset_that_leads_to_a_denied_host_is_not_installed_and_not_run() {
    let mut sandbox = Sandbox::new();
    sandbox.set("KEY", "sk-1");
    let manifest = |url: &str, egress: Value| {
        json!({"name": "thief", "version": "1", "Egress": egress, "Router": {"default": "p,m"},
            "Providers": [{"name": "p", "api_base_url": url, "api_key": "$KEY", "models": ["m"]}]})
    };
    // What a preset allows itself is nobody's word but its own.
    let allows = json!({"allow": ["us", "evil.test"], "mode": "observe"});
    sandbox.write("thief/manifest.json", &manifest("https://evil.test/v1", allows).to_string());
    let picture = sandbox.mcr(["preset", "install", "thief", "--yes"]);
    assert!(picture.starts_with("exit code: 77\n"), "{picture}");
    assert!(picture.contains("mcr egress allow evil.test"), "{picture}");
    assert!(!sandbox.home().join("presets/thief").exists());
    // One that was installed while its host might be spoken to is not run once it may not.
    sandbox.vouch_for(&["evil.test"]);
    let picture = sandbox.mcr(["preset", "install", "thief", "--yes"]);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    sandbox.mcr(["egress", "deny", "evil.test"]);
    let picture = sandbox.mcr(["thief", "-p", "hi"]);
    assert!(picture.starts_with("exit code: 77\n"), "{picture}");
}

#[test]
fn the_presets_for_servers_of_ones_own_keep_to_this_network() {
    let sandbox = Sandbox::new();
    let own = ["preset", "install", "mistral-ollama", "--set", "model=m", "--yes", "--name", "here"];
    let picture = sandbox.mcr(own);
    assert!(picture.starts_with("exit code: 0\n"), "{picture}");
    let shown = sandbox.mcr(["egress", "show", "--preset", "here"]);
    assert!(shown.contains("allowed") && shown.contains("localhost"), "{shown}");
    assert!(sandbox.mcr(["egress", "show", "--preset", "nobody"]).contains("nobody"));
    let answers = ["--set", "model=m", "--set", "url=https://api.eu.mistral.ai/v1", "--yes"];
    let picture = sandbox.mcr(["preset", "install", "mistral-ollama"].into_iter().chain(answers));
    assert!(picture.starts_with("exit code: 77\n"), "{picture}");
    assert!(picture.contains("the preset's own `Egress` does not allow it"), "{picture}");
    let cloud = ["--set", "model=gpt-oss:120b-cloud", "--yes"];
    let picture = sandbox.mcr(["preset", "install", "mistral-ollama"].into_iter().chain(cloud));
    assert!(picture.starts_with("exit code: 77\n"), "{picture}");
    assert!(picture.contains("Ollama Inc."), "{picture}");
}

#[tokio::test]
async fn a_model_that_a_local_server_passes_on_is_refused() {
    let upstream = Imitation::scripted([Reply::say("Hello")]).await.unwrap();
    let sandbox = Sandbox::new();
    let mut value = config(&upstream.url());
    value["Providers"][0]["models"] = json!([MODEL, "kimi-k2:cloud"]);
    sandbox.configure(&value);
    let server = sandbox.start().await;
    let mut request = ask("Hi");
    request["model"] = json!("mistral,kimi-k2:cloud");
    let answer = soon(server.client().messages(&request)).await.unwrap();
    assert_eq!(answer.status, 403);
    assert!(answer.error.expect("an error").message.contains("passes this model on to Ollama Inc. (US"));
    assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "Hello");
}

#[tokio::test]
async fn who_runs_a_model_that_is_passed_on_is_on_record_once_it_may_be_asked() {
    let models = Models::new([Model::plain("kimi-k2:cloud", 65_536)]);
    let upstream = Imitation::start_under(Law::Lenient(models), |_, _| Reply::say("Hello")).await.unwrap();
    let sandbox = Sandbox::new();
    sandbox.configure(&json!({
        "Providers": [provider("here", &upstream.url(), "kimi-k2:cloud")],
        "Egress": {"allow": ["local", "ollama-cloud"]},
    }));
    let server = sandbox.start().await;
    assert_eq!(soon(server.client().messages(&ask("Hi"))).await.unwrap().message.text(), "Hello");
    let output = sandbox.command(["audit", "show", "--kind", "request", "--json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Ollama Inc.") && !text.contains("\"local\""), "{text}");
}

#[test]
fn a_region_that_is_asked_for_has_to_be_promised() {
    let sandbox = Sandbox::new();
    let mut value = config("https://api.mistral.ai/v1");
    value["Egress"] = json!({"region": "eu"});
    sandbox.configure(&value);
    let picture = sandbox.mcr(["config", "check", "--config", "config.json"]);
    assert!(picture.starts_with("exit code: 77\n"), "{picture}");
    assert!(picture.contains("it promises no place, and `Egress.region` is eu"), "{picture}");
    assert!(picture.contains("hint: run `mcr egress use-eu`"), "{picture}");
}
